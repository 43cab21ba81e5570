-- Prompt slots. All are declared, because a Fuse's inputs are fixed; those in use are shown.

local choices = require("mam2.choices")

local slots = {}

slots.object_limits = {
  INP_Integer = true,
  INP_MinAllowed = 1,
  INP_MaxAllowed = choices.objects,
  INP_External = false,
}

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

local function declare_slot(add, kind, index, frame_number)
  local id, label = kind.id .. index, kind.words .. " " .. index
  local x, y = place(kind, index)
  add(label:gsub("^%l", string.upper), id, {
    LINKID_DataType = "Point",
    INPID_InputControl = "OffsetControl",
    INPID_PreviewControl = "CrosshairControl",
    CHC_Style = kind.style or "Rectangle",
    INP_DefaultX = x,
    INP_DefaultY = y,
    IC_Visible = false,
    PC_Visible = false,
  })
  if kind.id == "Box" then
    for part, name in ipairs({ "Width", "Height" }) do
      add(label .. " " .. name:lower(), id .. name, {
        LINKID_DataType = "Number",
        INPID_InputControl = "SliderControl",
        INPID_PreviewControl = "RectangleControl",
        PC_ControlGroup = 100 + index,
        PC_ControlID = part - 1,
        INP_Default = 0.3,
        INP_MinAllowed = 0,
        INP_MaxScale = 1,
        IC_Visible = false,
        PC_Visible = false,
      })
    end
  end
  local when = frame_number(0)
  when.IC_Visible = false
  add("On frame", id .. "Frame", when)
  local every = frame_number(0)
  every.IC_Visible = false
  add("Again every N frames", id .. "Every", every)
  local object = {
    LINKID_DataType = "Number",
    INPID_InputControl = "SliderControl",
    INP_Default = 1,
    INP_MinScale = 1,
    INP_MaxScale = choices.objects,
    IC_Visible = false,
  }
  for name, value in pairs(slots.object_limits) do
    object[name] = value
  end
  add("Object", id .. "Object", object)
end

-- The identifiers of a slot's inputs, the one with the on-screen control first.
function slots.parts(kind, index)
  local id = kind.id .. index
  local parts = { id, id .. "Frame", id .. "Every", id .. "Object" }
  if kind.id == "Box" then
    parts[#parts + 1] = id .. "Width"
    parts[#parts + 1] = id .. "Height"
  end
  return parts
end

-- Declare the slots of all kinds, with their buttons and the count of those in use.
function slots.declare(tool, add, frame_number, button)
  for _, kind in ipairs(slots.kinds) do
    add("Add " .. kind.words, "Add" .. kind.id, button())
    add("Remove last " .. kind.words, "Remove" .. kind.id, button())
    add("", kind.count, {
      LINKID_DataType = "Number",
      INPID_InputControl = "ScrewControl",
      IC_Visible = false,
      INP_Integer = true,
      INP_External = false,
      INP_DoNotifyChanged = true,
      INP_MaxAllowed = kind.most,
      INP_MinAllowed = 0,
    })
    for index = 1, kind.most do
      tool:BeginControlNest(kind.words .. " " .. index, kind.id .. index .. "Nest", false)
      declare_slot(add, kind, index, frame_number)
      tool:EndControlNest()
    end
  end
end

-- Show the first `count` slots of a kind and hide the others.
function slots.show(inputs, kind, count)
  for index = 1, kind.most do
    local used = index <= count
    for _, id in ipairs(slots.parts(kind, index)) do
      inputs[id]:SetAttrs({ IC_Visible = used, PC_Visible = used })
    end
  end
end

-- Make a box's rectangle follow its centre; only after all of its inputs are declared.
function slots.link_boxes(inputs)
  for index = 1, choices.boxes do
    inputs["Box" .. index .. "Width"]:SetAttrs({ RCP_Center = inputs["Box" .. index] })
  end
end

-- Take one more slot of a kind into use, on the frame `time`, or give the last one up. Returns the new count.
function slots.change(inputs, kind, step, time, host)
  local count = inputs[kind.count]:GetSource(time).Value
  local wanted = math.max(0, math.min(kind.most, count + step))
  if wanted > count then
    inputs[kind.id .. wanted .. "Frame"]:SetSource(host.Number(math.floor(time + 0.5)), time)
  end
  inputs[kind.count]:SetSource(host.Number(wanted), time)
  slots.show(inputs, kind, wanted)
  return wanted
end

return slots
