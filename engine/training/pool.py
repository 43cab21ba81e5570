"""Procedural clips as training samples, from a pool on disk: making a clip costs as much as learning from it.

Clip `n` of a pool is a function of the seed; sample `i` of a stage is a function of the pool and `i`, on any worker.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.lib.format import open_memmap
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from engine.clips.drawn import make_clip
from engine.training.samples import Sample

ASPECTS = (1.0, 1.0, 4 / 3, 16 / 9, 16 / 9, 2.0, 3 / 4)  # plates are stretched to the model's square: learn it
MOST_STRIDE = 2.0  # clips of the pool move up to this many times faster than life; samples skip frames besides
VISIBLE = 0.004  # least mean alpha of an object on the first frame of a sample that asks for it


class _Makers(Dataset[Tensor]):
    """Clip `n` of a pool: (T, S, S, 5) uint8, sRGB and the alphas of subject and distractor."""

    def __init__(self, clips: range, frames: int, size: int) -> None:
        self.clips, self.frames, self.size = clips, frames, size

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> Tensor:
        seed = self.clips[index]
        rng = np.random.default_rng([seed, 7])
        aspect = ASPECTS[rng.integers(len(ASPECTS))] * rng.uniform(0.95, 1.05)
        height, width = round(self.size / aspect**0.5), round(self.size * aspect**0.5)
        stride = float(np.exp(rng.uniform(0, np.log(MOST_STRIDE))))
        clip = make_clip(seed, frames=self.frames, size_hw=(height, width), stride=stride)
        square = np.empty((self.frames, self.size, self.size, 5), np.uint8)
        for t in range(self.frames):
            side = (self.size, self.size)
            square[t, ..., :3] = cv2.resize(clip.plates_thwc[t], side, interpolation=cv2.INTER_AREA)
            square[t, ..., 3] = cv2.resize(clip.alpha_thw[t], side, interpolation=cv2.INTER_AREA)
            square[t, ..., 4] = cv2.resize(clip.distractor_thw[t], side, interpolation=cv2.INTER_AREA)
        return torch.from_numpy(square)


def build_pool(
    path: Path, *, clips: int, frames: int, size: int, first_seed: int, workers: int, report: Callable[[int], None]
) -> None:
    """Make a pool of clips, or finish one: (clips, frames, size, size, 5) uint8, sRGB and both alphas.

    Args:
        path: a `.npy` file; a `.count` file beside it says how many clips are done.
        clips: in the whole pool.
        frames: a clip.
        size: side of the square in pixels.
        first_seed: seed of clip 0.
        workers: processes.
        report: called with the number of clips done.
    """
    count = path.with_suffix(".count")
    done = int(count.read_text()) if count.exists() else 0
    if done >= clips:
        return
    shape = (clips, frames, size, size, 5)
    pool = open_memmap(path, mode="r+" if done else "w+", dtype=np.uint8, shape=None if done else shape)
    makers = _Makers(range(first_seed + done, first_seed + clips), frames, size)
    for clip in start(DataLoader(makers, batch_size=None, num_workers=workers, worker_init_fn=one_thread)):
        pool[done] = clip.numpy()
        done += 1
        if done % 10 == 0 or done == clips:
            pool.flush()
            count.write_text(str(done))
            report(done)


class PooledClips(Dataset[Sample]):
    """Training samples cut from a pool: other frames, crops, mirrors, colours each time.

    Args:
        path: of the pool.
        size: side of a sample in pixels.
        frames: frames a sample.
        seed: of the cuts.
        objects: most objects a sample asks for; each is visible on its first frame.
    """

    def __init__(self, path: Path, size: int, frames: int, seed: int, objects: int = 2) -> None:
        self.path, self.size, self.frames, self.seed, self.objects = path, size, frames, seed, objects
        self.pool: np.ndarray | None = None

    def __len__(self) -> int:
        """Give a number of samples that no stage reaches."""
        return 1 << 40

    def __getitem__(self, index: int) -> Sample:
        """Cut sample `index`."""
        if self.pool is None:
            self.pool = np.load(self.path, mmap_mode="r")
        rng = np.random.default_rng([self.seed, index])
        while True:
            clip = self.pool[rng.integers(len(self.pool))]
            frames = self._frames(rng, len(clip))
            seen = _visible(clip[frames[0], ::4, ::4, 3:])
            if seen:
                break
        box = self._crop(rng, clip[frames[0], ..., 3 + int(rng.choice(seen))])
        kept = _visible(self._cut(clip[frames[0]], box)[..., 3:])
        if not kept:
            box, kept = (0, 0, *clip.shape[1:3]), seen
        pictures = np.stack([self._cut(clip[t], box) for t in frames])
        if rng.random() < 0.5:
            pictures = pictures[:, :, ::-1]
        plates, asked = _recolour(rng, pictures[..., :3]), rng.permutation(kept)[: self.objects]
        alphas = pictures[..., 3 + asked]
        return Sample(
            torch.from_numpy(np.ascontiguousarray(plates.transpose(0, 3, 1, 2))),
            torch.from_numpy(np.ascontiguousarray(alphas.transpose(3, 0, 1, 2)[:, :, None])),
            number=index,
        )

    def _frames(self, rng: np.random.Generator, length: int) -> np.ndarray:
        step = 1 + int(rng.integers(max(1, min(3, (length - 1) // max(1, self.frames - 1)))))
        span = (self.frames - 1) * step
        frames = rng.integers(length - span) + np.arange(self.frames) * step
        return frames[::-1] if rng.random() < 0.4 else frames

    def _crop(self, rng: np.random.Generator, alpha_ss: np.ndarray) -> tuple[int, int, int, int]:
        whole = len(alpha_ss)
        if rng.random() < 0.4:
            return 0, 0, whole, whole
        rows, columns = (alpha_ss > 40).any(1).nonzero()[0], (alpha_ss > 40).any(0).nonzero()[0]
        edges = []
        for inside in (columns, rows):
            side = int(whole * rng.uniform(0.6, 1.0))
            middle = int(rng.choice(inside)) if len(inside) else whole // 2
            edges.append((int(np.clip(middle - rng.integers(side // 5, side - side // 5), 0, whole - side)), side))
        (left, width), (top, height) = edges
        return left, top, width, height

    def _cut(self, picture: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
        left, top, width, height = box
        part = np.ascontiguousarray(picture[top : top + height, left : left + width])
        if part.shape[:2] == (self.size, self.size):
            return part
        way = cv2.INTER_AREA if width > self.size else cv2.INTER_LINEAR
        groups = np.split(part, [3], axis=-1)  # OpenCV shrinks up to four channels at once
        return np.concatenate([cv2.resize(group, (self.size, self.size), interpolation=way) for group in groups], -1)


def start(loader: DataLoader[Any]) -> Iterator[Any]:
    """Start a loader's workers, whose `worker_init_fn` is `one_thread`.

    OpenCV goes without threads meanwhile: a worker forked beside them would wait for ever for those it did not get.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        return iter(loader)
    finally:
        cv2.setNumThreads(threads)


def one_thread(_: int) -> None:
    """Keep a data worker to one core."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def _visible(alphas_hwn: np.ndarray) -> list[int]:
    """Give which objects of a frame there is enough of to click."""
    return [n for n in range(alphas_hwn.shape[-1]) if alphas_hwn[..., n].mean() > 255 * VISIBLE]


def _recolour(rng: np.random.Generator, plates_thwc: np.ndarray) -> np.ndarray:
    plates = plates_thwc[..., rng.permutation(3)] if rng.random() < 0.4 else plates_thwc
    gain, lift = rng.uniform(0.75, 1.2, 3), rng.uniform(-0.06, 0.06)
    gamma = np.exp(rng.uniform(-0.3, 0.3))
    ramp = np.linspace(0, 1, 256)[:, None] ** gamma * gain + lift
    table = np.clip(ramp * 255, 0, 255).astype(np.uint8)
    return np.stack([table[plates[..., c], c] for c in range(3)], axis=-1)
