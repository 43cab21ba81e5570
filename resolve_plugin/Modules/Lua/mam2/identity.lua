-- Which shot of the engine's a tool speaks of: a name of its own, kept in the comp with the tool.

local controls = require("mam2.controls")
local hosts = require("mam2.hosts")
local platform = require("mam2.platform")

local identity = {}

-- A name for a shot of a tool's that nobody has.
function identity.fresh(name)
  -- Two tools made in the same moment differ by the addresses of their tables.
  local where = tostring({}):match("0x(%x+)") or "0"
  local when = ("%x.%x"):format(os.time(), math.floor(platform.now() * 1e6) % 2 ^ 32)
  return ("fusion.%s.%s.%s"):format(name:gsub("[^%w_]", ""), when, where):sub(1, 120)
end

-- Whether a tool was pasted: the one that it was copied from is still there, with the same shot.
local function is_copy(tool, shot, owner)
  if owner == tool.Name then
    return false
  end
  local other = tool.Comp:FindTool(owner)
  return other ~= nil and other:GetInput("ShotID") == shot
end

-- Give a tool a shot when it has none, and a copy one of its own: two tools must not change each other's prompts.
-- A tool that was renamed keeps its mattes. Returns whether the tool is new.
function identity.settle(tool, inputs, host, time)
  local shot, owner = controls.value(inputs, "ShotID", time), controls.value(inputs, "ShotOwner", time)
  local new = not shot or shot == "" or is_copy(tool, shot, owner)
  if new then
    hosts.set(inputs.ShotID, host.Text(identity.fresh(tool.Name)), time)
  end
  hosts.set(inputs.ShotOwner, host.Text(tool.Name), time)
  return new
end

return identity
