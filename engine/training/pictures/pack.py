"""The pack of free pictures: its index, read once, and which of its files may be learnt from."""

import csv
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from engine.contract.errors import PlateError

INDEX = "index.csv"
SHIPPING = frozenset({"A"})
"""Tiers whose licences allow weights that ship: CC0, public domain, CC-BY, MIT, Apache, BSD."""


@dataclass(frozen=True)
class Picture:
    """A file of the pack.

    Attributes:
        path: of the picture, 8-bit sRGB; a cut-out has its alpha as fourth channel.
        kind: `background`, `texture`, `cutout`, `masked` or `clip`.
        split: `train` or `dev`.
        tier: `A`, `B` or `SA`; see the pack's README.
    """

    path: Path
    kind: str
    split: str
    tier: str

    @property
    def instances(self) -> Path:
        """Where a masked picture's instance map lies: 0 nothing, 255 to be ignored, each other value an object."""
        return self.path.with_name(f"{self.path.stem}_inst.png")


@dataclass(frozen=True)
class Pack:
    """The pictures of a pack that were asked for."""

    folder: Path
    pictures: tuple[Picture, ...]

    def of(self, *kinds: str) -> list[Picture]:
        """Give the pictures of some kinds."""
        return [picture for picture in self.pictures if picture.kind in kinds]


def read_pack(folder: Path, split: str, tiers: Collection[str] = SHIPPING) -> Pack:
    """Read a pack's index.

    Args:
        folder: holds `index.csv` and the files that it names.
        split: `train` or `dev`; nothing of `dev` is ever trained on.
        tiers: of licences to take.

    Raises:
        PlateError: `data.no_index`, `data.incomplete`.
    """
    index = folder / INDEX
    if not index.is_file():
        raise PlateError(
            "data.no_index",
            f"There is no {INDEX} in '{folder}'.",
            "Give the folder of the pack of pictures itself; docs/training.md says what it holds.",
        )
    with index.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split and row["tier"] in tiers]
    pictures = tuple(Picture(folder / row["file"], row["kind"], row["split"], row["tier"]) for row in rows)
    missing = [picture.path for picture in pictures if not picture.path.is_file()]
    if missing:
        raise PlateError(
            "data.incomplete",
            f"{len(missing)} of {len(pictures)} pictures that '{index}' names are missing, '{missing[0]}' first.",
            "Copy the pack again, whole.",
        )
    return Pack(folder, pictures)
