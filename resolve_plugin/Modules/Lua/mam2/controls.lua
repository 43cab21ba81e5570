-- The tool's inputs, declared. Identifiers are for ever: a comp stores values under them.

local choices = require("mam2.choices")
local slots = require("mam2.slots")

local controls = {}

-- A page's worth of declaring: every input is kept under its identifier.
local function declarer(tool)
  local inputs = {}
  return inputs, function(label, id, attributes)
    inputs[id] = tool:AddInput(label, id, attributes)
  end
end

local function combo(entries, default)
  local attributes = {
    LINKID_DataType = "Number",
    INPID_InputControl = "ComboControl",
    INP_Integer = true,
    INP_Default = default or 0,
    INP_External = false,
  }
  for index, entry in ipairs(entries) do
    attributes[index] = { CCS_AddString = type(entry) == "table" and entry[1] or entry }
  end
  return attributes
end

local function slider(default, low, high, more)
  local attributes = {
    LINKID_DataType = "Number",
    INPID_InputControl = "SliderControl",
    INP_Default = default,
    INP_MinScale = low,
    INP_MaxScale = high,
  }
  for name, value in pairs(more or {}) do
    attributes[name] = value
  end
  return attributes
end

local function frame_number(default)
  return {
    LINKID_DataType = "Number",
    INPID_InputControl = "ScrewControl",
    INP_Integer = true,
    INP_Default = default,
    INP_MinScale = 0,
    INP_MaxScale = 1000,
    INP_External = false,
  }
end

local function button()
  return {
    LINKID_DataType = "Number",
    INPID_InputControl = "ButtonControl",
    INP_DoNotifyChanged = true,
    INP_External = false,
    INP_Passive = true,
    ICD_Width = 0.5,
  }
end

local function hidden(data_type, control, more)
  local attributes = {
    LINKID_DataType = data_type,
    INPID_InputControl = control,
    IC_Visible = false,
    INP_External = false,
  }
  for name, value in pairs(more or {}) do
    attributes[name] = value
  end
  return attributes
end

local function hidden_text(more)
  return hidden("Text", "TextEditControl", more)
end

local function hidden_number(more)
  return hidden("Number", "ScrewControl", more)
end

local function checkbox(default)
  return {
    LINKID_DataType = "Number",
    INPID_InputControl = "CheckboxControl",
    INP_Integer = true,
    INP_Default = default,
    INP_External = false,
  }
end

local function images(add)
  add("Plate", "Input", { LINKID_DataType = "Image", LINK_Main = 1, INP_AcceptsDoD = false })
  add("Mask prompt", "PromptMask", {
    LINKID_DataType = "Image",
    LINK_Main = 2,
    INP_Required = false,
    INP_AcceptsDoD = false,
    INP_SendRequest = false,
  })
  add("Baked matte", "BakedMatte", {
    LINKID_DataType = "Image",
    LINK_Main = 3,
    INP_Required = false,
    INP_AcceptsDoD = false,
  })
end

local function tracking(add)
  add("", "Status", {
    LINKID_DataType = "Text",
    INPID_InputControl = "TextEditControl",
    INPS_DefaultText = "Press Add point and drag the cross onto what you want, then Track.",
    TEC_ReadOnly = true,
    TEC_Wrap = true,
    TEC_Lines = 4,
    INP_Passive = true,
    INP_External = false,
  })
  add("Preview this frame", "Preview", button())
  add("Track both ways", "TrackBoth", button())
  add("Track forward", "TrackForward", button())
  add("Track backward", "TrackBackward", button())
  add("Stop", "Stop", button())
  add("Clear plates and mattes", "Clear", button())
  add("Range", "Range", combo(choices.ranges))
  add("First frame", "FirstFrame", frame_number(0))
  add("Last frame", "LastFrame", frame_number(0))
end

local function model(add)
  add("Model", "Model", combo(choices.models))
  add("Quality", "Quality", combo(choices.qualities))
  add("Corrections", "Corrections", combo(choices.corrections))
  add("Input transfer", "Transfer", combo(choices.transfers))
  add("Colour space", "ColourSpace", {
    LINKID_DataType = "Text",
    INPID_InputControl = "TextEditControl",
    TEC_Lines = 1,
    INP_External = false,
  })
  add("Mask frame", "MaskFrame", frame_number(0))
  add("Mask again every N frames", "MaskEvery", frame_number(0))
  add("Mask is object", "MaskObject", slider(1, 1, choices.objects, slots.object_limits))
  add("Mask from", "MaskChannel", combo(choices.mask_channels))
end

local function matte(add)
  local objects = { "All objects" }
  for number = 1, choices.objects do
    objects[#objects + 1] = "Object " .. number
  end
  add("Output", "Output", combo(choices.outputs))
  add("Matte of", "ShowObject", combo(objects))
  add("Threshold low", "ThresholdLow", slider(0, 0, 1, { INP_MinAllowed = 0, INP_MaxAllowed = 1 }))
  add("Threshold high", "ThresholdHigh", slider(1, 0, 1, { INP_MinAllowed = 0, INP_MaxAllowed = 1 }))
  add("Matte gamma", "MatteGamma", slider(1, 0.1, 5, { INP_MinAllowed = 0.01 }))
  add("Contract / expand", "MatteContract", slider(0, -20, 20, { INP_MinAllowed = -200, INP_MaxAllowed = 200 }))
  add("Matte blur", "MatteBlur", slider(0, 0, 20, { INP_MinAllowed = 0, INP_MaxAllowed = 500 }))
  add("Invert matte", "InvertMatte", checkbox(0))
  add("Mattes from", "MattesFrom", combo(choices.mattes))
  add("Render without a matte", "Missing", combo(choices.missing))
  add("Seconds a render waits", "Wait", slider(10, 0, 120, { INP_MinAllowed = 0, INP_MaxAllowed = 600 }))
  add("Show the state in the viewer", "ShowState", checkbox(1))
end

local function about(add)
  add("Self-test", "SelfTest", button())
  -- What the tool remembers for itself.
  add("", "ShotID", hidden_text({ LINK_ForceSave = true }))
  add("", "ShotOwner", hidden_text({ LINK_ForceSave = true }))
  add("", "Command", hidden_text({ INP_DoNotifyChanged = true, INP_InitialNotify = false }))
  add("", "Pulse", hidden_number({ INP_MaxAllowed = 1e12 }))
  add("", "SelfTestRun", hidden_number({ INP_MaxAllowed = 1e12 }))
  add("", "Direction", hidden_number({ INP_Default = 2 }))
  add("", "PreviewFrame", hidden_number({ INP_Default = -1e6, INP_MinAllowed = -1e6 }))
end

-- Declare all inputs of a tool. Returns them by identifier.
function controls.declare(tool)
  local inputs, add = declarer(tool)
  images(add)
  tracking(add)
  tool:AddControlPage("Prompts")
  slots.declare(tool, add, frame_number, button)
  tool:AddControlPage("Model")
  model(add)
  tool:AddControlPage("Matte")
  matte(add)
  tool:AddControlPage("About")
  about(add)
  return inputs
end

-- A control's value at a time: a number or a text.
function controls.value(inputs, id, time)
  local parameter = inputs[id]:GetSource(time)
  return parameter and parameter.Value
end

-- The entry that a menu stands at.
function controls.choice(inputs, id, entries, time)
  local index = controls.value(inputs, id, time) or 0
  return entries[math.floor(index + 0.5) + 1] or entries[1]
end

return controls
