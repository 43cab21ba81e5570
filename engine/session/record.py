"""What tracking found, by object and frame, on disk: a long shot costs no memory, a re-track starts anywhere."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import astuple, dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.contract.errors import OutputError
from engine.model.tensors import Crop, FrameMemory, Step
from engine.session import fit
from engine.session.features import load_tensors, save_tensors
from engine.session.pipeline import Later, now
from engine.session.transfer import coming_down

if TYPE_CHECKING:
    from concurrent.futures import Future


@dataclass(frozen=True)
class Found:
    """What becomes a matte: mask logits (1, 1, S/4, S/4) float32 and trimap logits (1, 3, h, w) half.

    Attributes:
        covers: the part of the plate that the trimap is stretched over, with background around it; None for all.
    """

    mask_b1hw: Tensor
    trimap_b3hw: Tensor
    covers: Crop | None = None

    @classmethod
    def of(cls, step: Step) -> "Found":
        """Take from a step what a matte needs, as it would be read back from disk."""
        return cls(step.mask.logits_b1hw.float(), step.trimap_b3hw.half(), step.covers)

    def trimap(self, size_wh: tuple[int, int]) -> Tensor:
        """Give the trimap (1, 1, H, W) of 0, 0.5 and 1 at the plate's size."""
        return fit.trimap_to_plate(self.trimap_b3hw, size_wh, self.covers)


@dataclass(frozen=True)
class KeptAlpha:
    """What the matter said of an object's unknown pixels on a frame, so that it is asked once of each trimap.

    Attributes:
        path: of its file, there or not; it belongs to one tracking of the frame, and no later one finds it.
        write: writes it; None where it is only to be read.
    """

    path: Path
    write: Callable[[Path, Tensor], None] | None

    def read(self) -> Tensor | None:
        """Give (N,) float32 alphas of 0..1, row by row; None where there are none."""
        with suppress(FileNotFoundError):
            return load_tensors(self.path, "alpha")["alpha"]
        return None

    def keep(self, alphas_n: Tensor) -> None:
        """Keep them, if that is allowed and there is room; else the matter will be asked again."""
        if self.write:
            self.write(self.path, alphas_n)


class Record:
    """Steps by object and frame, with the alphas that were made of them.

    Args:
        folder: an empty or missing folder of the session's own.
        device: where what is read back goes.
        alpha_bytes: most bytes of alphas on disk.
        later: has steps written beside what follows; who asks for one meanwhile waits for its file.
    """

    def __init__(self, folder: Path, device: torch.device, *, alpha_bytes: int = 4 << 30, later: Later = now) -> None:
        self._folder, self._device, self._later = folder, device, later
        self._room = alpha_bytes
        # By object and frame, which tracking it is: one more each time.
        self._frames: dict[str, dict[int, int]] = {}
        self._trackings = count()
        # Folders are numbered: two objects' names may differ only in case, which some file systems cannot tell.
        self._numbers: dict[str, int] = {}
        self._writing: dict[Path, Future[object]] = {}

    def keep(self, name: str, frame: int, step: Step) -> None:
        """Record an object's step on a frame, in place of an earlier one."""
        found = Found.of(step)
        if step.memory.features_bmhw is None:
            raise ValueError("a faded memory cannot be recalled later: record a step before its memory fades")
        kept = {
            "mask": found.mask_b1hw,
            "trimap": found.trimap_b3hw,
            "covers": torch.tensor([] if found.covers is None else astuple(found.covers), dtype=torch.long),
            "features": step.memory.features_bmhw,
            "pointer": step.memory.pointer_bc,
        }
        path = self._path(name, frame)
        self._frames.setdefault(name, {})[frame] = next(self._trackings)
        self._writing = {one: writing for one, writing in self._writing.items() if not writing.done()}
        tensors, arrived = coming_down(list(kept.values()))  # here: devices hear of one thread alone
        kept = dict(zip(kept, tensors, strict=True))
        self._writing[path] = self._later(partial(self._write, name, frame, path, kept, arrived))

    def has(self, name: str, frame: int) -> bool:
        """Tell whether an object has been tracked on a frame."""
        return frame in self._frames.get(name, {})

    def found(self, name: str, frame: int) -> Found:
        """Read what becomes the object's matte on a frame that it has been tracked on."""
        kept = load_tensors(self._written(name, frame), "mask", "trimap", "covers")
        covers = Crop(*kept["covers"].tolist()) if len(kept["covers"]) else None
        return Found(kept["mask"].to(self._device), kept["trimap"].to(self._device), covers)

    def memory(self, name: str, frame: int) -> FrameMemory:
        """Read what the tracker remembers of an object on a frame that it has been tracked on."""
        kept = load_tensors(self._written(name, frame), "features", "pointer")
        return FrameMemory(kept["features"].to(self._device), kept["pointer"].to(self._device))

    def alpha(self, name: str, frame: int, *, may_keep: bool = True) -> KeptAlpha:
        """Give the place for an object's alpha on a frame that it has been tracked on."""
        tracking = self._frames[name][frame]
        path = self._path(name, frame).with_suffix(f".{tracking}.alpha")
        return KeptAlpha(path, self._write_alpha if may_keep else None)

    def forget(self, name: str, frames: Iterable[int]) -> None:
        """Drop an object's steps on these frames, where there are any."""
        for frame in self._frames.get(name, {}).keys() & set(frames):
            with suppress(Exception):  # whose frame it is hears of it
                self._written(name, frame)
            if self.has(name, frame):
                self._remove_alpha(self.alpha(name, frame).path)
                self._path(name, frame).unlink(missing_ok=True)
                del self._frames[name][frame]

    def _write(self, name: str, frame: int, path: Path, kept: dict[str, Tensor], arrived: Callable[[], None]) -> None:
        """Write a step once it is on the host; where that fails, the frame has not been tracked."""
        try:
            arrived()
            path.parent.mkdir(parents=True, exist_ok=True)
            save_tensors(path, kept)
        except BaseException:
            self._frames[name].pop(frame, None)
            raise

    def _written(self, name: str, frame: int) -> Path:
        """Give a step's file once it is whole."""
        path = self._path(name, frame)
        if writing := self._writing.get(path):
            writing.result()
        return path

    def _write_alpha(self, path: Path, alphas_n: Tensor) -> None:
        if alphas_n.nbytes < self._room:
            with suppress(OutputError):  # as when there is no room
                size = save_tensors(path, {"alpha": alphas_n})
                self._room -= size  # only now: another thread may have written meanwhile

    def _remove_alpha(self, path: Path) -> None:
        with suppress(FileNotFoundError):
            self._room += path.stat().st_size
            path.unlink()

    def _path(self, name: str, frame: int) -> Path:
        number = self._numbers.setdefault(name, len(self._numbers))
        return self._folder / str(number) / f"{frame}.step"
