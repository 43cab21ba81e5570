-- A host image to the bytes of a plate. The image itself is only read.

local ffi = require("ffi")
local layout = require("mam2.layout")
local platform = require("mam2.platform")
local problems = require("mam2.problems")

local plates = {}

-- Each pixel's four channels in the plate's order, with the bits that they have.
local function unpacked(found, source, target, count)
  local r, g, b, a = found.order[1], found.order[2], found.order[3], found.order[4]
  for x = 0, count - 1 do
    local from, to = x * found.step, x * 4
    target[to], target[to + 1], target[to + 2], target[to + 3] =
      source[from + r], source[from + g], source[from + b], source[from + a]
  end
end

-- The whole plate has the display's size; beyond the data window it is black.
local function copied(found, width, height)
  local bytes, raw = found.depth.bytes, found.depth.raw
  local stride = width * 4 * bytes
  local buffer = platform.buffer(stride * height)
  local left, right = math.max(0, found.left), math.min(width, found.left + found.width)
  local bottom, top = math.max(0, found.bottom), math.min(height, found.bottom + found.height)
  if left > 0 or right < width or bottom > 0 or top < height then
    ffi.fill(buffer, stride * height)
  end
  local same = found.step == 4 and found.order[1] == 0 and not found.alone
  for y = bottom, right > left and top - 1 or bottom - 1 do
    local source = found:row(y - found.bottom) + (left - found.left) * found.step
    local target = buffer + y * stride + left * 4 * bytes
    if same then
      ffi.copy(target, source, (right - left) * 4 * bytes)
    else
      unpacked(found, ffi.cast(raw, source), ffi.cast(raw, target), right - left)
    end
  end
  return buffer, stride * height
end

-- Read a plate. Takes image: of the host, of full size, with pixels; req: the request at hand; host: the host's
-- constructors. Returns { pointer, bytes, width, height, dtype, origin, way }, four channels a pixel, valid while the
-- image is; to be given back with `plates.release`. `way` is "memory" (sent from where it lies) or "copied". Or nil and
-- a problem.
function plates.read(image, req, host)
  local width, height = image.Width, image.Height
  local window = image.DataWindow
  local found, reason = layout.of(image, req, host)
  local plate = { width = width, height = height, origin = "bottom-left", image = image, way = "copied" }
  if not found and window:Width() > 0 and window:Height() > 0 then
    return nil, problems.unreadable(reason)
  elseif not found then
    plate.dtype, plate.bytes = "float16", width * height * 8
    plate.buffer = platform.buffer(plate.bytes)
    ffi.fill(plate.buffer, plate.bytes)
  elseif
    found.step == 4 and found.order[1] == 0 and found.width == width and found.height == height and found:packed()
  then
    plate.pointer, plate.bytes, plate.way = ffi.cast("uint8_t *", found.rows[0]), found.row_bytes * height, "memory"
    plate.dtype, plate.found = found.depth.dtype, found
    plate.origin = found.top_first and "top-left" or "bottom-left"
  else
    plate.buffer, plate.bytes = copied(found, width, height)
    plate.dtype = found.depth.dtype
  end
  plate.pointer = plate.pointer or plate.buffer
  return plate
end

function plates.release(plate)
  if plate.buffer then
    platform.release(plate.buffer)
    plate.buffer = nil
  end
end

return plates
