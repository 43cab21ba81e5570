"""Pseudo-masks: what U2-Net, a salient-object network for photographs, sees in pictures that nobody has masked.

Source: U2-Net (Qin et al., arXiv 2005.09007; Apache-2.0). Its large and its small form are run as ONNX files, each on a
picture and on its mirror image; a mask is kept where they agree. It teaches and is not shipped.
"""

import csv
import logging
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np

from engine.clips.drawn.motion import Bytes, Floats
from engine.contract.errors import ModelError
from engine.datasets.pictures import read_picture

AGREED = 0.85
"""Least IoU of two looks for a mask to be kept."""
LEAST, MOST = 0.01, 0.75
"""Share of a picture that a kept mask covers."""
INDEX = "pseudo.csv"

_SIDE = 320  # of the square that U2-Net sees
_MEAN, _STD = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)
_LOG = logging.getLogger(__name__)

Look = Callable[[Bytes], Floats]


def open_teacher(file: Path, threads: int = 0) -> Look:
    """Open a U2-Net.

    Args:
        file: `u2net.onnx` or `u2netp.onnx`.
        threads: of the processor; 0 for all.

    Returns:
        A function from a picture (H, W, 3) uint8 sRGB to saliency (H, W) float32 in 0..1.

    Raises:
        ModelError: `model.unreadable` where the file or the package `onnxruntime` is missing.
    """
    try:
        import onnxruntime  # noqa: PLC0415 - only those who make pseudo-masks need it
    except ImportError as error:
        raise ModelError(
            "model.unreadable", "The package onnxruntime is missing.", "pip install onnxruntime, then run this again."
        ) from error
    if not file.is_file():
        raise ModelError("model.unreadable", f"There is no file {file}.", "docs/training.md says where to get it.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def look(picture_hwc: Bytes) -> Floats:
        height, width = picture_hwc.shape[:2]
        small = cv2.resize(picture_hwc, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
        scaled = (small / max(float(small.max()), 1e-6) - _MEAN) / _STD
        found = session.run(None, {name: scaled.transpose(2, 0, 1)[None].astype(np.float32)})[0][0, 0]
        return np.clip(cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR), 0, 1)

    return look


def mirrored(look: Look) -> Look:
    """Look at a picture's mirror image, and mirror what is seen back."""
    return lambda picture: np.ascontiguousarray(look(np.ascontiguousarray(picture[:, ::-1]))[:, ::-1])


def agreed(looks: Iterable[Look], picture_hwc: Bytes) -> tuple[Floats, float]:
    """Ask one look after another until two disagree.

    Args:
        looks: cheap ones first.
        picture_hwc: (H, W, 3) uint8 sRGB.

    Returns:
        The mean saliency (H, W) of those asked, and the least IoU of any with the first.
    """
    seen: list[Floats] = []
    least = 1.0
    for look in looks:
        seen.append(look(picture_hwc))
        least = min(least, _iou(seen[0] > 0.5, seen[-1] > 0.5))
        if least < AGREED:
            break
    return np.asarray(np.mean(seen, axis=0)), least


def make_pseudo_masks(
    pictures: Iterable[Path], looks: Iterable[Look], folder: Path, report: Callable[[int, int], None]
) -> None:
    """Write a grey PNG for every picture whose looks agree; a line an examined picture goes into `pseudo.csv`.

    Pictures that the index already names are left alone, so this can be stopped and run again.

    Args:
        pictures: files; their names differ.
        looks: as for `agreed`.
        folder: to write into.
        report: told how many were kept of how many examined.
    """
    folder.mkdir(parents=True, exist_ok=True)
    index, looks = folder / INDEX, list(looks)
    rows = list(csv.reader(index.open(newline="", encoding="utf-8"))) if index.exists() else []
    examined, kept = {row[0] for row in rows}, sum(row[3] == "kept" for row in rows)
    with index.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for path in pictures:
            if str(path) in examined:
                continue
            picture = read_picture(path)[..., :3]
            mask, iou = agreed(looks, picture)
            share = float((mask > 0.5).mean())
            keep = iou >= AGREED and LEAST <= share <= MOST
            if keep:
                cv2.imwrite(str(folder / f"{path.stem}.png"), (mask * 255 + 0.5).astype(np.uint8))
            examined.add(str(path))
            kept += keep
            writer.writerow([str(path), f"{iou:.3f}", f"{share:.3f}", "kept" if keep else "left"])
            file.flush()
            report(kept, len(examined))


def _iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / max(1, (a | b).sum()))
