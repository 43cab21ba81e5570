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
  return '"' .. text:gsub('[%c"\\]', function(letter)
    return escapes[letter] or ("\\u%04x"):format(letter:byte())
  end) .. '"'
end

local function number(value)
  assert(value == value and math.abs(value) ~= math.huge, "JSON has no word for it")
  local whole = value == math.floor(value) and math.abs(value) <= 2 ^ 53
  return (whole and "%d" or "%.14g"):format(value)
end

-- Write a value; keys are sorted, so that equal values are equal text.
function json.encode(value)
  local kind, parts = type(value), {}
  if value == json.null or kind == "boolean" then
    return tostring(value)
  elseif kind == "string" then
    return quote(value)
  elseif kind == "number" then
    return number(value)
  elseif kind ~= "table" then
    error("JSON has no word for a " .. kind)
  elseif getmetatable(value) == List or value[1] ~= nil then
    for index, item in ipairs(value) do
      parts[index] = json.encode(item)
    end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for key in pairs(value) do
    parts[#parts + 1] = key
  end
  table.sort(parts)
  for index, key in ipairs(parts) do
    parts[index] = quote(key) .. ":" .. json.encode(value[key])
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function utf8(code)
  if code < 0x80 then
    return string.char(code)
  end
  local more = code < 0x800 and 1 or code < 0x10000 and 2 or 3
  local tail = ""
  for _ = 1, more do
    tail, code = string.char(0x80 + code % 64) .. tail, math.floor(code / 64)
  end
  return string.char(256 - 2 ^ (7 - more) + code) .. tail
end

local plain = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local function unescape(text)
  local joined = text:gsub("\\u([dD][89abAB]%x%x)\\u([dD][c-fC-F]%x%x)", function(high, low)
    return utf8(0x10000 + (tonumber(high, 16) - 0xD800) * 1024 + tonumber(low, 16) - 0xDC00)
  end)
  return (joined:gsub("\\(u?)(.)(%x?%x?%x?)", function(unicode, letter, rest)
    return unicode == "u" and utf8(tonumber(letter .. rest, 16)) or (plain[letter] or letter) .. rest
  end))
end

local read

local function skip(text, at)
  return text:find("[^ \t\r\n]", at) or #text + 1
end

local function read_string(text, at)
  local to = at + 1
  repeat
    to = text:find('["\\]', to) or error("a text has no end")
    local ends = text:byte(to) == 34
    to = to + (ends and 1 or 2)
  until ends
  local inner = text:sub(at + 1, to - 2)
  return inner:find("\\", 1, true) and unescape(inner) or inner, to
end

-- A list or an object: values with commas between, up to `close`.
local function read_many(text, at, close, values, one)
  at = skip(text, at + 1)
  if text:sub(at, at) == close then
    return values, at + 1
  end
  while true do
    at = skip(text, one(values, skip(text, at)))
    local mark = text:sub(at, at)
    if mark == close then
      return values, at + 1
    elseif mark ~= "," then
      error("something is not closed")
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
  if mark == "[" then
    return read_many(text, at, "]", json.list(), function(values, here)
      values[#values + 1], here = read(text, here, depth + 1)
      return here
    end)
  elseif mark == "{" then
    return read_many(text, at, "}", {}, function(values, here)
      if text:sub(here, here) ~= '"' then
        error("a key is no text")
      end
      local key, behind = read_string(text, here)
      behind = skip(text, behind)
      if text:sub(behind, behind) ~= ":" then
        error("a key has no value")
      end
      values[key], behind = read(text, behind + 1, depth + 1)
      return behind
    end)
  elseif mark == '"' then
    return read_string(text, at)
  end
  local word = text:match("^%a+", at)
  if word and words[word] ~= nil then
    return words[word], at + #word
  end
  local digits = text:match("^-?%d+%.?%d*[eE]?[+-]?%d*", at)
  local value = digits and tonumber(digits)
  return value or error("position " .. at .. " is no value"), at + #digits
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
