-- What our comp scripts share: the tools of a composition as a script sees them.

local engine = require("mam2.engine")
local launch = require("mam2.launch")
local platform = require("mam2.platform")
local problems = require("mam2.problems")

local scripting = {}

local REG_ID, STARTS_WITHIN = "Fuse.MAM2", 60

-- A list of the host's in its order: it counts from 1, but may have gaps.
function scripting.sorted(list)
  local keys = {}
  for key in pairs(list or {}) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  for index, key in ipairs(keys) do
    keys[index] = list[key]
  end
  return keys
end

function scripting.all(comp)
  return scripting.sorted(comp:GetToolList(false, REG_ID))
end

-- Our tools that are selected, or all there are when none is. Nil and a problem where there is none at all.
function scripting.selected(comp)
  local chosen = scripting.sorted(comp:GetToolList(true, REG_ID))
  chosen = #chosen > 0 and chosen or scripting.all(comp)
  if #chosen > 0 then
    return chosen
  end
  return nil,
    problems.make("fusion.no_tool", "There is no MAM2 tool in this comp.", "Add one: Effects, Tools, Fuses, Matte.")
end

function scripting.name_of(tool)
  return tool:GetAttrs().TOOLS_Name
end

function scripting.inputs(tool)
  return setmetatable({}, {
    __index = function(_, id)
      return {
        GetSource = function(_, time)
          local value = tool:GetInput(id, time)
          if type(value) == "table" then
            return { X = value[1], Y = value[2] }
          end
          return { Value = value }
        end,
      }
    end,
  })
end

-- A name that no other run of a script has: letters and digits.
function scripting.fresh()
  return ("%x%s"):format(os.time(), ("%.6f"):format(platform.now()):gsub("%.", "x"))
end

-- A client of the engine, which is started if there is none. Nil and a problem when it does not come.
function scripting.engine(say)
  local client, problem = engine.open(10, math.huge)
  if problem ~= engine.absent then
    return client, problem
  end
  local started
  started, problem = launch.start()
  if not started then
    return nil, problem
  end
  say("The engine is starting.")
  local ends_at = platform.now() + STARTS_WITHIN
  while platform.now() < ends_at do
    client = engine.open(10, math.huge)
    if client and client:status() then
      return client
    end
    platform.sleep(0.2)
  end
  return nil,
    problems.make("engine.silent", "The engine was started but does not answer.", "Look at its log: mam2 doctor.")
end

return scripting
