-- Starting the engine: a program of its own, in the background, without the host's environment.

local ffi = require("ffi")
local connection = require("mam2.connection")
local platform = require("mam2.platform")
local problems = require("mam2.problems")

local launch = {}

-- What belongs to the host alone: its Python and its libraries must not reach the engine.
local HOSTS_OWN = {
  "PYTHONHOME",
  "PYTHONPATH",
  "PYTHON3HOME",
  "LD_LIBRARY_PATH",
  "LD_PRELOAD",
  "DYLD_LIBRARY_PATH",
  "DYLD_FRAMEWORK_PATH",
  "DYLD_INSERT_LIBRARIES",
  "QT_PLUGIN_PATH",
  "QT_QPA_PLATFORM_PLUGIN_PATH",
  "VIRTUAL_ENV",
}

-- The command: $MAM2_COMMAND, what the installer has written beside these modules, or `mam2 serve` on the path.
function launch.command()
  local named = os.getenv("MAM2_COMMAND")
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

-- The line for a POSIX shell.
function launch.posix_line(command, folder)
  local parts = { "umask 077; mkdir -p", quoted(folder), "&& (exec env" }
  for _, name in ipairs(HOSTS_OWN) do
    parts[#parts + 1] = "-u " .. name
  end
  parts[#parts + 1] = "nohup " .. command .. " >>" .. quoted(folder .. "/engine.log") .. " 2>&1 </dev/null) &"
  return table.concat(parts, " ")
end

-- The line for Windows.
function launch.windows_line(command)
  local parts = {}
  for _, name in ipairs(HOSTS_OWN) do
    parts[#parts + 1] = 'set "' .. name .. '="'
  end
  parts[#parts + 1] = command
  return "cmd /s /c \"" .. table.concat(parts, "& ") .. '"'
end

-- Start the engine; that it answers shows later, by its connection file. Returns true, or nil and a problem.
function launch.start()
  if (os.getenv("MAM2_ENGINE") or ""):lower() == "never" then
    return nil,
      problems.make(
        "engine.never",
        "No engine is running, and MAM2_ENGINE=never forbids to start one here.",
        "Track on a workstation first; renders use baked mattes."
      )
  end
  local command = launch.command()
  local not_found = problems.make(
    "engine.not_found",
    "The engine is not installed where it can be found.",
    "Set MAM2_COMMAND to its 'mam2 serve', with the whole path, and start the host again."
  )
  if ffi.os == "Windows" then
    if platform.run_hidden(launch.windows_line(command)) then
      return true
    end
    return nil, not_found
  end
  -- The shell itself takes the program out of the command: a quoted path may hold blanks.
  local there = succeeded(os.execute("(set -- " .. command .. '; command -v "$1") >/dev/null 2>&1'))
  if there and succeeded(os.execute(launch.posix_line(command, connection.folder()))) then
    return true
  end
  return nil, not_found
end

-- Start the engine ahead of the first question, if there is none: the artist who has made a tool is about to ask one.
-- What is wrong then is said when a button is pressed. MAM2_PREPARE=0 leaves it to that.
function launch.prepare()
  local said = (os.getenv("MAM2_PREPARE") or ""):lower()
  local unwanted = said == "0" or said == "false" or said == "no" or said == "off"
  if not unwanted and not connection.read() then
    launch.start()
  end
end

return launch
