-- Which plates were sent, by their fingerprints, in a file beside them: so that a plate that has changed upstream since
-- is noticed. The file is in the shot's inbox and goes with the shot. It is only ever added to: the last line counts.
--
-- A host may render a frame differently in haste, in full quality, and when it is pulled from another frame. Only what
-- was rendered the same way is compared, so a change may go unnoticed, but none is made up. Not every pixel is looked
-- at, so that it costs some two milliseconds at any size; alpha is not: the engine looks at colours alone.

local bit = require("bit")
local ffi = require("ffi")
local layout = require("mam2.layout")
local platform = require("mam2.platform")

local sent = {}

local MOST = 131072

local function mix(a, b, value)
  a = bit.tobit(bit.bxor(bit.rol(a, 5), value) * 33)
  return a, bit.bxor(bit.rol(b, 7), a)
end

local function of_memory(found, a, b)
  local width, step = found.width, math.max(1, math.ceil(found.width * found.height / MOST))
  local r, g, b_at, size = found.order[1], found.order[2], found.order[3], found.step
  for y = 0, found.height - 1 do
    local row = ffi.cast(found.depth.raw, found:row(y))
    for x = y % step, width - 1, step do -- rows begin one pixel further each: no column is left out
      local at = x * size
      a, b = mix(a, b, row[at + r])
      a, b = mix(a, b, row[at + g])
      a, b = mix(a, b, row[at + b_at])
    end
  end
  return a, b
end

-- Give an image's fingerprint: 16 hexadecimal digits. Images of one host, of one size and depth, can be compared. Nil
-- where its memory cannot be had. Takes image, req, host: as for plates.read.
function sent.fingerprint(image, req, host)
  local found = layout.of(image, req, host)
  if not found then
    return nil
  end
  local window, a, b = image.DataWindow, 5381, 52711
  for _, value in ipairs({ image.Width, image.Height, window.left, window.bottom, window:Width(), window:Height() }) do
    a, b = mix(a, b, value)
  end
  a, b = of_memory(found, a, b)
  return bit.tohex(a) .. bit.tohex(b)
end

local function path_of(shot)
  return shot.inbox ~= "" and shot.inbox .. "/sent.fusion.txt" or nil
end

local function record_of(shot, wanted)
  local path, found = path_of(shot), nil
  for frame, way, mark in (path and platform.slurp(path) or ""):gmatch("(%-?%d+) (%l+) (%x+)\n") do
    if tonumber(frame) == wanted then
      found = { way = way, mark = mark }
    end
  end
  return found
end

-- Note that a plate was sent. Takes shot: as the engine gives it; way: "full": for a request of its own; "pulled": from
-- that of another frame; image: what was sent.
function sent.note(work, shot, frame, way, image)
  local mark, path = sent.fingerprint(image, work.req, work.host), path_of(shot)
  if mark and path then
    platform.append(path, ("%d %s %s"):format(frame, way, mark))
  end
end

-- Whether the plate at hand is another one than was sent for its frame.
function sent.differs(work, shot)
  local image, record = work.image, record_of(shot, work.frame)
  if not record or image.Width ~= shot.size[1] or image.Height ~= shot.size[2] then
    return false
  end
  local mark = sent.fingerprint(image, work.req, work.host)
  if not mark or mark == record.mark then
    return false
  elseif record.way == "full" and not work.req:IsQuick() then
    return true
  end
  local full = work.pull("Input", work.frame)
  local found = full ~= nil and sent.fingerprint(full, work.req, work.host)
  return found and found ~= record.mark or false
end

return sent
