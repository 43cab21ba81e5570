-- Which plates were sent, by their fingerprints, in a file beside them: so that a plate that has changed upstream since
-- is noticed. The file is in the shot's inbox and goes with the shot. It is only ever added to: the last line counts.
-- Lines are `FRAME WAY FINGERPRINT` and `FRAME changed 1` (or 0); mam2_resolve/sent.py reads them too.
--
-- A host may render a frame differently in haste, in full quality, and when it is pulled from another frame. Only what
-- was rendered the same way is compared, so a change may go unnoticed, but none is made up.

local fingerprint = require("mam2.fingerprint")

local sent = {}

-- How a plate came to be that the host was not asked for by this request's own flags.
sent.pulled = "pulled"

-- How the plate at hand came to be.
function sent.way(req)
  return req:IsQuick() and "quick" or "full"
end

local function path_of(shot)
  return shot.inbox ~= "" and shot.inbox .. "/sent.fusion.txt" or nil
end

local function add(shot, line)
  local path = path_of(shot)
  local file = path and io.open(path, "ab")
  if file then
    file:write(line, "\n") -- one short line, written at once: frames may be rendered at the same time
    file:close()
  end
end

local function read(shot)
  local records, changed = {}, {}
  local path = path_of(shot)
  local file = path and io.open(path, "rb")
  if not file then
    return records, changed
  end
  for frame, word, mark in file:read("*a"):gmatch("(%-?%d+) (%l+) (%x+)\n") do
    frame = tonumber(frame)
    if word == "changed" then
      changed[frame] = mark == "1" or nil
    else
      records[frame], changed[frame] = { way = word, mark = mark }, nil
    end
  end
  file:close()
  return records, changed
end

-- Note that a plate was sent.
--
--   shot   as the engine gives it
--   way    how it came to be: `sent.way` or `sent.pulled`
--   image  what was sent
function sent.note(work, shot, frame, way, image)
  add(shot, ("%d %s %s"):format(frame, way, fingerprint.of(image, work.req, work.host)))
end

local function is_other(work, record)
  if fingerprint.of(work.image, work.req, work.host) == record.mark then
    return false
  elseif record.way == sent.pulled then
    local image = work.inputs.Input:GetSource(work.frame)
    return image ~= nil and fingerprint.of(image, work.req, work.host) ~= record.mark
  end
  return record.way == sent.way(work.req)
end

-- Whether the plate at hand is another one than was sent for its frame; `sent.has_changed` remembers it.
function sent.differs(work, shot)
  local image = work.image
  local records, changed = read(shot)
  local record = records[work.frame]
  if not record or image.Width ~= shot.size[1] or image.Height ~= shot.size[2] then
    return false
  end
  local other = is_other(work, record)
  if other ~= (changed[work.frame] or false) then
    add(shot, ("%d changed %d"):format(work.frame, other and 1 or 0))
  end
  return other
end

-- Whether any plate was found to be another one than was sent.
function sent.has_changed(shot)
  local _, changed = read(shot)
  return next(changed) ~= nil
end

return sent
