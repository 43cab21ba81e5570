"""The shot that every contender of `peers.py` mattes, as it lies on disk, and what each contender reports.

Nothing here imports the engine: a contender's memory holds no library that it would not load by itself.
"""

import json
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from outcome import most_memory
from PIL import Image
from torch.nn import functional as F

_CERTAIN = 8.0


@dataclass(frozen=True)
class PeerShot:
    """A shot on disk, frames 1 to `frames`; plate T is `jpeg/T.jpg`, for SAM 2's predictor reads nothing but JPEG.

    Attributes:
        size: width and height of the plates.
        click_xy: a point on the subject on frame 1, in pixels of the plate.
    """

    folder: Path
    frames: int
    size: tuple[int, int]
    click_xy: tuple[float, float]

    @classmethod
    def read(cls, folder: Path) -> "PeerShot":
        """Open what `peers_truth.draw_shot` wrote."""
        said = json.loads((folder / "shot.json").read_text(encoding="utf-8"))
        return cls(folder, said["frames"], tuple(said["size"]), tuple(said["click_xy"]))

    @property
    def jpegs(self) -> Path:
        """The folder of plates."""
        return self.folder / "jpeg"

    def picture(self, frame: int) -> Image.Image:
        """Read one plate, RGB."""
        with Image.open(self.jpegs / f"{frame:05d}.jpg") as opened:
            return opened.convert("RGB")

    def display(self, frame: int) -> npt.NDArray[np.float32]:
        """Give one plate (H, W, 3), display-referred sRGB in 0..1, as a session asks for it."""
        plate_hwc = np.asarray(self.picture(frame), np.float32)
        plate_hwc /= 255
        return plate_hwc

    def cells(self, frame: int) -> npt.NDArray[np.uint8]:
        """Give the trimap's classes (256, 256) in the decoder's cells: 0 background, 1 unknown, 2 foreground."""
        with np.load(self.folder / "truth.npz") as truth:
            return np.asarray(truth[f"cells{frame}"], np.uint8)

    def trimap(self, frame: int) -> npt.NDArray[np.uint8]:
        """Give the trimap (H, W) of one plate: 0 background, 128 unknown, 255 foreground."""
        with np.load(self.folder / "truth.npz") as truth:
            return np.asarray(truth[f"trimap{frame}"], np.uint8)

    def unknown_percent(self) -> float:
        """Give the share of the plates that is unknown, on average."""
        return 100 * float(np.mean([(self.trimap(frame) == 128).mean() for frame in range(1, self.frames + 1)]))


def spelled(cells_bhw: torch.Tensor) -> torch.Tensor:
    """Give trimap logits (B, 3, h, w) that say these classes (B, h, w) with certainty."""
    return F.one_hot(cells_bhw.long(), 3).movedim(-1, 1).float() * _CERTAIN


def report(layers: Iterable[npt.NDArray[np.float32]], size: tuple[int, int]) -> None:
    """Run a contender and print what `peers.py` reads: the seconds of each frame, and the most memory in bytes.

    Args:
        layers: an alpha or mask (H, W) a frame, in order; reading plates included, building the model not.
        size: width and height that each must have.

    Raises:
        SystemExit: a layer has another size, or holds what is no number.
    """
    seconds, start = [], time.perf_counter()
    for layer in layers:
        seconds.append(time.perf_counter() - start)
        if layer.shape != (size[1], size[0]) or not np.isfinite(layer).all():
            sys.exit(f"frame {len(seconds)} came as {layer.shape}, or with values that are no numbers")
        start = time.perf_counter()
    print(json.dumps({"seconds": seconds, "most_memory": most_memory()}), flush=True)
