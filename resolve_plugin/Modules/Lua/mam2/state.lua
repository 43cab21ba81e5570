-- What the tool says of itself: a word for programs, a sentence for people, and how far it is.

local problems = require("mam2.problems")

local state = {}

-- final: nothing but a change of an input can make this frame another, so that the host may keep it.
local function make(word, text, final)
  return { word = word, text = text, final = final or false }
end

state.right = make("right", "This frame has its matte.", true)
state.baked = make("baked", "This frame shows the baked matte.", true)
state.stand_in = make("baked", "This frame shows the baked matte, for the engine has none.")
state.stale = make("stale", "This matte is from before the last change. Press Track to renew it.")
state.changed = make("changed", "Prompts or settings have changed since this was tracked. Press Track to renew it.")
state.replaced = make("replaced", "The plate has changed since it was tracked. Press Track: it is tracked anew.")
state.preview = make("preview", "This is a preview. Press Track for the whole shot.")
state.untouched = make("untouched", "Press Add point and drag the cross onto what you want, then Track.", true)
state.untracked = make("untracked", "Nothing is tracked yet. Press Track.")
state.outside = make("outside", "This frame is not in the tracked range. Widen the range and press Track.")
state.no_bake = make("no_bake", "No baked matte is connected. Connect its Loader, or take mattes from the engine.")

-- What goes on while a job runs. Takes shot, job: as the engine gives them; missing: how many plates it still needs.
function state.working(shot, job, missing)
  if missing > 0 then
    return make("sending", ("%d plates are still to be sent (%d are there)."):format(missing, #shot.plates))
  elseif job.state == "queued" or job.total == 0 then
    return make("queued", "The engine begins.")
  end
  return make("tracking", ("Tracking: %d of %d frames are done."):format(job.done, job.total))
end

function state.problem(problem)
  return { word = "problem", code = problem.code, text = problems.text(problem), final = false }
end

function state.wrong(code, message, hint)
  return state.problem(problems.make(code, message, hint))
end

function state.unreadable(reason)
  return state.problem(problems.unreadable(reason))
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
