-- A connection to a port on this machine that gives up in time. Every wait ends at `ends_at`, by `platform.now`.

local ffi = require("ffi")
local platform = require("mam2.platform")

local sockets = {}
local Socket = {}
Socket.__index = Socket

local function wait(handle, writing, ends_at)
  local left = ends_at - platform.now()
  return left > 0 and platform.poll(handle, writing, math.ceil(left * 1000))
end

-- Connect to a port of 127.0.0.1. Returns a socket, or nil and "late", "refused" or "none".
function sockets.open(port, ends_at)
  local handle = platform.socket()
  if not handle then
    return nil, "none"
  end
  local began, reason = platform.connect(handle, platform.address(port)), nil
  if began == "wait" and not wait(handle, true, ends_at) then
    reason = "late"
  elseif began == nil or (began == "wait" and platform.error_of(handle) ~= 0) then
    reason = "refused"
  end
  if reason then
    platform.close(handle)
    return nil, reason
  end
  return setmetatable({ handle = handle }, Socket)
end

-- Send all bytes at a pointer. Returns true, or nil and "late" or "closed".
function Socket:send(pointer, bytes, ends_at)
  local start, sent = ffi.cast("const uint8_t *", pointer), 0
  while sent < bytes do
    local count = platform.send(self.handle, start + sent, bytes - sent)
    if count == nil then
      return nil, "closed"
    elseif count ~= "wait" then
      sent = sent + count
    elseif not wait(self.handle, true, ends_at) then
      return nil, "late"
    end
  end
  return true
end

-- Receive what has come, at most `room` bytes. Returns a count of at least 1, or nil and "late" or "closed".
function Socket:receive(pointer, room, ends_at)
  while true do
    local count = platform.receive(self.handle, pointer, room)
    if count == nil or count == 0 then
      return nil, "closed"
    elseif count ~= "wait" then
      return count
    elseif not wait(self.handle, false, ends_at) then
      return nil, "late"
    end
  end
end

function Socket:close()
  if self.handle then
    platform.close(self.handle)
    self.handle = nil
  end
end

return sockets
