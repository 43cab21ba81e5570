-- What the entries under Scripts, Comp, MAM2 do. Each is a file of a few lines that calls one of these.

local baking = require("mam2.baking")
local engine = require("mam2.engine")
local platform = require("mam2.platform")
local problems = require("mam2.problems")
local scripting = require("mam2.scripting")
local tracking = require("mam2.tracking")

local menu = {}

-- Run one thing on each selected tool and say how it ended.
local function each(comp, call)
  local tools, problem = scripting.selected(comp)
  if not tools then
    print("MAM2: " .. problems.text(problem))
    return
  end
  for _, tool in ipairs(tools) do
    print(scripting.name_of(tool) .. ": " .. call(tool))
  end
end

function menu.track(comp)
  each(comp, function(tool)
    local command = "both " .. scripting.fresh() .. " menu"
    tool:SetInput("Command", command)
    return tracking.run(comp, tool, "both", command)
  end)
end

-- Write the mattes of the selected tools and wire Loaders in their place, as one step to undo.
function menu.bake(comp)
  local tools, problem = scripting.selected(comp)
  local said
  if tools then
    said, problem = baking.run(comp, tools)
  end
  for _, line in ipairs(said or { "MAM2: " .. problems.text(problem) }) do
    print(line)
  end
end

-- Say whether the engine runs, on what, and what it does.
function menu.status()
  local client = engine.open(5, platform.now() + 10)
  local status = client and client:status()
  if not status then
    print("The MAM2 engine is not running. Track or Preview in a MAM2 tool starts it.")
    return
  end
  print(("MAM2 engine %s, process %d"):format(status.version, status.pid))
  for _, device in ipairs(status.devices) do
    print(("device %s: %s (%s)"):format(device.name, device.label, device.state))
  end
  for _, job in ipairs(status.jobs) do
    if job.state == "queued" or job.state == "running" or job.state == "waiting" then
      print(("%s: %s, %d of %d frames"):format(job.shot, job.state, job.done, job.total))
    end
  end
  print(("%d shots in %s"):format(#status.shots, status.store))
  client:close()
end

return menu
