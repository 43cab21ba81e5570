-- A matte as an OpenEXR file: half floats in R, G, B and A alike, run-length compressed, a line a block.

local bit = require("bit")
local ffi = require("ffi")
local halves = require("mam2.halves")
local platform = require("mam2.platform")

local exr = {}

local CHANNELS = 4

local function u32(value)
  local function byte(shift)
    return bit.band(bit.rshift(value, shift), 255)
  end
  return string.char(byte(0), byte(8), byte(16), byte(24))
end

local function attribute(name, kind, value)
  return name .. "\0" .. kind .. "\0" .. u32(#value) .. value
end

local ONE = u32(0x3f800000) -- 1.0

function exr.head(width, height)
  local channels, window = "", u32(0) .. u32(0) .. u32(width - 1) .. u32(height - 1)
  for _, name in ipairs({ "A", "B", "G", "R" }) do
    channels = channels .. name .. "\0" .. u32(1) .. u32(0) .. u32(1) .. u32(1) -- half, no subsampling
  end
  return "\118\47\49\1" .. u32(2) .. attribute("channels", "chlist", channels .. "\0")
    .. attribute("compression", "compression", "\1") .. attribute("dataWindow", "box2i", window)
    .. attribute("displayWindow", "box2i", window) .. attribute("lineOrder", "lineOrder", "\0")
    .. attribute("pixelAspectRatio", "float", ONE) .. attribute("screenWindowCenter", "v2f", u32(0) .. u32(0))
    .. attribute("screenWindowWidth", "float", ONE) .. "\0"
end

-- A line's low bytes, then its high bytes, each as its difference to the one before.
local function spread(line, width, target)
  local half = width * CHANNELS
  for index = 0, half - 1 do
    local bits = halves.from(line[index % width])
    target[index], target[half + index] = bit.band(bits, 255), bit.rshift(bits, 8)
  end
  local before = target[0]
  for index = 1, half * 2 - 1 do
    local value = target[index]
    target[index] = value - before + 128
    before = value
  end
end

-- Runs as a count less one and the byte; other bytes behind their count, negative.
local function squeeze(source, count, target)
  local at, size = 0, 0
  while at < count do
    local stop = at + 1
    while stop < count and stop - at < 128 and source[stop] == source[at] do
      stop = stop + 1
    end
    if stop - at >= 3 then
      target[size], target[size + 1] = stop - at - 1, source[at]
      size = size + 2
    else
      while
        stop < count and stop - at < 127
        and not (stop + 2 < count and source[stop] == source[stop + 1] and source[stop] == source[stop + 2])
      do
        stop = stop + 1
      end
      target[size] = 256 - (stop - at)
      ffi.copy(target + size + 1, source + at, stop - at)
      size = size + 1 + stop - at
    end
    at = stop
  end
  return size
end

-- The bytes of one line as they stand in a file; bytes that no run makes shorter stand as they are.
local function plain(line, width, target)
  local pixels = ffi.cast("uint16_t *", target)
  for index = 0, width * CHANNELS - 1 do
    pixels[index] = halves.from(line[index % width])
  end
end

local function blocks(matte, width, height)
  local count = width * CHANNELS * 2
  local bytes, squeezed = platform.buffer(count), platform.buffer(count * 2)
  local list = {}
  for y = 0, height - 1 do
    local line = matte + (height - 1 - y) * width
    spread(line, width, bytes)
    local size, data = squeeze(bytes, count, squeezed), squeezed
    if size >= count then
      plain(line, width, bytes)
      size, data = count, bytes
    end
    list[#list + 1] = u32(y) .. u32(size) .. ffi.string(data, size)
  end
  platform.release(bytes)
  platform.release(squeezed)
  return list
end

-- Write a matte; the file appears whole or not at all. Takes path: of the file; buffer: width x height floats, rows
-- from the bottom; width, height: of it. Returns true, or nil when it cannot be written.
function exr.write(path, buffer, width, height)
  local head = exr.head(width, height)
  local list = blocks(ffi.cast("float *", buffer), width, height)
  local at, offsets = #head + height * 8, {}
  for index, block in ipairs(list) do
    offsets[index] = u32(at % 2 ^ 32) .. u32(math.floor(at / 2 ^ 32))
    at = at + #block
  end
  return platform.write(path, head, table.concat(offsets), table.concat(list))
end

return exr
