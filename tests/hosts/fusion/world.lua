-- A host with one composition: loads Fuses, keeps their tools, asks them for frames, keeps what it may, runs scripts.

local strict = require("standin.strict")
local images = require("standin.image")
local parts = require("standin.tool")

-- disturbed: upstream frames that were pulled so that the interface saw it. modified: how often the document was.
-- kept: results that the host keeps. ways.no_req_flags: this host's requests have no SetReqFlags.
local world = { images = images, strict = strict, disturbed = 0, modified = 0, ways = { no_req_flags = false } }

local comp_inside =
  { CurrentTime = 0, first = 0, last = 0, proxy = 1, rendering = false, tools = {}, scripts = {}, executor = {} }
local comp = parts.Composition(comp_inside)

world.comp, world.comp_object = comp_inside, comp
world.registered = {}
world.printed = {}

-- The only globals that a Fuse may read: Lua's and the host's own that Fuses are known to use.
local function globals_of_a_fuse()
  local names = {
    FuRegisterClass = function(id, class, attributes)
      assert(id:match("^[%a_][%w_]*$"), "the id " .. id .. " cannot be saved in a comp")
      world.registered = { id = id, class = class, attributes = attributes }
    end,
    CT_Tool = "CT_Tool",
    Image = images.Image,
    Pixel = images.Pixel,
    ImgRectI = images.ImgRectI,
    Number = parts.Number,
    Text = parts.Text,
    Point = parts.Point,
    print = function(text)
      table.insert(world.printed, tostring(text))
    end,
  }
  for _, name in ipairs({
    "collectgarbage", "debug", "error", "io", "ipairs", "math", "next", "os", "package", "pairs", "pcall", "require",
    "setmetatable", "string", "table", "tonumber", "tostring", "type",
  }) do
    names[name] = _G[name]
  end
  return names
end

world.fuse_globals = {}
for name in pairs(globals_of_a_fuse()) do
  table.insert(world.fuse_globals, name)
end

-- The environment of one tool: what it defines in its file and in Create stays, anything later is refused.
local function environment(known)
  local own, closed = {}, false
  local env = setmetatable({}, {
    __index = function(_, name)
      local value = own[name]
      if value == nil then
        value = known[name]
      end
      if value == nil and name ~= "Inputs" and name ~= "self" then
        error("a Fuse has no global '" .. tostring(name) .. "'", 2)
      end
      return value
    end,
    __newindex = function(_, name, value)
      if closed then
        error("the global '" .. tostring(name) .. "' is set after Create: frames would share it", 2)
      end
      own[name] = value
    end,
  })
  return env, own, function()
    closed = true
  end
end

-- What a change of an input does: a passive one changes no result, is no change of the document and is not undone
-- [G p.47]; any other drops what is kept of the tool.
local function setter(owner)
  return function(input, value, time, how)
    local inside = strict.inside(input)
    if inside.attributes.LINKID_DataType == "Number" then
      value = assert(tonumber(value), inside.id .. " takes a number")
    end
    inside.value = value
    local passive = inside.attributes.INP_Passive
    if how.modify and not passive then
      world.modified = world.modified + 1
    end
    if how.invalidate and not passive then
      owner.kept = {}
    end
    if how.notify and inside.attributes.INP_DoNotifyChanged then
      owner.notify(input, parts.at(inside, time), time)
    end
    if how.invalidate and not passive and owner.viewed and not owner.processing then
      owner.changed_at = time
      if not owner.notifying then
        owner.look()
      end
    end
  end
end

-- A Fuse's file is run once only to be registered, without a tool: nothing of ours may be loaded by that
-- [F: Cryptomatte's and FusionJson's Fuses ask for `self` before they require].
local function register(path)
  local known = globals_of_a_fuse()
  known.require = function(name)
    error("the module " .. name .. " is loaded when the Fuse is registered", 2)
  end
  setfenv(assert(loadfile(path)), (environment(known)))()
end

-- Add a tool of a Fuse.
--
--   path    of the Fuse's file
--   name    the tool's
--   values  what a comp has stored for its inputs, or nil for a new tool
function world.add_tool(path, name, values)
  register(path)
  local env, code, close = environment(globals_of_a_fuse())
  local owner = {
    inputs = {}, outputs = {}, headers = {}, order = {}, pages = { "Controls" }, nests = 0, Name = name, Comp = comp,
    comp = comp_inside, code = code, world = world, kept = {}, Status = "OK",
  }
  local tool = parts.Operator(owner)
  owner.seen = parts.Seen({ owner = owner })
  owner.set = setter(owner)
  owner.look = function()
    local time = owner.changed_at
    owner.changed_at = nil
    if time and owner.viewed then
      owner.viewed(time)
    end
  end
  owner.notify = function(input, parameter, time)
    local inside = owner.notifying
    owner.notifying = true
    local fine, problem = pcall(code.NotifyChanged, input, parameter, time)
    owner.notifying = inside
    assert(fine, problem)
    if not inside then
      owner.look() -- what a viewer shows is asked for when the button has returned
    end
  end
  env.self = tool
  setfenv(assert(loadfile(path)), env)()
  owner.creating = true
  code.Create()
  owner.creating = false
  assert(owner.nests == 0, "a control nest is not closed")
  for id, value in pairs(values or {}) do
    assert(owner.inputs[id], "the comp stores an input '" .. id .. "' that the tool no longer has")
    strict.inside(owner.inputs[id]).value = value
  end
  comp_inside.tools[name] = owner
  for _, id in ipairs(owner.order) do
    local inside = strict.inside(owner.inputs[id])
    if inside.attributes.INP_DoNotifyChanged and inside.attributes.INP_InitialNotify ~= false then
      owner.notify(owner.inputs[id], parts.at(inside, 0), 0)
    end
  end
  code.OnAddToFlow()
  close()
  owner.env, owner.tool = env, tool
  return owner
end

function world.input(owner, id)
  return strict.inside(owner.inputs[id])
end

-- Something is connected to one of a tool's outputs.
function world.connect_output(owner, id)
  strict.inside(owner.outputs[id]).connected = true
end

-- What a person reads beside each input, by its identifier.
function world.labels_of(owner)
  local labels = {}
  for id, input in pairs(owner.inputs) do
    local inside = strict.inside(input)
    labels[id] = inside.changed.LINKS_Name or inside.label
  end
  return labels
end

-- An input is changed by hand, as in the Inspector or by dragging in a viewer.
function world.change(owner, id, value, time, notify)
  owner.set(owner.inputs[id], value, time, { notify = notify, modify = true, invalidate = true })
end

-- A script sets an input. During a render the host keeps what it had of one that is not external [I, R for scripts].
function world.script_sets(owner, id, value, time)
  local inside = strict.inside(owner.inputs[id])
  if not (comp_inside.rendering and inside.attributes.INP_External == false) then
    owner.set(owner.inputs[id], value, time or comp_inside.CurrentTime, { notify = true, modify = true, invalidate = true })
  end
end

function world.script_gets(owner, id, time)
  return parts.at(strict.inside(owner.inputs[id]), time or comp_inside.CurrentTime)
end

-- What keeps results apart: the time and what has an effect on the data [R: REQF_TypeMask and proxies].
local function key_of(time, flags)
  local way = flags.precalc and "precalc" or flags.stamp and "stamp" or flags.quick and "quick" or "full"
  return ("%g %s %d"):format(time, way, flags.proxy or 1)
end

-- Ask a tool for a frame. Returns the image, or nil; raises what the Fuse raises. A result is kept until an input
-- changes, unless the request says otherwise [L: Unpredictable, R: REQF_NoCache].
function world.process(owner, time, flags, output)
  local key = key_of(time, flags)
  local given = owner.kept[key]
  if not given then
    flags.no_req_flags, flags.nocache = world.ways.no_req_flags, false
    local req = parts.Request({ Time = time, flags = flags })
    owner.processing, owner.proxy, owner.quick = true, flags.proxy, flags.quick
    owner.processed = (owner.processed or 0) + 1
    local fine, problem = pcall(owner.code.Process, req)
    owner.processing = false
    if not fine then
      error(problem, 0)
    end
    given = {}
    for id, one in pairs(owner.outputs) do
      given[id] = strict.inside(one).given[req]
    end
    if not flags.nocache and not world.registered.attributes.REG_Unpredictable then
      owner.kept[key] = given
    end
  end
  local found = given[output or "Output"]
  return found and found[1]
end

-- Press a button: it is 1 while the tool is told, and never again.
function world.press(owner, id, time)
  owner.notify(owner.inputs[id], parts.Number(1), time)
end

-- Run what waits in the executor, one after the other; gives the seconds that each took.
function world.run_executor(clock)
  local seconds = {}
  while #comp_inside.executor > 0 do
    local chunk = assert(loadstring(table.remove(comp_inside.executor, 1)))
    local began = clock()
    setfenv(chunk, { comp = comp, require = require, package = package })()
    seconds[#seconds + 1] = clock() - began
  end
  return seconds
end

-- From here on nothing may add a global: modules are shared by all tools.
setmetatable(_G, {
  __newindex = function(_, name)
    error("the global '" .. tostring(name) .. "' is set", 2)
  end,
  __index = function(_, name)
    error("there is no global '" .. tostring(name) .. "'", 2)
  end,
})

return world
