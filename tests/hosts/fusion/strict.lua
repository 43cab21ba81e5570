-- Objects that know what they have and refuse everything else, in words.

local strict = {}

-- Make a class whose instances hold `fields` (readable; those in `writable` also settable) and `methods`.
--
-- Instances are made with `class(values)`; what stands under `_` belongs to the stand-in and is not for plug-ins: it is
-- reached through `strict.inside(object)`.
local insides = setmetatable({}, { __mode = "k" })

function strict.inside(object)
  return insides[object]
end

function strict.class(name, readable, writable, methods)
  local is_readable, is_writable = {}, {}
  for _, field in ipairs(readable) do
    is_readable[field] = true
  end
  for _, field in ipairs(writable) do
    is_readable[field], is_writable[field] = true, true
  end
  local meta = {}
  function meta.__index(object, key)
    if methods[key] then
      return methods[key]
    elseif is_readable[key] then
      local value = insides[object][key]
      if type(value) == "function" then
        return value(object)
      end
      return value
    end
    error(("the host's %s has no '%s'"):format(name, tostring(key)), 2)
  end
  function meta.__newindex(object, key, value)
    if not is_writable[key] then
      error(("'%s' of the host's %s cannot be set"):format(tostring(key), name), 2)
    end
    insides[object][key] = value
  end
  local names = {}
  for key in pairs(methods) do
    names[#names + 1] = key
  end
  for key in pairs(is_readable) do
    names[#names + 1] = key
  end
  strict.surface[name] = names
  return function(values)
    local object = setmetatable({}, meta)
    insides[object] = values
    return object
  end
end

-- Every class's names, for the test that holds them against the host's own.
strict.surface = {}

return strict
