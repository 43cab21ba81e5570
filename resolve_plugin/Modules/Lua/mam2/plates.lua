-- A host image to the bytes of a plate. The image itself is only read.

local ffi = require("ffi")
local layout = require("mam2.layout")
local platform = require("mam2.platform")

local plates = {}

-- The whole plate has the display's size; beyond the data window it is black.
local function copied(found, width, height)
  local depth = found.depth
  local pixel_bytes = 4 * depth.bytes
  local stride = width * pixel_bytes
  local buffer = platform.buffer(stride * height)
  ffi.fill(buffer, stride * height)
  local left, right = math.max(0, found.left), math.min(width, found.left + found.width)
  for y = math.max(0, found.bottom), math.min(height, found.bottom + found.height) - 1 do
    local source = ffi.cast("uint8_t *", found:row(y - found.bottom)) + (left - found.left) * pixel_bytes
    ffi.copy(buffer + y * stride + left * pixel_bytes, source, math.max(0, right - left) * pixel_bytes)
  end
  return buffer, stride * height
end

local function as_floats(found, buffer, count)
  local read, source = layout.reader(found.depth), ffi.cast(found.pointer, buffer)
  local floats = platform.buffer(count * 4)
  local target = ffi.cast("float *", floats)
  for index = 0, count - 1 do
    target[index] = read(source, index)
  end
  platform.release(buffer)
  return floats
end

local function pixel_by_pixel(image, Pixel, width, height)
  local buffer, pixel, window = platform.buffer(width * height * 16), Pixel(), image.DataWindow
  local target = ffi.cast("float *", buffer)
  ffi.fill(buffer, width * height * 16)
  local left, right = math.max(0, window.left), math.min(width, window.left + window:Width())
  for y = math.max(0, window.bottom), math.min(height, window.bottom + window:Height()) - 1 do
    for x = left, right - 1 do
      image:GetPixel(x, y, pixel)
      local at = (y * width + x) * 4
      target[at], target[at + 1], target[at + 2], target[at + 3] = pixel.R, pixel.G, pixel.B, pixel.A
    end
  end
  return buffer
end

-- Read a plate.
--
--   image   of the host, of full size, with pixels
--   req     the request at hand
--   host    the host's constructors
--
-- Returns { pointer, bytes, width, height, dtype, origin, way }, four channels a pixel, valid while the image is; to be
-- given back with `plates.release`. `way` is "memory" (sent from where it lies), "copied" or "pixel by pixel".
function plates.read(image, req, host)
  local width, height = image.Width, image.Height
  local found, reason = layout.of(image, req, host.Pixel)
  local plate = { width = width, height = height, origin = "bottom-left", image = image, reason = reason }
  if not found then
    plate.buffer = pixel_by_pixel(image, host.Pixel, width, height)
    plate.dtype, plate.bytes, plate.way = "float32", width * height * 16, "pixel by pixel"
  elseif found.depth.dtype and found.width == width and found.height == height and found:packed() then
    plate.pointer, plate.bytes, plate.way = ffi.cast("uint8_t *", found.rows[0]), found.row_bytes * height, "memory"
    plate.dtype = found.depth.dtype
    plate.origin = found.top_first and "top-left" or "bottom-left"
  else
    plate.buffer, plate.bytes = copied(found, width, height)
    plate.dtype, plate.way = found.depth.dtype or "float32", "copied"
    if not found.depth.dtype then
      plate.buffer, plate.bytes = as_floats(found, plate.buffer, width * height * 4), width * height * 16
    end
  end
  plate.pointer = plate.pointer or plate.buffer
  return plate
end

-- Give a plate's memory back.
function plates.release(plate)
  if plate.buffer then
    platform.release(plate.buffer)
    plate.buffer = nil
  end
end

return plates
