-- What can go wrong, in the engine's own form: a stable code, what happened, what to do next.

local problems = {}

function problems.make(code, message, hint)
  return { code = code, message = message, hint = hint }
end

-- A problem from what the engine answered, or one that says that it gave no reason.
function problems.from_answer(status, data)
  if type(data) == "table" and type(data.message) == "string" then
    return problems.make(tostring(data.code), data.message, tostring(data.hint or ""))
  end
  local words = "The engine answered " .. tostring(status) .. " without a reason."
  return problems.make("engine.answer", words, "Look at the engine's log (mam2 status --open).")
end

-- An image of the host whose pixels cannot be had.
function problems.unreadable(reason)
  local words = ("This host's image cannot be read: %s."):format(reason)
  return problems.make("plates.unreadable", words, "Press Self-test on the About page and send what it names.")
end

function problems.text(problem)
  return problem.message .. (problem.hint ~= "" and " " .. problem.hint or "")
end

return problems
