-- Mattes in images of the host's own: a canvas has alpha alone, in floats, at the size of a plate.

local ffi = require("ffi")
local layout = require("mam2.layout")

local canvas = {}

local function copy(found, matte, out)
  for y = 0, found.height - 1 do
    local line, row = matte + y * found.width, found:row(y)
    ffi.copy(out and line or row, out and row or line, found.width * 4)
  end
end

-- The whole picture of an image as a window.
function canvas.window(host, image)
  return host.ImgRectI(0, 0, image.Width, image.Height)
end

-- A canvas that holds nothing yet. Takes work: { image, req, host }.
function canvas.new(work)
  return layout.canvas(work.host, work.image, true, canvas.window(work.host, work.image))
end

-- A canvas of floats. Returns it, or nil where the host does not show a new image's memory.
function canvas.of(work, matte)
  local made = canvas.new(work)
  local found = layout.blank(made, work.req)
  for _, top_first in ipairs(found and found.step == 1 and { false, true } or {}) do
    found.top_first = top_first
    copy(found, matte, false)
    if found:agrees(work.host.Pixel) then
      return made
    end
  end
end

-- A canvas's values back into floats. Returns whether its memory is to be trusted.
function canvas.read(work, made, matte)
  local found = layout.direct(made, work.req, work.host.Pixel)
  if not found or found.step ~= 1 then
    return false
  end
  copy(found, matte, true)
  return true
end

return canvas
