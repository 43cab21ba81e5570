-- Images that are read for one value a pixel: baked mattes, mask prompts, garbage and solid mattes.

local bit = require("bit")
local ffi = require("ffi")
local choices = require("mam2.choices")
local controls = require("mam2.controls")
local exr = require("mam2.exr")
local layout = require("mam2.layout")
local platform = require("mam2.platform")

local alphas = {}

-- Read an image's alpha, or its luminance: Width x Height floats from the bottom, 0 beyond the data window.
-- An image that has alpha alone is read as that. Returns a buffer, or nil and why its memory is not to be trusted.
function alphas.read(image, req, host, luminance)
  local width, height, window = image.Width, image.Height, image.DataWindow
  local found, reason = layout.of(image, req, host)
  if not found and window:Width() > 0 and window:Height() > 0 then
    return nil, reason
  end
  local buffer = platform.buffer(width * height * 4)
  local target = ffi.cast("float *", buffer)
  ffi.fill(buffer, width * height * 4)
  if not found then
    return buffer
  end
  local read, step, order = layout.reader(found.depth), found.step, found.order
  local r, g, b, a = order[1], order[2], order[3], order[4]
  local left, right = math.max(0, found.left), math.min(width, found.left + found.width)
  for y = math.max(0, found.bottom), math.min(height, found.bottom + found.height) - 1 do
    local row, line = found:row(y - found.bottom), target + y * width
    for x = left, right - 1 do
      local at = (x - found.left) * step
      if luminance and not found.alone then
        line[x] = 0.2126 * read(row, at + r) + 0.7152 * read(row, at + g) + 0.0722 * read(row, at + b)
      else
        line[x] = read(row, at + a)
      end
    end
  end
  return buffer
end

-- A matte that is connected, by the size of the plate at hand; nil where none is. Or nil and why not.
local function connected(work, name)
  local image = work.inputs[name]:GetValue(work.req)
  if image == nil then
    return nil
  elseif image.Width ~= work.image.Width or image.Height ~= work.image.Height then
    return nil, ("it is %dx%d, unlike the plate"):format(image.Width, image.Height)
  end
  return alphas.read(image, work.req, work.host)
end

local function each(work, name, matte, count, combine)
  local buffer, reason = connected(work, name)
  if buffer then
    local values = ffi.cast("float *", buffer)
    local inverted = controls.value(work.inputs, "Invert" .. name, work.time) > 0.5
    for index = 0, count - 1 do
      local value = inverted and 1 - values[index] or values[index]
      matte[index] = combine(matte[index], math.max(0, math.min(1, value)))
    end
    platform.release(buffer)
  end
  return reason
end

-- Put the solid matte into a matte and take the garbage matte out of it, as keyers do.
-- Returns nil, or why one of them cannot be used.
function alphas.combine(work, buffer)
  local matte, count = ffi.cast("float *", buffer), work.image.Width * work.image.Height
  local solid = each(work, "SolidMatte", matte, count, math.max)
  local garbage = each(work, "GarbageMatte", matte, count, function(value, out)
    return value * (1 - out)
  end)
  return solid and "Solid matte: " .. solid or garbage and "Garbage matte: " .. garbage
end

-- Write the mask of a frame into a folder of the engine's. A file's name holds its pixels' hash: another mask is
-- another prompt. Takes work: { inputs, req, host, frame, time, pull }. Returns the file's path, or nil and a sentence.
function alphas.write_mask(work, folder)
  local image = work.pull("PromptMask", work.frame)
  if image == nil then
    return nil, ("The mask has no frame %d."):format(work.frame)
  end
  local from = controls.choice(work.inputs, "PromptMaskFrom", choices.mask_channels, work.time)
  local values, reason = alphas.read(image, work.req, work.host, from == choices.mask_channels[2])
  if not values then
    return nil, ("The mask of frame %d cannot be read: %s."):format(work.frame, reason)
  end
  local bits, hash = ffi.cast("uint32_t *", values), 5381
  for index = 0, image.Width * image.Height - 1 do
    hash = bit.tobit(hash * 33 + bit.rshift(bits[index], 8))
  end
  local path = ("%s/mask.%d.%s.exr"):format(folder, work.frame, bit.tohex(hash))
  local fine = exr.write(path, values, image.Width, image.Height)
  platform.release(values)
  return fine and path, ("The mask of frame %d cannot be written into %s."):format(work.frame, folder)
end

return alphas
