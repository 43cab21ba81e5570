-- HTTP/1.1 to the engine: one request after the other on one connection, every one with an end in time.
--
-- Bodies go out from host memory and come in to memory of the caller's, so that a frame is never a Lua string.

local ffi = require("ffi")
local platform = require("mam2.platform")
local problems = require("mam2.problems")
local sockets = require("mam2.sockets")

local http = {}
local Connection = {}
Connection.__index = Connection

local HEAD_BYTES = 65536
local TEXT_BYTES = 16777216

local reasons = {
  late = {
    "engine.slow",
    "The engine does not answer in time.",
    "It may be busy: this frame is asked for again when it is next shown.",
  },
  refused = { "engine.unreachable", "The engine is not running any more.", "Press Track: it starts the engine." },
  closed = {
    "engine.unreachable",
    "The engine has gone in the middle of an answer.",
    "Press Track again: what was done stays.",
  },
  none = { "engine.unreachable", "The system has no socket left.", "Close other programs and try again." },
}

local function why(reason)
  local words = reasons[reason]
  return problems.make(words[1], words[2], words[3])
end

local function unlike(message)
  return problems.make("engine.answer", message, "Is the engine of the same version as this tool? See its log.")
end

-- Connect to an engine. Returns a connection, or nil and a problem.
function http.open(port, token, ends_at)
  local socket, reason = sockets.open(port, ends_at)
  if not socket then
    return nil, why(reason)
  end
  return setmetatable({ socket = socket, port = port, token = token }, Connection)
end

function Connection:close()
  if self.socket then
    self.socket:close()
    self.socket = nil
  end
end

function Connection:_head(method, path, request)
  local lines = {
    method .. " " .. path .. " HTTP/1.1",
    "Host: 127.0.0.1:" .. self.port,
    "Authorization: Bearer " .. self.token,
    "Content-Length: " .. ("%d"):format(request.bytes or 0),
  }
  for name, value in pairs(request.headers or {}) do
    lines[#lines + 1] = name .. ": " .. value
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

-- Receive until the head is whole. Returns its text and how many bytes of the body came with it, in `buffer` behind it.
function Connection:_receive_head(buffer, ends_at)
  local filled = 0
  while filled < HEAD_BYTES do
    local count, reason = self.socket:receive(buffer + filled, HEAD_BYTES - filled, ends_at)
    if not count then
      return nil, why(reason)
    end
    filled = filled + count
    local text = ffi.string(buffer, filled)
    local _, last = text:find("\r\n\r\n", 1, true)
    if last then
      return text:sub(1, last), filled - last
    end
  end
  return nil, unlike("The head of the engine's answer does not end.")
end

function Connection:_receive_body(target, length, early, early_bytes, ends_at)
  ffi.copy(target, early, early_bytes)
  local filled = early_bytes
  while filled < length do
    local count, reason = self.socket:receive(target + filled, length - filled, ends_at)
    if not count then
      return nil, why(reason)
    end
    filled = filled + count
  end
  return true
end

function Connection:_answer(request, ends_at)
  local buffer = ffi.new("uint8_t[?]", HEAD_BYTES)
  local head, early = self:_receive_head(buffer, ends_at)
  if not head then
    return nil, early
  end
  local status = tonumber(head:match("^HTTP/1%.[01] (%d%d%d)"))
  local length = tonumber(("\n" .. head:lower()):match("\ncontent%-length:%s*(%d+)%s*\r"))
  if not status then
    return nil, unlike("What answers on the engine's port is no engine.")
  elseif status == 204 or status == 304 then
    length = 0
  elseif not length then
    return nil, unlike("The engine's answer does not say how long it is.")
  end
  local into = status == 200 and request.into
  if into and length ~= request.room then
    return nil, unlike(("The engine sent %.0f bytes where %.0f were expected."):format(length, request.room))
  elseif not into and length > TEXT_BYTES then
    return nil, unlike(("The engine's answer of %.0f bytes is too long."):format(length))
  elseif early > length then
    return nil, unlike("The engine's answer is longer than it says.")
  end
  local target = into or platform.buffer(length)
  local whole, problem = self:_receive_body(target, length, buffer + #head, early, ends_at)
  local answer = whole and { status = status, head = head, text = not into and ffi.string(target, length) or nil }
  if not into then
    platform.release(target)
  end
  if head:lower():find("\nconnection:%s*close") then
    self:close()
  end
  return answer or nil, problem
end

-- Ask something. After a problem of the wire the connection is closed; an error status is an answer like any other.
--
--   method, path   as they go over the wire
--   request        body (pointer) and bytes, or text; headers (name -> value); into (pointer) and room (bytes) for an
--                  answer with status 200, which must be just as long
--   ends_at        by platform.now
--
-- Returns { status, head, text } or nil and a problem.
function Connection:ask(method, path, request, ends_at)
  if not self.socket then
    return nil, why("closed")
  end
  local body = request.body
  if request.text then
    body, request.bytes = request.text, #request.text
  end
  local head = self:_head(method, path, request)
  local sent, reason = self.socket:send(head, #head, ends_at)
  if sent and body then
    sent, reason = self.socket:send(body, request.bytes, ends_at)
  end
  local answer, problem
  if sent or reason == "closed" then
    -- An engine that refuses a body answers and closes without reading all of it: its words are worth having.
    answer, problem = self:_answer(request, ends_at)
  else
    problem = why(reason)
  end
  if not answer or not sent then
    self:close()
  end
  return answer, problem
end

return http
