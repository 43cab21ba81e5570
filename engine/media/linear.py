"""Linear light: plates to scene-linear values and back, for what is computed with light and not with its picture."""

import numpy as np
import PyOpenColorIO

from engine.contract.errors import ColourError

from .ocio import open_configuration
from .source import Pixels

REC709 = "Linear Rec.709 (sRGB)"
_SHARED_PRIMARIES = frozenset({"sRGB - Texture", "Gamma 2.2 Rec.709 - Texture", "Gamma 2.4 Rec.709 - Texture"})


class LinearLight:
    """A plate's colours in scene-linear light, unbounded.

    A plate that is scene-linear stays as it is, primaries and all. Others become Linear Rec.709 where that is their
    own primaries, else what the configuration calls `scene_linear`.

    Args:
        colourspace: full name of the plates' colour space.
        config: where it is from, as `DisplayTransform.config`.

    Attributes:
        colourspace: name of the linear space.

    Raises:
        ColourError: `colour.config`, `colour.space` or `colour.transform`.
    """

    def __init__(self, colourspace: str, config: str | None = None) -> None:
        configuration = open_configuration(config)
        name = configuration.find(colourspace)
        space = configuration.config.getColorSpace(name)
        linear = name == configuration.find("scene_linear") if configuration.config.hasRole("scene_linear") else False
        self._convert = None
        self.colourspace = name
        if linear or space.getEncoding() == "scene-linear":
            return
        asked = map(configuration.config.getColorSpace, _SHARED_PRIMARIES)  # by alias: full names change with releases
        known = name in {one.getName() for one in asked if one} and configuration.config.getColorSpace(REC709)
        self.colourspace = REC709 if known else "scene_linear"
        try:
            self._convert = configuration.config.getProcessor(name, self.colourspace).getDefaultCPUProcessor()
        except PyOpenColorIO.Exception as problem:
            raise ColourError(
                "colour.transform",
                f"There is no way from '{name}' to linear light in {configuration.source}: {problem}",
                "Give the configuration a 'scene_linear' role.",
            ) from problem
        self.colourspace = configuration.find(self.colourspace)

    def apply(self, pixels_hwc: Pixels) -> Pixels:
        """Convert (H, W, 3) float32 RGB of any range to scene-linear light; the input is left alone."""
        if self._convert is None:
            return pixels_hwc
        linear: Pixels = np.array(pixels_hwc, np.float32, order="C", copy=True)
        height, width, channels = linear.shape
        self._convert.apply(PyOpenColorIO.PackedImageDesc(linear, width, height, channels))
        return linear
