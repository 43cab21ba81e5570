-- The mattes of a frame: from the engine, else from a bake, with the state that they are in.

local alphas = require("mam2.alphas")
local choices = require("mam2.choices")
local controls = require("mam2.controls")
local engine = require("mam2.engine")
local finesse = require("mam2.finesse")
local gather = require("mam2.gather")
local hosts = require("mam2.hosts")
local platform = require("mam2.platform")
local request = require("mam2.request")
local sent = require("mam2.sent")
local slots = require("mam2.slots")
local state = require("mam2.state")

local mattes = {}

local PAUSE = 0.1

local function has(list, frame)
  return gather.set_of(list)[frame] or false
end

-- Get a matte at the size of the image at hand. Returns floats, or nil and a problem.
local function fetch(work, client, shot, preview, layer)
  local width, height = shot.size[1], shot.size[2]
  local matte, problem = client:matte(shot.shot, work.frame, layer, width, height, preview, work.budget.plate)
  if not matte then
    return nil, problem
  end
  local floats = finesse.floats(matte, width, height, work.image.Width, work.image.Height)
  platform.release(matte)
  return floats
end

-- While a job runs: have a render send what it needs and wait for its matte; a viewer only looks.
-- Returns the shot as it then stands, the running job or nil, the newest job, how many plates are missing; or nil and
-- a problem.
local function attend(work, client, shot)
  local wait_ends = platform.now() + work.wait
  while true do
    local missing, active, newest, problem = #gather.missing(shot), nil, nil, nil
    if missing > 0 or not has(shot.mattes, work.frame) then
      active, newest, problem = client:jobs(work.shot)
      if not problem and not active and newest and newest.state == "done" then
        shot, problem = client:shot(work.shot) -- the job may have ended since the shot was looked at
      end
    end
    if active then
      local list, count = gather.missing(shot, gather.preview_of(active, work.inputs, work.time)), 0
      if work.kind == hosts.render then
        count, problem = gather.slice(work, client, shot, list)
      end
      missing = #list - (count or 0)
      hosts.progress(work.tool, active.total > 0 and active.done / active.total or 0)
    end
    if problem then
      return nil, problem
    end
    local waiting = active and not has(shot.mattes, work.frame) and hosts.wanted(work.tool)
    if not waiting or platform.now() >= wait_ends then
      return shot, active, newest, missing
    end
    platform.sleep(PAUSE)
    shot, problem = client:shot(work.shot)
    if not shot then
      return nil, problem
    end
  end
end

-- What a matte that is there is worth.
local function worth(work, shot, right, stale)
  if sent.differs(work, shot) then
    return state.replaced
  elseif right then
    local size = { width = work.image.OriginalWidth, height = work.image.OriginalHeight }
    local wanted = request.read(work.inputs, work.time, size, work.comp)
    return request.unchanged(wanted, shot) and state.right or state.changed
  end
  return stale and state.stale or state.preview
end

-- Choose between what there is for this frame. Returns mattes and a state.
local function choose(work, client, shot, active, newest, missing, objects)
  local right, stale = has(shot.mattes, work.frame), has(shot.stale, work.frame)
  local previewed = not right and work.frame == gather.preview_of({ kind = "preview" }, work.inputs, work.time)
  local now = active and state.working(shot, active, missing)
  if right or stale or previewed then
    local is_preview = not (right or stale)
    local matte, problem = fetch(work, client, shot, is_preview, request.layer(work.inputs, work.time))
    local found = { main = matte }
    for _, number in ipairs(matte and objects or {}) do
      found[number] = fetch(work, client, shot, is_preview, ("object%d.alpha"):format(number))
    end
    if matte then
      local about = worth(work, shot, right, stale)
      return found, about == state.right and about or now or about
    elseif not (previewed and problem.code == "matte.missing") then
      return {}, state.problem(problem)
    end
  end
  return {}, now or state.ended(shot, newest, work.frame)
end

local function is_prompted(work)
  for _, kind in ipairs(slots.kinds) do
    if controls.value(work.inputs, kind.count, work.time) > 0 then
      return true
    end
  end
  return hosts.is_connected(work.inputs.PromptMask)
end

local function from_engine(work, objects)
  work.shot = controls.value(work.inputs, "ShotID", work.time)
  if not work.shot or work.shot == "" then
    return {}, state.untouched
  end
  local client, problem = engine.open(work.budget.answer, work.ends_at)
  if not client then
    return {}, not is_prompted(work) and problem == engine.absent and state.untouched or state.problem(problem)
  end
  local shot, active, newest, missing
  shot, problem = client:shot(work.shot)
  if shot then
    shot, active, newest, missing = attend(work, client, shot)
    problem = active
  end
  local found, about = {}, nil
  if shot then
    found, about = choose(work, client, shot, active, newest, missing, objects)
  elseif problem.code == "shot.unknown" then
    about = is_prompted(work) and state.untracked or state.untouched
  else
    about = state.problem(problem)
  end
  client:close()
  return found, about
end

-- The alpha of what is connected as baked. Returns floats or nil, and a state.
local function baked(work)
  local image = work.inputs.BakedMatte:GetValue(work.req)
  if image == nil then
    return nil, state.no_bake
  end
  local width, height = work.image.Width, work.image.Height
  if image.Width ~= width or image.Height ~= height then
    local sizes = ("The baked matte is %dx%d, but the plate is %dx%d."):format(image.Width, image.Height, width, height)
    return nil, state.wrong("bake.size", sizes, "Bake it again at the plate's size.")
  end
  local floats, reason = alphas.read(image, work.req, work.host)
  return floats, floats and state.baked or state.unreadable(reason)
end

-- Find a frame's mattes. Takes objects: numbers of objects whose own mattes are wanted too. Returns { main = floats,
-- NUMBER = floats }, each of the image's size, to be released; and a state.
function mattes.find(work, objects)
  if controls.choice(work.inputs, "MattesFrom", choices.mattes, work.time) == choices.mattes[2] then
    local floats, about = baked(work)
    return { main = floats }, about
  end
  local found, about = from_engine(work, objects)
  if not found.main then
    local floats = baked(work)
    if floats then
      return { main = floats }, state.stand_in -- an engine may still come
    end
  end
  return found, about
end

return mattes
