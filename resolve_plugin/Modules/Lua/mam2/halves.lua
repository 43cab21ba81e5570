-- Half floats: sixteen bits of a sign, five of exponent, ten of fraction.

local bit = require("bit")
local ffi = require("ffi")

local halves = {}

-- Scratch of `halves.from`, which calls nothing while it uses it.
local cell = ffi.new("union { float value; uint32_t bits; }")

local function to_float(half)
  local sign, exponent, fraction = half >= 32768 and -1 or 1, bit.band(bit.rshift(half, 10), 31), bit.band(half, 1023)
  if exponent == 31 then
    return fraction == 0 and sign * math.huge or 0 / 0
  elseif exponent == 0 then
    return sign * fraction * 2 ^ -24
  end
  return sign * (1 + fraction / 1024) * 2 ^ (exponent - 15)
end

-- Every half's value, by its bits: (65536) float. Written once, here.
halves.values = ffi.new("float[65536]")
for half = 0, 65535 do
  halves.values[half] = to_float(half)
end

-- The nearest half of a number, ties to even, as bits; beyond the range it is infinity.
function halves.from(value)
  cell.value = value
  local bits = cell.bits
  local sign = bit.band(bit.rshift(bits, 16), 0x8000)
  local magnitude = bit.band(bits, 0x7fffffff)
  if magnitude >= 0x47800000 then -- 65536 and more, infinity, NaN
    return bit.bor(sign, magnitude > 0x7f800000 and 0x7e00 or 0x7c00)
  elseif magnitude < 0x38800000 then -- below the least normal half: whole steps of 2^-24
    local steps = math.abs(cell.value) * 16777216
    local whole = math.floor(steps)
    local over = steps - whole
    if over > 0.5 or (over == 0.5 and whole % 2 == 1) then
      whole = whole + 1
    end
    return bit.bor(sign, whole)
  end
  local odd = bit.band(bit.rshift(magnitude, 13), 1)
  return bit.bor(sign, bit.rshift(magnitude - 0x38000000 + 0xfff + odd, 13))
end

return halves
