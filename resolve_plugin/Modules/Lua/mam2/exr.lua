-- A matte as an OpenEXR file: half floats in R, G, B and A alike, run-length compressed, a line a block.

local bit = require("bit")
local ffi = require("ffi")
local halves = require("mam2.halves")
local platform = require("mam2.platform")

local exr = {}

local CHANNELS = 4
local LONGEST_RUN, LEAST_RUN = 128, 3

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

-- The head of a file.
function exr.head(width, height)
  local channels, window = "", u32(0) .. u32(0) .. u32(width - 1) .. u32(height - 1)
  for _, name in ipairs({ "A", "B", "G", "R" }) do
    channels = channels .. name .. "\0" .. u32(1) .. u32(0) .. u32(1) .. u32(1) -- half, no subsampling
  end
  return "\118\47\49\1"
    .. u32(2)
    .. attribute("channels", "chlist", channels .. "\0")
    .. attribute("compression", "compression", "\1")
    .. attribute("dataWindow", "box2i", window)
    .. attribute("displayWindow", "box2i", window)
    .. attribute("lineOrder", "lineOrder", "\0")
    .. attribute("pixelAspectRatio", "float", ONE)
    .. attribute("screenWindowCenter", "v2f", u32(0) .. u32(0))
    .. attribute("screenWindowWidth", "float", ONE)
    .. "\0"
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

local function run_at(source, at, count)
  local run = 1
  while run < LONGEST_RUN and at + run < count and source[at + run] == source[at] do
    run = run + 1
  end
  return run
end

-- Runs as a count less one and the byte; other bytes behind their count, negative.
local function squeeze(source, count, target)
  local at, size = 0, 0
  while at < count do
    local run = run_at(source, at, count)
    if run >= LEAST_RUN then
      target[size], target[size + 1] = run - 1, source[at]
      at, size = at + run, size + 2
    else
      local start = at
      repeat
        at = at + run
        run = at < count and run_at(source, at, count) or LEAST_RUN
      until run >= LEAST_RUN or at + run - start > 127
      target[size] = 256 - (at - start)
      ffi.copy(target + size + 1, source + start, at - start)
      size = size + 1 + at - start
    end
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

-- Write a matte; the file appears whole or not at all.
--
--   path           of the file
--   buffer         width x height floats, rows from the bottom
--   width, height  of it
--
-- Returns true, or nil when it cannot be written.
function exr.write(path, buffer, width, height)
  local head = exr.head(width, height)
  local list = blocks(ffi.cast("float *", buffer), width, height)
  local at, offsets = #head + height * 8, {}
  for index, block in ipairs(list) do
    offsets[index] = u32(at % 2 ^ 32) .. u32(math.floor(at / 2 ^ 32))
    at = at + #block
  end
  local file = io.open(path .. ".part", "wb")
  if not file then
    return nil
  end
  local fine = file:write(head, table.concat(offsets), table.concat(list)) and file:close()
  os.remove(path) -- on Windows a rename does not replace
  return fine and os.rename(path .. ".part", path)
end

return exr
