-- What the tool gives back: a new image from the plate and the matte. The plate's image is never written.

local ffi = require("ffi")
local choices = require("mam2.choices")
local layout = require("mam2.layout")

local picture = {}

local TINT = { 1, 0.1, 0.1 }

-- What each output makes of a pixel's r, g, b, a and the matte's m.
local recipes = {
  [choices.outputs[1]] = function(r, g, b, _, m)
    return r, g, b, m
  end,
  [choices.outputs[2]] = function(r, g, b, _, m)
    return r * m, g * m, b * m, m
  end,
  [choices.outputs[3]] = function(_, _, _, _, m)
    return m, m, m, m
  end,
  [choices.outputs[4]] = function(r, g, b, a, m)
    local half = m * 0.5
    return r + (TINT[1] - r) * half, g + (TINT[2] - g) * half, b + (TINT[3] - b) * half, a
  end,
}

-- A new image like the plate's, whole: its data window is the display's. A header alone has no pixels.
function picture.new(image, host, header_alone)
  local window = image.DataWindow
  local attributes = { IMG_Like = image, IMG_NoData = header_alone }
  if window:Width() ~= image.Width or window:Height() ~= image.Height then
    attributes.IMG_DataWindow = host.ImgRectI(0, 0, image.Width, image.Height)
  end
  return host.Image(attributes)
end

-- The plate's bytes, untouched, into the new image; black where the plate has none.
local function copy_rows(source, target)
  local pixel = 4 * source.depth.bytes
  local x = source.left - target.left
  for y = 0, target.height - 1 do
    local row, from = ffi.cast("uint8_t *", target:row(y)), y + target.bottom - source.bottom
    if source.width ~= target.width then
      ffi.fill(row, target.row_bytes)
    end
    if from >= 0 and from < source.height then
      local left, right = math.max(0, x), math.min(target.width, x + source.width)
      local start = ffi.cast("uint8_t *", source:row(from)) + (left - x) * pixel
      ffi.copy(row + left * pixel, start, math.max(0, right - left) * pixel)
    else
      ffi.fill(row, target.row_bytes)
    end
  end
end

local function alpha_only(target, matte)
  local write = layout.writer(target.depth)
  for y = 0, target.height - 1 do
    local row, line = target:row(y), y * target.width
    for x = 0, target.width - 1 do
      write(row, x * 4 + 3, matte[line + x])
    end
  end
end

local function every_channel(target, matte, recipe)
  local read, write = layout.reader(target.depth), layout.writer(target.depth)
  for y = 0, target.height - 1 do
    local row, line = target:row(y), y * target.width
    for x = 0, target.width - 1 do
      local at = x * 4
      local r, g, b, a =
        recipe(read(row, at), read(row, at + 1), read(row, at + 2), read(row, at + 3), matte[line + x])
      write(row, at, r)
      write(row, at + 1, g)
      write(row, at + 2, b)
      write(row, at + 3, a)
    end
  end
end

-- The way without memory: slow, but the host's own.
local function pixel_by_pixel(image, out, matte, recipe, Pixel)
  local pixel = Pixel()
  local window, width = image.DataWindow, image.Width
  for y = 0, image.Height - 1 do
    local beyond_y = y < window.bottom or y >= window.bottom + window:Height()
    for x = 0, width - 1 do
      local beyond = beyond_y or x < window.left or x >= window.left + window:Width()
      if beyond then
        pixel.R, pixel.G, pixel.B, pixel.A = 0, 0, 0, 0
      else
        image:GetPixel(x, y, pixel)
      end
      if matte then
        pixel.R, pixel.G, pixel.B, pixel.A = recipe(pixel.R, pixel.G, pixel.B, pixel.A, matte[y * width + x])
      end
      out:SetPixel(x, y, pixel)
    end
  end
end

-- Make the result.
--
--   image   the plate, as the host gave it
--   matte   image.Width x image.Height floats from the bottom; nil: the plate as it is
--   output  one of choices.outputs
--   draw    called with the new image's layout before it is done, or nil
--
-- Returns the new image.
function picture.compose(image, req, host, matte, output, draw)
  local recipe, values = recipes[output], matte and ffi.cast("float *", matte)
  local source = layout.of(image, req, host.Pixel)
  local out = picture.new(image, host)
  local target = source and layout.like(out, req, source)
  if target then
    copy_rows(source, target)
    if values and recipe == recipes[choices.outputs[1]] then
      alpha_only(target, values)
    elseif values then
      every_channel(target, values, recipe)
    end
    if draw then
      draw(target)
    end
    if target:agrees(host.Pixel) then
      return out
    end
  end
  pixel_by_pixel(image, out, values, recipe, host.Pixel)
  return out
end

return picture
