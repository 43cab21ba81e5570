-- The system beneath: sockets, files, a clock, a pause and memory, the same on Linux, macOS and Windows.
--
-- Everything is declared under names of its own (mam2_...): other Lua code in the host declares sockets too, and what
-- ffi.cdef has once seen stays for as long as the host runs.

local ffi = require("ffi")

pcall(ffi.cdef, [[
void *mam2_malloc(size_t) __asm__("malloc");
void mam2_free(void *) __asm__("free");
]])

local systems = { Linux = "mam2.platform_posix", OSX = "mam2.platform_posix", Windows = "mam2.platform_windows" }
local platform = require(systems[ffi.os] or error("MAM2 does not know the system " .. tostring(ffi.os)))

-- The loopback address with a port as the 16 bytes of a sockaddr_in; only macOS begins it with its length.
function platform.address(port)
  local mac = ffi.os == "OSX"
  return ffi.new("uint8_t[16]", { mac and 16 or 2, mac and 2 or 0, math.floor(port / 256), port % 256, 127, 0, 0, 1 })
end

-- Memory outside Lua's own heap, which is small in some builds of LuaJIT. It is freed with the last reference to it.
function platform.buffer(bytes)
  local memory = ffi.C.mam2_malloc(math.max(bytes, 1))
  if memory == nil then
    error("there is no memory for " .. bytes .. " bytes")
  end
  return ffi.gc(ffi.cast("uint8_t *", memory), ffi.C.mam2_free)
end

-- Free a buffer now rather than when the collector comes by.
function platform.release(buffer)
  ffi.gc(buffer, nil)
  ffi.C.mam2_free(buffer)
end

-- Write a file of these texts, whole or not at all. Returns whether that was done.
function platform.write(path, ...)
  local part = path .. "." .. platform.thread() .. ".part" -- frames may be rendered at the same time
  return platform.spill(part, "wb", ...) and platform.replace(part, path) and true or false
end

-- Add a line to a file, at once: frames may be rendered at the same time.
function platform.append(path, line)
  return platform.spill(path, "ab", line .. "\n")
end

return platform
