-- Windows: Winsock and kernel32.

local ffi = require("ffi")

pcall(ffi.cdef, [[
typedef struct { uintptr_t fd; short events; short revents; } mam2_wsapollfd;
int __stdcall mam2_WSAStartup(unsigned short, void *) __asm__("WSAStartup");
int __stdcall mam2_WSAGetLastError(void) __asm__("WSAGetLastError");
int __stdcall mam2_WSAPoll(mam2_wsapollfd *, unsigned long, int) __asm__("WSAPoll");
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
]])

local C = ffi.C
local winsock = ffi.load("ws2_32")

local FIONBIO = -2147195266 -- 0x8004667E as a long
local WSAEWOULDBLOCK, WSAEINTR = 10035, 10004
local SOL_SOCKET, SO_ERROR, IPPROTO_TCP, TCP_NODELAY = 0xffff, 0x1007, 6, 1
local POLLIN, POLLOUT = 0x0300, 0x0010
local MOST_AT_ONCE = 0x40000000 -- lengths are ints here
local INVALID = ffi.cast("uintptr_t", -1)

local platform = {}

-- Asking for Winsock again only counts; without it nothing below works.
winsock.mam2_WSAStartup(0x0202, ffi.new("uint8_t[512]"))

-- Make a TCP socket that never waits; nil when the system has none left.
function platform.socket()
  local socket = winsock.mam2_wsocket(2, 1, 0)
  if socket == INVALID then
    return nil
  end
  winsock.mam2_ioctlsocket(socket, FIONBIO, ffi.new("unsigned long[1]", 1))
  winsock.mam2_wsetsockopt(socket, IPPROTO_TCP, TCP_NODELAY, ffi.new("int[1]", 1), 4)
  return socket
end

-- Begin to connect: true, "wait", or nil and an error number.
function platform.connect(socket, address)
  if winsock.mam2_wconnect(socket, address, 16) == 0 then
    return true
  end
  local code = winsock.mam2_WSAGetLastError()
  if code == WSAEWOULDBLOCK then
    return "wait"
  end
  return nil, code
end

-- The error that a socket has met, 0 for none.
function platform.error_of(socket)
  local code, size = ffi.new("int[1]"), ffi.new("int[1]", 4)
  winsock.mam2_wgetsockopt(socket, SOL_SOCKET, SO_ERROR, code, size)
  return code[0]
end

-- Wait until a socket can be written to or read from: true, or false after so many milliseconds.
function platform.poll(socket, writing, milliseconds)
  local one = ffi.new("mam2_wsapollfd[1]")
  one[0].fd, one[0].events = socket, writing and POLLOUT or POLLIN
  return winsock.mam2_WSAPoll(one, 1, milliseconds) > 0
end

local function moved(count)
  if count >= 0 then
    return tonumber(count)
  end
  local code = winsock.mam2_WSAGetLastError()
  if code == WSAEWOULDBLOCK or code == WSAEINTR then
    return "wait"
  end
  return nil, code
end

-- Bytes sent, "wait", or nil and an error number.
function platform.send(socket, pointer, bytes)
  return moved(winsock.mam2_wsend(socket, pointer, math.min(bytes, MOST_AT_ONCE), 0))
end

-- Bytes received (0: the peer has closed), "wait", or nil and an error number.
function platform.receive(socket, pointer, bytes)
  return moved(winsock.mam2_wrecv(socket, pointer, math.min(bytes, MOST_AT_ONCE), 0))
end

function platform.close(socket)
  winsock.mam2_closesocket(socket)
end

-- Seconds on a clock that only goes forward.
function platform.now()
  return tonumber(C.mam2_GetTickCount64()) / 1000
end

-- A name of the thread that calls.
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

return platform
