-- The tool's inputs, declared. Identifiers are for ever: a comp stores values under them.

local choices = require("mam2.choices")
local slots = require("mam2.slots")

local controls = {}

-- Attributes of an input: its kind, its control, and what is its own.
local function of(kind, control, more, yet_more)
  local attributes = { LINKID_DataType = kind, INPID_InputControl = control }
  for _, table_of in ipairs({ more or {}, yet_more or {} }) do
    for name, value in pairs(table_of) do
      attributes[name] = value
    end
  end
  return attributes
end

local make = {}

function make.combo(entries)
  local attributes = of("Number", "ComboControl", { INP_Integer = true, INP_Default = 0, INP_External = false })
  for index, entry in ipairs(entries) do
    attributes[index] = { CCS_AddString = type(entry) == "table" and entry[1] or entry }
  end
  return attributes
end

function make.slider(default, low, high, more)
  return of("Number", "SliderControl", { INP_Default = default, INP_MinScale = low, INP_MaxScale = high }, more)
end

function make.frame_number()
  return of("Number", "ScrewControl", {
    INP_Integer = true, INP_Default = 0, INP_MinScale = 0, INP_MaxScale = 1000, INP_External = false,
  })
end

function make.button()
  return of("Number", "ButtonControl", {
    INP_DoNotifyChanged = true, INP_External = false, INP_Passive = true, ICD_Width = 0.5,
  })
end

function make.checkbox(default)
  return of("Number", "CheckboxControl", { INP_Integer = true, INP_Default = default, INP_External = false })
end

function make.text(default, lines, more)
  return of("Text", "TextEditControl", { INPS_DefaultText = default, TEC_Lines = lines, INP_External = false }, more)
end

local function hidden(kind, more)
  local control = kind == "Text" and "TextEditControl" or "ScrewControl"
  return of(kind, control, { IC_Visible = false, INP_External = false }, more)
end

local function images(add)
  for index, one in ipairs({
    { "Plate", "Input" },
    { "Mask prompt", "PromptMask" },
    { "Baked matte", "BakedMatte" },
    { "Garbage matte", "GarbageMatte" },
    { "Solid matte", "SolidMatte" },
  }) do
    local attributes = { LINKID_DataType = "Image", LINK_Main = index, INP_AcceptsDoD = false }
    if index > 1 then
      attributes.INP_Required, attributes.INP_AcceptsMasks = false, true
    end
    if one[2] == "PromptMask" then
      attributes.INP_SendRequest = false -- it is read on its own frames alone
    end
    add(one[1], one[2], attributes)
  end
end

local function tracking(add)
  local said = { TEC_ReadOnly = true, TEC_Wrap = true, INP_Passive = true }
  add("", "Status", make.text("Press Add point and drag the cross onto what you want, then Track.", 3, said))
  add("Track both ways", "TrackBoth", make.button())
  add("Preview this frame", "Preview", make.button())
  add("Track forward", "TrackForward", make.button())
  add("Track backward", "TrackBackward", make.button())
  add("Stop", "Stop", make.button())
  add("Clear plates and mattes", "Clear", make.button())
  add("Input transfer", "Transfer", make.combo(choices.transfers))
end

local function shot(add)
  add("Range", "Range", make.combo(choices.ranges))
  add("First frame", "FirstFrame", make.frame_number())
  add("Last frame", "LastFrame", make.frame_number())
  add("Model", "Model", make.combo(choices.models))
  add("Quality", "Quality", make.combo(choices.qualities))
  add("Corrections", "Corrections", make.combo(choices.corrections))
  add("Colour space", "ColourSpace", make.text("", 1))
  add("Mask frame", "MaskFrame", make.frame_number())
  add("Mask again every N frames", "MaskEvery", make.frame_number())
  add("Mask is object", "MaskObject", make.slider(1, 1, choices.objects, slots.object_limits))
  add("Mask from", "PromptMaskFrom", make.combo(choices.mask_channels))
end

local function matte(add)
  local objects, share = { "All objects" }, { INP_MinAllowed = 0, INP_MaxAllowed = 1 }
  for number = 1, choices.objects do
    objects[#objects + 1] = "Object " .. number
  end
  add("Output", "Show", make.combo(choices.outputs))
  add("Post-Multiply Image", "PostMultiply", make.checkbox(1))
  add("Matte of", "ShowObject", make.combo(objects))
  add("Threshold low", "ThresholdLow", make.slider(0, 0, 1, share))
  add("Threshold high", "ThresholdHigh", make.slider(1, 0, 1, share))
  add("Contract / expand", "MatteContract", make.slider(0, -20, 20, { INP_MinAllowed = -200, INP_MaxAllowed = 200 }))
  add("Matte blur", "MatteBlur", make.slider(0, 0, 20, { INP_MinAllowed = 0, INP_MaxAllowed = 500 }))
  add("Matte gamma", "MatteGamma", make.slider(1, 0.1, 5, { INP_MinAllowed = 0.01 }))
  add("Invert matte", "InvertMatte", make.checkbox(0))
  add("Invert garbage matte", "InvertGarbageMatte", make.checkbox(0))
  add("Invert solid matte", "InvertSolidMatte", make.checkbox(0))
  add("Mattes from", "MattesFrom", make.combo(choices.mattes))
  add("Render without a matte", "Missing", make.combo(choices.missing))
  add("Seconds a render waits", "Wait", make.slider(10, 0, 120, { INP_MinAllowed = 0, INP_MaxAllowed = 600 }))
  add("Tint the viewer while a frame is not final", "ShowState", make.checkbox(1))
  local folder = { FC_PathBrowse = true, INP_External = false, INP_Passive = true }
  add("Bake folder", "BakeFolder", of("Text", "FileControl", folder))
end

-- What the tool remembers for itself, and what scripts and the tool tell each other.
local function about(add)
  add("Self-test", "SelfTest", make.button())
  add("", "ShotID", hidden("Text", { LINK_ForceSave = true }))
  add("", "ShotOwner", hidden("Text", { LINK_ForceSave = true, INP_Passive = true }))
  add("", "Command", hidden("Text", { INP_Passive = true }))
  add("", "Task", hidden("Text", { INP_Passive = true }))
  add("", "Pulse", hidden("Number", { INP_MaxAllowed = 1e12 }))
  add("", "SelfTestRun", hidden("Number", { INP_MaxAllowed = 1e12 }))
  add("", "Direction", hidden("Number", { INP_Default = 2 }))
  add("", "PreviewFrame", hidden("Number", { INP_Default = -1e6, INP_MinAllowed = -1e6 }))
end

-- Declare all inputs of a tool. Returns them by identifier; `headers` are those of the prompts' slots.
function controls.declare(tool)
  local inputs = {}
  local function add(label, id, attributes)
    inputs[id] = tool:AddInput(label, id, attributes)
  end
  images(add)
  tracking(add)
  inputs.headers = slots.declare(tool, add, make)
  for _, page in ipairs({ { "Shot", shot }, { "Matte", matte }, { "About", about } }) do
    tool:AddControlPage(page[1])
    page[2](add)
  end
  return inputs
end

-- A control's value at a time: a number or a text.
function controls.value(inputs, id, time)
  local parameter = inputs[id]:GetSource(time)
  return parameter and parameter.Value
end

function controls.whole(inputs, id, time)
  return math.floor(controls.value(inputs, id, time) + 0.5)
end

-- The entry that a menu stands at.
function controls.choice(inputs, id, entries, time)
  local index = controls.value(inputs, id, time) or 0
  return entries[math.floor(index + 0.5) + 1] or entries[1]
end

return controls
