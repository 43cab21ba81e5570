-- One frame, as the host asks for it: the matte if the engine or a bake has it, else the plate with its state.
--
-- Frames may be rendered at the same time: nothing here outlives the call, and the engine remembers everything. Every
-- call ends in time: `budgets` says how long a frame may take beyond what the host itself needs to render the plate.

local alphas = require("mam2.alphas")
local choices = require("mam2.choices")
local controls = require("mam2.controls")
local finesse = require("mam2.finesse")
local hosts = require("mam2.hosts")
local mattes = require("mam2.mattes")
local picture = require("mam2.picture")
local platform = require("mam2.platform")
local report = require("mam2.report")
local state = require("mam2.state")
local wishes = require("mam2.wishes")

local frame = {}

-- Seconds: for one answer, for one plate or matte, for sending plates, and for all of it. A frame that is looked at
-- must not keep an artist waiting; one that is rendered may wait for its matte besides.
frame.budgets = {
  viewer = { answer = 0.5, plate = 2, slice = 0, total = 2.5 },
  render = { answer = 10, plate = 20, slice = 2, total = 30 },
  unknown = { answer = 2, plate = 20, slice = 0, total = 30 },
}

local WARM, RED = { 1, 0.85, 0.6 }, { 1, 0.55, 0.5 }

local function begin(tool, inputs, req, host, image)
  local work = { tool = tool, inputs = inputs, req = req, host = host, image = image, time = req.Time }
  work.comp = tool.Comp
  work.frame = math.floor(req.Time + 0.5)
  work.kind = hosts.kind_of(req, tool.Comp)
  work.budget = frame.budgets[work.kind]
  work.wait = work.kind == hosts.render and controls.value(inputs, "Wait", req.Time) or 0
  work.ends_at = platform.now() + work.budget.total + work.wait
  work.pull = function(name, time)
    return hosts.pull(inputs[name], time)
  end
  return work
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

-- The picture of one matte: refined, with garbage and solid mattes, as the output wants it. Or nil and a state.
local function picture_of(work, matte, found)
  local image, inputs = work.image, work.inputs
  if matte then
    local settings = finesse.read(inputs, work.time, image.Width / image.OriginalWidth)
    if settings then
      finesse.apply(work, matte, settings)
    end
    local wrong = alphas.combine(work, matte)
    if wrong then
      return nil, state.wrong("matte.input", wrong .. ".", "Connect a matte of the plate's size.")
    end
  end
  local output = controls.choice(inputs, "Show", choices.outputs, work.time)
  local multiply = controls.value(inputs, "PostMultiply", work.time) > 0.5
  local out, reason = picture.compose(work, matte, output, multiply)
  if not out then
    return nil, state.unreadable(reason)
  end
  if work.kind == hosts.viewer and not found.final and controls.value(inputs, "ShowState", work.time) > 0.5 then
    local colour = found.word == "problem" and RED or WARM
    pcall(out.Gain, out, colour[1], colour[2], colour[3], 1)
  end
  return note(out, image, found)
end

local function fail_without(work, found)
  if
    work.kind ~= hosts.viewer and found.word ~= "untouched"
    and controls.choice(work.inputs, "Missing", choices.missing, work.time) == choices.missing[1]
  then
    error(("MAM2: frame %d has no matte. %s"):format(work.frame, found.text), 0)
  end
end

-- Process one request. Takes tool, req: of the host; inputs: by identifier; host: the host's constructors: Image,
-- Pixel, ImgRectI; objects: numbers of the objects whose own pictures are asked for. Returns the image to give back,
-- and those of the objects by number. Raises a sentence when a render has no matte.
function frame.process(tool, inputs, req, host, objects)
  local image = inputs.Input:GetValue(req)
  if image == nil then
    return nil
  elseif req:IsPreCalc() then
    return picture.new(image, host, true)
  elseif req:IsStampOnly() then
    return image
  end
  report.process(tool, inputs, req, host, image)
  local work = begin(tool, inputs, req, host, image)
  if wishes.granted(work) then
    hosts.keep_not(req)
    return image
  end
  local found_mattes, found = mattes.find(work, objects)
  if not found.final then
    hosts.keep_not(req)
  end
  if not found_mattes.main then
    fail_without(work, found)
  end
  if found.word == "untouched" then
    return image
  end
  local out, wrong = picture_of(work, found_mattes.main, found)
  local others = {}
  for _, number in ipairs(out and objects or {}) do
    others[number] = picture_of(work, found_mattes[number], found)
  end
  for _, matte in pairs(found_mattes) do
    platform.release(matte)
  end
  collectgarbage("step", 2000)
  if not out then
    hosts.keep_not(req)
    fail_without(work, wrong)
    return image
  end
  return out, others
end

return frame
