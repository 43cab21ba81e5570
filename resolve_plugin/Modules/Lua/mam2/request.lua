-- The shot as the controls describe it, in the form in which the engine declares one.

local choices = require("mam2.choices")
local controls = require("mam2.controls")
local json = require("mam2.json")
local prompts = require("mam2.prompts")

local request = {}

-- The shot's range: the comp's render range or the tool's own. Returns first, last.
function request.range(inputs, time, comp)
  if controls.choice(inputs, "Range", choices.ranges, time) == choices.ranges[1] then
    local fine, attributes = pcall(comp.GetAttrs, comp)
    if fine and attributes and attributes.COMPN_RenderStart then
      return math.floor(attributes.COMPN_RenderStart), math.floor(attributes.COMPN_RenderEnd)
    end
  end
  return controls.whole(inputs, "FirstFrame", time), controls.whole(inputs, "LastFrame", time)
end

-- What the engine is told of the plates' colours: a name, or null for linear.
function request.colourspace(inputs, time)
  local space = controls.choice(inputs, "Transfer", choices.transfers, time)[2]
  if space == true then
    space = controls.value(inputs, "ColourSpace", time)
    space = space ~= "" and space
  end
  return space or json.null
end

-- The layer of the matte that is shown.
function request.layer(inputs, time)
  local object = controls.whole(inputs, "ShowObject", time)
  return object > 0 and ("object%d.alpha"):format(object) or "alpha"
end

-- Read the whole request. Takes inputs: by identifier; time: of the frame at hand; size: { width, height } of the full
-- plate in pixels; comp: the composition; masks: as for prompts.read. Returns the body of `PUT /v1/shots/{shot}`.
function request.read(inputs, time, size, comp, masks)
  local first, last = request.range(inputs, time, comp)
  return {
    range = json.list({ first, last }),
    size = json.list({ size.width, size.height }),
    model = controls.choice(inputs, "Model", choices.models, time),
    settings = {
      direction = choices.directions[controls.whole(inputs, "Direction", time) + 1],
      mode = controls.choice(inputs, "Quality", choices.qualities, time)[2],
      corrections = controls.choice(inputs, "Corrections", choices.corrections, time)[2],
      colourspace = request.colourspace(inputs, time),
    },
    objects = prompts.read(inputs, size, first, last, time, masks),
  }
end

-- What a shot is asked for but for its direction and its masks: whether an image is still the same is only known after
-- rendering it.
local function asked_for(shot)
  local settings, parts = shot.settings, {}
  for _, object in ipairs(shot.objects) do
    for _, prompt in ipairs(object.prompts) do
      if prompt.kind ~= "mask" then
        parts[#parts + 1] = object.name .. json.encode(prompt)
      end
    end
  end
  local how = { settings.mode, settings.corrections, settings.colourspace or json.null }
  return json.encode({ shot.range, shot.size, shot.model, how }) .. table.concat(parts)
end

-- Whether a shot, as the engine has it, is what was asked for: nothing has been moved since.
function request.unchanged(wanted, declared)
  return asked_for(wanted) == asked_for(declared)
end

-- The frames that a job of this shot looks at, those that it needs first in front. Takes shot: the request, or the shot
-- as the engine has it; preview: a frame: that of a preview; nil for a track.
function request.wanted(shot, preview)
  local prompted, seen = {}, {}
  for _, object in ipairs(shot.objects) do
    for _, prompt in ipairs(object.prompts) do
      if not seen[prompt.frame] then
        seen[prompt.frame] = true
        prompted[#prompted + 1] = prompt.frame
      end
    end
  end
  table.sort(prompted)
  if preview then
    if not seen[preview] then
      prompted[#prompted + 1] = preview
    end
    return prompted
  elseif #prompted == 0 then
    return {}
  end
  local frames, direction = {}, shot.settings.direction
  if direction ~= "backward" then
    for frame = prompted[1], shot.range[2] do
      frames[#frames + 1] = frame
    end
  end
  if direction ~= "forward" then
    local start = direction == "backward" and prompted[#prompted] or prompted[1] - 1
    for frame = start, shot.range[1], -1 do
      frames[#frames + 1] = frame
    end
  end
  return frames
end

return request
