"""What tracking found, by object and frame, on disk: a long shot costs no memory, a re-track starts anywhere."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from engine.model.tensors import FrameMemory, Step
from engine.session.scratch import load_tensors, save_tensors


@dataclass(frozen=True)
class Found:
    """What becomes a matte: mask logits (1, 1, S/4, S/4) float32 and trimap logits (1, 3, S/4, S/4) half."""

    mask_b1hw: Tensor
    trimap_b3hw: Tensor

    @classmethod
    def of(cls, step: Step) -> "Found":
        """Take from a step what a matte needs, as it would be read back from disk."""
        return cls(step.mask.logits_b1hw.float(), step.trimap_b3hw.half())


class Record:
    """Steps by object and frame.

    Args:
        folder: an empty or missing folder of the session's own.
        device: where what is read back goes.
    """

    def __init__(self, folder: Path, device: torch.device) -> None:
        self._folder, self._device = folder, device
        self._frames: dict[str, set[int]] = {}
        # Folders are numbered: two objects' names may differ only in case, which some file systems cannot tell.
        self._numbers: dict[str, int] = {}

    def keep(self, name: str, frame: int, step: Step) -> None:
        """Record an object's step on a frame, in place of an earlier one."""
        found = Found.of(step)
        if step.memory.features_bmhw is None:
            raise ValueError("a faded memory cannot be recalled later: record a step before its memory fades")
        kept = {
            "mask": found.mask_b1hw,
            "trimap": found.trimap_b3hw,
            "features": step.memory.features_bmhw,
            "pointer": step.memory.pointer_bc,
        }
        path = self._path(name, frame)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_tensors(path, kept)
        self._frames.setdefault(name, set()).add(frame)

    def has(self, name: str, frame: int) -> bool:
        """Tell whether an object has been tracked on a frame."""
        return frame in self._frames.get(name, ())

    def found(self, name: str, frame: int) -> Found:
        """Read what becomes the object's matte on a frame that it has been tracked on."""
        kept = load_tensors(self._path(name, frame), "mask", "trimap")
        return Found(kept["mask"].to(self._device), kept["trimap"].to(self._device))

    def memory(self, name: str, frame: int) -> FrameMemory:
        """Read what the tracker remembers of an object on a frame that it has been tracked on."""
        kept = load_tensors(self._path(name, frame), "features", "pointer")
        return FrameMemory(kept["features"].to(self._device), kept["pointer"].to(self._device))

    def forget(self, name: str, frames: Iterable[int]) -> None:
        """Drop an object's steps on these frames, where there are any."""
        known = self._frames.get(name, set())
        for frame in known.intersection(frames):
            known.remove(frame)
            self._path(name, frame).unlink(missing_ok=True)

    def _path(self, name: str, frame: int) -> Path:
        number = self._numbers.setdefault(name, len(self._numbers))
        return self._folder / str(number) / f"{frame}.step"
