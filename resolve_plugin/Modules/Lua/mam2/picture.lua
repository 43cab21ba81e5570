-- What the tool gives back: the plate with its matte, put together by the host's own image methods. The plate's pixels
-- are neither read nor written here, so what is not the matte's stays as it is, to the bit.

local ffi = require("ffi")
local canvas = require("mam2.canvas")
local choices = require("mam2.choices")
local layout = require("mam2.layout")
local platform = require("mam2.platform")

local picture = {}

-- A new image like the plate's, whole: its data window is the display's. A header alone has no pixels.
function picture.new(image, host, header_alone)
  local attributes = { IMG_Like = image, IMG_NoData = header_alone, IMG_DataWindow = canvas.window(host, image) }
  if image.Depth <= 4 then -- a plate of alpha alone gives a picture
    attributes.IMG_CopyChannels, attributes.IMG_Depth = false, image.Depth + 4
    layout.name_channels(attributes)
  end
  return host.Image(attributes)
end

-- The plate's image where it is whole, else a copy that is.
local function whole(work)
  local image, window = work.image, work.image.DataWindow
  local is_whole = window.left == 0 and window.bottom == 0 and image.Depth > 4
  if is_whole and window:Width() == image.Width and window:Height() == image.Height then
    return image
  end
  local made = picture.new(image, work.host)
  layout.convert(image, made)
  return made
end

local function scaled(work, matte, factor, offset)
  local count = work.image.Width * work.image.Height
  local buffer = platform.buffer(count * 4)
  local values = ffi.cast("float *", buffer)
  for index = 0, count - 1 do
    values[index] = matte[index] * factor + offset
  end
  local made = canvas.of(work, values)
  platform.release(buffer)
  return made
end

-- Half a coat of red over what the matte covers; the plate's own alpha stays.
local function overlay(work, image, matte)
  local kept, red, other = scaled(work, matte, -0.5, 1), scaled(work, matte, 0.5, 0), scaled(work, matte, 0.05, 0)
  return image
    :ChannelOpOf("Multiply", kept, { R = "Fg.A", G = "Fg.A", B = "Fg.A" })
    :ChannelOpOf("Add", red, { R = "Fg.A" })
    :ChannelOpOf("Add", other, { G = "Fg.A", B = "Fg.A" })
end

-- Make the result. Takes work: { image, req, host }; matte: image.Width x image.Height floats from the bottom; nil: the
-- plate as it is; output: one of choices.outputs; multiply: colour is multiplied by the matte, in a final result.
-- Returns the new image, or nil and why it cannot be made.
function picture.compose(work, matte, output, multiply)
  local fine, made = pcall(function()
    local image = whole(work)
    if not matte then
      return image:CopyOf()
    end
    local values = ffi.cast("float *", matte)
    if output == choices.outputs[3] then
      return overlay(work, image, values)
    end
    local alpha = assert(canvas.of(work, values), "a new image shows no memory")
    if output == choices.outputs[2] then
      return image:ChannelOpOf("Copy", alpha, { R = "Fg.A", G = "Fg.A", B = "Fg.A", A = "Fg.A" })
    end
    local out = image:ChannelOpOf("Copy", alpha, { A = "Fg.A" })
    return multiply and out:ChannelOpOf("Multiply", nil, { R = "Bg.A", G = "Bg.A", B = "Bg.A" }) or out
  end)
  if fine and made ~= nil then
    return made
  end
  return nil, fine and "the host gives no image" or tostring(made)
end

return picture
