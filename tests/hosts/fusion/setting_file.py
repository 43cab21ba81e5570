"""Fusion's own text files (`.comp`, `.setting`, `.atom`): Lua tables, some with a kind in front."""

_READ = """function(text)
    local function kind(word)
        return function(values)
            if word == "ordered" then
                return function(inner) return inner end
            end
            values.__kind = word
            return values
        end
    end
    local env = setmetatable({}, { __index = function(_, word) return kind(word) end })
    -- `Fuse.MAM2 {` is a name with a dot.
    env.Fuse = setmetatable({}, { __index = function(_, word) return kind("Fuse." .. word) end })
    return setfenv(assert(loadstring("return " .. text)), env)()
end"""


def read_setting(host, text):
    """Evaluate a file's text under the host's LuaJIT; gives the table, each with its kind as `__kind`."""
    return host.lua.eval(_READ)(text)


def stored_inputs(tool):
    """Give what a file stores for a tool's inputs, by identifier; those that are connected are left out."""
    inputs = {name: one for name, one in tool.Inputs.items() if name != "__kind"}
    return {name: one.Value for name, one in inputs.items() if one.Value is not None}
