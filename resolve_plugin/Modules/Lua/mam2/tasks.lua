-- What a script asks of the tool: a word in its hidden input Task, and an answer in a file of the shot's inbox.
--
-- A script is a program of its own. It cannot read the host's images, and our Process cannot wait for it; so it names a
-- frame, has the host make that frame, and reads what Process wrote about it. A task is `WORD FRAME NAME[ REST]`.

local controls = require("mam2.controls")
local engine = require("mam2.engine")
local platform = require("mam2.platform")
local problems = require("mam2.problems")

local tasks = {}

-- The task that a request is made for: { word, name, rest }, or nil.
function tasks.of(inputs, frame, time)
  local text = controls.value(inputs, "Task", time) or ""
  local word, wanted, name, rest = text:match("^(%l+) (%-?%d+) ([%w.]+) ?(.*)$")
  return word and tonumber(wanted) == frame and { word = word, name = name, rest = rest } or nil
end

local function path_of(shot, name)
  return ("%s/fusion.%s.txt"):format(shot.inbox, name)
end

function tasks.answer(shot, task, frame, text)
  platform.append(path_of(shot, task.name), ("%s %d %s"):format(task.word, frame, text:gsub("\n", " ")))
end

-- The answer to a task; nil while there is none.
local function answered(shot, word, frame, name)
  local found
  for line in (platform.slurp(path_of(shot, name)) or ""):gmatch("[^\n]+") do
    local said, number, text = line:match("^(%l+) (%-?%d+) (.*)$")
    if said == word and tonumber(number) == frame then
      found = text
    end
  end
  return found
end

local PATIENCE = 10 -- seconds that the engine may take to answer
local HOST_BUSY_FOR = 600 -- seconds that a host's own render may keep us from setting an input

local Asking = {}
Asking.__index = Asking

-- Begin to ask a tool about a shot. Takes tool: as a script sees it; shot: as the engine gives it; name: of this run;
-- goes: called now and then: whether the artist still wants this.
function tasks.begin(tool, shot, name, goes)
  return setmetatable({ tool = tool, shot = shot, name = name, goes = goes }, Asking)
end

-- Set the task, and see that the tool has it: during a render a host may refuse.
function Asking:set(text)
  local ends_at = platform.now() + HOST_BUSY_FOR
  repeat
    self.tool:SetInput("Task", text)
    if self.tool:GetInput("Task") == text then
      return true
    end
    platform.sleep(0.2)
  until platform.now() > ends_at or not self.goes()
  return false
end

-- Ask one thing of one frame. A host that kept the frame makes nothing: with `must` it is made to.
-- Returns the answer; nil where there is none; or nil and a problem.
function Asking:frame(word, frame, rest, must)
  platform.remove(path_of(self.shot, self.name))
  if not self:set(("%s %d %s%s"):format(word, frame, self.name, rest and " " .. rest or "")) then
    return nil, problems.make("fusion.busy", "The host is rendering.", "Try again when it has rendered.")
  end
  for attempt = 1, must and 2 or 1 do
    self.tool:FindMainOutput(1):GetValue(frame)
    local answer = answered(self.shot, word, frame, self.name)
    local problem = answer and answer:match("^problem (.*)")
    if problem then
      return nil, problems.make("fusion.frame", problem, "")
    elseif answer then
      return answer
    elseif must and attempt == 1 then
      tasks.refresh(self.tool)
    end
  end
  if must then
    -- Process reads of the engine where to answer: without one it is silent, whatever the tool does.
    local client, problem = engine.open(PATIENCE, platform.now() + PATIENCE)
    if not client then
      return nil, problem
    end
    client:close()
    local words = ("The tool was not asked for frame %d."):format(frame)
    return nil, problems.make("fusion.silent", words, "Is it switched off, or does its plate end there?")
  end
end

function Asking:done()
  self:set("")
  platform.remove(path_of(self.shot, self.name))
end

-- Have the host drop what it keeps of a tool, and make anew what is on screen.
function tasks.refresh(tool)
  tool:SetInput("Pulse", (tool:GetInput("Pulse") or 0) + 1)
end

return tasks
