-- What a host runs when a button of a tool begins something: a script of its own, beside the interface.

local own = debug.getinfo(1, "S").source:match("^@?(.*)[/\\]mam2[/\\][^/\\]+$")
if own and not package.path:find(own .. "/?.lua", 1, true) then
  package.path = package.path .. ";" .. own .. "/?.lua"
end

require("mam2.tracking").serve(composition or comp)
