-- Where a running engine is found: the small file that it writes into the user's own runtime folder.
-- The same rules as engine/contract/connection.py; a test holds the two against each other.

local ffi = require("ffi")
local json = require("mam2.json")
local platform = require("mam2.platform")

local connection = {}

local function variable(name)
  local value = platform.variable(name)
  return value and value ~= "" and value or nil
end

-- The folder of the connection file: $MAM2_RUNTIME, else the system's own place.
function connection.folder()
  local named, home = variable("MAM2_RUNTIME"), variable("HOME") or "."
  if named then
    return (named:gsub("^~", home))
  elseif ffi.os == "Windows" then
    local data = variable("LOCALAPPDATA") or (variable("USERPROFILE") or ".") .. "\\AppData\\Local"
    return data .. "\\mam2\\run"
  elseif ffi.os == "OSX" then
    return home .. "/Library/Application Support/mam2/run"
  end
  local session = variable("XDG_RUNTIME_DIR")
  return session and session .. "/mam2" or home .. "/.cache/mam2/run"
end

-- How to reach the engine: { port, token, version }, or nil when no file says it.
function connection.read()
  local found = json.decode(platform.slurp(connection.folder() .. "/engine.json") or "")
  if type(found) ~= "table" or found.host ~= "127.0.0.1" then
    return nil
  end
  local port, token = found.port, found.token
  local fine = type(port) == "number" and port >= 1 and port <= 65535 and port == math.floor(port)
  -- The token stands in a header: nothing in it may end the line.
  if not fine or type(token) ~= "string" or not token:match("^[%w_%-]+$") then
    return nil
  end
  return { port = port, token = token, version = tostring(found.version) }
end

return connection
