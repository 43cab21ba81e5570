-- Comp script: track the selected MAM2 tools; all of them when none is selected.

for folder in (fusion:MapPath("Scripts:") .. ";"):gmatch("([^;]+)[/\\]*;") do
  package.path = package.path .. ";" .. folder .. "/../Modules/Lua/?.lua"
end
require("mam2.menu").track(composition or comp)
