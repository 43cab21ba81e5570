-- The buttons. Each is done in a moment: an engine that takes longer is said to be slow, and nothing waits for it.

local choices = require("mam2.choices")
local controls = require("mam2.controls")
local engine = require("mam2.engine")
local launch = require("mam2.launch")
local masks = require("mam2.masks")
local platform = require("mam2.platform")
local problems = require("mam2.problems")
local request = require("mam2.request")
local sent = require("mam2.sent")

local desk = {}

-- Seconds that a button may take at the very most, beyond the host's own rendering of one frame: an engine that has
-- only just begun takes a moment on a busy machine. A command comes from a program, and no finger waits.
desk.patience, desk.patience_of_commands = 3.0, 10.0

local directions = { forward = 0, backward = 1, both = 2 }
local saying = { preview = "Making a preview.", stop = "Stopped.", clear = "Plates and mattes are gone." }

local failing = {
  ["shot.unknown"] = "There is nothing to end.",
  ["engine.slow"] = "The engine does not answer in time. It may be busy: press the button again.",
}

local function say(desk_of, text)
  desk_of.inputs.Status:SetSource(desk_of.host.Text(text), desk_of.time)
end

local function pulse(desk_of)
  local before = controls.value(desk_of.inputs, "Pulse", desk_of.time) or 0
  desk_of.inputs.Pulse:SetSource(desk_of.host.Number(before + 1), desk_of.time)
end

-- Have the host run the watcher on a thread of its own; see mam2.pulse.
local function watch(desk_of, command)
  local folder = package.searchpath and package.searchpath("mam2.pulse", package.path) or ""
  desk_of.tool.Comp:Execute(
    ("package.path = package.path .. %q; require('mam2.pulse').run(comp, %q, %q, %q)"):format(
      ";" .. folder:gsub("mam2[/\\]pulse%.lua$", "") .. "?.lua",
      desk_of.tool.Name,
      controls.value(desk_of.inputs, "ShotID", desk_of.time),
      command
    )
  )
end

-- Declare the shot with its prompts, masks included. Returns true, or nil and a problem.
local function declare(desk_of, client, name)
  local image = desk_of.inputs.Input:GetSource(desk_of.time)
  if image == nil then
    return nil, problems.make("plates.none", "No plate is connected.", "Connect the plate and press the button again.")
  end
  local size = { width = image.OriginalWidth, height = image.OriginalHeight }
  local body = request.read(desk_of.inputs, desk_of.time, size, desk_of.tool.Comp)
  local wants_mask = desk_of.inputs.PromptMask:GetSource(desk_of.time) ~= nil
  if wants_mask then
    local objects = body.objects
    body.objects = nil
    local shot, problem = client:declare(name, body)
    if not shot then
      return nil, problem
    end
    local list = masks.write(desk_of.inputs, nil, desk_of.host, desk_of.time, shot.inbox, body.range)
    body.objects = #list > 0 and request.read(desk_of.inputs, desk_of.time, size, desk_of.tool.Comp, list).objects
      or objects
  end
  if #body.objects == 0 then
    return nil,
      problems.make("prompt.none", "Nothing says what to matte.", "Add a point or a box, or connect a mask.")
  end
  local answer, problem = client:declare(name, body)
  return answer and true, problem
end

-- Take a shot whose plates have changed out of the engine, so that all of them are sent again. A preview does not
-- cost the mattes of a track.
local function drop_changed(client, name, verb)
  local shot = client:shot(name)
  local keeps = shot and verb == "preview" and #shot.mattes + #shot.stale > 0
  if shot and not keeps and sent.has_changed(shot) then
    client:delete(name)
  end
end

local function start(desk_of, client, name, verb)
  drop_changed(client, name, verb)
  local fine, problem = declare(desk_of, client, name)
  local job
  if fine and verb == "preview" then
    job, problem = client:preview(name, math.floor(desk_of.time + 0.5))
  elseif fine then
    job, problem = client:track(name, verb)
  end
  return job, problem
end

local function cancel_all(client, name)
  local status, problem = client:status()
  if not status then
    return nil, problem
  end
  for _, job in ipairs(status.jobs) do
    local over = job.state == "done" or job.state == "failed" or job.state == "cancelled"
    if job.shot == name and not over then
      local gone
      gone, problem = client:cancel(job.id)
      if not gone then
        return nil, problem
      end
    end
  end
  return true
end

local function stop(client, name, verb)
  local fine, problem = cancel_all(client, name)
  if fine and verb == "clear" then
    fine, problem = client:delete(name)
  end
  return fine, problem
end

local function note_intent(desk_of, verb)
  local inputs, host, time = desk_of.inputs, desk_of.host, desk_of.time
  if verb == "preview" then
    inputs.PreviewFrame:SetSource(host.Number(math.floor(time + 0.5)), time)
  elseif directions[verb] then
    inputs.Direction:SetSource(host.Number(directions[verb]), time)
  end
end

-- Without an engine: start one, and have the watcher press the button again when it answers.
local function start_engine(desk_of, verb)
  local started, problem = launch.start()
  if not started then
    say(desk_of, problems.text(problem))
    return
  end
  say(desk_of, "The engine is starting; this goes on by itself.")
  watch(desk_of, verb)
end

-- Press a button.
--
--   tool, host  of the Fuse
--   inputs      by identifier
--   verb        preview, forward, backward, both, stop or clear
--   time        the comp's current time
--   patience    seconds that it may take
function desk.press(tool, inputs, host, verb, time, patience)
  local desk_of = { tool = tool, inputs = inputs, host = host, time = time }
  local name = controls.value(inputs, "ShotID", time)
  local begins = verb == "preview" or directions[verb] ~= nil
  note_intent(desk_of, verb)
  local client, problem = engine.open(patience, platform.now() + patience)
  if not client and problem == engine.absent and begins then
    start_engine(desk_of, verb)
    return
  end
  local done
  if client then
    if begins then
      done, problem = start(desk_of, client, name, verb)
    else
      done, problem = stop(client, name, verb)
    end
    client:close()
  end
  if not done then
    say(desk_of, failing[problem.code] or problems.text(problem))
    return
  end
  say(desk_of, saying[verb] or "Tracking. Keep this tool in a viewer while its plates are sent.")
  if begins then
    watch(desk_of, "")
  end
  pulse(desk_of)
end

return desk
