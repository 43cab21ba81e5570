"""Image features by frame: computed once, kept in memory or in files while there is room, never altered."""

import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save, save_file
from torch import Tensor

from engine.contract.errors import DISK_FULL, OutputError
from engine.model.tensors import Features
from engine.session.pipeline import Later, now
from engine.session.transfer import coming_down

if TYPE_CHECKING:
    from concurrent.futures import Future

_LAST = ":channels_last"  # after the name of a (B, C, H, W) tensor that lies, and is stored, as (B, H, W, C)


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> int:
    """Write tensors to a safetensors file, atomically; values, types, and channels that lie last are kept exactly.

    Returns:
        The file's size in bytes.

    Raises:
        OutputError: `output.full_disk`, or `output.scratch` if the folder cannot be written to.
    """
    lying = dict(_as_it_lies(name, tensor.cpu()) for name, tensor in tensors.items())
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        try:
            save_file(lying, part)
        except SafetensorError:  # tells what is wrong in prose only; the system tells it as it is
            part.write_bytes(save(lying))
        size = part.stat().st_size
        part.replace(path)
    except OSError as problem:
        part.unlink(missing_ok=True)
        if problem.errno in DISK_FULL:
            raise OutputError(
                "output.full_disk",
                f"The disk of the engine's working files is full: '{part.parent}'.",
                "Make room on it, or choose another disk: MAM2_STORE for the engine, TMPDIR for mam2 matte.",
            ) from problem
        raise OutputError(
            "output.scratch",
            f"The engine cannot write its working files to '{path.parent}': {problem.strerror}.",
            "Check the folder, or choose another disk: MAM2_STORE for the engine, TMPDIR for mam2 matte.",
        ) from problem
    return size


def load_tensors(path: Path, *names: str) -> dict[str, Tensor]:
    """Read the named tensors of a file written by `save_tensors`; without names, all of them."""
    with safe_open(path, framework="pt") as file:
        stored = {key.removesuffix(_LAST): key for key in file.keys()}  # noqa: SIM118 - the file is no mapping
        return {name: _restored(stored[name], file.get_tensor(stored[name])) for name in names or stored}


def _as_it_lies(name: str, tensor: Tensor) -> tuple[str, Tensor]:
    """Turning channels around would take longer than writing them, and what computes with them wants them as before."""
    lies_last = tensor.ndim == 4 and tensor.is_contiguous(memory_format=torch.channels_last)
    if lies_last and not tensor.is_contiguous():
        return name + _LAST, tensor.permute(0, 2, 3, 1)
    return name, tensor.contiguous()


def _restored(key: str, stored: Tensor) -> Tensor:
    return stored.permute(0, 3, 1, 2) if key.endswith(_LAST) else stored


_SUFFIX = ".features"


class FeatureCache:
    """Features of one shot's plates under one model.

    In memory, where the frames used longest ago make room, and behind that in a folder when there is one, where those
    farthest from the newest do. Types and values are kept as computed. A folder may be kept for a later session on the
    same plates with the same model.

    Args:
        ram_bytes: most bytes in memory; the frame asked for last stays whatever its size. Few by default: behind a
            folder more save no time, and what stays among a frame's temporaries keeps them from being given back.
        folder: where features go on disk; None keeps them in memory only.
        disk_bytes: most bytes on disk.
    """

    def __init__(self, ram_bytes: int = 8 << 20, *, folder: Path | None = None, disk_bytes: int = 4 << 30) -> None:
        self._ram_bytes, self._disk_bytes, self._folder = ram_bytes, disk_bytes, folder
        self._ram: OrderedDict[int, Features] = OrderedDict()
        self._sizes: dict[int, int] = {}
        self._disk: dict[int, int] = {}
        # Features that are being written: who asks for them meanwhile gets them from here.
        self._fresh: dict[int, Features] = {}
        self._writing: dict[int, Future[object]] = {}
        self._lock = Lock()
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            self._disk = {int(path.stem): path.stat().st_size for path in folder.glob(f"*{_SUFFIX}")}

    def get(self, frame: int, compute: Callable[[], Features], later: Later = now) -> Features:
        """Give a frame's features: from memory, from disk, or by computing them.

        Features that were kept are on the CPU; computed ones are where `compute` left them.

        Args:
            frame: whose.
            compute: encodes its plate.
            later: has computed ones written beside what follows.
        """
        with self._lock:
            if frame in self._fresh:
                return self._fresh[frame]
            if frame in self._ram:
                self._ram.move_to_end(frame)
                return self._ram[frame]
            if frame in self._disk:
                features = Features(**load_tensors(self._path(frame)))
                self._keep(frame, features)
                return features
        features = self._fresh[frame] = compute()
        self._writing = {one: writing for one, writing in self._writing.items() if not writing.done()}
        tensors, arrived = coming_down(list(vars(features).values()))  # here: devices hear of one thread alone
        self._writing[frame] = later(partial(self._file, frame, Features(*tensors), arrived))
        return features

    def has(self, frame: int) -> bool:
        """Tell whether a frame's features are kept."""
        return frame in self._fresh or frame in self._ram or frame in self._disk

    def rest(self) -> None:
        """Let go of what is in memory and on disk as well."""
        with self._lock:
            for frame in [frame for frame in self._ram if frame in self._disk]:
                del self._ram[frame], self._sizes[frame]

    def forget(self, frames: Iterable[int]) -> None:
        """Drop what is kept of these frames, on disk too: their plates have changed."""
        for frame in frames:
            if writing := self._writing.pop(frame, None):
                with suppress(Exception):  # whose frame it is hears of it
                    writing.result()
            with self._lock:
                self._ram.pop(frame, None)
                self._sizes.pop(frame, None)
                if frame in self._disk:
                    self._remove(frame)

    @property
    def ram_bytes(self) -> int:
        """Bytes held in memory now."""
        return sum(self._sizes.values())

    @property
    def disk_bytes(self) -> int:
        """Bytes held on disk now."""
        return sum(self._disk.values())

    def _file(self, frame: int, kept: Features, arrived: Callable[[], None]) -> None:
        """Keep computed features in memory and on disk, once they are on the host; any thread may do it."""
        try:
            arrived()
            with self._lock:
                self._keep(frame, kept)
            if self._folder:
                size = save_tensors(self._path(frame), vars(kept))
                with self._lock:
                    self._disk[frame] = size
                    self._make_room(frame)
        finally:
            del self._fresh[frame]

    def _keep(self, frame: int, features: Features) -> None:
        self._ram[frame] = features
        self._sizes[frame] = sum(
            tensor.nbytes for tensor in (features.image_bchw, features.stride_4, features.stride_8)
        )
        while self.ram_bytes > self._ram_bytes and len(self._ram) > 1:
            oldest, _ = self._ram.popitem(last=False)
            del self._sizes[oldest]

    def _make_room(self, frame: int) -> None:
        while self.disk_bytes > self._disk_bytes:
            # Frames are asked for in order: those far away are needed last, and dropping the oldest would drop,
            # of a shot that does not fit, always the one that is asked for next.
            self._remove(max(self._disk, key=lambda kept: abs(kept - frame)))

    def _remove(self, frame: int) -> None:
        del self._disk[frame]
        self._path(frame).unlink(missing_ok=True)

    def _path(self, frame: int) -> Path:
        if self._folder is None:
            raise RuntimeError("this cache has no folder")
        return self._folder / f"{frame}{_SUFFIX}"
