-- What the tool says of itself: a word for programs, a sentence for people, and how far it is.

local problems = require("mam2.problems")

local state = {}

local function make(word, text, share)
  return { word = word, text = text, share = share }
end

state.right = make("right", "This frame has its matte.")
state.baked = make("baked", "This frame shows the baked matte.")
state.stale = make("stale", "This matte is from before the last change. Press Track to renew it.")
state.changed = make("changed", "Prompts or settings have changed since this was tracked. Press Track to renew it.")
state.replaced = make(
  "replaced",
  "The plate has changed since it was tracked. Press Track: it is sent again and tracked anew."
)
state.preview = make("preview", "This is a preview. Press Track for the whole shot.")
state.untouched = make("untouched", "Press Add point and drag the cross onto what you want, then Track.")
state.untracked = make("untracked", "Nothing is tracked yet. Press Track.")
state.outside = make("outside", "This frame is not in the tracked range. Widen the range and press Track.")
state.no_bake = make("no_bake", "No baked matte is connected. Connect its Loader, or take mattes from the engine.")

-- What goes on while a job runs.
--
--   shot, job  as the engine gives them
--   missing    how many plates it still needs
function state.working(shot, job, missing)
  local share = job.total > 0 and job.done / job.total or 0
  if missing > 0 then
    return make(
      "sending",
      ("%d plates are still to be sent (%d are there). Keep this tool in a viewer."):format(missing, #shot.plates),
      share
    )
  elseif job.state == "queued" or job.total == 0 then
    return make("queued", "The engine begins.", share)
  end
  return make("tracking", ("Tracking: %d of %d frames are done."):format(job.done, job.total), share)
end

function state.problem(problem)
  return { word = "problem", code = problem.code, text = problems.text(problem) }
end

-- What is said when no job runs and this frame has no matte.
function state.ended(shot, newest, frame)
  if newest and newest.state == "failed" and type(newest.error) == "table" then
    return state.problem(newest.error)
  elseif frame < shot.range[1] or frame > shot.range[2] then
    return state.outside
  elseif newest and newest.state == "cancelled" then
    return make("stopped", "Tracking was stopped; what was done stays. Press Track to go on.")
  end
  return state.untracked
end

return state
