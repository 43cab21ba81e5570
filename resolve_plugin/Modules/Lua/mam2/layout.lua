-- How a host image lies in memory, found out and checked against the host's own `GetPixel`, image by image.
--
-- What is documented: GetScanLine gives rows, Depth says what a channel is. What is not: which row is first, whether
-- rows have gaps, in which order channels lie, whether memory is up to date. So a few pixels are read both ways before
-- memory is trusted. An image that is not, is copied by the host into a float image whose channels are named.

local ffi = require("ffi")
local halves = require("mam2.halves")

local layout = {}

-- What one channel is, by Image.Depth: 1 to 4 of images that have alpha alone, 5 to 8 of those with four channels.
-- Whole numbers are left to the host, which makes floats of them.
local kinds = {
  [3] = { type = "uint16_t", raw = "uint16_t *", bytes = 2, dtype = "float16" },
  [4] = { type = "float", raw = "uint32_t *", bytes = 4, dtype = "float32" },
}

-- Where red, green, blue and alpha may lie in a pixel.
local four, one = { { 0, 1, 2, 3 }, { 2, 1, 0, 3 } }, { { 0, 0, 0, 0 } }

-- A reader of channels of one depth: reader(pointer, index) is a number.
function layout.reader(depth)
  local values = halves.values
  return depth.dtype == "float16" and function(pointer, index)
    return values[pointer[index]]
  end or function(pointer, index)
    return pointer[index]
  end
end

local function close(expected, value)
  if expected == value or (expected ~= expected and value ~= value) then
    return true
  end
  return math.abs(expected - value) <= 1e-3 * math.max(1, math.abs(expected))
end

-- Columns and rows at which memory and GetPixel are compared: the corners, places inside, and places where the picture
-- differs from itself upside down or red is not blue: only those tell which row is first, and how channels lie.
local function probes(self)
  local list, width, height, step = {}, self.width, self.height, self.step
  for _, across in ipairs({ 0, 0.37, 1 }) do
    for _, up in ipairs({ 0, 0.13, 0.31, 0.5, 0.69, 0.87, 1 }) do
      list[#list + 1] = { math.floor(across * (width - 1)), math.floor(up * (height - 1)) }
    end
  end
  local third, upside, coloured = step > 2 and 2 or 0, 0, 0
  local step_x, step_y = math.max(1, math.floor(width / 61)), math.max(1, math.floor(height / 127))
  for y = 0, height - 1, step_y do
    local low, high = self:row(y), self:row(height - 1 - y)
    for at_x = 0, width - 1, step_x do
      local at = at_x * step
      local tells_upside = upside < 6 and (low[at] ~= high[at] or low[at + third] ~= high[at + third])
      local tells_colour = coloured < 6 and low[at] ~= low[at + third]
      if tells_upside or tells_colour then
        upside, coloured = upside + (tells_upside and 1 or 0), coloured + (tells_colour and 1 or 0)
        list[#list + 1] = { at_x, y }
        break
      end
    end
  end
  return list
end

local Layout = {}
Layout.__index = Layout

-- Row y, counted from the bottom of the data window, as a pointer to its first channel.
function Layout:row(y)
  return ffi.cast(self.pointer, self.rows[self.top_first and self.height - 1 - y or y])
end

-- Whether all rows follow each other without a gap, in the order in which they are in memory.
function Layout:packed()
  local first = ffi.cast("uint8_t *", self.rows[0])
  for index = 1, self.height - 1 do
    if ffi.cast("uint8_t *", self.rows[index]) - first ~= index * self.row_bytes then
      return false
    end
  end
  return true
end

-- Whether memory and GetPixel say the same where they are compared.
function Layout:agrees(Pixel)
  local pixel, read = Pixel(), layout.reader(self.depth)
  for _, probe in ipairs(probes(self)) do
    local pointer, at = self:row(probe[2]), probe[1] * self.step
    self.image:GetPixel(probe[1] + self.left, probe[2] + self.bottom, pixel)
    local told = { pixel.R, pixel.G, pixel.B, pixel.A }
    for channel = self.alone and 4 or 1, 4 do
      if not close(told[channel], read(pointer, at + self.order[channel])) then
        return false
      end
    end
  end
  return true
end

-- Fetch memory from the GPU. What the host says of it is not believed: the comparison decides.
local function fetch(image, req)
  pcall(function()
    return image:IsGPUMemDirty() and image:DownloadGPUMem(req)
  end)
end

local function describe(image, req)
  local number = image.Depth
  local depth = kinds[number <= 4 and number or number - 4]
  if not depth then
    return nil, "depth " .. tostring(number)
  end
  fetch(image, req)
  local channels, step = number > 4 and 4 or 1, image.PixelSize / depth.bytes
  if step < channels or step ~= math.floor(step) then
    return nil, "a pixel has " .. tostring(image.PixelSize) .. " bytes"
  end
  local lines = image:GetScanLine()
  local fine, rows = pcall(ffi.cast, "void **", lines)
  if lines == nil or not fine or rows == nil then
    return nil, "it shows no memory"
  end
  local window = image.DataWindow
  local width, height = window:Width(), window:Height()
  if width < 1 or height < 1 then
    return nil, "its data window is empty"
  end
  -- What the host gave as lines must live as long as its rows are read.
  local self = { image = image, lines = lines, rows = rows, depth = depth, step = step, alone = channels == 1 }
  self.width, self.height, self.left, self.bottom = width, height, window.left, window.bottom
  self.pointer, self.row_bytes = depth.type .. " *", width * step * depth.bytes
  self.order, self.top_first = channels == 4 and four[1] or one[1], false
  return setmetatable(self, Layout)
end

-- As `layout.of`, without a copy.
function layout.direct(image, req, Pixel)
  local self, reason = describe(image, req)
  if not self then
    return nil, reason
  end
  for _, order in ipairs(self.alone and one or four) do
    for _, top_first in ipairs({ false, true }) do
      self.order, self.top_first = order, top_first
      if self:agrees(Pixel) then
        return self
      end
    end
  end
  return nil, "its memory and GetPixel do not agree"
end

-- Add names of channels to an image's attributes: alpha alone, or all four.
function layout.name_channels(attributes, alone)
  for index, name in ipairs(alone and { "Alpha" } or { "Red", "Green", "Blue", "Alpha" }) do
    attributes[index] = { IMG_Channel = name }
  end
end

-- Make a float image of the size of another, with named channels: alpha alone, or all four. Takes host: the host's
-- constructors; image: the other; alone: alpha alone; window: its data window; nil: the other's.
function layout.canvas(host, image, alone, window)
  local attributes =
    { IMG_Like = image, IMG_CopyChannels = false, IMG_Depth = alone and 4 or 8, IMG_DataWindow = window }
  layout.name_channels(attributes, alone)
  return host.Image(attributes)
end

-- Copy an image into another by the host, which converts depth and channels.
function layout.convert(from, to)
  from:Crop(to, { CROP_XOffset = 0, CROP_YOffset = 0 })
end

-- Find out how an image's pixels lie. Takes image: of the host, with pixels; req: the request at hand; host: the host's
-- constructors. Returns a layout (width, height, left, bottom of the data window; depth; rows), or nil and why memory
-- is not to be trusted. It holds as long as the image does; `copied` says that it is of a copy, and why.
function layout.of(image, req, host)
  local self, reason = layout.direct(image, req, host.Pixel)
  if self then
    return self
  end
  local fine, found = pcall(function()
    local copy = layout.canvas(host, image, image.Depth <= 4)
    layout.convert(image, copy)
    return (layout.direct(copy, req, host.Pixel))
  end)
  if fine and found then
    found.copied = reason
    return found
  end
  return nil, reason
end

-- The layout of a new image, which holds nothing yet to be compared; what is written must be checked with `agrees`.
layout.blank = describe

return layout
