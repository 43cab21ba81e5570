-- What is asked of the host beside pixels. Each call is guarded: what a host lacks, it does without.

local hosts = {}

-- What a request is for. Only what hosts document tells them apart: a render says that it is quiet or remote, or the
-- comp says that it renders; a viewer's request is interactive, a preview or a playback. Quality says nothing: a viewer
-- may be in high quality too. What is neither must not be kept waiting, and must not pass for a result.
hosts.viewer, hosts.render, hosts.unknown = "viewer", "render", "unknown"

-- Flags by the host's own numbers: of a request, and of SetSource.
local SECONDARY_TIME, NO_CACHE = 2 ^ 26, 2 ^ 29
local FORCE, DONT_MODIFY, DONT_INVALIDATE = 2, 4, 8

local function asked(object, method)
  local fine, found = pcall(function()
    return object[method](object)
  end)
  return fine and found and true or false
end

function hosts.kind_of(req, comp)
  local fine, attributes = pcall(comp.GetAttrs, comp)
  local renders = fine and type(attributes) == "table" and attributes.COMPB_Rendering
  if asked(req, "IsQuiet") or asked(req, "IsRemote") or (renders and not asked(req, "IsPreview")) then
    return hosts.render
  elseif asked(req, "IsPreview") then
    return hosts.viewer
  end
  local looked_at = asked(req, "IsInteractive") or asked(req, "IsQuick") or asked(req, "IsPlayback")
  return looked_at and hosts.viewer or hosts.unknown
end

-- Have the host not keep this request's result: the next request asks again. Returns whether the host says so.
function hosts.keep_not(req)
  pcall(function()
    req:SetReqFlags(NO_CACHE)
  end)
  return asked(req, "IsNoCache")
end

-- An image input at another time, at full quality, without the interface being told of it.
function hosts.pull(input, time)
  local fine, image = pcall(input.GetSource, input, time, SECONDARY_TIME)
  if not fine then
    image = input:GetSource(time)
  end
  return image
end

-- Whether the host still wants what is being processed.
function hosts.wanted(tool)
  local fine, status = pcall(function()
    return tool.Status
  end)
  return not fine or status == nil or status == "OK"
end

function hosts.progress(tool, share)
  pcall(function()
    tool:SetProgress(math.max(0, math.min(1, share)))
  end)
end

-- Set an input that says something and changes no result: no change of the document, no cache dropped.
function hosts.say(input, parameter, time)
  input:SetSource(parameter, time, FORCE + DONT_MODIFY + DONT_INVALIDATE)
end

-- Set an input whose value changes the result.
function hosts.set(input, parameter, time)
  input:SetSource(parameter, time, FORCE)
end

-- Whether something is connected to an output or an input; false where a host cannot say.
function hosts.is_connected(link)
  return asked(link, "IsConnected")
end

-- Whether an input has keyframes, an expression or a tracker.
function hosts.is_animated(input)
  return asked(input, "IsAnimated")
end

return hosts
