"""Memory that ran out: what counts as that, in which part of the work it was, and what is said of it."""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import torch

from engine.contract.errors import EngineError, ServiceError

LOAD, TRACKER, MATTER = "load", "tracker", "matter"
"""Where memory runs out: as a model's weights go to their device, in the tracker, in the matter."""

_WORDS = (
    "out of memory",  # CUDA, ROCm, Metal
    "alloc_failed",  # cuDNN, cuBLAS
    "cublas_status_not_initialized",  # cuBLAS, when there is none left for what it works in
    "can't allocate memory",  # PyTorch on a processor
    "not enough memory",  # PyTorch on Windows
    "insufficient memory",  # OpenCV
)
_CURE = "Close other programs that use the device, choose a smaller model, or compute on the CPU."


class OutOfMemory(MemoryError):  # noqa: N818 - it says of what, and is caught where Python's own is
    """Memory ran out in a known part of the work.

    Attributes:
        stage: `LOAD`, `TRACKER` or `MATTER`.
    """

    def __init__(self, stage: str) -> None:
        super().__init__(f"out of memory: {stage}")
        self.stage = stage


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error is some library's way to say that there is no memory, on a device or on the host."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    said = str(error).lower()
    return isinstance(error, RuntimeError | cv2.error) and any(word in said for word in _WORDS)


def stage_of(error: BaseException) -> str:
    """Give the part of the work that ran out of memory: the tracker, unless it was said to be another."""
    return error.stage if isinstance(error, OutOfMemory) else TRACKER


@contextmanager
def at_stage(stage: str) -> Iterator[None]:
    """Have memory that runs out within be known as that of a part of the work."""
    try:
        yield
    except Exception as problem:
        if isinstance(problem, OutOfMemory) or not is_out_of_memory(problem):
            raise
        raise OutOfMemory(stage) from problem


def too_little_memory(stage: str) -> EngineError:
    """Give the error `engine.out_of_memory` of a part of the work, with its cure."""
    if stage == LOAD:
        return ServiceError("engine.out_of_memory", "The device has too little memory for the model's weights.", _CURE)
    if stage == TRACKER:
        return ServiceError(
            "engine.out_of_memory",
            "The device has too little memory to track this shot, even without the matter.",
            _CURE,
        )
    return ServiceError(
        "engine.out_of_memory",
        "There is too little memory to matte this shot, even in small tiles and on the host's processor.",
        "Close other programs that use memory, or work at a lower resolution.",
    )
