-- Windows: Winsock and kernel32. What each function gives stands in platform_posix.lua.

local ffi = require("ffi")

pcall(ffi.cdef, [[
typedef struct { unsigned int count; uintptr_t sockets[64]; } mam2_fdset;
typedef struct { long seconds; long micros; } mam2_timeval;
int __stdcall mam2_WSAStartup(unsigned short, void *) __asm__("WSAStartup");
int __stdcall mam2_WSAGetLastError(void) __asm__("WSAGetLastError");
int __stdcall mam2_wselect(int, mam2_fdset *, mam2_fdset *, mam2_fdset *, const mam2_timeval *) __asm__("select");
uintptr_t __stdcall mam2_wsocket(int, int, int) __asm__("socket");
int __stdcall mam2_wconnect(uintptr_t, const void *, int) __asm__("connect");
int __stdcall mam2_ioctlsocket(uintptr_t, long, unsigned long *) __asm__("ioctlsocket");
int __stdcall mam2_wsend(uintptr_t, const void *, int, int) __asm__("send");
int __stdcall mam2_wrecv(uintptr_t, void *, int, int) __asm__("recv");
int __stdcall mam2_wsetsockopt(uintptr_t, int, int, const void *, int) __asm__("setsockopt");
int __stdcall mam2_wgetsockopt(uintptr_t, int, int, void *, int *) __asm__("getsockopt");
int __stdcall mam2_closesocket(uintptr_t) __asm__("closesocket");
uint64_t __stdcall mam2_GetTickCount64(void) __asm__("GetTickCount64");
unsigned long __stdcall mam2_thread(void) __asm__("GetCurrentThreadId");
void __stdcall mam2_Sleep(unsigned long) __asm__("Sleep");
unsigned int __stdcall mam2_WinExec(const char *, unsigned int) __asm__("WinExec");
int __stdcall mam2_widen(unsigned int, unsigned long, const char *, int, wchar_t *, int) __asm__("MultiByteToWideChar");
int __stdcall mam2_narrow(unsigned int, unsigned long, const wchar_t *, int, char *, int, const char *, int *)
  __asm__("WideCharToMultiByte");
unsigned long __stdcall mam2_variable(const wchar_t *, wchar_t *, unsigned long) __asm__("GetEnvironmentVariableW");
int __stdcall mam2_move(const wchar_t *, const wchar_t *, unsigned long) __asm__("MoveFileExW");
int __stdcall mam2_mkdir(const wchar_t *, void *) __asm__("CreateDirectoryW");
int __stdcall mam2_delete(const wchar_t *) __asm__("DeleteFileW");
void *mam2_wfopen(const wchar_t *, const wchar_t *) __asm__("_wfopen");
size_t mam2_fread(void *, size_t, size_t, void *) __asm__("fread");
size_t mam2_fwrite(const void *, size_t, size_t, void *) __asm__("fwrite");
int mam2_fclose(void *) __asm__("fclose");
]])

local C = ffi.C
local winsock = ffi.load("ws2_32")

local FIONBIO = -2147195266 -- 0x8004667E as a long
local WSAEWOULDBLOCK, WSAEINTR = 10035, 10004
local SOL_SOCKET, SO_ERROR, IPPROTO_TCP, TCP_NODELAY = 0xffff, 0x1007, 6, 1
local UTF8, REPLACE = 65001, 1
local MOST_AT_ONCE = 0x40000000 -- lengths are ints here
local INVALID = ffi.cast("uintptr_t", -1)

local platform = {}

-- Asking for Winsock again only counts; without it nothing below works.
winsock.mam2_WSAStartup(0x0202, ffi.new("uint8_t[512]"))

function platform.socket()
  local socket = winsock.mam2_wsocket(2, 1, 0)
  if socket == INVALID then
    return nil
  end
  winsock.mam2_ioctlsocket(socket, FIONBIO, ffi.new("unsigned long[1]", 1))
  winsock.mam2_wsetsockopt(socket, IPPROTO_TCP, TCP_NODELAY, ffi.new("int[1]", 1), 4)
  return socket
end

function platform.connect(socket, address)
  if winsock.mam2_wconnect(socket, address, 16) == 0 then
    return true
  end
  local code = winsock.mam2_WSAGetLastError()
  return code == WSAEWOULDBLOCK and "wait" or nil, code
end

function platform.error_of(socket)
  local code, size = ffi.new("int[1]"), ffi.new("int[1]", 4)
  winsock.mam2_wgetsockopt(socket, SOL_SOCKET, SO_ERROR, code, size)
  return code[0]
end

-- Wait until a socket can be written to or read from: true, or false after so many milliseconds. `select` and not
-- WSAPoll, which before Windows 10 2004 never tells of a connection that is refused.
function platform.poll(socket, writing, milliseconds)
  local set, failed = ffi.new("mam2_fdset", { 1, { socket } }), ffi.new("mam2_fdset", { 1, { socket } })
  local time = ffi.new("mam2_timeval", math.floor(milliseconds / 1000), milliseconds % 1000 * 1000)
  return winsock.mam2_wselect(0, not writing and set or nil, writing and set or nil, failed, time) > 0
end

local function moved(count)
  if count >= 0 then
    return tonumber(count)
  end
  local code = winsock.mam2_WSAGetLastError()
  return (code == WSAEWOULDBLOCK or code == WSAEINTR) and "wait" or nil, code
end

function platform.send(socket, pointer, bytes)
  return moved(winsock.mam2_wsend(socket, pointer, math.min(bytes, MOST_AT_ONCE), 0))
end

function platform.receive(socket, pointer, bytes)
  return moved(winsock.mam2_wrecv(socket, pointer, math.min(bytes, MOST_AT_ONCE), 0))
end

function platform.close(socket)
  winsock.mam2_closesocket(socket)
end

function platform.now()
  return tonumber(C.mam2_GetTickCount64()) / 1000
end

function platform.thread()
  return tostring(tonumber(C.mam2_thread()))
end

function platform.sleep(seconds)
  C.mam2_Sleep(math.ceil(seconds * 1000))
end

-- Start a program with no window of its own; false when it cannot be.
function platform.run_hidden(command)
  return C.mam2_WinExec(command, 0) > 31
end

-- A text as the system takes file names, whatever its code page.
local function wide(text)
  local room = C.mam2_widen(UTF8, 0, text, -1, nil, 0)
  local buffer = ffi.new("wchar_t[?]", room)
  C.mam2_widen(UTF8, 0, text, -1, buffer, room)
  return buffer
end

-- A variable of the environment in UTF-8, or nil.
function platform.variable(name)
  local key = wide(name)
  local room = C.mam2_variable(key, nil, 0)
  if room == 0 then
    return nil
  end
  local buffer = ffi.new("wchar_t[?]", room)
  C.mam2_variable(key, buffer, room)
  local bytes = C.mam2_narrow(UTF8, 0, buffer, -1, nil, 0, nil, nil)
  local text = ffi.new("char[?]", bytes)
  C.mam2_narrow(UTF8, 0, buffer, -1, text, bytes, nil, nil)
  return ffi.string(text)
end

function platform.slurp(path)
  local handle, parts, buffer = C.mam2_wfopen(wide(path), wide("rb")), {}, ffi.new("char[65536]")
  if handle == nil then
    return nil
  end
  repeat
    local count = tonumber(C.mam2_fread(buffer, 1, 65536, handle))
    parts[#parts + 1] = ffi.string(buffer, count)
  until count == 0
  C.mam2_fclose(handle)
  return table.concat(parts)
end

function platform.spill(path, mode, ...)
  local handle, text = C.mam2_wfopen(wide(path), wide(mode)), table.concat({ ... })
  if handle == nil then
    return false
  end
  local written = tonumber(C.mam2_fwrite(text, 1, #text, handle)) == #text
  return C.mam2_fclose(handle) == 0 and written
end

function platform.replace(from, to)
  return C.mam2_move(wide(from), wide(to), REPLACE) ~= 0
end

function platform.remove(path)
  C.mam2_delete(wide(path))
end

function platform.make_folder(path)
  for at in path:gmatch("[^/\\]+()") do
    C.mam2_mkdir(wide(path:sub(1, at - 1)), nil)
  end
  return platform.spill(path .. "/.mam2", "wb", "") and (platform.remove(path .. "/.mam2") or true)
end

return platform
