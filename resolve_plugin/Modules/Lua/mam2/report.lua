-- The self-test: what the real host does, in a JSON file that an artist can send. It answers what cannot be known
-- elsewhere: the LuaJIT, how images lie, whether sockets work from Process, which thread calls.

local ffi = require("ffi")
local connection = require("mam2.connection")
local controls = require("mam2.controls")
local engine = require("mam2.engine")
local fingerprint = require("mam2.fingerprint")
local json = require("mam2.json")
local layout = require("mam2.layout")
local platform = require("mam2.platform")

local report = {}

local function system()
  return { luajit = jit.version, os = ffi.os, arch = ffi.arch, pointer_bytes = ffi.sizeof("void *") }
end

local function socket()
  local began = platform.now()
  local client, problem = engine.open(1, began + 1)
  local status
  if client then
    status, problem = client:status()
    client:close()
  end
  return {
    engine = status and status.version or json.null,
    problem = problem and problem.code or json.null,
    milliseconds = (platform.now() - began) * 1000,
  }
end

local function image_facts(image, req, host)
  local found, reason = layout.of(image, req, host.Pixel)
  local facts = {
    width = image.Width,
    height = image.Height,
    original = json.list({ image.OriginalWidth, image.OriginalHeight }),
    aspect = json.list({ image.XScale, image.YScale }),
    depth = image.Depth,
    pixel_bytes = image.PixelSize,
    gpu_dirty = image:IsGPUMemDirty() and true or false,
    memory = found and "agrees with GetPixel" or reason,
  }
  if found then
    facts.data_window = json.list({ found.left, found.bottom, found.width, found.height })
    facts.first_row = found.top_first and "top" or "bottom"
    facts.packed = found:packed()
    local first, second = found.rows[0], found.rows[math.min(1, found.height - 1)]
    facts.stride = tonumber(ffi.cast("intptr_t", second) - ffi.cast("intptr_t", first))
  end
  return facts
end

-- Whether a frame that is pulled looks as the one that the host hands over, and what pulling costs.
local function pulled(inputs, req, host, image)
  local began = platform.now()
  local other = inputs.Input:GetSource(req.Time)
  return {
    there = other ~= nil,
    milliseconds = (platform.now() - began) * 1000,
    alike = other ~= nil and fingerprint.of(other, req, host) == fingerprint.of(image, req, host),
  }
end

local function write(name, facts)
  local path = connection.folder() .. "/" .. name
  local file = io.open(path, "wb")
  if not file then
    return nil
  end
  file:write(json.encode(facts), "\n")
  file:close()
  return path
end

-- The button: tests what a button may do, and has the next frame test the rest.
function report.press(tool, inputs, host, time)
  local run = os.time()
  local facts = { where = "NotifyChanged", system = system(), socket = socket(), thread = platform.thread() }
  local path = write(("fusion-selftest.%d.button.json"):format(run), facts)
  local said = path and "The self-test has written " .. path .. " and writes another beside it for each frame shown."
    or "The self-test cannot write into " .. connection.folder() .. ". Start the engine once (mam2 serve), then again."
  inputs.Status:SetSource(host.Text(said), time)
  inputs.SelfTestRun:SetSource(host.Number(path and run or 0), time)
end

-- In Process: write what this frame shows, once.
function report.process(inputs, req, host, image)
  local run = controls.value(inputs, "SelfTestRun", req.Time)
  if not run or run == 0 or os.time() - run > 60 then
    return
  end
  local flags = {}
  for _, name in ipairs({ "IsQuick", "IsInteractive", "IsPreview", "IsPlayback", "IsStampOnly" }) do
    flags[name] = req[name](req) and true or false
  end
  write(("fusion-selftest.%d.frame.%d.json"):format(run, req.Time), {
    where = "Process",
    system = system(),
    socket = socket(),
    thread = platform.thread(),
    request = flags,
    image = image_facts(image, req, host),
    pulled = pulled(inputs, req, host, image),
  })
end

return report
