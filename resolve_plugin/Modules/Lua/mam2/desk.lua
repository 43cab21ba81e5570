-- The buttons. Each is done in a moment and renders nothing: what takes longer is done by a script beside the host.

local controls = require("mam2.controls")
local engine = require("mam2.engine")
local hosts = require("mam2.hosts")
local platform = require("mam2.platform")
local problems = require("mam2.problems")
local slots = require("mam2.slots")

local desk = {}

-- Seconds that a button may take at the very most: an engine that has only just begun takes a moment.
desk.patience = 3.0

local begins = { preview = "A preview is made.", forward = "Tracking.", backward = "Tracking.", both = "Tracking." }
local ended = { stop = "Stopped.", clear = "Plates and mattes are gone." }
local failing = {
  ["shot.unknown"] = "There is nothing to end.",
  ["engine.slow"] = "The engine does not answer in time. It may be busy: press the button again.",
}
local no_scripts = "This host runs no scripts for a tool. Select it, then Scripts, Comp, MAM2, Track selected."

-- End a shot's jobs, and for Clear the shot. Returns a sentence.
local function finish(name, verb)
  local client, problem = engine.open(desk.patience, platform.now() + desk.patience)
  local active, fine
  while client and not problem do
    active, fine, problem = client:jobs(name)
    if not active then
      break
    end
    fine, problem = client:cancel(active.id)
  end
  if not problem and verb == "clear" then
    fine, problem = client:delete(name)
  end
  if client then
    client:close()
  end
  return not problem and ended[verb] or failing[problem.code] or problems.text(problem)
end

-- Have the host run the script that does what Command says. Returns whether it takes it.
function desk.run_script(tool)
  local path = package.searchpath and package.searchpath("mam2.press", package.path)
  return path and pcall(tool.Comp.RunScript, tool.Comp, path) or false
end

-- Press a button. Takes tool, host: of the Fuse; inputs: by identifier; verb: preview, forward, backward, both, stop or
-- clear; time: the comp's current time.
function desk.press(tool, inputs, host, verb, time)
  local said
  hosts.say(inputs.Command, host.Text(("%s %x"):format(verb, math.floor(platform.now() * 1e6))), time)
  if begins[verb] then
    if verb == "preview" then
      hosts.set(inputs.PreviewFrame, host.Number(math.floor(time + 0.5)), time)
    end
    said = desk.run_script(tool) and begins[verb] or no_scripts
  else
    said = finish(controls.value(inputs, "ShotID", time), verb)
    hosts.set(inputs.Pulse, host.Number((controls.value(inputs, "Pulse", time) or 0) + 1), time)
  end
  hosts.say(inputs.Status, host.Text(said), time)
end

-- A prompt that is moved belongs to the frame on which it is moved, unless it has a place of its own on every frame.
-- Takes id: of the input that has changed. Returns whether it is one of a prompt's.
function desk.moved(inputs, host, id, time)
  local slot = slots.of(id)
  if not slot then
    return false
  end
  if not hosts.is_animated(inputs[slot]) then
    slots.set_frame(inputs, host, slot, time)
  end
  return true
end

return desk
