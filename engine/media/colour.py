"""Plate colours: to display-referred sRGB for the model, one fixed transform per shot; to linear light and back."""

from functools import cached_property

import cv2
import numpy as np
import PyOpenColorIO

from engine.contract.errors import ColourError

from .half import to_float
from .ocio import BUILT_IN, Configuration, list_colourspaces, open_configuration, to_srgb
from .source import Pixels, Stored

__all__ = ["DisplayTransform", "list_colourspaces", "shoulder"]

KNEE = 0.9

# Colour space by what a file says of its values, in the built-in configuration.
_SPACES = {
    "scene-linear": "Linear Rec.709 (sRGB)",
    "srgb": "sRGB - Texture",
    # What a graded Rec.709 movie is made for: a BT.1886 display.
    "rec709": "Gamma 2.4 Rec.709 - Texture",
    "gamma 2.2": "Gamma 2.2 Rec.709 - Texture",
    # A picture graded for an HDR display: nominal white of standard displays (100 nits) is 1.
    "pq": "Rec.2100-PQ - Display",
    "hlg": "Rec.2100-HLG - Display",
    # Cineon's own code values (95 for base, 500 a density) as the Academy standardised them.
    "log": "ADX10",
}
_ROWS_AT_ONCE = 32


class DisplayTransform:
    """Plates to display-referred sRGB, the same for every frame of a shot.

    OpenColorIO converts from the plates' colour space to sRGB; then every colour space alike goes through `shoulder`.
    Without a colour space, `encoding` chooses: `scene-linear` is Linear Rec.709 (sRGB), or the `scene_linear` role
    where a configuration file is in use; `srgb` is sRGB; `rec709` is Rec.709 for a BT.1886 display; `log` is ADX10,
    printing density; `pq` and `hlg` are Rec.2100. Camera logs differ from maker to maker and must be named, and so must
    what the files do not say clearly: `encoding` is then what they say, in words.

    Args:
        colourspace: name, alias or role in the configuration; `NAME @ CONFIGURATION` names that too; None: by
            `encoding`.
        encoding: `Plate.encoding`, used where no colour space is named.
        config: as `open_configuration`.

    Attributes:
        colourspace: the full name of the colour space in use.
        config: where the configuration is from.

    Raises:
        ColourError: `colour.config`, `colour.space`, `colour.encoding` or `colour.transform`.
    """

    def __init__(self, colourspace: str | None, encoding: str, *, config: str | None = None) -> None:
        name, at, named = (colourspace or "").partition(" @ ")
        if at:
            colourspace, config = name, named
        configuration, self.colourspace = _space(open_configuration(config), colourspace, encoding)
        self.config = configuration.source
        processor = to_srgb(configuration, self.colourspace)
        self._convert = None if processor.isNoOp() else processor.getDefaultCPUProcessor()

    def apply(self, stored_hwc: Stored) -> Pixels:
        """Convert (H, W, 3) RGB of any range, float32 or finite half, to display-referred sRGB in 0..1.

        The input is left alone. Of half floats there are 65,536: where no channel depends on another they are looked
        up, to the bit the same, and the result's channels lie one behind the other in memory.
        """
        if stored_hwc.dtype == np.float16 and self._tables is not None:
            planes_chw = np.empty((3, *stored_hwc.shape[:2]), np.float32)
            for plane, codes, table in zip(
                planes_chw, stored_hwc.view(np.uint16).transpose(2, 0, 1), self._tables, strict=True
            ):
                cv2.LUT(codes, table, plane)
            looked_up: Pixels = planes_chw.transpose(1, 2, 0)
            return looked_up
        pixels_hwc = np.ascontiguousarray(to_float(stored_hwc))
        display_hwc = np.empty_like(pixels_hwc)
        # A few rows at a time stay in the processor's cache from one step to the next.
        for row in range(0, len(pixels_hwc), _ROWS_AT_ONCE):
            rows = slice(row, row + _ROWS_AT_ONCE)
            self._convert_rows(pixels_hwc[rows], display_hwc[rows])
            shoulder(display_hwc[rows])
        return display_hwc

    @cached_property
    def _tables(self) -> Pixels | None:
        """What every half float becomes, a row a channel; None where channels depend on each other."""
        if self._convert is not None and self._convert.hasChannelCrosstalk():
            return None
        halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16).reshape(256, 256, 1)
        grey_hwc = np.repeat(np.nan_to_num(to_float(halves), posinf=0, neginf=0), 3, axis=2)
        return np.ascontiguousarray(self.apply(grey_hwc).reshape(-1, 3).T)

    def _convert_rows(self, source: Pixels, target: Pixels) -> None:
        if self._convert is None:
            target[:] = source
            return
        height, width, channels = source.shape
        self._convert.apply(
            PyOpenColorIO.PackedImageDesc(source, width, height, channels),
            PyOpenColorIO.PackedImageDesc(target, width, height, channels),
        )


def shoulder(encoded: Pixels) -> Pixels:
    """Roll sRGB-encoded values off towards 1, in place, instead of clipping them; below 0 becomes 0.

    With knee k = 0.9 (0.787 of linear light) and d = 1 - k: y = x up to k, then y = k + d h / (h + d) with h = x - k:
    slope 1 at the knee, 1 at infinity. Diffuse white lands on 0.95, eight times that on 0.994: bright things keep
    their shapes. Each channel alone, so bright colours fade to white as they do on film.
    """
    if encoded.min(initial=0) >= 0 and encoded.max(initial=0) <= KNEE:
        return encoded
    # fmax and fmin, because a conversion of extreme values may have given NaN.
    np.fmax(encoded, 0, out=encoded)
    above = np.fmin(encoded, 1e9)
    np.fmax(above, KNEE, out=above)
    above -= np.float32(KNEE)
    np.fmin(encoded, KNEE, out=encoded)
    room = np.float32(1 - KNEE)
    divisor = above + room
    above *= room
    above /= divisor
    encoded += above
    return np.fmin(encoded, 1, out=encoded)


def _space(named: Configuration, colourspace: str | None, encoding: str) -> tuple[Configuration, str]:
    if colourspace is not None:
        return named, named.find(colourspace)
    if encoding not in _SPACES:
        raise ColourError(
            "colour.encoding",
            f"How the plates' colours are encoded cannot be known from what their files say ({encoding}).",
            "Name the colour space with --colourspace: `mam2 colourspaces` lists them; video is mostly "
            "'Gamma 2.4 Rec.709 - Texture'.",
        )
    if encoding == "scene-linear" and not named.is_built_in and named.config.hasRole("scene_linear"):
        return named, named.find("scene_linear")
    # sRGB, Rec.709 and printing density are the same everywhere; a studio's configuration need not hold them.
    built_in = named if named.is_built_in and named.config.getColorSpace(_SPACES[encoding]) else _built_in()
    return built_in, built_in.find(_SPACES[encoding])


def _built_in() -> Configuration:
    return open_configuration(BUILT_IN)


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
