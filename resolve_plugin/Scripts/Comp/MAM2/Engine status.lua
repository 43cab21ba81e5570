-- Comp script: say how the MAM2 engine stands.

for folder in (fusion:MapPath("Scripts:") .. ";"):gmatch("([^;]+)[/\\]*;") do
  package.path = package.path .. ";" .. folder .. "/../Modules/Lua/?.lua"
end
require("mam2.menu").status(composition or comp)
