-- The matte of a bake: the alpha of what is connected as such.

local ffi = require("ffi")
local layout = require("mam2.layout")
local platform = require("mam2.platform")
local state = require("mam2.state")

local baked = {}

-- The baked matte's alpha at the size of the image at hand. Returns floats, or nil and a state.
--
--   work  { inputs, req, host, image }
function baked.read(work)
  local image = work.inputs.BakedMatte:GetValue(work.req)
  if image == nil then
    return nil, state.no_bake
  end
  local width, height = work.image.Width, work.image.Height
  if image.Width ~= width or image.Height ~= height then
    local sizes = ("The baked matte is %dx%d, but the plate is %dx%d."):format(image.Width, image.Height, width, height)
    return nil, { word = "problem", code = "bake.size", text = sizes .. " Bake it again at the plate's size." }
  end
  local floats = platform.buffer(width * height * 4)
  local target = ffi.cast("float *", floats)
  local found = layout.of(image, work.req, work.host.Pixel)
  if found and found.width == width and found.height == height then
    local read = layout.reader(found.depth)
    for y = 0, height - 1 do
      local row = found:row(y)
      for x = 0, width - 1 do
        target[y * width + x] = read(row, x * 4 + 3)
      end
    end
    return floats, state.baked
  end
  local pixel = work.host.Pixel()
  for y = 0, height - 1 do
    for x = 0, width - 1 do
      image:GetPixel(x, y, pixel)
      target[y * width + x] = pixel.A
    end
  end
  return floats, state.baked
end

return baked
