-- Matte finesse, as keyers have it: threshold, contract or expand, blur, gamma, invert, in that order.
-- A matte here is width x height floats, rows from the bottom.

local ffi = require("ffi")
local controls = require("mam2.controls")
local halves = require("mam2.halves")
local platform = require("mam2.platform")

local finesse = {}

-- Read the settings; nil when they change nothing. Sizes are in pixels of the full plate; `scale` is the proxy's.
function finesse.read(inputs, time, scale)
  local function value(id)
    return controls.value(inputs, id, time)
  end
  local found = {
    low = value("ThresholdLow"),
    high = value("ThresholdHigh"),
    gamma = value("MatteGamma"),
    contract = value("MatteContract") * scale,
    blur = value("MatteBlur") * scale,
    invert = value("InvertMatte") > 0.5,
  }
  local neutral = found.low == 0 and found.high == 1 and found.gamma == 1 and found.contract == 0 and found.blur == 0
  return not (neutral and not found.invert) and found or nil
end

-- Halves as the engine sends them to floats at the size of the host's image; a proxy gets the mean of what it covers.
--
--   matte          width x height halves
--   width, height  of the matte
--   across, up     of the result
function finesse.floats(matte, width, height, across, up)
  local source, values = ffi.cast("uint16_t *", matte), halves.values
  local buffer = platform.buffer(across * up * 4)
  local target = ffi.cast("float *", buffer)
  if width == across and height == up then
    for index = 0, width * height - 1 do
      target[index] = values[source[index]]
    end
    return buffer
  end
  for y = 0, up - 1 do
    local y0 = math.floor(y * height / up)
    local y1 = math.max(y0 + 1, math.floor((y + 1) * height / up))
    for x = 0, across - 1 do
      local x0 = math.floor(x * width / across)
      local x1 = math.max(x0 + 1, math.floor((x + 1) * width / across))
      local sum = 0
      for row = y0, y1 - 1 do
        for column = x0, x1 - 1 do
          sum = sum + values[source[row * width + column]]
        end
      end
      target[y * across + x] = sum / ((y1 - y0) * (x1 - x0))
    end
  end
  return buffer
end

-- One line of `count` values, `step` apart, becomes the mean over `radius` on both sides; beyond its ends it goes on.
local function mean_line(source, target, start, count, step, radius)
  local last = count - 1
  local sum = source[start] * (radius + 1)
  for index = 1, radius do
    sum = sum + source[start + math.min(index, last) * step]
  end
  local share = 1 / (2 * radius + 1)
  for index = 0, last do
    target[start + index * step] = sum * share
    sum = sum + source[start + math.min(index + radius + 1, last) * step]
    sum = sum - source[start + math.max(index - radius, 0) * step]
  end
end

-- One line becomes its greatest (or least) value over `radius` on both sides.
local function extreme_line(source, target, start, count, step, radius, least)
  local last = count - 1
  for index = 0, last do
    local best = source[start + index * step]
    for near = math.max(0, index - radius), math.min(last, index + radius) do
      local value = source[start + near * step]
      if (least and value < best) or (not least and value > best) then
        best = value
      end
    end
    target[start + index * step] = best
  end
end

-- Run a line filter along rows into `other`, then along columns back.
local function both_ways(line, matte, other, width, height, radius, extra)
  for y = 0, height - 1 do
    line(matte, other, y * width, width, 1, radius, extra)
  end
  for x = 0, width - 1 do
    line(other, matte, x, height, width, radius, extra)
  end
end

local function threshold(matte, count, low, high)
  local range = math.max(high - low, 1e-6)
  for index = 0, count - 1 do
    matte[index] = math.max(0, math.min(1, (matte[index] - low) / range))
  end
end

-- Refine a matte in place.
--
--   buffer         floats as `finesse.floats` gives them
--   width, height  of it
--   settings       as `finesse.read` gives them
function finesse.apply(buffer, width, height, settings)
  local matte, count = ffi.cast("float *", buffer), width * height
  local spare = platform.buffer(count * 4)
  local other = ffi.cast("float *", spare)
  if settings.low ~= 0 or settings.high ~= 1 then
    threshold(matte, count, settings.low, settings.high)
  end
  local contract = math.floor(math.abs(settings.contract) + 0.5)
  if contract > 0 then
    both_ways(extreme_line, matte, other, width, height, contract, settings.contract < 0)
  end
  local radius = math.floor(settings.blur + 0.5)
  if radius > 0 then
    for _ = 1, 3 do -- three means are close to a Gaussian
      both_ways(mean_line, matte, other, width, height, radius)
    end
  end
  if settings.gamma ~= 1 then
    local power = 1 / settings.gamma
    for index = 0, count - 1 do
      matte[index] = math.max(0, matte[index]) ^ power
    end
  end
  if settings.invert then
    for index = 0, count - 1 do
      matte[index] = 1 - matte[index]
    end
  end
  platform.release(spare)
end

return finesse
