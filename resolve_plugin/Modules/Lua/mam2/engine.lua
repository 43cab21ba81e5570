-- The engine's verbs, each answered in time or not at all. What a verb gives is in the engine's OpenAPI document.

local connection = require("mam2.connection")
local http = require("mam2.http")
local json = require("mam2.json")
local platform = require("mam2.platform")
local problems = require("mam2.problems")

local engine = {}
local Client = {}
Client.__index = Client

engine.absent =
  problems.make("engine.absent", "The engine is not running.", "Press Track or Preview: it starts by itself.")

-- Open a client of the running engine. Takes answer: seconds that one answer may take; ends_at: when everything must be
-- over, by platform.now. Returns a client, to be closed, or nil and a problem. It belongs to the caller alone: frames
-- that are rendered at the same time have one each.
function engine.open(answer, ends_at)
  local found = connection.read()
  if not found then
    return nil, engine.absent
  end
  local wire, problem = http.open(found.port, found.token, math.min(platform.now() + answer, ends_at))
  if not wire then
    -- A file whose engine was killed: as good as none.
    if problem.code == "engine.unreachable" then
      return nil, engine.absent
    end
    return nil, problem
  end
  return setmetatable({ wire = wire, found = found, answer = answer, ends_at = ends_at }, Client)
end

function Client:close()
  self.wire:close()
end

function Client:_ask(method, path, request, patience)
  local ends_at = math.min(platform.now() + (patience or self.answer), self.ends_at)
  if not self.wire.socket then
    local wire, problem = http.open(self.found.port, self.found.token, ends_at)
    if not wire then
      return nil, problem
    end
    self.wire = wire
  end
  return self.wire:ask(method, path, request, ends_at)
end

-- Ask for JSON. Returns the value, or nil and a problem.
function Client:_json(method, path, body)
  local request = {}
  if body then
    request = { text = json.encode(body), headers = { ["Content-Type"] = "application/json" } }
  end
  local answer, problem = self:_ask(method, path, request)
  if not answer then
    return nil, problem
  elseif answer.status == 204 then
    return {}
  end
  local data = json.decode(answer.text)
  if answer.status >= 300 or type(data) ~= "table" then
    return nil, problems.from_answer(answer.status, data)
  end
  return data
end

-- Verbs whose answers are JSON: method and path, which takes what the verb is given.
for verb, ask in pairs({
  status = { "GET", "/v1/status" },
  shot = { "GET", "/v1/shots/%s" },
  delete = { "DELETE", "/v1/shots/%s" },
  preview = { "POST", "/v1/shots/%s/preview/%d" },
  cancel = { "DELETE", "/v1/jobs/%s" },
}) do
  Client[verb] = function(self, ...)
    return self:_json(ask[1], ask[2]:format(...))
  end
end

function Client:declare(name, body)
  return self:_json("PUT", "/v1/shots/" .. name, body)
end

function Client:track(name, direction)
  return self:_json("POST", "/v1/shots/" .. name .. "/track", { direction = direction })
end

-- The shot's newest job that is not over, and its newest of all; nil where there is none. Or nil, nil, problem.
function Client:jobs(name)
  local status, problem = self:status()
  if not status then
    return nil, nil, problem
  end
  local active, newest
  for _, job in ipairs(status.jobs) do
    if job.shot == name then
      newest = job
      if job.state == "queued" or job.state == "running" or job.state == "waiting" then
        active = job
      end
    end
  end
  return active, newest
end

-- Send a plate as `plates.read` gives it. Returns true, or nil and a problem.
function Client:put_plate(name, frame, plate, patience)
  local answer, problem = self:_ask("PUT", ("/v1/shots/%s/plates/%d"):format(name, frame), {
    body = plate.pointer,
    bytes = plate.bytes,
    headers = {
      ["Content-Type"] = "application/octet-stream",
      ["X-Mam2-Shape"] = ("%d,%d,4"):format(plate.height, plate.width),
      ["X-Mam2-Dtype"] = plate.dtype,
      ["X-Mam2-Origin"] = plate.origin,
    },
  }, patience)
  if answer and answer.status >= 300 then
    return nil, problems.from_answer(answer.status, json.decode(answer.text))
  end
  return answer and true, problem
end

-- Get a layer of a frame's mattes: width x height half floats, first row at the bottom, in memory of its own.
-- It may take `patience` seconds; nil: as long as any answer. Returns the buffer, or nil and a problem.
function Client:matte(name, frame, layer, width, height, preview, patience)
  local query = ("?as=raw&origin=bottom-left&layer=%s%s"):format(layer, preview and "&preview=true" or "")
  local buffer, room = platform.buffer(width * height * 2), width * height * 2
  local path = ("/v1/shots/%s/mattes/%d%s"):format(name, frame, query)
  local answer, problem = self:_ask("GET", path, { into = buffer, room = room }, patience)
  if answer and answer.status == 200 then
    local said = answer.head:lower():match("x%-mam2%-shape:%s*([%d,]+)")
    if said == ("%d,%d,1"):format(height, width) then
      return buffer
    end
    local words = ("The engine's matte is %s, but the plate %d,%d,1."):format(tostring(said), height, width)
    problem = problems.make("engine.answer", words, "Press Clear, then Track.")
  elseif answer then
    problem = problems.from_answer(answer.status, json.decode(answer.text))
  end
  platform.release(buffer)
  return nil, problem
end

return engine
