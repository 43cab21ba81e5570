-- Baking, from a script: mattes as EXR files, and stock tools in the place of ours. A baked comp renders anywhere, with
-- neither the Fuse nor an engine, what the tool has shown.

local engine = require("mam2.engine")
local gather = require("mam2.gather")
local platform = require("mam2.platform")
local problems = require("mam2.problems")
local request = require("mam2.request")
local scripting = require("mam2.scripting")
local tasks = require("mam2.tasks")

local baking = {}
local make = problems.make

-- MatteControl: combine the foreground's alpha, by copying it.
local COMBINE_ALPHA, COPY = 4, 0
local AS_MATTE, OVERLAY, BAKED_ONLY = 1, 2, 1

-- Where the files go: what the tool says, else a folder beside the comp's own file. A comp of Resolve has none.
local function folder_of(comp, tool)
  local chosen, file = tool:GetInput("BakeFolder") or "", comp:GetAttrs().COMPS_FileName or ""
  if chosen ~= "" then
    return (comp:MapPath(chosen):gsub("[/\\]+$", ""))
  elseif file ~= "" then
    return file:match("^(.*)[/\\][^/\\]*$") .. "/mam2_mattes"
  end
end

-- What there is to do for a tool: a plan, or nil and why stock tools would not show what ours does.
local function plan_of(comp, tool, client)
  local name = scripting.name_of(tool)
  local plan = { tool = tool, name = name, output = tool:GetInput("Show") or 0 }
  local folder = folder_of(comp, tool)
  if plan.output == OVERLAY then
    return nil, make("fusion.overlay", "The tool shows an overlay.", "Choose another Output and bake again.")
  elseif tool:GetInput("MattesFrom") == BAKED_ONLY then
    return nil, make("fusion.baked", "The tool shows a bake already.", "Set 'Mattes from' to the engine, then bake.")
  elseif not folder then
    return nil, make("fusion.folder", "No folder is known for the mattes.", "Choose a Bake folder on the Matte page.")
  end
  local problem
  plan.shot, problem = client:shot(tool:GetInput("ShotID"))
  if not plan.shot then
    return nil, problem
  end
  plan.first, plan.last = request.range(scripting.inputs(tool), comp.CurrentTime, comp)
  local there, missing = gather.set_of(plan.shot.mattes), {}
  for frame = plan.first, plan.last do
    if not there[frame] then
      missing[#missing + 1] = frame
    end
  end
  if #missing > 0 then
    local words = ("%s has no matte that is right for %d frames, the first is %d."):format(name, #missing, missing[1])
    return nil, make("fusion.not_tracked", words, "Track it, then bake again.")
  end
  plan.folder = folder .. "/" .. name
  plan.stem = plan.folder .. "/" .. name .. "."
  return plan
end

-- Have the tool write its files, as it shows its frames. Returns true, or nil and a problem.
local function write(plan)
  if not platform.make_folder(plan.folder) then
    return nil, make("fusion.folder", (plan.folder .. " cannot be made."), "Choose another Bake folder.")
  end
  local asker = tasks.begin(plan.tool, plan.shot, scripting.fresh(), function()
    return true
  end)
  local fine, problem = true, nil
  for frame = plan.first, plan.last do
    plan.tool:SetInput("Status", ("Baking: frame %d of %d-%d."):format(frame, plan.first, plan.last))
    fine, problem = asker:frame("bake", frame, ("%s%04d.exr"):format(plan.stem, frame), true)
    if not fine then
      break
    end
  end
  asker:done()
  return fine, problem
end

-- Put Loader and MatteControl in the tool's place; the tool itself stays, connected to nothing behind it.
local function wire(comp, plan)
  local tool = plan.tool
  local readers = scripting.sorted(tool:FindMainOutput(1):GetConnectedInputs())
  local source = tool:FindMainInput(1):GetConnectedOutput()
  local multiplies = plan.output ~= AS_MATTE and tool:GetInput("PostMultiply") == 1
  -- A new Loader asks for its file unless the comp is locked; what is set while it is locked does not reach a render.
  comp:Lock()
  local loader = comp:AddTool("Loader", -32768, -32768)
  local combine = plan.output ~= AS_MATTE and comp:AddTool("MatteControl", -32768, -32768) or nil
  local multiply = multiplies and comp:AddTool("AlphaMultiply", -32768, -32768) or nil
  comp:Unlock()
  loader:SetAttrs({ TOOLS_Name = plan.name .. "_Matte" })
  loader:SetInput("Clip", ("%s%04d.exr"):format(plan.stem, plan.first))
  loader:SetInput("GlobalIn", plan.first)
  loader:SetInput("GlobalOut", plan.last)
  if combine then
    combine:SetInput("MatteCombine", COMBINE_ALPHA)
    combine:SetInput("CombineOp", COPY)
    combine:ConnectInput("Background", source:GetTool())
    combine:ConnectInput("Foreground", loader)
  end
  if multiply then
    multiply:ConnectInput("Input", combine)
  end
  for _, reader in ipairs(readers) do
    reader:ConnectTo((multiply or combine or loader):FindMainOutput(1))
  end
end

-- Bake tools. Returns lines to say, or nil and a problem: then nothing is wired.
function baking.run(comp, tools)
  local client, problem = engine.open(60, math.huge)
  if not client then
    return nil, problem
  end
  local plans, lines, fine = {}, {}, true
  for index, tool in ipairs(tools) do
    plans[index], problem = plan_of(comp, tool, client)
    if not plans[index] then
      client:close()
      return nil, problem
    end
  end
  for _, plan in ipairs(plans) do
    if fine then
      fine, problem = write(plan)
      plan.tool:SetInput("Status", fine and "Baked." or problems.text(problem))
    end
  end
  client:close()
  if not fine then
    return nil, problem
  end
  comp:StartUndo("Bake MAM2 to Loader")
  for index, plan in ipairs(plans) do
    local wired, wrong = pcall(wire, comp, plan)
    lines[index] = wired and ("%s: %d mattes in %s"):format(plan.name, plan.last - plan.first + 1, plan.folder)
      or ("%s: not wired: %s"):format(plan.name, tostring(wrong))
  end
  comp:EndUndo(true)
  return lines
end

return baking
