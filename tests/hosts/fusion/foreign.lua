-- Another operating system over Linux: its names, numbers and structures in front, Linux's own calls behind. What the
-- plug-in passes is checked against what that system documents, then translated.

local ffi = require("ffi")

ffi.cdef([[
typedef struct { int fd; short events; short revents; } standin_pollfd;
typedef struct { long seconds; long nanoseconds; } standin_time;
int standin_socket(int, int, int) __asm__("socket");
int standin_connect(int, const void *, unsigned int) __asm__("connect");
int standin_fcntl(int, int, ...) __asm__("fcntl");
int standin_poll(standin_pollfd *, unsigned long, int) __asm__("poll");
long standin_send(int, const void *, size_t, int) __asm__("send");
long standin_recv(int, void *, size_t, int) __asm__("recv");
int standin_setsockopt(int, int, int, const void *, unsigned int) __asm__("setsockopt");
int standin_getsockopt(int, int, int, void *, unsigned int *) __asm__("getsockopt");
int standin_close(int) __asm__("close");
int standin_clock_gettime(int, standin_time *) __asm__("clock_gettime");
typedef struct { unsigned long bits[16]; } standin_fdset;
int standin_select(int, standin_fdset *, standin_fdset *, standin_fdset *, standin_time *) __asm__("select");
int standin_mkdir(const char *, unsigned int) __asm__("mkdir");
void *standin_fopen(const char *, const char *) __asm__("fopen");
]])

local foreign = { commands = {} }
local linux = ffi.C

local function in_front(own)
  return setmetatable({}, {
    __index = function(_, name)
      return own[name] or linux[name]
    end,
  })
end

local function must(condition, what)
  if not condition then
    error("this system would refuse: " .. what, 2)
  end
end

local function bytes(pointer)
  return ffi.cast("const uint8_t *", pointer)
end

local function linux_address(pointer)
  local given = bytes(pointer)
  return ffi.new("uint8_t[16]", { 2, 0, given[2], given[3], given[4], given[5], given[6], given[7] })
end

local mac_errors = { [115] = 36, [11] = 35 }

local function mac(result)
  local code = ffi.errno()
  ffi.errno(mac_errors[code] or code)
  return result
end

local quiet = {}

local function osx()
  return in_front({
    mam2_connect = function(socket, address, length)
      local given = bytes(address)
      must(length == 16 and given[0] == 16 and given[1] == 2, "an address that does not begin with its length")
      return mac(linux.standin_connect(socket, linux_address(address), 16))
    end,
    mam2_fcntl = function(socket, command, value)
      must(command == 4 and tonumber(value) == 0x4, "O_NONBLOCK is 0x4 here")
      return mac(linux.standin_fcntl(socket, 4, ffi.cast("int", 0x800)))
    end,
    mam2_setsockopt = function(socket, level, option, value, size)
      if level == 0xffff and option == 0x1022 then
        quiet[socket] = true
        return 0
      end
      must(level == 6 and option == 1, "an option of another system")
      return linux.standin_setsockopt(socket, level, option, value, size)
    end,
    mam2_getsockopt = function(socket, level, option, value, size)
      must(level == 0xffff and option == 0x1007, "SO_ERROR is 0x1007 of 0xffff here")
      return linux.standin_getsockopt(socket, 1, 4, value, size)
    end,
    mam2_send = function(socket, pointer, count, flags)
      must(flags == 0 and quiet[socket], "a send that may raise SIGPIPE")
      return mac(linux.standin_send(socket, pointer, count, 0x4000))
    end,
    mam2_recv = function(socket, pointer, count, flags)
      return mac(linux.standin_recv(socket, pointer, count, flags))
    end,
    mam2_clock_gettime = function(clock, time)
      must(clock == 6, "CLOCK_MONOTONIC is 6 here")
      return linux.standin_clock_gettime(1, ffi.cast("standin_time *", time))
    end,
  })
end

local last_error = 0

local function winsock_result(result)
  local code = ffi.errno()
  last_error = (code == 115 or code == 11) and 10035 or code == 4 and 10004 or 10061
  return tonumber(result)
end

local function winsock()
  local started = false
  return {
    mam2_WSAStartup = function(version)
      must(version == 0x0202, "a version of Winsock")
      started = true
      return 0
    end,
    mam2_WSAGetLastError = function()
      return last_error
    end,
    mam2_wsocket = function(...)
      must(started, "sockets before WSAStartup")
      return ffi.cast("uintptr_t", linux.standin_socket(...))
    end,
    mam2_wconnect = function(socket, address, length)
      must(length == 16 and bytes(address)[0] == 2, "an address")
      return winsock_result(linux.standin_connect(tonumber(socket), address, 16))
    end,
    mam2_ioctlsocket = function(socket, command, value)
      must(ffi.cast("uint32_t", command) == 0x8004667E and value[0] == 1, "FIONBIO is 0x8004667E")
      return linux.standin_fcntl(tonumber(socket), 4, ffi.cast("int", 0x800))
    end,
    mam2_wsetsockopt = function(socket, level, option, value, size)
      must(level == 6 and option == 1, "an option of another system")
      return linux.standin_setsockopt(tonumber(socket), level, option, value, size)
    end,
    mam2_wgetsockopt = function(socket, level, option, value, size)
      must(level == 0xffff and option == 0x1007, "SO_ERROR is 0x1007 of 0xffff here")
      return linux.standin_getsockopt(tonumber(socket), 1, 4, value, ffi.cast("unsigned int *", size))
    end,
    mam2_wselect = function(_, reading, writing, failing, time)
      must(ffi.sizeof("mam2_fdset") == 520, "an fd_set holds a count and 64 SOCKETs of 8 bytes")
      must((reading == nil) ~= (writing == nil) and failing ~= nil, "a refused connection shows among the failed alone")
      local set = reading or writing
      must(set.count == 1 and failing.count == 1, "one socket")
      local one = ffi.new("standin_pollfd[1]")
      one[0].fd, one[0].events = tonumber(set.sockets[0]), writing and 4 or 1
      return linux.standin_poll(one, 1, tonumber(time.seconds) * 1000 + math.ceil(tonumber(time.micros) / 1000))
    end,
    mam2_wsend = function(socket, pointer, count)
      return winsock_result(linux.standin_send(tonumber(socket), pointer, count, 0x4000))
    end,
    mam2_wrecv = function(socket, pointer, count)
      return winsock_result(linux.standin_recv(tonumber(socket), pointer, count, 0))
    end,
    mam2_closesocket = function(socket)
      return linux.standin_close(tonumber(socket))
    end,
  }
end

-- UTF-8 and what Windows makes of it. A wchar_t has four bytes here, so that each holds one letter.
local function widen(page, _, text, count, into, room)
  must(page == 65001 and count == -1, "UTF-8 that ends with 0")
  local letters = {}
  for letter in text:gmatch("[^\128-\191][\128-\191]*") do
    local first, code = letter:byte(), nil
    code = first < 128 and first or first % (first >= 240 and 8 or first >= 224 and 16 or 32)
    for index = 2, #letter do
      code = code * 64 + letter:byte(index) % 64
    end
    letters[#letters + 1] = code
  end
  letters[#letters + 1] = 0
  must(into == nil or room == #letters, "the room that was asked for")
  for index, code in ipairs(into ~= nil and letters or {}) do
    into[index - 1] = code
  end
  return #letters
end

local function narrow(letters)
  local text, index = {}, 0
  while letters[index] ~= 0 do
    local code, tail, more = tonumber(letters[index]), "", 0
    more = code < 0x80 and 0 or code < 0x800 and 1 or code < 0x10000 and 2 or 3
    for _ = 1, more do
      tail, code = string.char(0x80 + code % 64) .. tail, math.floor(code / 64)
    end
    text[#text + 1] = string.char((more > 0 and 256 - 2 ^ (7 - more) or 0) + code) .. tail
    index = index + 1
  end
  return table.concat(text)
end

local function files()
  return {
    mam2_widen = widen,
    mam2_narrow = function(page, _, letters, count, into)
      must(page == 65001 and count == -1, "UTF-8 that ends with 0")
      local text = narrow(letters)
      if into ~= nil then
        ffi.copy(into, text)
      end
      return #text + 1
    end,
    mam2_variable = function(name, into)
      local value = os.getenv(narrow(name))
      return value and widen(65001, 0, value, -1, into, widen(65001, 0, value, -1)) or 0
    end,
    mam2_wfopen = function(path, mode)
      must(narrow(mode):match("b$"), "a file of bytes is opened as one")
      return linux.standin_fopen(narrow(path), narrow(mode))
    end,
    mam2_move = function(from, to, flags)
      must(flags == 1, "a file that is there stays without MOVEFILE_REPLACE_EXISTING")
      return os.rename(narrow(from), narrow(to)) and 1 or 0
    end,
    mam2_delete = function(path)
      return os.remove(narrow(path)) and 1 or 0
    end,
    mam2_mkdir = function(path)
      return linux.standin_mkdir(narrow(path), 511) == 0 and 1 or 0
    end,
  }
end

local function kernel32()
  local all = files()
  for name, call in pairs({
    mam2_GetTickCount64 = function()
      local time = ffi.new("standin_time[1]")
      linux.standin_clock_gettime(1, time)
      return ffi.cast("uint64_t", time[0].seconds * 1000 + time[0].nanoseconds / 1000000)
    end,
    mam2_Sleep = function(milliseconds)
      linux.standin_poll(nil, 0, milliseconds)
    end,
    mam2_thread = function()
      return 4711
    end,
    mam2_WinExec = function(command, show)
      must(show == 0, "a console window would flash up")
      table.insert(foreign.commands, command)
      return 33
    end,
  }) do
    all[name] = call
  end
  return in_front(all)
end

-- From now on this is another system; before the plug-in's modules are loaded.
function foreign.pretend(name)
  ffi.os = name
  if name == "OSX" then
    ffi.C = osx()
  elseif name == "Windows" then
    local library = winsock()
    ffi.C = kernel32()
    ffi.load = function(asked)
      must(asked == "ws2_32", "the library " .. asked)
      return library
    end
  end
end

return foreign
