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
  return problems.make(
    "engine.answer",
    "The engine answered " .. tostring(status) .. " without a reason.",
    "Look at the engine's log (mam2 status --open)."
  )
end

function problems.text(problem)
  return problem.message .. (problem.hint ~= "" and " " .. problem.hint or "")
end

return problems
