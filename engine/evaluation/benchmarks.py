"""Benchmarks beside novm-p: unseen drawn clips, and published test sets read from the folders that they unpack to."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.clips.drawn import KINDS, UNSEEN_SEED, make_clip
from engine.clips.truth import Pixels, TrueClip
from engine.contract.errors import EngineError, PlateError
from engine.datasets.discover import Found, discover
from engine.datasets.items import Item
from engine.datasets.layouts import BENCHMARKS, Layout, Source
from engine.datasets.pictures import PICTURES
from engine.evaluation.folders import read_alphas
from engine.evaluation.metrics import Codes, to_codes
from engine.media.half import to_float
from engine.media.images import read_rgb
from engine.media.masks import read_coverage

USUAL_FRAMES = 24
_CLIPS = 1000  # seeds do not end; a number of them has to


class Unseen:
    """Drawn clips, kinds in turn; the same numbers are the same clips everywhere.

    Args:
        frames: a clip.
        size: width and height in pixels.
    """

    def __init__(self, frames: int = USUAL_FRAMES, size: tuple[int, int] = (320, 180)) -> None:
        self.name = f"unseen, {frames} frames"
        self._frames, self._size = frames, size

    def __len__(self) -> int:
        return _CLIPS

    @property
    def kinds(self) -> Sequence[str]:
        """The kind of every clip."""
        return [KINDS[number % len(KINDS)] for number in range(_CLIPS)]

    def clip(self, number: int) -> TrueClip:
        """Draw one clip."""
        kind = KINDS[number % len(KINDS)]
        clip = make_clip(UNSEEN_SEED + number, kind=kind, frames=self._frames, size_hw=self._size[::-1])
        return TrueClip(
            f"{kind}-{number:03}",
            kind,
            held_out=False,
            plates_thwc=clip.plates_thwc,
            alpha_thw=clip.alpha_thw,
            distractor_thw=clip.distractor_thw if clip.distractor_thw.any() else None,
        )

    def clips(self) -> Iterator[TrueClip]:
        """Draw every clip."""
        return (self.clip(number) for number in range(_CLIPS))


@dataclass(frozen=True)
class Entry:
    """The files of one clip, all in the order of its frames.

    Attributes:
        name, kind: as in `TrueClip`.
        plates: composites, or straight foregrounds where there are backgrounds.
        alphas: of every plate.
        trimaps: of every plate, or none.
        backgrounds: of every plate, or none.
        mask: published mask of the first frame.
    """

    name: str
    kind: str
    plates: tuple[Path, ...]
    alphas: tuple[Path, ...]
    trimaps: tuple[Path, ...] = ()
    backgrounds: tuple[Path, ...] = ()
    mask: Path | None = None


class RealSet:
    """A published set on disk: a `Benchmark`.

    Args:
        name: one of `BENCHMARKS`.
        folder: what the set was unpacked to.

    Raises:
        EngineError: `evaluate.benchmark`: there is no such set; `evaluate.layout`: the folder does not hold it;
            `evaluate.ambiguous`: it holds it in several sizes; `evaluate.unmatched`: plates and alphas do not pair.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self._entries = _entries(find_layout(name), folder)
        self.name = name

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def kinds(self) -> Sequence[str]:
        """The kind of every clip."""
        return [entry.kind for entry in self._entries]

    def clips(self) -> Iterator[TrueClip]:
        """Read every clip, in the order of the set."""
        return (self.clip(number) for number in range(len(self)))

    def clip(self, number: int) -> TrueClip:
        """Read one clip.

        Raises:
            PlateError: a file cannot be read.
            EngineError: `evaluate.size`: plates and alphas differ in size.
        """
        entry = self._entries[number]
        alpha = read_alphas(entry.alphas)
        plates = np.stack([_colours(path) for path in entry.plates])
        if entry.backgrounds:
            plates = _over(plates, alpha, np.stack([_colours(path) for path in entry.backgrounds]))
        if plates.shape[:3] != alpha.shape:
            raise EngineError(
                "evaluate.size",
                f"The plates of '{entry.name}' are {plates.shape[2]}x{plates.shape[1]} pixels, "
                f"its alphas {alpha.shape[2]}x{alpha.shape[1]}.",
                "Unpack the set again.",
            )
        trimap = read_alphas(entry.trimaps) if entry.trimaps else None
        mask = None if entry.mask is None else read_coverage(entry.mask) > 0.5
        return TrueClip(
            entry.name,
            entry.kind,
            held_out=False,
            plates_thwc=plates,
            alpha_thw=alpha,
            trimap_thw=trimap,
            first_mask_hw=mask,
        )


def find_layout(name: str) -> Layout:
    """Give a published set's layout.

    Raises:
        EngineError: `evaluate.benchmark`: there is no such set.
    """
    if name not in BENCHMARKS:
        known = ", ".join(("novm-p", "unseen", *BENCHMARKS))
        raise EngineError("evaluate.benchmark", f"'{name}' is no benchmark.", f"Choose one of: {known}.")
    return BENCHMARKS[name]


def _entries(layout: Layout, folder: Path) -> tuple[Entry, ...]:
    """Find the clips of a benchmark in a folder."""
    items: list[Item] = []
    try:
        found = discover(folder, layout.name)
    except PlateError:
        pass
    else:
        items = [item for item in found.items if item.split in layout.judged]
    if not items or (layout.name == "vm108" and not (folder / "frame_corr.json").is_file()):
        there = "holds nothing of" if folder.is_dir() else "is no folder, so it cannot hold"
        raise EngineError("evaluate.layout", f"'{folder}' {there} {layout.name}.", f"Expected is {layout.looks}.")
    _refuse_doubt(found, items)
    if layout.name == "vm108":
        return _over_listed(folder, items)
    if layout.source is Source.IM:
        return tuple(_still(item) for item in items)
    masks = _mask_folders(folder) if layout.prompt == "mask" else ()
    # Clips that move much come first, as they are published.
    return tuple(_video(item, layout.name, masks) for split in layout.judged for item in items if item.split == split)


def _refuse_doubt(found: Found, items: Sequence[Item]) -> None:
    sizes = sorted({item.name.rpartition("/")[0] for item in items})
    if len(sizes) > 1:
        homes = [f"{found.layout.name}_{size}" if size else found.root.name for size in sizes]
        raise EngineError(
            "evaluate.ambiguous",
            f"'{found.root}' holds the set more than once: {', '.join(homes)}.",
            f"Give one of them, e.g. {found.root / homes[-1]}",
        )
    if found.problems:
        raise EngineError("evaluate.unmatched", f"'{found.root}': {found.problems[0]}.", "Unpack the set again.")


def _still(item: Item) -> Entry:
    (alpha,) = _alphas(item)
    folder = alpha.parent.parent / "trimap"
    trimaps = tuple(one for one in (folder / f"{alpha.stem}{suffix}" for suffix in sorted(PICTURES)) if one.is_file())
    return Entry(item.name, "stills", item.plates, (alpha,), trimaps[:1])


def _video(item: Item, name: str, masks: Sequence[Path]) -> Entry:
    """Give a composited clip; masks for first frames lie in a folder of the set's, by part or together."""
    clip = item.name.rpartition("/")[2]
    places = (folder / part / f"{clip}{suffix}" for folder in masks for part in (f"{name}_{item.split}", ".")
              for suffix in (".png", ".jpg"))  # fmt: skip
    mask = next((place for place in places if place.is_file()), None)
    return Entry(f"{item.split}-{clip}", item.split, item.plates, _alphas(item), mask=mask)


def _over_listed(folder: Path, items: Sequence[Item]) -> tuple[Entry, ...]:
    """Give VideoMatting108's clips: foregrounds with alpha, and the background that its list has for each frame.

    Raises:
        EngineError: `evaluate.layout`: the list cannot be read.
    """
    try:
        pairs: Mapping[str, str] = json.loads((folder / "frame_corr.json").read_text(encoding="utf-8"))
    except ValueError as problem:
        raise EngineError(
            "evaluate.layout", f"The list in '{folder}' cannot be read: {problem}.", "Unpack the set again."
        ) from problem
    found = []
    for item in items:
        plates = tuple(plate for plate in item.plates if f"{item.name}/{plate.name}" in pairs)
        behind = tuple(_either(folder / "BG_done" / pairs[f"{item.name}/{plate.name}"]) for plate in plates)
        if plates:
            found.append(Entry(item.name, item.split, plates, plates, backgrounds=behind))
    return tuple(found)


def _alphas(item: Item) -> tuple[Path, ...]:
    return tuple(path for path in item.labels[0] if path is not None)


def _mask_folders(folder: Path) -> list[Path]:
    """Give where masks of first frames may be: in `*first_frame_seg_mask*` inside the set, or beside it."""
    found = [
        one for home in (folder, folder.parent, folder.parent.parent) for one in home.glob("*first_frame_seg_mask*")
    ]
    return [inside for one in found for inside in (one, one / folder.name)]


def _either(path: Path) -> Path:
    """Give a background under its listed name, or as the PNG that some copies of the set hold instead."""
    return path if path.exists() else path.with_suffix(".png")


def _colours(path: Path) -> Pixels:
    return to_codes(to_float(read_rgb(path)[0]))


def _over(foreground_thwc: Pixels, alpha_thw: Codes, background_thwc: Pixels) -> Pixels:
    """Composite as the set's own loader does: straight colours, in display values."""
    alpha = alpha_thw[..., None] / np.float32(255)
    composite: Pixels = np.rint(foreground_thwc * alpha + background_thwc * (1 - alpha)).astype(np.uint8)
    return composite
