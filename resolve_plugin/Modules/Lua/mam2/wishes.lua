-- What a script wants of the frame at hand: its plate sent, its mask written, its matte as a file.

local alphas = require("mam2.alphas")
local controls = require("mam2.controls")
local engine = require("mam2.engine")
local exr = require("mam2.exr")
local finesse = require("mam2.finesse")
local gather = require("mam2.gather")
local hosts = require("mam2.hosts")
local mattes = require("mam2.mattes")
local platform = require("mam2.platform")
local problems = require("mam2.problems")
local sent = require("mam2.sent")
local tasks = require("mam2.tasks")

local wishes = {}

local granting = {
  -- Sends the plate if it is missing, else says whether it is the one that was sent.
  plate = function(work, client, shot)
    if gather.set_of(shot.plates)[work.frame] then
      return sent.differs(work, shot) and "other" or "same"
    end
    local fine, problem = gather.send(work, client, shot, work.frame, work.image)
    return fine and "sent" or fine == false and "small" or "problem " .. problems.text(problem)
  end,
  mask = function(work, _, shot)
    local path, problem = alphas.write_mask(work, shot.inbox)
    return path or "problem " .. problem
  end,
  -- Writes what the tool shows, made as it is shown.
  bake = function(work, _, _, path)
    local found, about = mattes.find(work, {})
    if not found.main then
      return "problem " .. about.text
    end
    local settings = finesse.read(work.inputs, work.time, 1)
    if settings then
      finesse.apply(work, found.main, settings)
    end
    local wrong = alphas.combine(work, found.main)
    local fine = not wrong and exr.write(path, found.main, work.image.Width, work.image.Height)
    platform.release(found.main)
    return fine and "baked" or "problem " .. (wrong or "The matte " .. path .. " cannot be written. Look at the disk.")
  end,
}

-- Do what a script asks of this request's frame. Returns whether that was all that is wanted of it: a render that
-- comes by goes on to its matte.
function wishes.granted(work)
  local task = work.kind ~= hosts.viewer and tasks.of(work.inputs, work.frame, work.time)
  if not task or not granting[task.word] then
    return false
  end
  local name = controls.value(work.inputs, "ShotID", work.time)
  local client = engine.open(work.budget.answer, work.ends_at)
  local shot = client and client:shot(name)
  if shot then
    tasks.answer(shot, task, work.frame, granting[task.word](work, client, shot, task.rest))
  end
  if client then
    client:close()
  end
  work.wait = 0 -- whoever asks, asks for this and not for a matte that is still to come
  return work.kind == hosts.unknown
end

return wishes
