-- Prompts as the controls hold them, to prompts as the engine takes them. This is the one place where Fusion's
-- coordinates (0 to 1 from the bottom left) become the engine's (pixels from the top left; whole numbers are corners).

local choices = require("mam2.choices")
local controls = require("mam2.controls")
local json = require("mam2.json")
local slots = require("mam2.slots")

local prompts = {}

local function thousandths(value)
  return math.floor(value * 1000 + 0.5) / 1000
end

-- From Fusion's place in an image to pixels of the plate.
function prompts.to_pixels(x, y, width, height)
  return thousandths(x * width), thousandths((1 - y) * height)
end

-- The frames that a slot is sampled on: its own, and every Nth from there on in the range.
function prompts.frames(first_sampled, every, first, last)
  local frames = { first_sampled }
  if every > 0 then
    for frame = first_sampled + every, last, every do
      frames[#frames + 1] = frame
    end
    for frame = first_sampled - every, first, -every do
      frames[#frames + 1] = frame
    end
  end
  return frames
end

local function inside(place)
  return place.X >= 0 and place.X <= 1 and place.Y >= 0 and place.Y <= 1
end

local function point(inputs, id, kind, frame, size)
  local place = inputs[id]:GetSource(frame)
  local x, y = prompts.to_pixels(place.X, place.Y, size.width, size.height)
  return { kind = "point", frame = frame, x = x, y = y, positive = kind.id == "Point" }, inside(place)
end

-- A box is cut at the plate's edge: what an artist draws beyond it means the edge.
local function box(inputs, id, _, frame, size)
  local centre = inputs[id]:GetSource(frame)
  local half_width = controls.value(inputs, id .. "Width", frame) / 2
  local half_height = controls.value(inputs, id .. "Height", frame) / 2
  local function cut(value)
    return math.max(0, math.min(1, value))
  end
  local left, top = prompts.to_pixels(cut(centre.X - half_width), cut(centre.Y + half_height), size.width, size.height)
  local right, bottom =
    prompts.to_pixels(cut(centre.X + half_width), cut(centre.Y - half_height), size.width, size.height)
  return { kind = "box", frame = frame, box = json.list({ left, top, right, bottom }) }, left < right and top < bottom
end

-- Read the prompts of all slots in use. Takes inputs: by identifier; size: { width, height } of the plate in pixels;
-- first, last: the shot's range; time: at which the controls that are not animated are read; masks: mask prompts as
-- `masks.write` gives them, or nil. Returns objects as the engine's JSON has them. A tracked prompt that has left the
-- plate is not sampled there; on its own frame it is kept, so that the engine can say so.
function prompts.read(inputs, size, first, last, time, masks)
  local by_object = {}
  for index = 1, choices.objects do
    by_object[index] = json.list()
  end
  local function put(object, prompt)
    local list = by_object[math.max(1, math.min(choices.objects, object))]
    list[#list + 1] = prompt
  end
  for _, kind in ipairs(slots.kinds) do
    for index = 1, controls.whole(inputs, kind.count, time) do
      local id = kind.id .. index
      local own, every = controls.whole(inputs, id .. "Frame", time), controls.whole(inputs, id .. "Every", time)
      for _, frame in ipairs(prompts.frames(own, every, first, last)) do
        local make = kind.id == "Box" and box or point
        local prompt, usable = make(inputs, id, kind, frame, size)
        if usable or frame == own then
          put(controls.whole(inputs, id .. "Object", time), prompt)
        end
      end
    end
  end
  for _, mask in ipairs(masks or {}) do
    put(controls.whole(inputs, "MaskObject", time), mask)
  end
  local objects = json.list()
  for index, list in ipairs(by_object) do
    if #list > 0 then
      objects[#objects + 1] = { name = "object" .. index, prompts = list }
    end
  end
  return objects
end

return prompts
