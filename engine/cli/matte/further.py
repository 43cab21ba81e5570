"""What a matte's file holds beside alpha, trimap and mask: foreground colours, despill, background, Cryptomatte.

All are made of a frame's plate and alphas alone, here and not in the engine, so that however the alphas came they are
the same to the bit. Colours are scene-linear, straight, and bounded by nothing but what a half float holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import OutputError
from engine.media.colour import DisplayTransform
from engine.media.cryptomatte import cryptomatte_channels, cryptomatte_header
from engine.media.linear import COLOURSPACE, LinearLight
from engine.media.mattes import LAYERS, Layers, More
from engine.media.plates import open_plates
from engine.media.source import PlateSource

COLOURS = ("fg", "despill", "bg")
CRYPTOMATTE = "cryptomatte"
ALL_LAYERS = (*LAYERS, *COLOURS, CRYPTOMATTE)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Further:
    """Makes a shot's further channels.

    Attributes:
        layers: all that were asked for, those of a matte among them.
        premult: R, G and B of the file are the objects' colours times their alphas.
        source, light: the plates, and their way to linear light.
        clean: plates without the objects, where there are such; one serves every frame.
    """

    layers: tuple[str, ...]
    premult: bool
    source: PlateSource
    light: LinearLight
    clean: PlateSource | None

    @classmethod
    def of_plates(
        cls,
        layers: tuple[str, ...],
        transform: DisplayTransform,
        source: PlateSource,
        clean: Path | None,
        *,
        premult: bool,
    ) -> "Further":
        """Open what is needed.

        Raises:
            PlateError: the clean plate cannot be read or is of another size.
            ColourError: as `LinearLight`.
        """
        behind = None if clean is None else open_plates(clean)
        if behind is not None and behind.size != source.size:
            raise OutputError(
                "output.size",
                f"The clean plate is {behind.size[0]}x{behind.size[1]} pixels, "
                f"but the plates are {source.size[0]}x{source.size[1]}.",
                "Give a clean plate of the plates' size.",
            )
        return cls(layers, premult, source, LinearLight(transform.colourspace, transform.config), behind)

    @property
    def of_matte(self) -> tuple[str, ...]:
        """The layers that the matte itself has; colours without alpha would be of no use."""
        own = tuple(layer for layer in self.layers if layer in LAYERS)
        return own if own and not self._coloured else tuple(dict.fromkeys(("alpha", *own)))

    @property
    def signed_as(self) -> tuple[str, ...]:
        """What a matte's signature covers in place of the layers."""
        return (*self.layers, *(("premult",) if self.premult else ()))

    def fingerprint(self, frame: int) -> str:
        """Give what changes with the plates that a frame's channels are made of."""
        own = self.source.fingerprint(frame)
        return own if self.clean is None else own + self.clean.fingerprint(self._clean_frame(frame))

    def names(self, thing: str) -> tuple[str, ...]:
        """Give the channels or layers of an object, as people read them."""
        colours = {"fg": f"{thing}.RGB", "despill": f"{thing}_despill", "bg": f"{thing}_bg"}
        return (*(f"{thing}.{one}" for one in self.of_matte), *(colours[one] for one in COLOURS if one in self.layers))

    def make(self, frame: int, mattes: Mapping[str, Layers]) -> More | None:
        """Make a frame's further channels; None where nothing but mattes is asked for.

        Raises:
            PlateError: as `PlateSource.read`.
        """
        channels: dict[str, NDArray[np.float16] | Floats] = {}
        texts: dict[str, str] = {}
        if self._coloured:
            channels |= self._colours(frame, mattes)
            texts[COLOURSPACE] = self.light.colourspace
        if CRYPTOMATTE in self.layers:
            alphas = {name: matte.alpha_hw for name, matte in mattes.items()}
            channels |= cryptomatte_channels(alphas, self.source.size[::-1])
            texts |= cryptomatte_header(mattes)
        return More(channels, texts) if channels else None

    @property
    def _coloured(self) -> bool:
        return self.premult or any(layer in self.layers for layer in COLOURS)

    def _colours(self, frame: int, mattes: Mapping[str, Layers]) -> dict[str, NDArray[np.float16]]:
        from engine.session.foreground import colour_channels

        clean = None
        if self.clean is not None:
            clean = self.light.apply(self.clean.read(self._clean_frame(frame)).pixels_hwc)
        return colour_channels(
            self.light.apply(self.source.read(frame).pixels_hwc),
            {name: matte.alpha_hw for name, matte in mattes.items()},
            self.layers,
            premult=self.premult,
            clean_hwc=clean,
        )

    def _clean_frame(self, frame: int) -> int:
        if self.clean is None or len(self.clean.frames) > 1:
            return frame
        return self.clean.first


def check_further(layers: tuple[str, ...], kind: str, clean: Path | None, *, premult: bool) -> None:
    """Refuse layers that there are not, and those that a file of this kind does not hold.

    Raises:
        OutputError: `output.layer`.
    """
    wrong = [layer for layer in layers if layer not in ALL_LAYERS]
    if wrong or not layers:
        raise OutputError(
            "output.layer",
            f"'{', '.join(wrong)}' is not a layer of a matte.",
            f"Choose among: {', '.join(ALL_LAYERS)}.",
        )
    further = [layer for layer in layers if layer not in LAYERS] + (["premult"] if premult else [])
    if further and kind != "exr":
        raise OutputError(
            "output.layer",
            f"'{', '.join(further)}' cannot be written as {kind}: colours are unbounded and IDs are floats.",
            "Write EXR: leave --format out.",
        )
    if clean is not None and not (premult or any(layer in layers for layer in COLOURS)):
        raise OutputError(
            "output.layer",
            "A clean plate makes foreground colours better, but none are asked for.",
            "Add them: --layers alpha,fg, or --premult.",
        )
