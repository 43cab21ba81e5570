-- The host's images, in real memory: in the order of channels, with the gaps, the data window or the GPU that a test
-- asks for. What one image does to another is in fusion_ops.py.

local ffi = require("ffi")
local strict = require("standin.strict")
local codecs = require("standin.codecs")

-- How new images lie. Tests set these.
--   order      "RGBA" or "BGRA": of images that come from other tools [T: Texture3D uploads ScanLine as BGRA]
--   padding    bytes between rows
--   apart      every row is memory of its own [T: IsDataContiguous]
--   top_first  the first row is the top one [I: FlipY, the topdown flag of _FromMemory]
--   on_gpu     memory is stale until it is downloaded; gpu_stays: and cannot be [S: IsGPUMemDirty, DownloadGPUMem]
--   userdata   GetScanLine gives userdata [F: oidn2.fuse casts whatever it gets]
--   no_lines   GetScanLine is out of order
--   lacks      names of methods that this host has not
local ways = {
  order = "RGBA", padding = 0, apart = false, top_first = false, on_gpu = false, gpu_stays = false, userdata = false,
  no_lines = false, lacks = {},
}

local images = { ways = ways, asked = 0 } -- asked: calls of GetPixel

local orders = { RGBA = { 0, 1, 2, 3 }, BGRA = { 2, 1, 0, 3 }, A = { nil, nil, nil, 0 } }
local names_of_channels = { Red = "R", Green = "G", Blue = "B", Alpha = "A" }

local Rect = strict.class("ImgRectI", { "left", "bottom", "right", "top" }, {}, {
  Width = function(self) return self.right - self.left end,
  Height = function(self) return self.top - self.bottom end,
})

function images.ImgRectI(left, bottom, right, top)
  return Rect({ left = left, bottom = bottom, right = right, top = top })
end

local PixelClass = strict.class("Pixel", {}, { "R", "G", "B", "A" }, {})

function images.Pixel(values)
  values = values or {}
  return PixelClass({ R = values.R or 0, G = values.G or 0, B = values.B or 0, A = values.A or 0 })
end

local function must_have_pixels(inside, what)
  if inside.no_data then
    error(what .. " of an image without pixels: the host would crash", 3)
  end
end

-- The first channel of a pixel in the image's true memory, or nil outside the data window.
local function pixel_at(inside, x, y)
  local window = inside.DataWindow
  local column, row = x - window.left, y - window.bottom
  if column < 0 or column >= window:Width() or row < 0 or row >= window:Height() then
    return nil
  end
  return ffi.cast(inside.codec.pointer, inside.truth[inside.top_first and window:Height() - 1 - row or row])
    + column * inside.channels
end

local methods = {}

function methods.GetScanLine(self)
  local inside = strict.inside(self)
  must_have_pixels(inside, "GetScanLine")
  if ways.no_lines then
    return nil
  elseif ways.userdata then
    local held = require("string.buffer").new() -- LuaJIT casts a buffer to where its bytes are
    held:putcdata(inside.rows, ffi.sizeof(inside.rows))
    inside.held = held
    return held
  end
  return inside.rows
end

function methods.GetPixel(self, x, y, pixel)
  local inside = strict.inside(self)
  must_have_pixels(inside, "GetPixel")
  images.asked = images.asked + 1
  local at, from = pixel_at(inside, x, y), inside.codec.value
  local places = inside.places
  for index, name in ipairs({ "R", "G", "B", "A" }) do
    pixel[name] = at and places[index] and from(at[places[index]]) or 0 -- [R]: a single channel is alpha, R, G, B are 0
  end
end

function methods.IsGPUMemDirty(self)
  return strict.inside(self).on_gpu
end

function methods.DownloadGPUMem(self)
  local inside = strict.inside(self)
  if ways.gpu_stays then
    return false
  end
  for row = 0, inside.DataWindow:Height() - 1 do
    ffi.copy(inside.rows[row], inside.truth[row], inside.row_bytes)
  end
  inside.on_gpu = false
  return true
end

-- What the host itself computes: names and arguments as the Fuse guide has them (p. 69-83); see fusion_ops.py.
for _, name in ipairs({ "Crop", "CopyOf", "Blur", "ErodeDilate", "Gamma", "Gain", "ChannelOpOf" }) do
  methods[name] = function(self, ...)
    must_have_pixels(strict.inside(self), name)
    for _, lacking in ipairs(ways.lacks) do
      assert(lacking ~= name, "attempt to call method '" .. name .. "' (a nil value)")
    end
    return images.native(name, self, ...)
  end
end

local ImageClass = strict.class(
  "Image",
  { "Width", "Height", "OriginalWidth", "OriginalHeight", "Depth", "DataWindow", "PixelSize", "XScale", "YScale" },
  { "Metadata" },
  methods
)

local function memory_of(inside, height)
  local rows, gap = ffi.new("uint8_t *[?]", math.max(height, 1)), inside.row_bytes + ways.padding
  local whole = not ways.apart and ffi.new("uint8_t[?]", math.max(gap * height, 1))
  local kept = { whole }
  for row = 0, height - 1 do
    if ways.apart then
      kept[row + 1] = ffi.new("uint8_t[?]", math.max(inside.row_bytes, 1))
    end
    rows[row] = whole and whole + row * gap or kept[row + 1]
    ffi.fill(rows[row], inside.row_bytes, 0x35) -- new images are not cleared [G p.83]
  end
  return rows, kept
end

local known = {
  IMG_Like = true, IMG_NoData = true, IMG_DataWindow = true, IMG_Width = true, IMG_Height = true, IMG_Depth = true,
  IMG_XScale = true, IMG_YScale = true, IMAT_OriginalWidth = true, IMAT_OriginalHeight = true, IMG_CopyChannels = true,
}

-- The order that named channels are given in, or nil: "RGBA", "A".
local function named_order(attributes)
  local order = ""
  for _, one in ipairs(attributes) do
    order = order .. assert(names_of_channels[one.IMG_Channel], "a channel that the host does not know")
  end
  return order ~= "" and order or nil
end

function images.Image(attributes)
  for name in pairs(attributes) do
    if not known[name] and type(name) ~= "number" then
      error("the host's Image knows no '" .. tostring(name) .. "'", 2)
    end
  end
  local like = attributes.IMG_Like
  local liked = like and strict.inside(like)
  local order = named_order(attributes) or (liked and attributes.IMG_CopyChannels ~= false and liked.order) or ways.order
  local depth = attributes.IMG_Depth or like.Depth
  if order == "A" and depth > 4 then
    depth = depth - 4 -- [R]: a depth of four channels means the same numbers
  elseif order ~= "A" and depth <= 4 then
    assert(named_order(attributes) == nil, "a depth of one channel with four of them")
    order = "A" -- [G p.83]: a depth below 5 has alpha alone
  end
  local inside = {
    Width = attributes.IMG_Width or like.Width,
    Height = attributes.IMG_Height or like.Height,
    Depth = depth,
    XScale = attributes.IMG_XScale or (like and like.XScale) or 1,
    YScale = attributes.IMG_YScale or (like and like.YScale) or 1,
    no_data = attributes.IMG_NoData or false,
    Metadata = like and like.Metadata or nil,
    order = order,
    places = assert(orders[order], "an order of channels"),
    channels = #order,
    codec = codecs[(depth - 1) % 4 + 1],
    top_first = ways.top_first,
    on_gpu = not like and ways.on_gpu,
  }
  inside.OriginalWidth = attributes.IMAT_OriginalWidth or (like and like.OriginalWidth) or inside.Width
  inside.OriginalHeight = attributes.IMAT_OriginalHeight or (like and like.OriginalHeight) or inside.Height
  inside.DataWindow = attributes.IMG_DataWindow
    or (like and like.DataWindow)
    or images.ImgRectI(0, 0, inside.Width, inside.Height)
  inside.PixelSize = inside.channels * inside.codec.bytes
  inside.row_bytes = inside.DataWindow:Width() * inside.PixelSize
  local height = inside.DataWindow:Height()
  inside.rows, inside.kept = memory_of(inside, height)
  inside.truth = inside.rows
  if inside.on_gpu then
    inside.truth, inside.kept_truth = memory_of(inside, height)
  end
  return ImageClass(inside)
end

local function copy(image, address, out)
  local inside = strict.inside(image)
  local height, memory = inside.DataWindow:Height(), ffi.cast("uint8_t *", address)
  for row = 0, height - 1 do
    local place = inside.top_first and height - 1 - row or row
    local outside = memory + row * inside.row_bytes
    ffi.copy(out and outside or inside.truth[place], out and inside.truth[place] or outside, inside.row_bytes)
  end
end

-- Make an image of pixels at an address: rows of the data window from the bottom, without gaps, channels as they lie.
function images.from_memory(address, attributes)
  local image = images.Image(attributes)
  copy(image, address, false)
  return image
end

function images.fill(image, address)
  copy(image, address, false)
end

-- Copy an image's pixels to an address, as `from_memory` takes them.
function images.to_memory(image, address)
  copy(image, address, true)
end

function images.order_of(image)
  return strict.inside(image).order
end

return images
