"""What a matte's file holds beside alpha, trimap and mask: foreground colours, despill, background, Cryptomatte.

All are made of a frame's plate and alphas alone, and of alphas as a file holds them, so that whoever makes them makes
the same to the bit. Colours are scene-linear, straight, and bounded by nothing but what a half float holds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import OutputError

from .colour import DisplayTransform, LinearLight
from .cryptomatte import cryptomatte_channels, cryptomatte_header
from .half import to_float, to_half
from .mattes import LAYERS, Layers, More
from .plates import open_plates
from .source import PlateSource

if TYPE_CHECKING:
    from torch import Tensor

COLOURS = ("fg", "despill", "bg")
CRYPTOMATTE = "cryptomatte"
ALL_LAYERS = (*LAYERS, *COLOURS, CRYPTOMATTE)
PREMULT = "premult"
COLOURSPACE = "mam2/colourspace"

Floats = NDArray[np.float32]
Linear = Callable[[int], tuple[Floats, str]]
"""Gives a frame's plate, (H, W, 3) scene-linear, and the name of its colour space."""


@dataclass(frozen=True)
class Further:
    """Makes a shot's further channels.

    Attributes:
        layers: all that were asked for, those of a matte among them.
        premult: R, G and B of the file are the objects' colours times their alphas.
        size: width and height of the plates.
        plate: the plates.
        clean: plates without the objects, where there are such.
        fingerprint: gives what changes with the plates that a frame's channels are made of.
    """

    layers: tuple[str, ...]
    premult: bool
    size: tuple[int, int]
    plate: Linear
    clean: Linear | None
    fingerprint: Callable[[int], str]

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
        light = LinearLight(transform.colourspace, transform.config)

        def clean_frame(frame: int) -> int:
            return frame if behind is None or len(behind.frames) > 1 else behind.first

        def plate(frame: int) -> tuple[Floats, str]:
            return light.apply(source.read(frame).pixels_hwc), light.colourspace

        def without(frame: int) -> tuple[Floats, str]:
            assert behind is not None  # noqa: S101 - called where there is one
            return light.apply(behind.read(clean_frame(frame)).pixels_hwc), light.colourspace

        def fingerprint(frame: int) -> str:
            own = source.fingerprint(frame)
            return own if behind is None else own + behind.fingerprint(clean_frame(frame))

        return cls(layers, premult, source.size, plate, None if behind is None else without, fingerprint)

    @property
    def of_matte(self) -> tuple[str, ...]:
        """The layers that the matte itself has; colours without alpha would be of no use."""
        own = tuple(layer for layer in self.layers if layer in LAYERS)
        return own if own and not self._coloured else tuple(dict.fromkeys(("alpha", *own)))

    @property
    def signed_as(self) -> tuple[str, ...]:
        """What a matte's signature covers in place of the layers."""
        return (*self.layers, *((PREMULT,) if self.premult else ()))

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
        if not self._coloured and CRYPTOMATTE not in self.layers:
            return None
        alphas = {name: to_float(to_half(matte.alpha_hw)) for name, matte in mattes.items()}
        if self._coloured:
            colours, texts[COLOURSPACE] = self._colours(frame, alphas)
            channels |= colours
        if CRYPTOMATTE in self.layers:
            channels |= cryptomatte_channels(alphas, self.size[::-1])
            texts |= cryptomatte_header(mattes)
        return More(channels, texts)

    @property
    def _coloured(self) -> bool:
        return self.premult or any(layer in self.layers for layer in COLOURS)

    def _colours(self, frame: int, alphas: Mapping[str, Floats]) -> tuple[dict[str, NDArray[np.float16]], str]:
        import torch  # noqa: PLC0415 - for those who ask for colours, and for nobody else

        from engine.session.foreground import despill, foreground  # noqa: PLC0415 - as above

        pixels, colourspace = self.plate(frame)
        plate = _tensor(pixels)
        clean = None if self.clean is None else _tensor(self.clean(frame)[0])
        together = torch.zeros_like(plate)
        channels: dict[str, NDArray[np.float16]] = {}
        for name, alpha_hw in alphas.items():
            alpha = torch.from_numpy(np.ascontiguousarray(alpha_hw))[None, None]
            colours = foreground(plate, alpha, clean)
            if "fg" in self.layers:
                channels |= _planes(name, colours.fg_13hw)
            if "despill" in self.layers:
                channels |= _planes(f"{name}_despill", despill(plate, alpha, colours.fg_13hw))
            if "bg" in self.layers:
                channels |= _planes(f"{name}_bg", colours.bg_13hw)
            together += colours.fg_13hw * alpha
        return channels | (_planes("", together) if self.premult else {}), colourspace


def check_packing(layers: tuple[str, ...], kind: str, *, premult: bool, crop: bool, compression: str) -> None:
    """Refuse to crop what is everywhere, and to lose a little of what is no colour.

    Raises:
        OutputError: `output.packing`.
    """
    everywhere = [layer for layer in layers if layer in ("bg", CRYPTOMATTE)]
    if (crop or compression != "zip") and kind != "exr":
        raise OutputError("output.packing", f"{kind} is neither cropped nor compressed otherwise.", "Write EXR.")
    if crop and everywhere:
        raise OutputError(
            "output.packing",
            f"'{everywhere[0]}' fills the plate, so its files cannot be cropped.",
            f"Leave --crop out, or {everywhere[0]}.",
        )
    if compression == "dwaa" and not premult:
        raise OutputError(
            "output.packing",
            "DWAA loses a little of R, G and B, and in these files they hold alpha, which must stay as it is.",
            "Have colours there, with --premult, or leave --compression out.",
        )
    if compression == "dwaa" and CRYPTOMATTE in layers:
        raise OutputError(
            "output.packing", "DWAA would change the IDs of Cryptomatte.", f"Leave --compression out, or {CRYPTOMATTE}."
        )


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


def _planes(layer: str, image_13hw: "Tensor") -> dict[str, NDArray[np.float16]]:
    pixels = image_13hw[0].numpy()
    prefix = f"{layer}." if layer else ""
    most = np.float32(np.finfo(np.float16).max)
    return {f"{prefix}{name}": to_half(np.clip(plane, -most, most)) for name, plane in zip("RGB", pixels, strict=True)}


def _tensor(image_hwc: Floats) -> "Tensor":
    import torch  # noqa: PLC0415 - as above

    return torch.from_numpy(np.ascontiguousarray(image_hwc.transpose(2, 0, 1)))[None]
