-- Lists, as JSON gives them.

local lists = {}

function lists.has(list, wanted)
  for _, value in ipairs(list) do
    if value == wanted then
      return true
    end
  end
  return false
end

return lists
