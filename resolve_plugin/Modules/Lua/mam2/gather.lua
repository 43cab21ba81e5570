-- Getting plates to the engine a few at a time, as the tool is processed.

local controls = require("mam2.controls")
local platform = require("mam2.platform")
local plates = require("mam2.plates")
local problems = require("mam2.problems")
local request = require("mam2.request")
local sent = require("mam2.sent")

local gather = {}

local function set_of(list)
  local set = {}
  for _, value in ipairs(list) do
    set[value] = true
  end
  return set
end

-- The frames whose plates a shot still needs, those it needs first in front.
function gather.missing(shot, preview)
  local there, missing = set_of(shot.plates), {}
  for _, frame in ipairs(request.wanted(shot, preview)) do
    if not there[frame] then
      missing[#missing + 1] = frame
    end
  end
  return missing
end

-- The frame that a preview was asked for, or nil when the job is no preview.
function gather.preview_of(job, inputs, time)
  return job and job.kind == "preview" and math.floor(controls.value(inputs, "PreviewFrame", time) + 0.5) or nil
end

local function send(work, client, shot, frame, image)
  local width, height = shot.size[1], shot.size[2]
  if image.Width ~= width or image.Height ~= height then
    return nil,
      problems.make(
        "plates.size",
        ("Frame %d is %dx%d here, but the shot was begun with %dx%d."):format(
          frame, image.Width, image.Height, width, height
        ),
        "Turn proxies off while plates are sent; if the plate's size has changed, press Clear, then Track."
      )
  end
  local plate = plates.read(image, work.req, work.host)
  local fine, problem = client:put_plate(shot.shot, frame, plate, work.budget.plate)
  plates.release(plate)
  if fine then
    sent.note(work, shot, frame, image == work.image and sent.way(work.req) or sent.pulled, image)
  end
  return fine, problem
end

-- Send the plate at hand if it is missing, then others until the slice of time is over.
--
--   work     { inputs, req, host, image, frame, budget }
--   missing  as `gather.missing` gives it
--
-- Returns how many were sent, or nil and a problem.
function gather.slice(work, client, shot, missing)
  local ends_at, count = platform.now() + work.budget.slice, 0
  local ordered = {}
  if set_of(missing)[work.frame] then
    ordered[1] = work.frame
  end
  for _, frame in ipairs(missing) do
    if frame ~= work.frame then
      ordered[#ordered + 1] = frame
    end
  end
  for index, frame in ipairs(ordered) do
    if index > 1 and platform.now() >= ends_at then
      break
    end
    local image = frame == work.frame and work.image or work.inputs.Input:GetSource(frame)
    if image == nil then
      return nil,
        problems.make("plates.none", ("The plate has no frame %d."):format(frame), "Set the range to frames that exist.")
    end
    local fine, problem = send(work, client, shot, frame, image)
    if not fine then
      return nil, problem
    end
    count = count + 1
  end
  return count
end

return gather
