-- The self-test: what the real host does, in JSON files that an artist can send. It answers what nobody has documented:
-- how images lie, what requests say of themselves, what the host keeps, what a script may do.

local ffi = require("ffi")
local canvas = require("mam2.canvas")
local connection = require("mam2.connection")
local controls = require("mam2.controls")
local desk = require("mam2.desk")
local engine = require("mam2.engine")
local hosts = require("mam2.hosts")
local json = require("mam2.json")
local layout = require("mam2.layout")
local platform = require("mam2.platform")
local sent = require("mam2.sent")

local report = {}

local MOST_TIMES = 3 -- a frame that comes again was not kept
local FLAGS =
  { "IsQuick", "IsInteractive", "IsPreview", "IsPlayback", "IsStampOnly", "IsQuiet", "IsRemote", "IsSecondaryTime" }

-- What a call gives, as far as JSON can say it; what is wrong where it fails.
local function attempt(call, ...)
  local fine, found = pcall(call, ...)
  local kind = type(found)
  if not fine then
    return tostring(found):sub(1, 200)
  elseif found == nil then
    return json.null
  end
  return (kind == "userdata" or kind == "cdata" or kind == "function") and kind or found
end

local function asked(object, method, ...)
  return attempt(function(...)
    return object[method](object, ...)
  end, ...)
end

-- What is the same wherever we run: the system, the thread, whether the engine is reached.
local function basics(where)
  local began = platform.now()
  local client, problem = engine.open(1, began + 1)
  local status
  if client then
    status, problem = client:status()
    client:close()
  end
  return {
    where = where,
    thread = platform.thread(),
    system = { luajit = jit.version, os = ffi.os, arch = ffi.arch, pointer_bytes = ffi.sizeof("void *") },
    socket = {
      engine = status and status.version or json.null,
      problem = problem and problem.code or json.null,
      milliseconds = (platform.now() - began) * 1000,
    },
  }
end

local function image_facts(image, req, host)
  local facts = {
    width = image.Width,
    height = image.Height,
    original = json.list({ image.OriginalWidth, image.OriginalHeight }),
    aspect = json.list({ image.XScale, image.YScale }),
    depth = image.Depth,
    pixel_bytes = image.PixelSize,
    scan_lines = type(image:GetScanLine()),
    gpu_dirty = asked(image, "IsGPUMemDirty"),
    gpu_download = asked(image, "DownloadGPUMem", req),
  }
  local found, reason = layout.of(image, req, host)
  facts.memory = found and (found.copied and "a copy agrees: " .. found.copied or "agrees with GetPixel") or reason
  if found then
    facts.data_window = json.list({ found.left, found.bottom, found.width, found.height })
    facts.first_row = found.top_first and "top" or "bottom"
    facts.channels = json.list({ unpack(found.order) })
    facts.packed = found:packed()
    local first, second = found.rows[0], found.rows[math.min(1, found.height - 1)]
    facts.stride = tonumber(ffi.cast("intptr_t", second) - ffi.cast("intptr_t", first))
  end
  return facts
end

-- Whether a frame that is pulled looks as the one that the host hands over, and what pulling costs.
local function pulled(inputs, req, host, image)
  local began = platform.now()
  local other = hosts.pull(inputs.Input, req.Time)
  return {
    there = other ~= nil,
    flags_taken = pcall(inputs.Input.GetSource, inputs.Input, req.Time, 2 ^ 26),
    milliseconds = (platform.now() - began) * 1000,
    width = other and other.Width or json.null,
    alike = other ~= nil and sent.fingerprint(other, req, host) == sent.fingerprint(image, req, host),
  }
end

-- What the host's own methods do to one bright pixel in an image of alpha alone: pixels across and up that 4 pixels of
-- blur and of dilation reach, what a gamma of 2 makes of 0.25, what GetPixel says of such an image.
local function trials(work)
  local width, height = work.image.Width, work.image.Height
  local middle = math.floor(height / 2) * width + math.floor(width / 2)
  local size = 4 / work.image.OriginalWidth
  local buffer = platform.buffer(width * height * 4)
  local values = ffi.cast("float *", buffer)
  local function reach(method, options)
    return attempt(function()
      ffi.fill(buffer, width * height * 4)
      values[middle] = 1
      local image, into, across, up = canvas.of(work, values), canvas.new(work), 0, 0
      image[method](image, into, options)
      canvas.read(work, into, values)
      for step = -20, 20 do
        local row, column = values[middle + step], values[middle + step * width]
        across, up = across + (row > 1e-4 and 1 or 0), up + (column > 1e-4 and 1 or 0)
      end
      return json.list({ across, up })
    end)
  end
  local found = width > 64 and height > 64 and {
    blur = reach("Blur", { BLUR_Type = "Gaussian", BLUR_XSize = size, BLUR_YSize = size }),
    dilate = reach("ErodeDilate", { ErDl_Filter = "Box", ErDl_AmountX = size, ErDl_AmountY = size }),
    alone = attempt(function()
      ffi.fill(buffer, width * height * 4)
      values[0] = 0.25
      local image, pixel = canvas.of(work, values), work.host.Pixel()
      image:GetPixel(0, 0, pixel)
      local before = { pixel.R, pixel.G, pixel.B, pixel.A, image.PixelSize, image.Depth }
      image:Gamma(1, 1, 1, 2)
      canvas.read(work, image, values)
      return { pixel = json.list(before), gamma = values[0] }
    end),
  }
  platform.release(buffer)
  return found or "the plate is too small"
end

local function write(facts, name, ...)
  local path = connection.folder() .. "/fusion-selftest." .. name:format(...) .. ".json"
  return platform.write(path, json.encode(facts), "\n") and path or nil
end

-- The button: tests what a button may do, and has a script and the next frames test the rest.
function report.press(tool, inputs, host, time)
  local run, facts = os.time(), basics("NotifyChanged")
  facts.shot = { controls.value(inputs, "ShotID", time), controls.value(inputs, "ShotOwner", time), tool.Name }
  facts.header_of_a_nest = type(inputs.headers.Point1)
  facts.plate_connected = asked(inputs.Input, "IsConnected")
  facts.point_animated = asked(inputs.Point1, "IsAnimated")
  facts.said_quietly = pcall(hosts.say, inputs.Status, host.Text("Self-test."), time)
  hosts.say(inputs.Command, host.Text(("selftest %x"):format(run)), time)
  facts.script_taken = desk.run_script(tool) and true or false
  local path = write(facts, "%d.button", run)
  local words = path and "The self-test has written " .. path .. " and writes others beside it for each frame shown."
    or "The self-test cannot write into " .. connection.folder() .. ". Start the engine once (mam2 serve), then again."
  hosts.say(inputs.Status, host.Text(words), time)
  hosts.set(inputs.SelfTestRun, host.Number(path and run or 0), time)
end

-- In the script that the button has the host run.
function report.script(comp, tool)
  local facts, frame = basics("script"), comp.CurrentTime
  facts.value = type(tool:FindMainOutput(1):GetValue(frame))
  facts.scripts_folders = asked(comp, "MapPath", "Scripts:")
  facts.comp_file = tostring(comp:GetAttrs().COMPS_FileName)
  tool:SetInput("Task", "selftest")
  facts.task_taken = tool:GetInput("Task") == "selftest"
  tool:SetInput("Task", "")
  write(facts, "%d.script", tool:GetInput("SelfTestRun"))
  return facts
end

-- In Process: write what this frame shows; again when it comes again.
function report.process(tool, inputs, req, host, image)
  local run, times = controls.value(inputs, "SelfTestRun", req.Time), 1
  if not run or run == 0 or os.time() - run > 60 then
    return
  end
  local name = connection.folder() .. ("/fusion-selftest.%d.frame.%d.%%d.json"):format(run, req.Time)
  while times <= MOST_TIMES and platform.slurp(name:format(times)) do
    times = times + 1
  end
  if times > MOST_TIMES then
    return
  end
  local facts = basics("Process")
  facts.request, facts.times = {}, times
  for _, flag in ipairs(FLAGS) do
    facts.request[flag] = asked(req, flag)
  end
  facts.kind = hosts.kind_of(req, tool.Comp)
  facts.status = tostring(select(2, pcall(function() return tool.Status end)))
  facts.progress = pcall(tool.SetProgress, tool, 0)
  facts.not_kept = hosts.keep_not(req)
  facts.image = image_facts(image, req, host)
  facts.pulled = pulled(inputs, req, host, image)
  facts.trials = trials({ image = image, req = req, host = host })
  write(facts, "%d.frame.%d.%d", run, req.Time, times)
end

return report
