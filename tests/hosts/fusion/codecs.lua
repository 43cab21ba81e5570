-- What one channel of an image is, by Image.Depth: 8 bit, 16 bit, half, float. Slow and sure, unlike the plug-in's.

local bit = require("bit")
local codecs = {}

local function half_value(bits)
  local sign, exponent, fraction = bits >= 0x8000 and -1 or 1, bit.band(bit.rshift(bits, 10), 31), bit.band(bits, 1023)
  if exponent == 31 then
    return fraction > 0 and 0 / 0 or sign / 0
  elseif exponent == 0 then
    return sign * math.ldexp(fraction, -24)
  end
  return sign * math.ldexp(1024 + fraction, exponent - 25)
end

local function itself(value)
  return value
end

codecs[1] = { pointer = "uint8_t *", bytes = 1, value = function(v) return v / 255 end }
codecs[2] = { pointer = "uint16_t *", bytes = 2, value = function(v) return v / 65535 end }
codecs[3] = { pointer = "uint16_t *", bytes = 2, value = half_value }
codecs[4] = { pointer = "float *", bytes = 4, value = itself }

return codecs
