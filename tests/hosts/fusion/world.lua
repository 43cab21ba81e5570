-- A host with one composition: loads Fuses, keeps their tools, asks them for frames, runs comp scripts.

local strict = require("standin.strict")
local images = require("standin.image")
local parts = require("standin.tool")

local world = { images = images, strict = strict }

local comp_inside = { CurrentTime = 0, first = 0, last = 0, rendering = false, tools = {}, scripts = {} }
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
      if value == nil and name ~= "Inputs" then
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

local function setter(owner)
  return function(input, value, time)
    local inside = strict.inside(input)
    if inside.attributes.LINKID_DataType == "Number" then
      value = assert(tonumber(value), inside.id .. " takes a number")
    end
    inside.value = value
    if inside.attributes.INP_DoNotifyChanged and owner.code.NotifyChanged then
      owner.notify(input, parts.at(inside, time), time)
    elseif not inside.attributes.INP_Passive and owner.viewed and not owner.processing then
      owner.viewed(time)
    end
  end
end

-- Add a tool of a Fuse.
--
--   path    of the Fuse's file
--   name    the tool's
--   values  what a comp has stored for its inputs, or nil for a new tool
function world.add_tool(path, name, values)
  local env, code, close = environment(globals_of_a_fuse())
  local owner = { inputs = {}, order = {}, pages = {}, nests = 0, Name = name, Comp = comp, comp = comp, code = code }
  local tool = parts.Operator(owner)
  owner.set = setter(owner)
  owner.notify = function(input, parameter, time)
    code.NotifyChanged(input, parameter, time)
  end
  env.self = tool
  local chunk = assert(loadfile(path))
  setfenv(chunk, env)()
  owner.creating = true
  code.Create()
  owner.creating = false
  assert(owner.nests == 0, "a control nest is not closed")
  for id, value in pairs(values or {}) do
    assert(owner.inputs[id], "the comp stores an input '" .. id .. "' that the tool no longer has")
    strict.inside(owner.inputs[id]).value = value
  end
  comp_inside.tools[name] = tool
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

-- Ask a tool for a frame. Returns the image, or nil; raises what the Fuse raises.
function world.process(owner, time, flags)
  local req = parts.Request({ Time = time, flags = flags })
  owner.processing = true
  local fine, problem = pcall(owner.code.Process, req)
  owner.processing = false
  if not fine then
    error(problem, 0)
  end
  local given = strict.inside(owner.output).given[req]
  return given and given[1]
end

-- Press a button: it is 1 while the tool is told, and never again.
function world.press(owner, id, time)
  owner.notify(owner.inputs[id], parts.Number(1), time)
end

-- Run the comp scripts that tools have asked for, as the host does later and elsewhere.
function world.run_scripts()
  while #comp_inside.scripts > 0 do
    local code = table.remove(comp_inside.scripts, 1)
    local chunk = assert(loadstring(code))
    setfenv(chunk, { comp = comp, require = require, package = package })()
  end
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
