-- Linux and macOS. They differ in numbers, not in calls.

local ffi = require("ffi")

pcall(ffi.cdef, [[
typedef struct { int fd; short events; short revents; } mam2_pollfd;
typedef struct { long seconds; long nanoseconds; } mam2_timespec;
int mam2_socket(int, int, int) __asm__("socket");
int mam2_connect(int, const void *, unsigned int) __asm__("connect");
int mam2_fcntl(int, int, ...) __asm__("fcntl");
int mam2_poll(mam2_pollfd *, unsigned long, int) __asm__("poll");
long mam2_send(int, const void *, size_t, int) __asm__("send");
long mam2_recv(int, void *, size_t, int) __asm__("recv");
int mam2_setsockopt(int, int, int, const void *, unsigned int) __asm__("setsockopt");
int mam2_getsockopt(int, int, int, void *, unsigned int *) __asm__("getsockopt");
void *mam2_thread(void) __asm__("pthread_self");
int mam2_close(int) __asm__("close");
int mam2_mkdir(const char *, unsigned int) __asm__("mkdir");
int mam2_clock_gettime(int, mam2_timespec *) __asm__("clock_gettime");
]])

local C = ffi.C
local is_mac = ffi.os == "OSX"

local F_SETFL, O_NONBLOCK = 4, is_mac and 0x4 or 0x800
local SOL_SOCKET, SO_ERROR = is_mac and 0xffff or 1, is_mac and 0x1007 or 4
local EINTR, EAGAIN, EINPROGRESS = 4, is_mac and 35 or 11, is_mac and 36 or 115
local MONOTONIC = is_mac and 6 or 1
local IPPROTO_TCP, TCP_NODELAY = 6, 1
-- A peer that has gone must be an error, not a signal that ends the host.
local MSG_NOSIGNAL = is_mac and 0 or 0x4000
local SO_NOSIGPIPE = 0x1022
local POLLIN, POLLOUT = 1, 4

local platform = {}

local function option(socket, level, what)
  C.mam2_setsockopt(socket, level, what, ffi.new("int[1]", 1), 4)
end

-- Make a TCP socket that never waits; nil when the system has none left.
function platform.socket()
  local socket = C.mam2_socket(2, 1, 0)
  if socket < 0 then
    return nil
  end
  C.mam2_fcntl(socket, F_SETFL, ffi.cast("int", O_NONBLOCK))
  option(socket, IPPROTO_TCP, TCP_NODELAY)
  if is_mac then
    option(socket, SOL_SOCKET, SO_NOSIGPIPE)
  end
  return socket
end

-- Begin to connect: true, "wait", or nil and an error number.
function platform.connect(socket, address)
  if C.mam2_connect(socket, address, 16) == 0 then
    return true
  end
  local code = ffi.errno()
  return (code == EINPROGRESS or code == EINTR) and "wait" or nil, code
end

-- The error that a socket has met, 0 for none.
function platform.error_of(socket)
  local code, size = ffi.new("int[1]"), ffi.new("unsigned int[1]", 4)
  C.mam2_getsockopt(socket, SOL_SOCKET, SO_ERROR, code, size)
  return code[0]
end

-- Wait until a socket can be written to or read from: true, or false after so many milliseconds.
function platform.poll(socket, writing, milliseconds)
  local one = ffi.new("mam2_pollfd[1]")
  one[0].fd, one[0].events = socket, writing and POLLOUT or POLLIN
  return C.mam2_poll(one, 1, milliseconds) > 0
end

local function moved(count)
  if count >= 0 then
    return tonumber(count)
  end
  local code = ffi.errno()
  return (code == EAGAIN or code == EINTR) and "wait" or nil, code
end

-- Bytes sent, "wait", or nil and an error number.
function platform.send(socket, pointer, bytes)
  return moved(C.mam2_send(socket, pointer, bytes, MSG_NOSIGNAL))
end

-- Bytes received (0: the peer has closed), "wait", or nil and an error number.
function platform.receive(socket, pointer, bytes)
  return moved(C.mam2_recv(socket, pointer, bytes, 0))
end

function platform.close(socket)
  C.mam2_close(socket)
end

-- Seconds on a clock that only goes forward.
function platform.now()
  local time = ffi.new("mam2_timespec[1]")
  C.mam2_clock_gettime(MONOTONIC, time)
  return tonumber(time[0].seconds) + tonumber(time[0].nanoseconds) * 1e-9
end

-- A name of the thread that calls.
function platform.thread()
  return tostring(ffi.cast("uintptr_t", C.mam2_thread()))
end

function platform.sleep(seconds)
  C.mam2_poll(nil, 0, math.ceil(seconds * 1000))
end

platform.replace, platform.remove, platform.variable = os.rename, os.remove, os.getenv

-- What stands in a file, or nil; and these texts into one, by fopen's mode. Returns whether all was written.
function platform.slurp(path)
  local file = io.open(path, "rb")
  local text = file and file:read("*a")
  if file then
    file:close()
  end
  return text
end

function platform.spill(path, mode, ...)
  local file = io.open(path, mode)
  local written = file and file:write(...)
  return file and file:close() and written and true or false
end

-- Make a folder, whose parents are made with it. Returns whether it is there.
function platform.make_folder(path)
  for at in path:gmatch("[^/]+()") do
    C.mam2_mkdir(path:sub(1, at - 1), 511) -- what the user's umask leaves of 0777
  end
  return platform.spill(path .. "/.mam2", "wb", "") and os.remove(path .. "/.mam2") or false
end

return platform
