"""An exported EXR with more than the store keeps: foreground colours, Cryptomatte, as of `mam2 matte --layers`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.media.cryptomatte import cryptomatte_channels, cryptomatte_header
from engine.media.half import to_half
from engine.media.linear import COLOURSPACE
from engine.media.matte_files import read_matte, read_signature, write_exr
from engine.service.stored_plates import StoredPlates

_CRYPTOMATTE = "cryptomatte"


@dataclass(frozen=True)
class Further:
    """What is asked for beside alpha, trimap and mask.

    Attributes:
        layers: of `fg`, `despill`, `bg` and `cryptomatte`.
        premult: R, G, B of the file are the objects' colours times their alphas.
        objects: all names of the shot, in order.
        plates: what colours are taken from.
    """

    layers: tuple[str, ...]
    premult: bool
    objects: Sequence[str]
    plates: StoredPlates

    def __bool__(self) -> bool:
        """Tell whether anything is asked for."""
        return bool(self.layers) or self.premult

    def write(self, frame: int, matte: Path, target: Path) -> None:
        """Write a frame's mattes with what is asked for; what the store has stays as it is, to the bit.

        Raises:
            PlateAwaited, PlateError: the plate or the matte cannot be read.
            OutputError: as `write_exr`.
        """
        found = read_matte(matte)
        alphas = {name: found[f"{name}.alpha"] for name in self.objects if f"{name}.alpha" in found}
        channels: dict[str, Any] = {name: to_half(channel) for name, channel in found.items()}
        texts: dict[str, str] = {}
        if self.premult or set(self.layers) - {_CRYPTOMATTE}:
            from engine.session.foreground import colour_channels  # noqa: PLC0415 - loads torch, for exports alone

            plate, texts[COLOURSPACE] = self.plates.linear(frame)
            channels |= colour_channels(plate, alphas, self.layers, premult=self.premult)
        if _CRYPTOMATTE in self.layers:
            channels |= cryptomatte_channels(alphas, found["A"].shape)
            texts |= cryptomatte_header(self.objects)
        signed = "+".join(
            [read_signature(matte, trust=True) or "", *self.layers, *(["premult"] if self.premult else [])]
        )
        write_exr(target, channels, signed, exact=True, texts=texts, tags=self.plates.tags(frame))
