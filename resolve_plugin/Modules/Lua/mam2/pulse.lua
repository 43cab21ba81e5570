-- The watcher: run by the host as a comp script, beside the user interface, for as long as a job lasts.
--
-- It asks the engine how the job stands, writes that into the tool's status and has the tool processed again while
-- plates are missing or the frame on screen has got its matte. It ends with the job, or when the engine is gone.

local engine = require("mam2.engine")
local lists = require("mam2.lists")
local platform = require("mam2.platform")
local problems = require("mam2.problems")
local gather = require("mam2.gather")
local state = require("mam2.state")

local pulse = {}

pulse.every = 0.3
pulse.engine_starts_within = 60
pulse.gone_after = 10

local function await_engine()
  local ends_at = platform.now() + pulse.engine_starts_within
  while platform.now() < ends_at do
    local client = engine.open(2, platform.now() + 2)
    if client then
      local status = client:status()
      client:close()
      if status then
        return true
      end
    end
    platform.sleep(pulse.every)
  end
  return false
end

local function look(name)
  local client, problem = engine.open(5, platform.now() + 10)
  if not client then
    return nil, problem
  end
  local active, newest, shot
  active, newest, problem = client:jobs(name)
  if not problem then
    shot, problem = client:shot(name)
  end
  client:close()
  return shot, problem, active, newest
end

local function words(shot, active, newest, frame, missing)
  if active then
    return state.working(shot, active, missing).text
  elseif newest and newest.state == "done" then
    return ("Done: %d frames have mattes."):format(#shot.mattes)
  end
  return state.ended(shot, newest, frame).text
end

local function follow(comp, tool, name)
  local shown, gone_since
  while true do
    local shot, problem, active, newest = look(name)
    local now = platform.now()
    gone_since = not shot and (gone_since or now) or nil
    if gone_since and (now - gone_since > pulse.gone_after or problem.code == "shot.unknown") then
      tool:SetInput("Status", problems.text(problem))
      return
    end
    if shot then
      local frame = math.floor(comp.CurrentTime + 0.5)
      local preview = active and active.kind == "preview" and tool:GetInput("PreviewFrame") or nil
      local missing = #gather.missing(shot, preview)
      local there = lists.has(shot.mattes, frame)
      tool:SetInput("Status", words(shot, active, newest, frame, missing))
      if not active or missing > 0 or there ~= shown then
        tool:SetInput("Pulse", (tool:GetInput("Pulse") or 0) + 1)
      end
      shown = there
      if not active then
        return
      end
    end
    platform.sleep(pulse.every)
  end
end

-- Watch a tool's job.
--
--   comp     the composition
--   tool     the tool's name
--   name     the shot's
--   command  what to press once the engine has started; empty when it runs
function pulse.run(comp, tool, name, command)
  local found = comp:FindTool(tool)
  if not found then
    return
  elseif command == "" then
    follow(comp, found, name)
  elseif await_engine() then
    found:SetInput("Command", ("%s %.3f"):format(command, platform.now()))
  else
    found:SetInput("Status", "The engine was started but does not answer. Look at its log: mam2 doctor.")
  end
end

return pulse
