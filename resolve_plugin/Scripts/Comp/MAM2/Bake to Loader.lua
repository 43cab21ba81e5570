-- Comp script: bake the selected MAM2 tools to EXR mattes and Loaders; all of them when none is selected.

for folder in (fusion:MapPath("Scripts:") .. ";"):gmatch("([^;]+)[/\\]*;") do
  package.path = package.path .. ";" .. folder .. "/../Modules/Lua/?.lua"
end
require("mam2.menu").bake(composition or comp)
