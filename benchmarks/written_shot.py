"""A drawn shot on disk, as an artist has one: half EXR plates of any size, clicks on its subject, its exact alpha."""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from drawn import SUBJECTS

from engine.clips.drawn import render_linear
from engine.contract.shot import Point, ShotObject
from engine.contract.shot_json import objects_to_json
from engine.media.matte_files import write_exr

DRAWN_HW = (252, 448)
"""Clips are drawn at this size and enlarged: the share of the plate that is unknown is the same at every size."""


@dataclass(frozen=True)
class WrittenShot:
    """Plates 1 to `frames`, scene-linear.

    Attributes:
        subject: one of SUBJECTS.
        plates: their files, `#` for the digits of the frame number.
        alphas_thw: (T, h, w) float32 0..1, the subject's exact alpha at the size that it was drawn at.
    """

    subject: str
    plates: str
    width: int
    height: int
    alphas_thw: npt.NDArray[np.float32]

    @property
    def frames(self) -> int:
        """How many plates there are."""
        return len(self.alphas_thw)

    def objects(self, count: int = 1, clicks: int = 1) -> tuple[ShotObject, ...]:
        """Give so many objects, alike but for their names, with so many clicks each: one on frame 1, then evenly on."""
        points = tuple(self.click(1 + index * self.frames // clicks) for index in range(clicks))
        return tuple(ShotObject(f"object{index}", points) for index in range(count))

    def click(self, frame: int) -> Point:
        """Give a click on the pixel furthest inside the subject."""
        inside = np.pad(self.alphas_thw[frame - 1] > 0.5, 1).astype(np.uint8)
        depth = cv2.distanceTransform(inside, cv2.DIST_L2, 5)[1:-1, 1:-1]
        y, x = np.unravel_index(depth.argmax(), depth.shape)
        height, width = depth.shape
        return Point(frame, (float(x) + 0.5) * self.width / width, (float(y) + 0.5) * self.height / height)


def write_shot(folder: Path, frames: int, size: tuple[int, int], subject: str = "worst") -> WrittenShot:
    """Draw a clip of one of SUBJECTS and write its plates into a folder of their own."""
    folder.mkdir(parents=True)
    kind, seed = SUBJECTS[subject]
    clip = render_linear(seed, kind=kind, frames=frames, size_hw=DRAWN_HW)
    for index, small_hwc in enumerate(clip.plates_thwc):
        plate_hwc = cv2.resize(small_hwc, size, interpolation=cv2.INTER_CUBIC)
        channels = {name: np.ascontiguousarray(plate_hwc[..., i]) for i, name in enumerate("RGB")}
        write_exr(folder / f"plate.{index + 1:05d}.exr", channels, "")
    return WrittenShot(subject, str(folder / "plate.#####.exr"), *size, np.asarray(clip.alpha_thw, np.float32))


def write_prompts(file: Path, objects: tuple[ShotObject, ...]) -> Path:
    """Write a prompts file for `mam2 matte` and give its path."""
    file.write_text(json.dumps({"objects": objects_to_json(objects)}), encoding="utf-8")
    return file
