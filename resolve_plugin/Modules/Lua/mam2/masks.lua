-- Mask prompts: an image of the host as a grey TIFF file that the engine can read.

local bit = require("bit")
local ffi = require("ffi")
local choices = require("mam2.choices")
local controls = require("mam2.controls")
local layout = require("mam2.layout")
local platform = require("mam2.platform")
local prompts = require("mam2.prompts")

local masks = {}

local HEAD = 8 + 2 + 9 * 12 + 4

local function u16(value)
  return string.char(value % 256, math.floor(value / 256))
end

local function u32(value)
  return u16(value % 65536) .. u16(math.floor(value / 65536))
end

-- An entry of a TIFF directory: one number, SHORT (3) or LONG (4).
local function entry(tag, kind, value)
  return u16(tag) .. u16(kind) .. u32(1) .. u32(value)
end

-- The head of an uncompressed grey TIFF of one strip of 8 bits a pixel.
function masks.head(width, height)
  return "II*\0" .. u32(8) .. u16(9) .. entry(256, 4, width) .. entry(257, 4, height) .. entry(258, 3, 8)
    .. entry(259, 3, 1) .. entry(262, 3, 1) .. entry(273, 4, HEAD) .. entry(277, 3, 1) .. entry(278, 4, height)
    .. entry(279, 4, width * height) .. u32(0)
end

local function amount(r, g, b, a, channel)
  local value = channel == choices.mask_channels[1] and a or 0.2126 * r + 0.7152 * g + 0.0722 * b
  return math.max(0, math.min(255, math.floor(value * 255 + 0.5)))
end

-- The mask's bytes, first row at the top, and a hash of them.
local function bytes_of(image, req, host, channel)
  local width, height = image.Width, image.Height
  local buffer, hash = platform.buffer(width * height), 5381
  local found = layout.of(image, req, host.Pixel)
  local whole = found and found.width == width and found.height == height
  local read, pixel = found and layout.reader(found.depth), host.Pixel()
  for y = 0, height - 1 do
    local row, line = whole and found:row(y), (height - 1 - y) * width
    for x = 0, width - 1 do
      local value
      if whole then
        value = amount(read(row, x * 4), read(row, x * 4 + 1), read(row, x * 4 + 2), read(row, x * 4 + 3), channel)
      else
        image:GetPixel(x, y, pixel)
        value = amount(pixel.R, pixel.G, pixel.B, pixel.A, channel)
      end
      buffer[line + x] = value
      hash = bit.tobit(hash * 33 + value)
    end
  end
  return buffer, width * height, bit.tohex(hash)
end

-- Write the mask of one frame. Returns its path, or nil when it cannot be written. A file's name holds its pixels'
-- hash: another mask is another prompt.
function masks.write_one(image, req, host, channel, folder, frame)
  local buffer, count, hash = bytes_of(image, req, host, channel)
  local path = ("%s/mask.%d.%s.tif"):format(folder, frame, hash)
  local file = io.open(path .. ".part", "wb")
  if file then
    file:write(masks.head(image.Width, image.Height), ffi.string(buffer, count))
    file:close()
    os.remove(path) -- on Windows a rename does not replace
    os.rename(path .. ".part", path)
  end
  platform.release(buffer)
  return file and path
end

-- Write the masks that the controls ask for into a folder of the engine's.
--
--   inputs  by identifier
--   folder  the shot's inbox
--   range   { first, last }
--
-- Returns mask prompts as the engine's JSON has them; empty when no mask is connected.
function masks.write(inputs, req, host, time, folder, range)
  local list = {}
  local own = math.floor(controls.value(inputs, "MaskFrame", time) + 0.5)
  local every = math.floor(controls.value(inputs, "MaskEvery", time) + 0.5)
  local channel = controls.choice(inputs, "MaskChannel", choices.mask_channels, time)
  for _, frame in ipairs(prompts.frames(own, every, range[1], range[2])) do
    local image = inputs.PromptMask:GetSource(frame)
    if image ~= nil then
      local path = masks.write_one(image, req, host, channel, folder, frame)
      if path then
        list[#list + 1] = { kind = "mask", frame = frame, path = path }
      end
    end
  end
  return list
end

return masks
