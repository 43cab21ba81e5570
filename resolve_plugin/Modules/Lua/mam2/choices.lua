-- What the tool's menus offer. A comp stores the index: entries are only ever added, at the end.

local choices = {}

choices.models =
  { "starter", "mam2-t", "mam2-s", "mam2-b+", "mam2-l", "sam2.1-t", "sam2.1-s", "sam2.1-b+", "sam2.1-l" }

-- Menu words and the engine's `mode`: with one pass there is no second, memory-free look at what is transparent.
choices.qualities = { { "Better", "pdd+mss" }, { "Faster", "pdd" } }

choices.corrections = { { "Refine", "refine" }, { "Independent", "independent" } }

-- Menu words and the colour space that the engine is told; false: as raw pixels come by default, which is linear;
-- true: the name that the artist types.
choices.transfers = {
  { "Display (Rec.709)", "Gamma 2.4 Rec.709 - Texture" },
  { "Linear", false },
  { "Log (Cineon)", "ADX10" },
  { "Named in OpenColorIO", true },
}

choices.directions = { "forward", "backward", "both" }
choices.ranges = { "Render range", "Own range" }
choices.outputs = { "Final result", "Matte", "Overlay" }
choices.mattes = { "Engine, else baked", "Baked only" }
choices.missing = { "Fail the render", "Pass the plate through" }
choices.mask_channels = { "Alpha", "Luminance" }

-- How many slots of each kind are declared, and how many objects they may belong to.
choices.points, choices.not_points, choices.boxes, choices.objects = 12, 8, 4, 4

return choices
