-- Tracking and previewing, from a script: a program of its own beside the host, which may take as long as it takes.
--
-- It declares the shot, has the host make each frame that the engine still needs, at full quality, viewed or not, proxy
-- or not, and says how it stands. A plate that is another one than was sent makes a new shot: mattes are never deleted
-- without being asked, and a comp that was copied to another clip leaves the first clip's mattes alone.

local controls = require("mam2.controls")
local gather = require("mam2.gather")
local identity = require("mam2.identity")
local platform = require("mam2.platform")
local problems = require("mam2.problems")
local prompts = require("mam2.prompts")
local report = require("mam2.report")
local request = require("mam2.request")
local scripting = require("mam2.scripting")
local state = require("mam2.state")
local tasks = require("mam2.tasks")

local tracking = {}

local PAUSE = 0.2
local directions = { forward = 0, backward = 1, both = 2 }

local Run = {}
Run.__index = Run

function Run:say(text)
  if text ~= self.said then
    self.said = text
    self.tool:SetInput("Status", text)
  end
end

-- Whether nobody has pressed another button since.
function Run:goes()
  return self.tool:GetInput("Command") == self.command
end

function Run:ask(shot, word, frame, must)
  self.asker = self.asker or tasks.begin(self.tool, shot, self.name, function()
    return self:goes()
  end)
  self.asker.shot = shot
  return self.asker:frame(word, frame, nil, must)
end

-- The plate's full size, from the first frame that is there. Returns it, or nil and a problem.
local function size_of(tool, time, range)
  local output = tool:FindMainInput(1):GetConnectedOutput()
  for _, frame in ipairs(output and { time, range[1] } or {}) do
    local image = output:GetValue(frame)
    if image then
      return { width = image.OriginalWidth or image.Width, height = image.OriginalHeight or image.Height }
    end
  end
  return nil, problems.make("plates.none", "No plate is connected.", "Connect the plate and press the button again.")
end

-- Whether the shot is of other plates than the tool has: its size, and two plates, tell before anything is declared.
local function is_foreign(run, shot, body)
  local there = gather.set_of(shot.plates)
  if shot.size[1] ~= body.size[1] or shot.size[2] ~= body.size[2] then
    return #shot.plates > 0
  end
  for _, frame in ipairs({ there[run.time] and run.time or shot.plates[1], shot.plates[#shot.plates] }) do
    if run:ask(shot, "plate", frame) == "other" then
      return true
    end
    run.known[frame] = true
  end
  return false
end

-- From now on the tool speaks of a new shot; the one before stays in the engine.
local function fork(run)
  run.shot_name, run.known = identity.fresh(scripting.name_of(run.tool)), {}
  run.tool:SetInput("ShotID", run.shot_name)
end

-- The mask prompts of the controls, written by the tool. Returns prompts, or nil and a problem.
local function masks(run, client, body)
  local list, inputs = {}, run.inputs
  if not run.tool:FindMainInput(2):GetConnectedOutput() then
    return list
  end
  local objects = body.objects
  body.objects = nil
  local shot, problem = client:declare(run.shot_name, body)
  body.objects = objects
  if not shot then
    return nil, problem
  end
  local own, every = controls.whole(inputs, "MaskFrame", run.time), controls.whole(inputs, "MaskEvery", run.time)
  for _, frame in ipairs(prompts.frames(own, every, body.range[1], body.range[2])) do
    local path
    path, problem = run:ask(shot, "mask", frame, true)
    if not path then
      return nil, problem
    end
    list[#list + 1] = { kind = "mask", frame = frame, path = path }
  end
  return list
end

-- Declare the shot as the controls describe it. Returns the shot, or nil and a problem.
local function declare(run, client)
  local range = { request.range(run.inputs, run.time, run.comp) }
  local size, problem = size_of(run.tool, run.time, range)
  if not size then
    return nil, problem
  end
  local body = request.read(run.inputs, run.time, size, run.comp)
  local before = client:shot(run.shot_name)
  local keeps = before and run.verb == "preview" and #before.mattes + #before.stale > 0
  if before and not keeps and is_foreign(run, before, body) then
    fork(run)
  end
  local list
  list, problem = masks(run, client, body)
  if not list then
    return nil, problem
  end
  body.objects = request.read(run.inputs, run.time, size, run.comp, list).objects
  if #body.objects == 0 then
    return nil, problems.make("prompt.none", "Nothing says what to matte.", "Add a point or a box, or connect a mask.")
  end
  return client:declare(run.shot_name, body)
end

local function begin(run, client)
  local shot, problem = declare(run, client)
  if not shot then
    return nil, problem
  elseif run.verb == "preview" then
    return client:preview(run.shot_name, run.time)
  end
  return client:track(run.shot_name, run.verb)
end

-- The next frame to have made: one that the engine lacks, else one that was sent by another run and not yet compared.
local function next_frame(run, shot, job)
  local preview = job.kind == "preview" and run.time or nil
  local missing = gather.missing(shot, preview)
  if missing[1] then
    return missing[1], #missing
  end
  for _, frame in ipairs(preview and {} or request.wanted(shot)) do
    if not run.known[frame] then
      return frame, 0
    end
  end
  return nil, 0
end

-- What is on screen is made anew when its matte has come.
local function refresh(run, shot)
  local there = gather.set_of(shot.mattes)[math.floor(run.comp.CurrentTime + 0.5)] or false
  if run.shown ~= nil and there ~= run.shown then
    tasks.refresh(run.tool)
  end
  run.shown = there
end

-- Follow a job to its end. Returns a sentence, or nil and a problem, or nil and "foreign".
local function follow(run, client, id)
  while run:goes() do
    local active, newest, problem = client:jobs(run.shot_name)
    local shot
    if not problem then
      shot, problem = client:shot(run.shot_name)
    end
    if problem then
      return nil, problem
    end
    local frame, missing = next_frame(run, shot, active or newest)
    refresh(run, shot)
    if not active and (newest.state ~= "done" or not frame) then
      return newest.state == "done" and ("Done: %d frames have mattes."):format(#shot.mattes)
        or state.ended(shot, newest, run.time).text
    end
    run:say(active and state.working(shot, active, missing).text or "Comparing plates.")
    if frame then
      local answer
      answer, problem = run:ask(shot, "plate", frame, missing > 0)
      if answer == "small" then
        problem = problems.make("plates.proxy", "The host gives a proxy of this plate.", "Turn proxies off and Track.")
      end
      if problem then
        client:cancel(id)
        return nil, problem
      elseif answer == "other" then
        client:cancel(id)
        return nil, "foreign"
      end
      run.known[frame] = true
    else
      platform.sleep(PAUSE)
    end
  end
  return "Another button was pressed."
end

local function carry_out(run)
  local client, problem = scripting.engine(function(text)
    run:say(text)
  end)
  local said, job
  for attempt = 1, client and 2 or 0 do -- a second time when a plate turns out to be another than was sent
    if attempt == 2 then
      fork(run)
    end
    job, problem = begin(run, client)
    if job then
      said, problem = follow(run, client, job.id)
    end
    if problem ~= "foreign" then
      break
    end
  end
  if client then
    client:close()
  end
  return said, problem
end

-- Do what a button of a tool says. Takes comp, tool: as a script sees them; verb: preview, forward, backward or both;
-- command: what the tool's Command holds for as long as this is wanted. Returns what was said last in the tool's
-- status.
function tracking.run(comp, tool, verb, command)
  local run = setmetatable({
    comp = comp,
    tool = tool,
    verb = verb,
    command = command,
    name = scripting.fresh(),
    inputs = scripting.inputs(tool),
    shot_name = tool:GetInput("ShotID"),
    time = math.floor((verb == "preview" and tool:GetInput("PreviewFrame") or comp.CurrentTime) + 0.5),
    known = {},
  }, Run)
  if tool:GetInput("MattesFrom") == 1 then
    run:say("This tool takes its mattes from a bake. Set 'Mattes from' to the engine, then Track.")
    return run.said
  end
  if directions[verb] then
    tool:SetInput("Direction", directions[verb])
  end
  local fine, said, problem = pcall(carry_out, run)
  if not fine then
    said = "MAM2 made a mistake of its own: " .. tostring(said)
  elseif problem then
    said = problems.text(problem)
  end
  if run.asker then
    run.asker:done()
  end
  if run:goes() then
    run:say(said)
    tasks.refresh(tool)
  end
  return said
end

-- Do what the button of one tool wants that no other script has begun: this is what the host runs for a button.
function tracking.serve(comp)
  local own = scripting.fresh()
  for _, tool in ipairs(scripting.all(comp)) do
    local command = tool:GetInput("Command") or ""
    local verb = command:match("^(%l+) %w+$")
    if verb then
      local claimed = command .. " " .. own
      tool:SetInput("Command", claimed)
      platform.sleep(0.05) -- who writes last has it
      if tool:GetInput("Command") == claimed then
        return verb == "selftest" and report.script(comp, tool) or tracking.run(comp, tool, verb, claimed)
      end
    end
  end
end

return tracking
