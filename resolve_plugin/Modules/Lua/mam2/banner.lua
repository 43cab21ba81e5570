-- The state, written across the bottom of the picture in the viewer. Rendered frames never carry it.

local layout = require("mam2.layout")

local banner = {}

-- Five rows of three bits a letter, one octal digit a row, from the top.
local LETTERS = {
  A = "25755", B = "65656", C = "34443", D = "65556", E = "74647", F = "74644", G = "34553", H = "55755", I = "72227",
  J = "11152", K = "55655", L = "44447", M = "57755", N = "65555", O = "25552", P = "65644", Q = "25563", R = "65655",
  S = "34216", T = "72222", U = "55557", V = "55552", W = "55775", X = "55255", Y = "55222", Z = "71247",
  ["0"] = "75557", ["1"] = "26227", ["2"] = "61247", ["3"] = "61216", ["4"] = "55711", ["5"] = "74616",
  ["6"] = "34757", ["7"] = "71222", ["8"] = "75757", ["9"] = "75716", ["."] = "00002", [","] = "00024",
  [":"] = "02020", ["'"] = "22000", ["("] = "12221", [")"] = "42224", ["-"] = "00700", ["/"] = "11244",
  ["!"] = "22202", ["?"] = "61202", ["_"] = "00007", ["%"] = "51245", ["="] = "07070", ["+"] = "02720",
}
local ADVANCE, LEADING = 4, 7
local GROUND, INK, BAR, WARNING = { 0.02, 0.02, 0.02 }, { 0.8, 0.8, 0.8 }, { 0.1, 0.4, 0.8 }, { 0.7, 0.1, 0.05 }

-- Break a sentence into lines of at most `most` letters.
function banner.lines(text, most)
  local lines, line = {}, ""
  for word in text:gmatch("%S+") do
    local longer = line == "" and word or line .. " " .. word
    if #longer <= most or line == "" then
      line = longer
    else
      lines[#lines + 1] = line
      line = word
    end
  end
  lines[#lines + 1] = line
  return lines
end

local function fill(target, write, left, bottom, width, height, colour)
  for y = math.max(0, bottom), math.min(target.height, bottom + height) - 1 do
    local row = target:row(y)
    for x = math.max(0, left), math.min(target.width, left + width) - 1 do
      for channel = 1, 3 do
        write(row, x * 4 + channel - 1, colour[channel])
      end
    end
  end
end

local function write_line(target, write, text, left, bottom, size)
  for index = 1, #text do
    local rows = LETTERS[text:sub(index, index):upper()]
    for row = 1, rows and 5 or 0 do
      local bits = tonumber(rows:sub(row, row))
      for column = 0, 2 do
        if math.floor(bits / 2 ^ (2 - column)) % 2 == 1 then
          local x = left + ((index - 1) * ADVANCE + column) * size
          fill(target, write, x, bottom + (5 - row) * size, size, size, INK)
        end
      end
    end
  end
end

-- Draw a state over the bottom of an image, whose alpha stays as it is.
--
--   target  layout of a new image
--   found   a state: its text, and its share of the work done if it has one
function banner.draw(target, found)
  local write = layout.writer(target.depth)
  local size = math.max(1, math.floor(target.width / 400))
  local lines = banner.lines("MAM2: " .. found.text, math.max(8, math.floor(target.width / size / ADVANCE) - 2))
  local most = math.max(1, math.floor((target.height / 2 / size - 3) / LEADING))
  local height = (math.min(most, #lines) * LEADING + 3) * size
  fill(target, write, 0, 0, target.width, height, GROUND)
  if found.share then
    fill(target, write, 0, 0, math.floor(target.width * found.share), 2 * size, BAR)
  elseif found.word == "problem" then
    fill(target, write, 0, 0, target.width, 2 * size, WARNING)
  end
  for index = 1, math.min(most, #lines) do
    write_line(target, write, lines[index], ADVANCE * size, height - index * LEADING * size, size)
  end
end

return banner
