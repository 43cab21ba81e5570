"""The files between the two stages: one float32 EXR a frame with every object's trimap."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.cli.matte_request import MatteJob
from engine.media.atomic import make_folder
from engine.media.matte_files import read_matte, read_signature, write_exr
from engine.media.mattes import check_length
from engine.session.results import ObjectTrimap

FOLDER = "trimaps"

Layer = npt.NDArray[np.float32]


class TrimapFiles:
    """`trimaps/NAME.####.exr` beside the mattes, to the bit what tracking gave.

    A file holds `OBJECT.trimap` for the objects that tracking reaches on its frame, and `OBJECT.mask` where the
    mattes are to have masks.

    Args:
        job: whose trimaps these are.
    """

    def __init__(self, job: MatteJob) -> None:
        self._job = job
        self.layers = ("trimap", "mask") if "mask" in job.request.layers else ("trimap",)

    @property
    def signed_as(self) -> tuple[str, ...]:
        """What a trimap's signature covers in place of the mattes' layers: no matte is taken for a trimap."""
        return ("stage", *self.layers)

    def prepare(self) -> None:
        """Make the folder.

        Raises:
            OutputError: as `make_folder` and `check_length`.
        """
        check_length((self.path_of(0),))
        make_folder(self._folder)

    def path_of(self, frame: int) -> Path:
        """Give the file of a frame, whether it exists or not."""
        return self._folder / f"{self._job.name}.{frame:0{self._job.source.padding}d}.exr"

    def signature(self, frame: int) -> str | None:
        """Give the signature of a frame's file; None if it is missing or damaged."""
        return read_signature(self.path_of(frame))

    def write(self, frame: int, trimaps: Mapping[str, ObjectTrimap], *, signature: str) -> None:
        """Write one frame.

        Raises:
            OutputError: as `write_exr`.
        """
        channels = {
            f"{name}.{layer}": getattr(one, f"{layer}_hw") for name, one in trimaps.items() for layer in self.layers
        }
        write_exr(self.path_of(frame), channels, signature, exact=True, tags=self._job.source.tags(frame))

    def read(self, frame: int) -> dict[str, dict[str, Layer]]:
        """Give the layers of a frame's objects in the shot's order: `trimap`, and `mask` if there is one.

        Raises:
            PlateError: as `read_matte`.
        """
        found = read_matte(self.path_of(frame))
        names = (thing.name for thing in self._job.shot.objects if f"{thing.name}.trimap" in found)
        return {name: {layer: found[f"{name}.{layer}"] for layer in self.layers} for name in names}

    @property
    def _folder(self) -> Path:
        return self._job.request.out / FOLDER
