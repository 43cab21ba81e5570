-- Matte finesse, as keyers have it: threshold, contract or expand, blur, gamma, invert, in that order.
-- A matte here is width x height floats, rows from the bottom.

local ffi = require("ffi")
local canvas = require("mam2.canvas")
local controls = require("mam2.controls")
local halves = require("mam2.halves")
local platform = require("mam2.platform")

local finesse = {}

local neutral = { contract = 0, blur = 0, gamma = 1 }

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
  local same = found.low == 0 and found.high == 1 and not found.invert
  for name, amount in pairs(neutral) do
    same = same and found[name] == amount
  end
  return not same and found or nil
end

-- Halves as the engine sends them to floats at the size of the host's image; a proxy gets the mean of what it covers.
-- Takes matte: width x height halves; width, height: of the matte; across, up: of the result.
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
  local pick = least and math.min or math.max
  for index = 0, count - 1 do
    local best = source[start + index * step]
    for near = math.max(0, index - radius), math.min(count - 1, index + radius) do
      best = pick(best, source[start + near * step])
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

-- Ours, where the host has none of its own.
local fallback = {
  contract = function(matte, other, width, height, amount)
    both_ways(extreme_line, matte, other, width, height, math.floor(math.abs(amount) + 0.5), amount < 0)
  end,
  blur = function(matte, other, width, height, amount)
    for _ = 1, 3 do -- three means are close to a Gaussian
      both_ways(mean_line, matte, other, width, height, math.max(1, math.floor(amount / 2 + 0.5)))
    end
  end,
  gamma = function(matte, _, width, height, amount)
    for index = 0, width * height - 1 do
      matte[index] = math.max(0, matte[index]) ^ (1 / amount)
    end
  end,
}

-- The host's, on an image of alpha alone. Sizes of 1 are the picture's width, upwards too.
local native = {
  contract = function(image, into, _, size)
    image:ErodeDilate(into, { ErDl_Filter = "Box", ErDl_AmountX = size, ErDl_AmountY = size })
    return into
  end,
  blur = function(image, into, _, size)
    image:Blur(into, { BLUR_Type = "Gaussian", BLUR_XSize = size, BLUR_YSize = size })
    return into
  end,
  gamma = function(image, _, amount)
    image:Gamma(1, 1, 1, amount)
    return image
  end,
}

-- Have the host do one thing to a matte. Returns true, or nothing when it cannot.
function finesse.natively(work, name, matte, amount)
  local fine, done = pcall(function()
    local size = amount / work.image.OriginalWidth
    local made = native[name](assert(canvas.of(work, matte)), canvas.new(work), amount, size)
    return canvas.read(work, made, matte)
  end)
  return fine and done
end

-- Refine a matte in place, by the host's own image methods where it has them. Takes work: { image, req, host }; buffer:
-- floats of the image's size, as `finesse.floats` gives them; settings: as `finesse.read` gives them.
function finesse.apply(work, buffer, settings)
  local width, height = work.image.Width, work.image.Height
  local matte, count = ffi.cast("float *", buffer), width * height
  if settings.low ~= 0 or settings.high ~= 1 then
    threshold(matte, count, settings.low, settings.high)
  end
  for _, name in ipairs({ "contract", "blur", "gamma" }) do
    local amount = settings[name]
    if amount ~= neutral[name] and not finesse.natively(work, name, matte, amount) then
      local spare = platform.buffer(count * 4)
      fallback[name](matte, ffi.cast("float *", spare), width, height, amount)
      platform.release(spare)
    end
  end
  if settings.invert then
    for index = 0, count - 1 do
      matte[index] = 1 - matte[index]
    end
  end
end

return finesse
