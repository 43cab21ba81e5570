-- Finessed mattes as files: run by the host as a comp script, for the script *Bake to Loader*. What the tool shows is
-- made here by the tool's own code, so a baked comp renders the same.

local engine = require("mam2.engine")
local exr = require("mam2.exr")
local finesse = require("mam2.finesse")
local platform = require("mam2.platform")
local problems = require("mam2.problems")
local request = require("mam2.request")

local baking = {}

baking.answer_within = 60

-- A tool's inputs as a Fuse has them, from what a comp script sees of the tool.
local function inputs_of(tool)
  return setmetatable({}, {
    __index = function(_, id)
      return {
        GetSource = function(_, time)
          return { Value = tool:GetInput(id, time) }
        end,
      }
    end,
  })
end

-- Bake one frame. Returns true, or nil and a problem.
local function bake(client, inputs, shot, frame, path)
  local width, height = shot.size[1], shot.size[2]
  local matte, problem = client:matte(shot.shot, frame, request.layer(inputs, frame), width, height)
  if not matte then
    return nil, problem
  end
  local floats = finesse.floats(matte, width, height, width, height)
  platform.release(matte)
  local settings = finesse.read(inputs, frame, 1)
  if settings then
    finesse.apply(floats, width, height, settings)
  end
  local fine = exr.write(path, floats, width, height)
  platform.release(floats)
  if not fine then
    return nil, problems.make("bake.file", "The matte " .. path .. " cannot be written.", "Look at the disk.")
  end
  return true
end

local function bake_all(tool, name, stem, first, last)
  local client, problem = engine.open(baking.answer_within, math.huge)
  local shot
  if client then
    shot, problem = client:shot(name)
  end
  local frame, inputs = first, inputs_of(tool)
  while shot and frame <= last do
    local fine
    fine, problem = bake(client, inputs, shot, frame, ("%s%04d.exr"):format(stem, frame))
    shot = fine and shot
    tool:SetInput("Status", ("Baking: frame %d of %d-%d."):format(frame, first, last))
    frame = frame + 1
  end
  if client then
    client:close()
  end
  return problem
end

-- Bake a tool's mattes with their finesse; its status begins with "Baked" when that is done, and says why when it ends
-- otherwise.
--
--   comp         the composition
--   tool         the tool's name
--   name         the shot's
--   stem         of the files: what stands before a frame's four digits
--   first, last  frames
function baking.run(comp, tool, name, stem, first, last)
  local found = comp:FindTool(tool)
  local fine, problem = pcall(bake_all, found, name, stem, first, last)
  if not fine then
    problem = problems.make("bake.bug", "MAM2 made a mistake of its own: " .. tostring(problem), "Please report it.")
  end
  found:SetInput("Status", problem and problems.text(problem) or ("Baked %d mattes."):format(last - first + 1))
end

return baking
