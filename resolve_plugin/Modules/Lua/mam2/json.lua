-- JSON text to Lua values and back. Objects are tables, `null` is json.null, lists that may be empty are json.list{}.

local json = {}

json.null = setmetatable({}, { __tostring = function() return "null" end })

local List = {}
local DEEPEST = 64

function json.list(values)
  return setmetatable(values or {}, List)
end

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function quote(text)
  local safe = text:gsub('[%c"\\]', function(letter)
    return escapes[letter] or ("\\u%04x"):format(letter:byte())
  end)
  return '"' .. safe .. '"'
end

local function number(value)
  if value ~= value or value == math.huge or value == -math.huge then
    error("JSON has no word for " .. tostring(value))
  end
  if value == math.floor(value) and math.abs(value) <= 2 ^ 53 then
    return ("%d"):format(value)
  end
  return ("%.14g"):format(value)
end

-- Write a value; keys are sorted, so that equal values are equal text.
function json.encode(value)
  local kind = type(value)
  if value == json.null then
    return "null"
  elseif kind == "string" then
    return quote(value)
  elseif kind == "number" then
    return number(value)
  elseif kind == "boolean" then
    return tostring(value)
  elseif kind ~= "table" then
    error("JSON has no word for a " .. kind)
  end
  local parts = {}
  if getmetatable(value) == List or value[1] ~= nil then
    for index, item in ipairs(value) do
      parts[index] = json.encode(item)
    end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  local keys = {}
  for key in pairs(value) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  for index, key in ipairs(keys) do
    parts[index] = quote(key) .. ":" .. json.encode(value[key])
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function utf8(code)
  if code < 0x80 then
    return string.char(code)
  elseif code < 0x800 then
    return string.char(0xC0 + math.floor(code / 64), 0x80 + code % 64)
  elseif code < 0x10000 then
    return string.char(0xE0 + math.floor(code / 4096), 0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
  end
  local high = math.floor(code / 4096)
  return string.char(0xF0 + math.floor(high / 64), 0x80 + high % 64, 0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
end

local plain = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local function unescape(text)
  local joined = text:gsub("\\u([dD][89abAB]%x%x)\\u([dD][c-fC-F]%x%x)", function(high, low)
    return utf8(0x10000 + (tonumber(high, 16) - 0xD800) * 1024 + tonumber(low, 16) - 0xDC00)
  end)
  return (joined:gsub("\\(u?)(.)(%x?%x?%x?)", function(unicode, letter, rest)
    if unicode == "u" then
      return utf8(tonumber(letter .. rest, 16))
    end
    return (plain[letter] or letter) .. rest
  end))
end

local read

local function skip(text, at)
  return text:find("[^ \t\r\n]", at) or #text + 1
end

local function read_string(text, at)
  local from = at + 1
  local to = from
  while true do
    to = text:find('["\\]', to)
    if not to then
      error("a text has no end")
    elseif text:byte(to) == 34 then
      local inner = text:sub(from, to - 1)
      return inner:find("\\", 1, true) and unescape(inner) or inner, to + 1
    end
    to = to + 2
  end
end

local function read_list(text, at, depth)
  local values = json.list()
  at = skip(text, at + 1)
  if text:sub(at, at) == "]" then
    return values, at + 1
  end
  while true do
    values[#values + 1], at = read(text, at, depth)
    at = skip(text, at)
    local mark = text:sub(at, at)
    if mark == "]" then
      return values, at + 1
    elseif mark ~= "," then
      error("a list is not closed")
    end
    at = at + 1
  end
end

local function read_object(text, at, depth)
  local values = {}
  at = skip(text, at + 1)
  if text:sub(at, at) == "}" then
    return values, at + 1
  end
  while true do
    at = skip(text, at)
    if text:sub(at, at) ~= '"' then
      error("a key is no text")
    end
    local key
    key, at = read_string(text, at)
    at = skip(text, at)
    if text:sub(at, at) ~= ":" then
      error("a key has no value")
    end
    values[key], at = read(text, at + 1, depth)
    at = skip(text, at)
    local mark = text:sub(at, at)
    if mark == "}" then
      return values, at + 1
    elseif mark ~= "," then
      error("an object is not closed")
    end
    at = at + 1
  end
end

local words = { ["true"] = true, ["false"] = false, null = json.null }

function read(text, at, depth)
  if depth > DEEPEST then
    error("it is nested too deep")
  end
  at = skip(text, at)
  local mark = text:sub(at, at)
  if mark == "{" then
    return read_object(text, at, depth + 1)
  elseif mark == "[" then
    return read_list(text, at, depth + 1)
  elseif mark == '"' then
    return read_string(text, at)
  end
  local word = text:match("^%a+", at)
  if word and words[word] ~= nil then
    return words[word], at + #word
  end
  local digits = text:match("^-?%d+%.?%d*[eE]?[+-]?%d*", at)
  local value = digits and tonumber(digits)
  if not value then
    error("position " .. at .. " is no value")
  end
  return value, at + #digits
end

-- Read a text. Returns the value, or nil and what is wrong with it.
function json.decode(text)
  local fine, value, at = pcall(read, text, 1, 0)
  if not fine then
    return nil, tostring(value)
  elseif skip(text, at) <= #text then
    return nil, "something follows the value"
  end
  return value
end

return json
