"""Clips: a seed in, plates with exact alpha out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.clips.drawn.motion import Bytes, Camera, Floats, to_display
from engine.clips.drawn.noise import child
from engine.clips.drawn.scene import FAMILIES, Composite, Scene

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS: tuple[str, ...] = ("blob", "hair", "net", "motion", "smoke", "fire", "glass", "bubbles")
"""Every kind of subject."""
TRANSLUCENT: frozenset[str] = frozenset({"smoke", "fire", "glass", "bubbles"})
"""Kinds whose inside, and not only the edge, has a fractional alpha."""
UNSEEN_SEED = 1_000_000_000
"""Training draws seeds below this one; evaluation and demonstrations use seeds from here on."""

Click = tuple[float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Clip:
    """A training clip.

    Attributes:
        kind: one of KINDS.
        seed: what it was drawn from.
        plates_thwc: (T, H, W, 3) uint8, display-referred sRGB, with grain and other camera effects.
        alpha_thw: (T, H, W) uint8, 255 opaque: the subject's visible alpha, linear, never touched by the camera.
        distractor_thw: (T, H, W) uint8: the distractor's visible alpha.
        click_xy: a point well inside the subject on frame 0, in pixels (origin top-left, integers are pixel corners).
        box_xyxy: the tight box of alpha > 0.1 on frame 0, same coordinates.
    """

    kind: str
    seed: int
    plates_thwc: Bytes
    alpha_thw: Bytes
    distractor_thw: Bytes
    click_xy: Click
    box_xyxy: Box


@dataclass(frozen=True)
class LinearClip:
    """The same clip in scene-linear light, float32, before quantising.

    plates = foreground * alpha + rest * (1 - alpha) holds to float precision unless camera effects were asked for.

    Attributes:
        kind: one of KINDS.
        seed: what it was drawn from.
        plates_thwc: (T, H, W, 3), 0 and up (flames exceed 1), linear Rec.709 primaries.
        foreground_thwc: the subject's straight (not premultiplied) colour.
        background_thwc: everything but the subject: background and distractor, as seen without it.
        alpha_thw: (T, H, W) 0..1, the subject's visible alpha.
        distractor_thw: (T, H, W) 0..1, the distractor's visible alpha.
        click_xy: as in Clip.
        box_xyxy: as in Clip.
    """

    kind: str
    seed: int
    plates_thwc: Floats
    foreground_thwc: Floats
    background_thwc: Floats
    alpha_thw: Floats
    distractor_thw: Floats
    click_xy: Click
    box_xyxy: Box


def make_clip(
    seed: int, *, kind: str | None = None, frames: int = 24, size_hw: tuple[int, int] = (256, 256), stride: float = 1.0
) -> Clip:
    """Draw a clip: the same arguments always give the same arrays, and the same seed the same shot at any size.

    Args:
        seed: any integer from 0 on; below UNSEEN_SEED for training.
        kind: the subject, one of KINDS; chosen by the seed when None.
        frames: how many.
        size_hw: frame height and width in pixels, any aspect.
        stride: speed: 2.0 shows every second moment of the same shot.

    Raises:
        ValueError: an unknown kind, no frames, or a frame under 16 pixels.
    """
    kind = _checked(seed, kind, frames, size_hw)
    height, width = size_hw
    plates = np.empty((frames, height, width, 3), np.uint8)
    alpha = np.empty((frames, height, width), np.uint8)
    distractor = np.empty_like(alpha)
    camera = Camera(seed, size_hw)
    first: Composite | None = None
    for index, frame in enumerate(_frames(seed, kind, frames, size_hw, stride)):
        first = first or frame
        plates[index] = camera.compress(to_display(camera.expose(frame.plate_hwc, index)))
        alpha[index] = _to_bytes(frame.alpha_hw)
        distractor[index] = _to_bytes(frame.distractor_hw)
    assert first is not None  # noqa: S101  # frames >= 1 was checked
    return Clip(kind, seed, plates, alpha, distractor, *_prompts(seed, kind, first))


def render_linear(
    seed: int,
    *,
    kind: str | None = None,
    frames: int = 24,
    size_hw: tuple[int, int] = (256, 256),
    stride: float = 1.0,
    camera: bool = False,
) -> LinearClip:
    """The picture of `make_clip`, in scene-linear floats, with the layers it was composited from.

    Args:
        seed: as in `make_clip`.
        kind: as in `make_clip`.
        frames: as in `make_clip`.
        size_hw: as in `make_clip`.
        stride: as in `make_clip`.
        camera: add exposure drift, softness and grain to the plates, as `make_clip` does; exact without.

    Raises:
        ValueError: as in `make_clip`.
    """
    kind = _checked(seed, kind, frames, size_hw)
    shape = (frames, *size_hw)
    plates, foreground, rest = (np.empty((*shape, 3), np.float32) for _ in range(3))
    alpha, distractor = np.empty(shape, np.float32), np.empty(shape, np.float32)
    lens = Camera(seed, size_hw) if camera else None
    first: Composite | None = None
    for index, frame in enumerate(_frames(seed, kind, frames, size_hw, stride)):
        first = first or frame
        plates[index] = frame.plate_hwc if lens is None else lens.expose(frame.plate_hwc, index)
        foreground[index], rest[index] = frame.foreground(), frame.rest()
        alpha[index], distractor[index] = frame.alpha_hw, frame.distractor_hw
    assert first is not None  # noqa: S101  # frames >= 1 was checked
    return LinearClip(kind, seed, plates, foreground, rest, alpha, distractor, *_prompts(seed, kind, first))


def _checked(seed: int, kind: str | None, frames: int, size_hw: tuple[int, int]) -> str:
    if kind is not None and kind not in FAMILIES:
        raise ValueError(f"unknown kind {kind!r}: one of {', '.join(KINDS)}")
    if frames < 1 or min(size_hw) < 16:
        raise ValueError(f"a clip needs a frame and at least 16 pixels a side, not {frames} frames of {size_hw}")
    return KINDS[int(child(seed, 61).integers(len(KINDS)))] if kind is None else kind


def _frames(seed: int, kind: str, frames: int, size_hw: tuple[int, int], stride: float) -> Iterator[Composite]:
    scene = Scene(seed, kind, frames * stride, size_hw)
    for index in range(frames):
        yield scene.draw(index * stride)


def _prompts(seed: int, kind: str, first: Composite) -> tuple[Click, Box]:
    """A click where the subject is dense and the distractor is not, and the subject's box, on the first frame."""
    alpha, other = first.alpha_hw, first.distractor_hw
    rows, cols = np.nonzero(alpha > min(0.1, 0.5 * float(alpha.max())))
    box = (float(cols.min()), float(rows.min()), float(cols.max() + 1), float(rows.max() + 1))
    height = alpha.shape[0]
    inside = alpha * (cv2.dilate(other, np.ones((3, 3), np.uint8)) < 0.02)
    if inside.max() <= 0.1:
        inside = alpha * (1 - other) ** 2  # behind all of a clear subject: the least of it
    thin = kind in TRANSLUCENT
    top = float(np.quantile(inside[inside > min(0.1, 0.5 * float(inside.max()))], 0.8 if thin else 0.75))
    dense = inside >= np.float32(0.5 if thin else 0.95) * np.float32(top)
    # Wide, so that the click falls in the body and not on a highlight, a rim or a frame's edge.
    score = cv2.blur(inside, (max(3, height // (10 if thin else 24)) | 1,) * 2, borderType=cv2.BORDER_CONSTANT) * dense
    rows, cols = np.nonzero(score >= 0.8 * score.max())
    # One draw between 0 and 1, so that another frame size picks about the same place.
    pick = int(child(seed, 62).random() * len(rows))
    return (float(cols[pick]) + 0.5, float(rows[pick]) + 0.5), box


def _to_bytes(alpha: Floats) -> Bytes:
    return np.asarray(alpha * np.float32(255) + np.float32(0.5), np.float32).astype(np.uint8)
