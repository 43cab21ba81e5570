-- The host's images, in real memory: rows from the bottom, with gaps, a data window or a GPU where a test asks for it.

local ffi = require("ffi")
local strict = require("standin.strict")

-- How new images lie: bytes between rows, whether the first row is the top one, whether memory is stale until it is
-- downloaded, whether it can be, whether GetScanLine is out of order. Tests set these.
local ways = { padding = 0, top_first = false, on_gpu = false, gpu_stays = false, no_lines = false }

local channel_bytes = { [5] = 1, [6] = 2, [7] = 2, [8] = 4 }
local codecs = {}

ffi.cdef("typedef union { float value; uint32_t bits; } standin_float;")

local function half_value(bits)
  local sign, exponent, fraction = bits >= 0x8000 and -1 or 1, math.floor(bits / 1024) % 32, bits % 1024
  if exponent == 31 then
    return fraction > 0 and 0 / 0 or sign / 0
  elseif exponent == 0 then
    return sign * math.ldexp(fraction, -24)
  end
  return sign * math.ldexp(1024 + fraction, exponent - 25)
end

-- Slow and sure, unlike the plug-in's: the nearest half is looked for.
local function half_bits(value)
  if value ~= value then
    return 0x7e00
  end
  local sign = (value < 0 or 1 / value < 0) and 0x8000 or 0
  local low, high = 0, 0x7c00
  local size = math.abs(value)
  if size >= 65520 then
    return sign + 0x7c00
  end
  while high - low > 1 do
    local middle = math.floor((low + high) / 2)
    if half_value(middle) <= size then
      low = middle
    else
      high = middle
    end
  end
  local down, up = size - half_value(low), half_value(high) - size
  if up < down or (up == down and low % 2 == 1) then
    low = high
  end
  return sign + low
end

codecs[5] = {
  "uint8_t *",
  function(v) return v / 255 end,
  function(v) return math.max(0, math.min(255, math.floor(v * 255 + 0.5))) end,
}
codecs[6] = {
  "uint16_t *",
  function(v) return v / 65535 end,
  function(v) return math.max(0, math.min(65535, math.floor(v * 65535 + 0.5))) end,
}
codecs[7] = { "uint16_t *", half_value, half_bits }
codecs[8] = { "float *", function(v) return v end, function(v) return v end }

local Rect = strict.class("ImgRectI", { "left", "bottom", "right", "top" }, {}, {
  Width = function(self) return self.right - self.left end,
  Height = function(self) return self.top - self.bottom end,
})

local function ImgRectI(left, bottom, right, top)
  return Rect({ left = left, bottom = bottom, right = right, top = top })
end

local PixelClass = strict.class("Pixel", {}, { "R", "G", "B", "A" }, {})

local function Pixel(values)
  values = values or {}
  return PixelClass({ R = values.R or 0, G = values.G or 0, B = values.B or 0, A = values.A or 0 })
end

local function channel(inside, x, y)
  local window = inside.DataWindow
  local column, row = x - window.left, y - window.bottom
  local width, height = window:Width(), window:Height()
  if column < 0 or column >= width or row < 0 or row >= height then
    return nil
  end
  if inside.top_first then
    row = height - 1 - row
  end
  local codec = codecs[inside.Depth]
  return ffi.cast(codec[1], inside.truth + row * inside.stride) + column * 4, codec
end

local function must_have_pixels(inside, what)
  if inside.no_data then
    error(what .. " of an image without pixels: the host would crash", 3)
  end
end

local methods = {}

function methods.GetScanLine(self)
  local inside = strict.inside(self)
  must_have_pixels(inside, "GetScanLine")
  return not ways.no_lines and inside.lines or nil
end

function methods.GetPixel(self, x, y, pixel)
  local inside = strict.inside(self)
  must_have_pixels(inside, "GetPixel")
  local at, codec = channel(inside, x, y)
  if at then
    pixel.R, pixel.G, pixel.B, pixel.A = codec[2](at[0]), codec[2](at[1]), codec[2](at[2]), codec[2](at[3])
  else
    pixel.R, pixel.G, pixel.B, pixel.A = 0, 0, 0, 0
  end
end

function methods.SetPixel(self, x, y, pixel)
  local inside = strict.inside(self)
  must_have_pixels(inside, "SetPixel")
  local at, codec = channel(inside, x, y)
  if not at then
    error("SetPixel outside the data window: the host would crash", 2)
  end
  at[0], at[1], at[2], at[3] = codec[3](pixel.R), codec[3](pixel.G), codec[3](pixel.B), codec[3](pixel.A)
end

function methods.IsGPUMemDirty(self)
  return strict.inside(self).on_gpu
end

function methods.DownloadGPUMem(self)
  local inside = strict.inside(self)
  if ways.gpu_stays then
    return false
  end
  ffi.copy(inside.memory, inside.truth, inside.bytes)
  inside.on_gpu = false
  return true
end

local ImageClass = strict.class(
  "Image",
  { "Width", "Height", "OriginalWidth", "OriginalHeight", "Depth", "DataWindow", "PixelSize", "XScale", "YScale" },
  { "Metadata" },
  methods
)

local function allocate(inside, on_gpu)
  local window = inside.DataWindow
  local width, height = window:Width(), window:Height()
  inside.stride = width * 4 * channel_bytes[inside.Depth] + ways.padding
  inside.bytes = math.max(inside.stride * height, 1)
  inside.memory = ffi.new("uint8_t[?]", inside.bytes)
  ffi.fill(inside.memory, inside.bytes, 0x35) -- new images are not cleared
  inside.on_gpu, inside.top_first = on_gpu, ways.top_first
  inside.truth = on_gpu and ffi.new("uint8_t[?]", inside.bytes) or inside.memory
  inside.lines = ffi.new("void *[?]", height)
  for row = 0, height - 1 do
    inside.lines[row] = inside.memory + row * inside.stride
  end
end

local known = {
  IMG_Like = true, IMG_NoData = true, IMG_DataWindow = true, IMG_Width = true, IMG_Height = true, IMG_Depth = true,
  IMG_XScale = true, IMG_YScale = true, IMAT_OriginalWidth = true, IMAT_OriginalHeight = true,
}

local function Image(attributes)
  for name in pairs(attributes) do
    if not known[name] then
      error("the host's Image knows no '" .. tostring(name) .. "'", 2)
    end
  end
  local like = attributes.IMG_Like
  local inside = {
    Width = attributes.IMG_Width or like.Width,
    Height = attributes.IMG_Height or like.Height,
    Depth = attributes.IMG_Depth or like.Depth,
    XScale = attributes.IMG_XScale or (like and like.XScale) or 1,
    YScale = attributes.IMG_YScale or (like and like.YScale) or 1,
    no_data = attributes.IMG_NoData or false,
    Metadata = like and like.Metadata or nil,
  }
  inside.OriginalWidth = attributes.IMAT_OriginalWidth or (like and like.OriginalWidth) or inside.Width
  inside.OriginalHeight = attributes.IMAT_OriginalHeight or (like and like.OriginalHeight) or inside.Height
  inside.DataWindow = attributes.IMG_DataWindow
    or (like and like.DataWindow)
    or ImgRectI(0, 0, inside.Width, inside.Height)
  inside.PixelSize = 4 * channel_bytes[inside.Depth]
  allocate(inside, not like and ways.on_gpu)
  return ImageClass(inside)
end

-- Make an image of pixels at an address: rows of the data window from the bottom, without gaps.
local function from_memory(address, attributes)
  local image = Image(attributes)
  local inside = strict.inside(image)
  local height = inside.DataWindow:Height()
  local row_bytes = inside.stride - ways.padding
  for row = 0, height - 1 do
    local place = inside.top_first and height - 1 - row or row
    ffi.copy(inside.truth + place * inside.stride, ffi.cast("uint8_t *", address) + row * row_bytes, row_bytes)
  end
  return image
end

-- Copy an image's pixels to an address, as `from_memory` takes them.
local function to_memory(image, address)
  local inside = strict.inside(image)
  local window = inside.DataWindow
  local row_bytes = window:Width() * inside.PixelSize
  for row = 0, window:Height() - 1 do
    local place = inside.top_first and window:Height() - 1 - row or row
    ffi.copy(ffi.cast("uint8_t *", address) + row * row_bytes, inside.truth + place * inside.stride, row_bytes)
  end
end

return {
  ways = ways,
  Image = Image,
  Pixel = Pixel,
  ImgRectI = ImgRectI,
  from_memory = from_memory,
  to_memory = to_memory,
}
