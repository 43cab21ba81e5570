-- The host's tools, inputs, requests and compositions, as a Fuse and a comp script see them.

local strict = require("standin.strict")

local NumberClass = strict.class("Number", { "Value" }, {}, {})
local TextClass = strict.class("Text", { "Value" }, {}, {})
local PointClass = strict.class("Point", { "X", "Y" }, {}, {})

local function Number(value)
  return NumberClass({ Value = assert(tonumber(value), "a Number needs a number") })
end

local function Text(value)
  return TextClass({ Value = tostring(value) })
end

local function Point(x, y)
  return PointClass({ X = x, Y = y })
end

local wrap = { Number = Number, Text = Text }

local function clamped(inside, value)
  local attributes = inside.attributes
  value = math.max(attributes.INP_MinAllowed or -1e6, math.min(attributes.INP_MaxAllowed or 1e6, value))
  return attributes.INP_Integer and math.floor(value + 0.5) or value
end

local function default_of(attributes)
  local kind = attributes.LINKID_DataType
  if kind == "Number" then
    return attributes.INP_Default or 0
  elseif kind == "Text" then
    return attributes.INPS_DefaultText or ""
  elseif kind == "Point" then
    return { attributes.INP_DefaultX or 0.5, attributes.INP_DefaultY or 0.5 }
  end
  return nil
end

-- What an input gives at a time: its constant, its animation (a function of time), or what is connected; in haste,
-- what is connected may look otherwise.
local function at(inside, time, quick)
  local value = quick and inside.in_haste or inside.value
  if type(value) == "function" then
    value = value(time)
  end
  local kind = inside.attributes.LINKID_DataType
  if kind == "Image" then
    return value
  elseif kind == "Point" then
    return Point(value[1], value[2])
  elseif kind == "Number" then
    return Number(clamped(inside, value))
  end
  return wrap[kind](value)
end

local Input = strict.class("Input", {}, {}, {
  GetValue = function(self, req)
    local inside = strict.inside(self)
    inside.reads = inside.reads + 1
    return at(inside, req.Time, req:IsQuick())
  end,
  GetSource = function(self, time)
    local inside = strict.inside(self)
    inside.reads = inside.reads + 1
    return at(inside, time)
  end,
  SetSource = function(self, parameter, time)
    assert(type(time) == "number", "SetSource needs a time")
    local inside = strict.inside(self)
    if inside.owner.processing then
      error("SetSource while a frame is processed", 2)
    end
    inside.owner.set(self, parameter.Value, time)
  end,
  SetAttrs = function(self, attributes)
    local inside = strict.inside(self)
    for name, value in pairs(attributes) do
      inside.changed[name] = value
    end
  end,
})

local Output = strict.class("Output", {}, {}, {
  Set = function(self, req, image)
    strict.inside(self).given[req] = { image }
  end,
})

local function flag(name)
  return function(self)
    return strict.inside(self).flags[name] or false
  end
end

local Request = strict.class("Request", { "Time" }, {}, {
  IsPreCalc = flag("precalc"),
  IsStampOnly = flag("stamp"),
  IsQuick = flag("quick"),
  IsInteractive = flag("interactive"),
  IsPreview = flag("preview"),
  IsPlayback = flag("playback"),
})

local tool_methods = {
  AddInput = function(self, label, id, attributes)
    local owner = strict.inside(self)
    assert(type(label) == "string" and id:match("^%a%w*$"), "an input's identifier is letters and digits: " .. id)
    assert(owner.creating, "inputs are declared in Create")
    assert(not owner.inputs[id], "two inputs are called " .. id)
    local input = Input({
      id = id,
      owner = owner,
      attributes = attributes,
      changed = {},
      value = default_of(attributes),
      reads = 0,
    })
    owner.inputs[id], owner.order[#owner.order + 1] = input, id
    return input
  end,
  AddOutput = function(self, _, id, attributes)
    local owner = strict.inside(self)
    owner.output = Output({ id = id, attributes = attributes, given = setmetatable({}, { __mode = "k" }) })
    return owner.output
  end,
  AddControlPage = function(self, label)
    table.insert(strict.inside(self).pages, label)
  end,
  BeginControlNest = function(self)
    local owner = strict.inside(self)
    owner.nests = owner.nests + 1
  end,
  EndControlNest = function(self)
    local owner = strict.inside(self)
    owner.nests = owner.nests - 1
  end,
  -- What a comp script sees of a tool.
  GetInput = function(self, id, time)
    local owner = strict.inside(self)
    local found = at(strict.inside(owner.inputs[id]), time or owner.comp.CurrentTime)
    return found and found.Value
  end,
  SetInput = function(self, id, value, time)
    local owner = strict.inside(self)
    owner.set(owner.inputs[id], value, time or owner.comp.CurrentTime)
  end,
}

local Operator = strict.class("Operator", { "Name", "Comp" }, {}, tool_methods)

local Composition = strict.class("Composition", { "CurrentTime" }, {}, {
  GetAttrs = function(self)
    local inside = strict.inside(self)
    return {
      COMPN_RenderStart = inside.first,
      COMPN_RenderEnd = inside.last,
      COMPB_Rendering = inside.rendering,
      COMPN_CurrentTime = inside.CurrentTime,
    }
  end,
  FindTool = function(self, name)
    return strict.inside(self).tools[name]
  end,
  Execute = function(self, code)
    table.insert(strict.inside(self).scripts, code)
  end,
})

return {
  Number = Number,
  Text = Text,
  Point = Point,
  Request = Request,
  Operator = Operator,
  Composition = Composition,
  at = at,
}
