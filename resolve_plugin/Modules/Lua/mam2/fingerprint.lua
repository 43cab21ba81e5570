-- A short text that says which pixels an image has: another text, another picture.
--
-- Not every pixel is looked at, so that it costs some two milliseconds at any size: some of every row, further on in each.
-- Alpha is not part of it: the engine looks at colours alone.

local bit = require("bit")
local ffi = require("ffi")
local layout = require("mam2.layout")

local fingerprint = {}

-- Most pixels that are looked at, in memory and by the host's own `GetPixel`.
local MOST, MOST_ASKED_FOR = 131072, 4096

local raw = { [1] = "uint8_t *", [2] = "uint16_t *", [4] = "uint32_t *" }

local function mix(a, b, value)
  a = bit.tobit(bit.bxor(bit.rol(a, 5), value) * 33)
  return a, bit.bxor(bit.rol(b, 7), a)
end

-- How far apart the pixels are in a row. Rows begin one pixel further each, so that no column is left out.
local function step_of(width, height, most)
  return math.max(1, math.ceil(width * height / most))
end

local function of_memory(found, a, b)
  local width, kind = found.width, raw[found.depth.bytes]
  local step = step_of(width, found.height, MOST)
  for y = 0, found.height - 1 do
    local row = ffi.cast(kind, found:row(y))
    for x = y % step, width - 1, step do
      local at = x * 4
      a, b = mix(a, b, row[at])
      a, b = mix(a, b, row[at + 1])
      a, b = mix(a, b, row[at + 2])
    end
  end
  return a, b
end

local function of_pixels(image, Pixel, a, b)
  local pixel, window = Pixel(), image.DataWindow
  local cell = ffi.new("union { float value; uint32_t bits; }")
  local function take(value)
    cell.value = value
    a, b = mix(a, b, cell.bits)
  end
  local width, height = window:Width(), window:Height()
  local step = math.max(1, math.ceil(math.sqrt(width * height / MOST_ASKED_FOR)))
  for y = 0, height - 1, step do
    for x = math.floor(y / step) % step, width - 1, step do
      image:GetPixel(x + window.left, y + window.bottom, pixel)
      take(pixel.R)
      take(pixel.G)
      take(pixel.B)
    end
  end
  return a, b
end

-- Give an image's fingerprint: 16 hexadecimal digits. Images of one host, of one size and depth, can be compared.
--
--   image, req, host  as for plates.read
function fingerprint.of(image, req, host)
  local found = layout.of(image, req, host.Pixel)
  local window, a, b = image.DataWindow, 5381, 52711
  for _, value in ipairs({ image.Width, image.Height, window.left, window.bottom, window:Width(), window:Height() }) do
    a, b = mix(a, b, value)
  end
  if found then
    a, b = of_memory(found, a, b)
  else
    a, b = of_pixels(image, host.Pixel, a, b)
  end
  return bit.tohex(a) .. bit.tohex(b)
end

return fingerprint
