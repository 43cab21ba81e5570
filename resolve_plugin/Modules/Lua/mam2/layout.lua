-- How a host image lies in memory, found out and checked against the host's own `GetPixel`, image by image.
--
-- What is documented: GetScanLine gives rows, Depth says what a channel is. What is not: which row is first, whether
-- rows have gaps, whether memory is up to date. So a few pixels are read both ways before memory is trusted.

local ffi = require("ffi")
local halves = require("mam2.halves")

local layout = {}

-- Image.Depth of images with four channels: what one channel is.
local depths = {
  [5] = { type = "uint8_t", bytes = 1, scale = 1 / 255 },
  [6] = { type = "uint16_t", bytes = 2, scale = 1 / 65535 },
  [7] = { type = "uint16_t", bytes = 2, dtype = "float16" },
  [8] = { type = "float", bytes = 4, scale = 1, dtype = "float32" },
}

-- A reader of channels of one depth: reader(pointer, index) is a number.
function layout.reader(depth)
  if depth.dtype == "float16" then
    local values = halves.values
    return function(pointer, index)
      return values[pointer[index]]
    end
  end
  local scale = depth.scale
  return function(pointer, index)
    return pointer[index] * scale
  end
end

-- A writer of channels of one depth: writer(pointer, index, number).
function layout.writer(depth)
  if depth.dtype == "float16" then
    local from = halves.from
    return function(pointer, index, value)
      pointer[index] = from(value)
    end
  elseif depth.dtype == "float32" then
    return function(pointer, index, value)
      pointer[index] = value
    end
  end
  local most = 1 / depth.scale
  return function(pointer, index, value)
    pointer[index] = math.max(0, math.min(most, math.floor(value * most + 0.5)))
  end
end

local function same_pixel(image, pixel, found, x, y)
  image:GetPixel(x, y, pixel)
  local channels = { pixel.R, pixel.G, pixel.B }
  for index = 1, 3 do
    local expected, value = channels[index], found[index]
    local same = expected == value or (expected ~= expected and value ~= value)
    if not same and not (math.abs(expected - value) <= 1e-3 * math.max(1, math.abs(expected))) then
      return false
    end
  end
  return true
end

-- Columns and rows at which memory and GetPixel are compared: the corners, and places inside.
local function probes(width, height)
  local list = {}
  for _, across in ipairs({ 0, 0.37, 1 }) do
    for _, up in ipairs({ 0, 0.13, 0.31, 0.5, 0.69, 0.87, 1 }) do
      list[#list + 1] = { math.floor(across * (width - 1)), math.floor(up * (height - 1)) }
    end
  end
  return list
end

-- Add places where the picture differs from itself upside down: only they tell which row is first.
local function add_telling(list, self)
  local read, found = layout.reader(self.depth), 0
  local step_x, step_y = math.max(1, math.floor(self.width / 61)), math.max(1, math.floor(self.height / 127))
  for y = 0, math.floor(self.height / 2) - 1, step_y do
    local low, high = self:row(y), self:row(self.height - 1 - y)
    for x = 0, self.width - 1, step_x do
      if read(low, x * 4) ~= read(high, x * 4) or read(low, x * 4 + 1) ~= read(high, x * 4 + 1) then
        list[#list + 1] = { x, y }
        found = found + 1
        if found == 6 then
          return
        end
        break
      end
    end
  end
end

local Layout = {}
Layout.__index = Layout

-- Row y, counted from the bottom of the data window, as a pointer to its first channel.
function Layout:row(y)
  local index = self.top_first and self.height - 1 - y or y
  return ffi.cast(self.pointer, self.rows[index])
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
  local pixel = Pixel()
  local read, list = layout.reader(self.depth), probes(self.width, self.height)
  add_telling(list, self)
  for _, probe in ipairs(list) do
    local x, y = probe[1], probe[2]
    local pointer = self:row(y)
    local found = { read(pointer, x * 4), read(pointer, x * 4 + 1), read(pointer, x * 4 + 2) }
    if not same_pixel(self.image, pixel, found, x + self.left, y + self.bottom) then
      return false
    end
  end
  return true
end

local function rows_of(image)
  local lines = image:GetScanLine()
  if type(lines) == "cdata" or type(lines) == "number" then
    return ffi.cast("void **", lines)
  end
  return nil
end

local function describe(image, req)
  local depth = depths[image.Depth]
  if not depth then
    return nil, "depth " .. tostring(image.Depth)
  elseif image:IsGPUMemDirty() and not image:DownloadGPUMem(req) then
    return nil, "its pixels stay on the GPU"
  elseif image.PixelSize ~= 4 * depth.bytes then
    return nil, "a pixel has " .. tostring(image.PixelSize) .. " bytes"
  end
  local rows = rows_of(image)
  if rows == nil then
    return nil, "it shows no memory"
  end
  local window = image.DataWindow
  local width, height = window:Width(), window:Height()
  if width < 1 or height < 1 then
    return nil, "its data window is empty"
  end
  local self = {
    depth = depth,
    pointer = depth.type .. " *",
    width = width,
    height = height,
    left = window.left,
    bottom = window.bottom,
    rows = rows,
    image = image,
    top_first = false,
  }
  self.row_bytes = self.width * 4 * depth.bytes
  return setmetatable(self, Layout)
end

-- Find out how an image's pixels lie.
--
--   image   of the host, with pixels
--   req     the request at hand
--   Pixel   the host's constructor
--
-- Returns a layout (width, height, left, bottom of the data window; depth; rows), or nil and why memory is not to be
-- trusted. It holds as long as the image does.
function layout.of(image, req, Pixel)
  local self, reason = describe(image, req)
  if not self then
    return nil, reason
  end
  for _, top_first in ipairs({ false, true }) do
    self.top_first = top_first
    if self:agrees(Pixel) then
      return self
    end
  end
  return nil, "its memory and GetPixel do not agree"
end

-- The layout of a new image, which holds nothing yet to be compared: as another of the same host. What is written
-- must be checked with `agrees`.
function layout.like(image, req, other)
  local self, reason = describe(image, req)
  if self then
    self.top_first = other.top_first
  end
  return self, reason
end

return layout
