-- One frame, as the host asks for it: the matte if the engine or a bake has it, else the plate with its state.
--
-- Frames may be rendered at the same time: nothing here outlives the call, and the engine remembers everything. Every
-- call ends in time: `budgets` says how long a frame may take beyond what the host itself needs to render the plate.

local baked = require("mam2.baked")
local banner = require("mam2.banner")
local choices = require("mam2.choices")
local controls = require("mam2.controls")
local engine = require("mam2.engine")
local finesse = require("mam2.finesse")
local gather = require("mam2.gather")
local picture = require("mam2.picture")
local lists = require("mam2.lists")
local platform = require("mam2.platform")
local report = require("mam2.report")
local request = require("mam2.request")
local sent = require("mam2.sent")
local slots = require("mam2.slots")
local state = require("mam2.state")

local frame = {}

-- Seconds: for one answer, for one plate or matte, for sending plates, and for all of it. A frame that is looked at
-- must not keep an artist waiting; one that is rendered may wait for its matte besides.
frame.budgets = {
  shown = { answer = 0.5, plate = 2, slice = 0.4, total = 2.5 },
  rendered = { answer = 10, plate = 20, slice = 2, total = 30 },
}

local PAUSE = 0.1

local function is_rendering(req, comp)
  if comp:GetAttrs().COMPB_Rendering then
    return not req:IsPreview()
  end
  return not (req:IsQuick() or req:IsInteractive() or req:IsPreview())
end

-- Get a matte at the size of the image at hand. Returns floats, or nil and a problem.
local function fetch(work, client, shot, preview)
  local width, height = shot.size[1], shot.size[2]
  local layer = request.layer(work.inputs, work.time)
  local matte, problem = client:matte(shot.shot, work.frame, layer, width, height, preview, work.budget.plate)
  if not matte then
    return nil, problem
  end
  local floats = finesse.floats(matte, width, height, work.image.Width, work.image.Height)
  platform.release(matte)
  return floats
end

-- Send what a running job needs, and wait for this frame's matte when a render may.
-- Returns the shot as it then stands, the running job or nil, the newest job, how many plates are missing; or nil and
-- a problem.
local function attend(work, client, shot)
  local wait_ends = platform.now() + work.wait
  while true do
    local missing, active, newest = #gather.missing(shot), nil, nil
    if missing > 0 or not lists.has(shot.mattes, work.frame) then
      local problem
      active, newest, problem = client:jobs(work.shot)
      if not problem and not active and newest and newest.state == "done" then
        shot, problem = client:shot(work.shot) -- the job may have ended since the shot was looked at
      end
      if problem then
        return nil, problem
      end
    end
    if active then
      local list = gather.missing(shot, gather.preview_of(active, work.inputs, work.time))
      local count, problem = gather.slice(work, client, shot, list)
      if not count then
        return nil, problem
      end
      missing = #list - count
    end
    local waiting = work.rendering and active and not lists.has(shot.mattes, work.frame)
    if not waiting or platform.now() >= wait_ends then
      return shot, active, newest, missing
    end
    platform.sleep(PAUSE)
    local problem
    shot, problem = client:shot(work.shot)
    if not shot then
      return nil, problem
    end
  end
end

local function full_size(image)
  return { width = image.OriginalWidth, height = image.OriginalHeight }
end

-- Choose between what there is for this frame. Returns floats or nil, and a state.
local function choose(work, client, shot, active, newest, missing)
  local right, stale = lists.has(shot.mattes, work.frame), lists.has(shot.stale, work.frame)
  local previewed = not right and work.frame == gather.preview_of({ kind = "preview" }, work.inputs, work.time)
  local now = active and state.working(shot, active, missing)
  if right or stale or previewed then
    local matte, problem = fetch(work, client, shot, not (right or stale))
    if matte and sent.differs(work, shot) then
      return matte, now or state.replaced
    elseif matte and right then
      local wanted = request.read(work.inputs, work.time, full_size(work.image), work.comp)
      return matte, now or (request.unchanged(wanted, shot) and state.right or state.changed)
    elseif matte then
      return matte, now or (stale and state.stale or state.preview)
    elseif not (previewed and problem.code == "matte.missing") then
      return nil, state.problem(problem)
    end
  end
  return nil, now or state.ended(shot, newest, work.frame)
end

local function is_prompted(work)
  for _, kind in ipairs(slots.kinds) do
    if controls.value(work.inputs, kind.count, work.time) > 0 then
      return true
    end
  end
  return false
end

local function from_engine(work)
  local shot_name = controls.value(work.inputs, "ShotID", work.time)
  if not shot_name or shot_name == "" then
    return nil, state.untouched
  end
  work.shot = shot_name
  local client, problem = engine.open(work.budget.answer, work.ends_at)
  if not client then
    return nil, not is_prompted(work) and problem == engine.absent and state.untouched or state.problem(problem)
  end
  local shot, active, newest, missing
  shot, problem = client:shot(shot_name)
  if shot then
    shot, active, newest, missing = attend(work, client, shot)
    problem = active
  end
  local matte, found
  if shot then
    matte, found = choose(work, client, shot, active, newest, missing)
  elseif problem.code == "shot.unknown" then
    found = is_prompted(work) and state.untracked or state.untouched
  else
    found = state.problem(problem)
  end
  client:close()
  return matte, found
end

local function find_matte(work)
  if controls.choice(work.inputs, "MattesFrom", choices.mattes, work.time) == choices.mattes[2] then
    return baked.read(work)
  end
  local matte, found = from_engine(work)
  if not matte then
    local found_bake, bake_state = baked.read(work)
    if found_bake then
      return found_bake, bake_state
    end
  end
  return matte, found
end

local function note(out, image, found)
  local metadata = {}
  for name, value in pairs(image.Metadata or {}) do
    metadata[name] = value
  end
  metadata.MAM2 = found.word
  metadata.MAM2Says = found.text
  out.Metadata = metadata
  return out
end

local function begin(tool, inputs, req, host, image)
  local work = { inputs = inputs, req = req, host = host, image = image, time = req.Time, comp = tool.Comp }
  work.frame = math.floor(req.Time + 0.5)
  work.rendering = is_rendering(req, work.comp)
  work.budget = work.rendering and frame.budgets.rendered or frame.budgets.shown
  work.wait = work.rendering and controls.value(inputs, "Wait", req.Time) or 0
  work.ends_at = platform.now() + work.budget.total + work.wait
  return work
end

local function is_final(found)
  return found.word == "right" or found.word == "baked" or found.word == "untouched"
end

-- Process one request.
--
--   tool, req  of the host
--   inputs     by identifier
--   host       the host's constructors: Image, Pixel, ImgRectI
--
-- Returns the image to give back. Raises a sentence when a render was to fail without a matte.
function frame.process(tool, inputs, req, host)
  local image = inputs.Input:GetValue(req)
  if image == nil then
    return nil
  elseif req:IsPreCalc() then
    return picture.new(image, host, true)
  elseif req:IsStampOnly() then
    return image
  end
  report.process(inputs, req, host, image)
  local work = begin(tool, inputs, req, host, image)
  local matte, found = find_matte(work)
  local missing = controls.choice(inputs, "Missing", choices.missing, work.time)
  if not matte and work.rendering and missing == choices.missing[2] then
    error(("MAM2: frame %d has no matte. %s"):format(work.frame, found.text), 0)
  end
  local settings = matte and finesse.read(inputs, work.time, image.Width / image.OriginalWidth)
  if settings then
    finesse.apply(matte, image.Width, image.Height, settings)
  end
  local draw
  if not work.rendering and not is_final(found) and controls.value(inputs, "ShowState", work.time) > 0.5 then
    draw = function(target)
      banner.draw(target, found)
    end
  end
  if found.word == "untouched" then
    return image
  end
  local output = controls.choice(inputs, "Output", choices.outputs, work.time)
  local out = picture.compose(image, req, host, matte, output, draw)
  if matte then
    platform.release(matte)
  end
  collectgarbage("step", 2000)
  return note(out, image, found)
end

return frame
