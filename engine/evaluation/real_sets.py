"""Published test sets as benchmarks, read from the folders that they unpack to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from engine.clips.truth import Pixels, TrueClip
from engine.contract.errors import EngineError
from engine.evaluation import real_layouts as layouts
from engine.evaluation.alpha import Codes, to_codes
from engine.evaluation.folders import read_alphas
from engine.evaluation.real_layouts import Entry
from engine.media.half import to_float
from engine.media.images import read_rgb
from engine.media.masks import read_coverage


@dataclass(frozen=True)
class Layout:
    """How a published set lies on disk.

    Attributes:
        find: gives the clips of a folder in order; nothing where it is no such set.
        looks: the layout in words, for somebody whose folder is not found to be one.
        prompt: what is given when nobody says: a mask where the set publishes masks for first frames.
    """

    find: Callable[[Path], Sequence[Entry]]
    looks: str
    prompt: str


class RealSet:
    """A published set on disk: a `Benchmark`.

    Args:
        name: one of `LAYOUTS`.
        folder: what the set was unpacked to.

    Raises:
        EngineError: `evaluate.benchmark`: there is no such set; `evaluate.layout`: the folder does not hold it.
    """

    def __init__(self, name: str, folder: Path) -> None:
        layout = find_layout(name)
        self._entries = tuple(layout.find(folder)) if folder.is_dir() else ()
        if not self._entries:
            there = "holds nothing of" if folder.is_dir() else "is no folder, so it cannot hold"
            raise EngineError("evaluate.layout", f"'{folder}' {there} {name}.", f"Expected is {layout.looks}.")
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
    if name not in LAYOUTS:
        known = ", ".join(("novm-p", "unseen", *LAYOUTS))
        raise EngineError("evaluate.benchmark", f"'{name}' is no benchmark.", f"Choose one of: {known}.")
    return LAYOUTS[name]


def _colours(path: Path) -> Pixels:
    return to_codes(to_float(read_rgb(path)[0]))


def _over(foreground_thwc: Pixels, alpha_thw: Codes, background_thwc: Pixels) -> Pixels:
    """Composite as the set's own loader does: straight colours, in display values."""
    alpha = alpha_thw[..., None] / np.float32(255)
    composite: Pixels = np.rint(foreground_thwc * alpha + background_thwc * (1 - alpha)).astype(np.uint8)
    return composite


LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        "youtubematte": Layout(
            lambda folder: layouts.composited_videos(folder, "youtubematte"),
            "youtubematte_motion and youtubematte_static with one folder a clip, and in it 'pha' and the plates",
            "mask",
        ),
        "videomatte": Layout(
            lambda folder: layouts.composited_videos(folder, "videomatte"),
            "videomatte_motion and videomatte_static with one folder a clip, and in it 'pha' and 'com'",
            "point",
        ),
        "vm108": Layout(
            layouts.vm108, "FG_done, BG_done, frame_corr.json and val_videos.txt, as VideoMatting108 unpacks", "point"
        ),
        "aim-500": Layout(
            lambda folder: layouts.stills(folder, "original"), "folders 'original', 'mask' and 'trimap'", "point"
        ),
        "p3m-500-np": Layout(
            layouts.p3m_500_np, "P3M-500-NP with folders 'original_image', 'mask' and 'trimap'", "point"
        ),
    }
)
