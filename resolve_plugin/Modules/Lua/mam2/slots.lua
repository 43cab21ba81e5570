-- Prompt slots. All are declared, because a Fuse's inputs are fixed; those in use are shown.

local choices = require("mam2.choices")
local hosts = require("mam2.hosts")

local slots = {}

slots.object_limits =
  { INP_Integer = true, INP_MinAllowed = 1, INP_MaxAllowed = choices.objects, INP_External = false }

slots.kinds = {
  { id = "Point", count = "Points", most = choices.points, words = "point", style = "NormalCross" },
  { id = "NotPoint", count = "NotPoints", most = choices.not_points, words = "not-point", style = "DiagonalCross" },
  { id = "Box", count = "Boxes", most = choices.boxes, words = "box" },
}

-- Where the nth cross of a kind appears first: not all on one another.
local function place(kind, index)
  local step = ((index - 1) % 5) * 0.06
  return kind.id == "NotPoint" and 0.2 + step or 0.5 + step, kind.id == "NotPoint" and 0.2 or 0.5
end

local function label_of(kind, index)
  return ("%s %d"):format(kind.words:gsub("^%l", string.upper), index)
end

-- An input of a slot: hidden until the slot is in use. With a control in the viewer, moving that is told.
local function add_part(add, label, id, attributes, on_screen)
  attributes.IC_Visible = false
  for name, value in pairs(on_screen or {}) do
    attributes[name] = value
    attributes.PC_Visible, attributes.INP_DoNotifyChanged, attributes.INP_InitialNotify = false, true, false
  end
  add(label, id, attributes)
end

local function declare_slot(add, kind, index, make)
  local id, label = kind.id .. index, label_of(kind, index)
  local x, y = place(kind, index)
  local centre = { LINKID_DataType = "Point", INPID_InputControl = "OffsetControl", INP_DefaultX = x, INP_DefaultY = y }
  local cross = { INPID_PreviewControl = "CrosshairControl", CHC_Style = kind.style or "Rectangle" }
  add_part(add, label, id, centre, cross)
  for part, name in ipairs(kind.id == "Box" and { "Width", "Height" } or {}) do
    local rectangle =
      { INPID_PreviewControl = "RectangleControl", PC_ControlGroup = 100 + index, PC_ControlID = part - 1 }
    local size = make.slider(0.3, 0, 1, { INP_MinAllowed = 0 })
    add_part(add, label .. " " .. name:lower(), id .. name, size, rectangle)
  end
  local frame = make.frame_number()
  frame.INP_DoNotifyChanged, frame.INP_InitialNotify = true, false
  add_part(add, "On frame", id .. "Frame", frame)
  add_part(add, "Set to this frame", id .. "Here", make.button())
  add_part(add, "Again every N frames", id .. "Every", make.frame_number())
  add_part(add, "Object", id .. "Object", make.slider(1, 1, choices.objects, slots.object_limits))
end

-- The identifiers of a slot's inputs, the one with the on-screen control first.
function slots.parts(kind, index)
  local id = kind.id .. index
  local parts = { id, id .. "Frame", id .. "Here", id .. "Every", id .. "Object" }
  if kind.id == "Box" then
    parts[#parts + 1] = id .. "Width"
    parts[#parts + 1] = id .. "Height"
  end
  return parts
end

-- The slot that an input is the place of: "Box2" for its centre, its width and its height; nil for any other input.
function slots.of(id)
  local name = id:match("^(%a+%d+)$") or id:match("^(Box%d+)Width$") or id:match("^(Box%d+)Height$")
  local kind = name and name:match("^%a+")
  return (kind == "Point" or kind == "NotPoint" or kind == "Box") and name or nil
end

-- Declare the slots of all kinds, with their buttons and the count of those in use. Takes make: makes attributes:
-- frame_number, button, slider. Returns the headers under which slots are folded, by the slot's identifier.
function slots.declare(tool, add, make)
  local headers = {}
  for _, kind in ipairs(slots.kinds) do
    add("Add " .. kind.words, "Add" .. kind.id, make.button())
    add("Remove last " .. kind.words, "Remove" .. kind.id, make.button())
    local count = make.frame_number()
    count.INP_DoNotifyChanged, count.INP_MinAllowed, count.INP_MaxAllowed = true, 0, kind.most
    add_part(add, "", kind.count, count)
    for index = 1, kind.most do
      local name = kind.id .. index
      headers[name] = tool:BeginControlNest(label_of(kind, index), name .. "Nest", index == 1)
      declare_slot(add, kind, index, make)
      tool:EndControlNest()
    end
  end
  return headers
end

-- Show the first `count` slots of a kind, with their headers, and hide the others.
function slots.show(inputs, kind, count)
  for index = 1, kind.most do
    local used = index <= count
    for _, id in ipairs(slots.parts(kind, index)) do
      inputs[id]:SetAttrs({ IC_Visible = used, PC_Visible = used })
    end
    local header = inputs.headers[kind.id .. index]
    if header then
      header:SetAttrs({ IC_Visible = used })
    end
  end
end

-- Make a box's rectangle follow its centre; only after all of its inputs are declared.
function slots.link_boxes(inputs)
  for index = 1, choices.boxes do
    inputs["Box" .. index .. "Width"]:SetAttrs({ RCP_Center = inputs["Box" .. index] })
  end
end

-- Name a slot's cross by the frame that it belongs to: a viewer shows it on every frame.
function slots.label(inputs, slot, frame)
  local kind, index = slot:match("^(%a+)(%d+)$")
  for _, one in ipairs(slots.kinds) do
    if one.id == kind then
      inputs[slot]:SetAttrs({ LINKS_Name = ("%s, frame %d"):format(label_of(one, tonumber(index)), frame) })
    end
  end
end

function slots.set_frame(inputs, host, slot, time)
  local frame = math.floor(time + 0.5)
  hosts.set(inputs[slot .. "Frame"], host.Number(frame), time)
  slots.label(inputs, slot, frame)
end

-- Take one more slot of a kind into use, on the frame `time`, or give the last one up. Returns the new count.
function slots.change(inputs, kind, step, time, host)
  local count = inputs[kind.count]:GetSource(time).Value
  local wanted = math.max(0, math.min(kind.most, count + step))
  if wanted > count then
    slots.set_frame(inputs, host, kind.id .. wanted, time)
  end
  hosts.set(inputs[kind.count], host.Number(wanted), time)
  slots.show(inputs, kind, wanted)
  return wanted
end

-- What is done when a kind's button is pressed or its count has changed.
function slots.notice(inputs, host, id, param, time)
  for _, kind in ipairs(slots.kinds) do
    if id == "Add" .. kind.id then
      slots.change(inputs, kind, 1, time, host)
    elseif id == "Remove" .. kind.id then
      slots.change(inputs, kind, -1, time, host)
    elseif id == kind.count then
      slots.show(inputs, kind, param.Value)
    end
  end
end

return slots
