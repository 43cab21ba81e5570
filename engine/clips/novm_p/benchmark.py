"""The benchmark: its clips one at a time, and the hash that says whether they are the recorded ones."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from engine.clips.novm_p.exact import to_srgb
from engine.clips.novm_p.registry import CLIPS, FRAMES, KINDS, Entry
from engine.clips.novm_p.scene import Scene
from engine.clips.truth import Pixels, TrueClip

if TYPE_CHECKING:
    from collections.abc import Iterator


class NovmP:
    """Procedural natural-object video matting: 13 kinds of subject in 5 takes each, made afresh wherever it is run.

    Plates are composited in linear light from straight colours within 0..1, then grained and encoded as sRGB; alpha and
    foreground are those that went into the composite, before grain. Nothing of it is shared with the training clips.
    """

    name = "novm-p-1"

    def __init__(self, size: tuple[int, int] = (512, 288)) -> None:
        """Choose a size.

        Args:
            size: width and height in pixels. The same scenes at every size; hashes are recorded for 512x288 and
                1920x1080.

        Raises:
            ValueError: a side is under 32 pixels.
        """
        if min(size) < 32:
            raise ValueError(f"novm-p needs at least 32 pixels a side, not {size[0]}x{size[1]}")
        self.size = size

    def __len__(self) -> int:
        """Give the number of clips."""
        return len(CLIPS)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kind of every clip, in the order of `clips`."""
        return tuple(entry.kind for entry in CLIPS)

    def clip(self, number: int) -> TrueClip:
        """Make one clip, counted from 0."""
        return make(CLIPS[number], self.size)

    def clips(self) -> Iterator[TrueClip]:
        """Make every clip, always in the same order: kind by kind, take by take."""
        for number in range(len(CLIPS)):
            yield self.clip(number)


def make(entry: Entry, size: tuple[int, int], frames: int = FRAMES) -> TrueClip:
    """Make one clip, or its first frames.

    Args:
        entry: one of the registry.
        size: width and height in pixels.
        frames: how many from the first; fewer are the same as far as they go.
    """
    width, height = size
    scene = Scene(entry.kind, entry.take, entry.seed, size)
    plates = np.empty((frames, height, width, 3), np.uint8)
    foreground = np.empty_like(plates)
    alpha = np.empty((frames, height, width), np.uint8)
    distractor = np.empty_like(alpha)
    for time in range(frames):
        frame = scene.frame(float(time))
        alpha[time], distractor[time] = _bytes(frame.alpha_hw), _bytes(frame.distractor_hw)
        plates[time] = to_srgb(scene.grained(frame.plate_chw, time)).transpose(1, 2, 0)
        foreground[time] = (to_srgb(frame.foreground_chw) * (alpha[time] > 0)).transpose(1, 2, 0)
    held_out = KINDS[entry.kind].held_out
    return TrueClip(
        entry.name, entry.kind, held_out, plates, alpha, foreground, distractor if distractor.any() else None
    )


def content(clip: TrueClip) -> str:
    """Give the SHA-256 of a clip's pixels as 64 hex digits: plates, alpha, foreground, distractor and their shapes."""
    digest = hashlib.sha256(clip.name.encode())
    for pixels in (clip.plates_thwc, clip.alpha_thw, clip.foreground_thwc, clip.distractor_thw):
        if pixels is not None:
            digest.update(repr(pixels.shape).encode())
            digest.update(np.ascontiguousarray(pixels).tobytes())
    return digest.hexdigest()


def version(contents: list[str]) -> str:
    """Give the SHA-256 of all clips' hashes in their order: one benchmark at one size."""
    return hashlib.sha256("".join(contents).encode()).hexdigest()


def _bytes(values: np.typing.NDArray[np.float32]) -> Pixels:
    return (np.clip(values, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
