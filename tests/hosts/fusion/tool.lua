-- The host's tools, inputs, requests and compositions, as a Fuse sees them.

local strict = require("standin.strict")

local NumberClass = strict.class("Number", { "Value" }, {}, {})
local TextClass = strict.class("Text", { "Value" }, {}, {})
local PointClass = strict.class("Point", { "X", "Y" }, {}, {})

-- Flags of requests [R: Request.h] and of SetSource [I: Input.h].
local QUICK, SECONDARY_TIME, NO_CACHE = 1, 2 ^ 26, 2 ^ 29
local NOTIFY, FORCE, DONT_MODIFY, DONT_INVALIDATE = 1, 2, 4, 8

-- Inputs that every tool of the host has: a Fuse that declares one of them shares it with the host's own code.
-- MaskChannel, EffectMask: F, se_Wake2.setting and Scrape It.setting; the rest: the manual's Common Controls [R].
local stock_inputs = {
  EffectMask = true, MaskChannel = true, MaskLow = true, MaskHigh = true, MaskClipBlack = true, MaskClipWhite = true,
  Blend = true, ProcessWhenBlendIs00 = true, ApplyMaskInverted = true, MultiplyByMask = true, FitMask = true,
  ProcessRed = true, ProcessGreen = true, ProcessBlue = true, ProcessAlpha = true, Comments = true,
  FrameRenderScript = true, StartRenderScript = true, EndRenderScript = true, UseGPU = true, Gamut = true,
}

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

local function has(flags, one)
  return math.floor((flags or 0) / one) % 2 == 1
end

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

-- What an input gives at a time: its constant, its animation (a function of time), or what is connected. In haste,
-- what is connected may look otherwise; a proxy gets it small.
local function at(inside, time, quick, proxy)
  local value = quick and inside.in_haste or inside.value
  if type(value) == "function" then
    value = value(time, proxy or 1)
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

-- An upstream frame at another time [I: GetSourceAttrs, G p.45]. Without flags it is asked for like the main frame: at
-- the quality of the viewer, with DisplayImage and NotifyChanged of everything upstream [R: REQF_SecondaryTime].
local function pull(inside, time, flags)
  local owner = inside.owner
  if owner.notifying then
    error("an image is rendered on the thread of a button", 3)
  elseif not has(flags, SECONDARY_TIME) then
    owner.world.disturbed = owner.world.disturbed + 1
  end
  local quick = has(flags, QUICK) or (flags == nil and owner.quick)
  return at(inside, time, quick, owner.proxy)
end

local Input = strict.class("Input", {}, {}, {
  GetValue = function(self, req)
    local inside = strict.inside(self)
    inside.reads = inside.reads + 1
    return at(inside, req.Time, req:IsQuick(), strict.inside(req).flags.proxy)
  end,
  GetSource = function(self, time, flags)
    local inside = strict.inside(self)
    inside.reads = inside.reads + 1
    if inside.attributes.LINKID_DataType == "Image" and inside.value ~= nil then
      return pull(inside, time, flags)
    end
    return at(inside, time)
  end,
  SetSource = function(self, parameter, time, flags)
    assert(type(time) == "number", "SetSource needs a time")
    local inside = strict.inside(self)
    flags = flags or NOTIFY
    if inside.owner.processing then
      error("SetSource while a frame is processed", 2)
    elseif inside.owner.comp.rendering and inside.attributes.INP_External == false and not has(flags, FORCE) then
      return -- "Force SetSource on non-external input even during render" [I]
    end
    inside.owner.set(self, parameter.Value, time, {
      notify = has(flags, NOTIFY),
      modify = not has(flags, DONT_MODIFY),
      invalidate = not has(flags, DONT_INVALIDATE),
    })
  end,
  SetAttrs = function(self, attributes)
    local inside = strict.inside(self)
    for name, value in pairs(attributes) do
      inside.changed[name] = value
    end
  end,
  IsAnimated = function(self)
    return type(strict.inside(self).value) == "function"
  end,
  IsConnected = function(self)
    return strict.inside(self).value ~= nil
  end,
})

local Output = strict.class("Output", {}, {}, {
  Set = function(self, req, image)
    strict.inside(self).given[req] = { image }
  end,
  IsConnected = function(self)
    return strict.inside(self).connected or false
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
  IsQuiet = flag("quiet"),
  IsRemote = flag("remote"),
  IsNoCache = flag("nocache"),
  SetReqFlags = function(self, flags)
    local inside = strict.inside(self)
    assert(not inside.flags.no_req_flags, "attempt to call method 'SetReqFlags' (a nil value)")
    inside.flags.nocache = inside.flags.nocache or has(flags, NO_CACHE)
  end,
})

local tool_methods = {
  AddInput = function(self, label, id, attributes)
    local owner = strict.inside(self)
    assert(type(label) == "string" and id:match("^%a%w*$"), "an input's identifier is letters and digits: " .. id)
    assert(owner.creating, "inputs are declared in Create")
    assert(not owner.inputs[id] and not owner.outputs[id], "two inputs are called " .. id)
    assert(not stock_inputs[id], "every tool of the host has an input " .. id)
    local input = Input({
      id = id,
      label = label,
      owner = owner,
      attributes = attributes,
      changed = {},
      value = default_of(attributes),
      reads = 0,
      page = owner.pages[#owner.pages],
    })
    owner.inputs[id], owner.order[#owner.order + 1] = input, id
    return input
  end,
  AddOutput = function(self, _, id, attributes)
    local owner = strict.inside(self)
    assert(not owner.inputs[id], "an input has the output's identifier " .. id)
    local output = Output({ id = id, attributes = attributes, given = setmetatable({}, { __mode = "k" }) })
    owner.outputs[id] = output
    return output
  end,
  AddControlPage = function(self, label)
    table.insert(strict.inside(self).pages, label)
  end,
  -- The handle of a nest is an input of its own [S: BeginControlNest gives an Input; F: Smart Vector.Fuse hides it].
  BeginControlNest = function(self, label, id, expanded)
    local owner = strict.inside(self)
    assert(type(label) == "string" and type(id) == "string" and type(expanded) == "boolean")
    owner.nests = owner.nests + 1
    local nest = Input({ id = id, owner = owner, attributes = { LINKID_DataType = "Number" }, changed = {}, reads = 0 })
    owner.headers[id] = nest
    return nest
  end,
  EndControlNest = function(self)
    local owner = strict.inside(self)
    owner.nests = owner.nests - 1
  end,
  SetProgress = function(self, share)
    assert(share >= 0 and share <= 1, "progress is 0 to 1")
    strict.inside(self).progress = share
  end,
}

local Operator = strict.class("Operator", { "Name", "Comp", "Status" }, {}, tool_methods)

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
    local owner = strict.inside(self).tools[name]
    return owner and owner.seen
  end,
  -- One executor for the comp's Execute and for every scripted control [A: pull request 864, Resolve 21.1].
  Execute = function(self, code)
    table.insert(strict.inside(self).executor, code)
  end,
  -- A file is run by itself, beside the host [M: asynchronous; A: scripts from the menu disturb nothing].
  RunScript = function(self, path)
    table.insert(strict.inside(self).scripts, path)
  end,
})

-- What a tool's FindTool result lets other Lua code of the same host read.
local Seen = strict.class("Tool", {}, {}, {
  GetInput = function(self, id, time)
    local owner = strict.inside(self).owner
    local found = at(strict.inside(owner.inputs[id]), time or owner.comp.CurrentTime)
    return found and found.Value
  end,
})

return {
  Number = Number,
  Text = Text,
  Point = Point,
  Request = Request,
  Operator = Operator,
  Composition = Composition,
  Seen = Seen,
  at = at,
}
