-- Getting plates to the engine, as the tool is processed.

local controls = require("mam2.controls")
local platform = require("mam2.platform")
local plates = require("mam2.plates")
local problems = require("mam2.problems")
local request = require("mam2.request")
local sent = require("mam2.sent")

local gather = {}

-- A list's values as keys.
function gather.set_of(list)
  local set = {}
  for _, value in ipairs(list) do
    set[value] = true
  end
  return set
end

-- The frames whose plates a shot still needs, those it needs first in front.
function gather.missing(shot, preview)
  local there, missing = gather.set_of(shot.plates), {}
  for _, frame in ipairs(request.wanted(shot, preview)) do
    if not there[frame] then
      missing[#missing + 1] = frame
    end
  end
  return missing
end

-- The frame that a preview was asked for, or nil when the job is no preview.
function gather.preview_of(job, inputs, time)
  return job and job.kind == "preview" and controls.whole(inputs, "PreviewFrame", time) or nil
end

-- Send one plate. A proxy is not sent. Returns true, false for a proxy, or nil and a problem.
function gather.send(work, client, shot, frame, image)
  local width, height = shot.size[1], shot.size[2]
  if image.OriginalWidth ~= width or image.OriginalHeight ~= height then
    local sizes = ("%dx%d here, but the shot was begun with %dx%d"):format(
      image.OriginalWidth, image.OriginalHeight, width, height)
    return nil,
      problems.make("plates.size", ("Frame %d is %s."):format(frame, sizes), "Press Track: the shot is begun anew.")
  elseif image.Width ~= width or image.Height ~= height then
    return false
  end
  local plate, problem = plates.read(image, work.req, work.host)
  if not plate then
    return nil, problem
  end
  local fine
  fine, problem = client:put_plate(shot.shot, frame, plate, work.budget.plate)
  plates.release(plate)
  if fine then
    sent.note(work, shot, frame, image == work.image and "full" or "pulled", image)
  end
  return fine, problem
end

-- Send the plate at hand if it is missing, then others until the slice of time is over: of a render, which would wait
-- for them otherwise. Takes work: { inputs, req, host, image, frame, budget, pull }; missing: as `gather.missing` gives
-- it. Returns how many were sent, or nil and a problem.
function gather.slice(work, client, shot, missing)
  local ends_at, count = platform.now() + work.budget.slice, 0
  local ordered = gather.set_of(missing)[work.frame] and { work.frame } or {}
  for _, frame in ipairs(missing) do
    if frame ~= work.frame then
      ordered[#ordered + 1] = frame
    end
  end
  for index, frame in ipairs(ordered) do
    if index > 1 and platform.now() >= ends_at then
      break
    end
    local image = frame == work.frame and work.image or work.pull("Input", frame)
    if image == nil then
      return nil,
        problems.make("plates.none", ("The plate has no frame %d."):format(frame), "Set a range of frames that exist.")
    end
    local fine, problem = gather.send(work, client, shot, frame, image)
    if fine == nil then
      return nil, problem
    end
    count = count + (fine and 1 or 0)
  end
  return count
end

return gather
