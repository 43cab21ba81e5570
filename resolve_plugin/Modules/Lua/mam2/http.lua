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

local HEAD_BYTES, TEXT_BYTES = 65536, 16777216

local reasons = {
  late = problems.make("engine.slow", "The engine does not answer in time.", "It may be busy: it is asked again."),
  refused = problems.make("engine.unreachable", "The engine is not running any more.", "Press Track: it starts it."),
  closed =
    problems.make("engine.unreachable", "The engine has gone in the middle of an answer.", "Press Track again."),
  none = problems.make("engine.unreachable", "The system has no socket left.", "Close other programs and try again."),
}

local function unlike(message)
  return problems.make("engine.answer", message, "Is the engine of the same version as this tool? See its log.")
end

-- Connect to an engine. Returns a connection, or nil and a problem.
function http.open(port, token, ends_at)
  local socket, reason = sockets.open(port, ends_at)
  if not socket then
    return nil, reasons[reason]
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
      return nil, reasons[reason]
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

-- What is wrong with an answer's head, if anything. `into`: whether its body goes to memory of the caller's.
local function objection(status, length, early, request, into)
  if not status then
    return "What answers on the engine's port is no engine."
  elseif not length then
    return "The engine's answer does not say how long it is."
  elseif into and length ~= request.room then
    return ("The engine sent %.0f bytes where %.0f were expected."):format(length, request.room)
  elseif not into and length > TEXT_BYTES then
    return ("The engine's answer of %.0f bytes is too long."):format(length)
  elseif early > length then
    return "The engine's answer is longer than it says."
  end
end

function Connection:_answer(request, ends_at)
  local buffer = ffi.new("uint8_t[?]", HEAD_BYTES)
  local head, early = self:_receive_head(buffer, ends_at)
  if not head then
    return nil, early
  end
  local status = tonumber(head:match("^HTTP/1%.[01] (%d%d%d)"))
  local empty = status == 204 or status == 304
  local length = empty and 0 or tonumber(("\n" .. head:lower()):match("\ncontent%-length:%s*(%d+)%s*\r"))
  local into = status == 200 and request.into
  local wrong = objection(status, length, early, request, into)
  if wrong then
    return nil, unlike(wrong)
  end
  local target, filled, problem = into or platform.buffer(length), early, nil
  ffi.copy(target, buffer + #head, early)
  while filled < length and not problem do
    local count, reason = self.socket:receive(target + filled, length - filled, ends_at)
    filled, problem = filled + (count or 0), not count and reasons[reason] or nil
  end
  local answer = { status = status, head = head, text = not into and ffi.string(target, length) or nil }
  if not into then
    platform.release(target)
  end
  if head:lower():find("\nconnection:%s*close") then
    self:close()
  end
  return not problem and answer or nil, problem
end

-- Ask something. After a problem of the wire the connection is closed; an error status is an answer like any other.
-- Takes method, path: as they go over the wire; request: body (pointer) and bytes, or text; headers (name -> value);
-- into (pointer) and room (bytes) for an answer with status 200, which must be just as long; ends_at: by platform.now.
-- Returns { status, head, text } or nil and a problem.
function Connection:ask(method, path, request, ends_at)
  if not self.socket then
    return nil, reasons.closed
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
  local answer, problem = nil, reasons[reason]
  if sent or reason == "closed" then
    -- An engine that refuses a body answers and closes without reading all of it: its words are worth having.
    answer, problem = self:_answer(request, ends_at)
  end
  if not answer or not sent then
    self:close()
  end
  return answer, problem
end

return http
