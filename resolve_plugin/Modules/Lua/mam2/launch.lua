-- Starting the engine: a program of its own, in the background, without the host's environment.

local ffi = require("ffi")
local connection = require("mam2.connection")
local platform = require("mam2.platform")
local problems = require("mam2.problems")

local launch = {}

-- What belongs to the host alone: its Python and its libraries must not reach the engine.
local HOSTS_OWN = {
  "PYTHONHOME", "PYTHONPATH", "PYTHON3HOME", "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH",
  "DYLD_FRAMEWORK_PATH", "DYLD_INSERT_LIBRARIES", "QT_PLUGIN_PATH", "QT_QPA_PLATFORM_PLUGIN_PATH", "VIRTUAL_ENV",
}

-- The command: $MAM2_COMMAND, what the installer has written beside these modules, or `mam2 serve` on the path.
function launch.command()
  local named = platform.variable("MAM2_COMMAND")
  if named and named ~= "" then
    return named
  end
  local there, installed = pcall(require, "mam2.installed")
  return there and installed.command or "mam2 serve"
end

local function succeeded(status)
  return status == 0 or status == true
end

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

function launch.posix_line(command, folder)
  local without = "-u " .. table.concat(HOSTS_OWN, " -u ")
  return ("umask 077; mkdir -p %s && (exec env %s nohup %s >>%s 2>&1 </dev/null) &"):format(
    quoted(folder), without, command, quoted(folder .. "/engine.log"))
end

function launch.windows_line(command)
  return 'cmd /s /c "set "' .. table.concat(HOSTS_OWN, '="& set "') .. '="& ' .. command .. '"'
end

local never = problems.make(
  "engine.never", "No engine is running, and MAM2_ENGINE=never forbids to start one here.",
  "Track on a workstation first; renders use baked mattes."
)
local not_found = problems.make(
  "engine.not_found", "The engine is not installed where it can be found.",
  "Set MAM2_COMMAND to its 'mam2 serve', with the whole path, and start the host again."
)

-- Start the engine; that it answers shows later, by its connection file. Returns true, or nil and a problem.
function launch.start()
  if (platform.variable("MAM2_ENGINE") or ""):lower() == "never" then
    return nil, never
  end
  local command, started = launch.command(), nil
  if ffi.os == "Windows" then
    started = platform.run_hidden(launch.windows_line(command))
  else
    -- The shell itself takes the program out of the command: a quoted path may hold blanks.
    started = succeeded(os.execute("(set -- " .. command .. '; command -v "$1") >/dev/null 2>&1'))
      and succeeded(os.execute(launch.posix_line(command, connection.folder())))
  end
  if started then
    return true
  end
  return nil, not_found
end

-- Start the engine ahead of the first question, if there is none: the artist who has made a tool is about to ask one.
-- What is wrong then is said when a button is pressed. MAM2_PREPARE=0 leaves it to that.
function launch.prepare()
  local unwanted = { ["0"] = true, ["false"] = true, no = true, off = true }
  if not unwanted[(platform.variable("MAM2_PREPARE") or ""):lower()] and not connection.read() then
    launch.start()
  end
end

return launch
