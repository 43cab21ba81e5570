"""A scene: one subject, one distractor, a background, their depth order and their exact composite."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engine.training.procedural.background import Background
from engine.training.procedural.colour import Floats
from engine.training.procedural.glassware import Bubbles, Glass
from engine.training.procedural.motion import Gait, Path, Point, Pose
from engine.training.procedural.noise import child
from engine.training.procedural.solids import Blob, Motion
from engine.training.procedural.strands import Hair, Net
from engine.training.procedural.subjects import Layer, Size, Subject
from engine.training.procedural.vapour import Fire, Smoke

FAMILIES: dict[str, type[Blob | Hair | Net | Motion | Smoke | Fire | Glass | Bubbles]] = {
    "blob": Blob,
    "hair": Hair,
    "net": Net,
    "motion": Motion,
    "smoke": Smoke,
    "fire": Fire,
    "glass": Glass,
    "bubbles": Bubbles,
}
_PROBE = 112
"""Side in pixels of the small picture that tells how much of its own square a subject covers."""


@dataclass(frozen=True)
class Composite:
    """One frame in scene-linear light: plate = foreground * alpha + rest * (1 - alpha), exactly.

    Attributes:
        plate_hwc: float32 (H, W, 3).
        foreground_hwc: the subject's straight colour; 0 where it is not.
        rest_hwc: everything else, as seen without the subject.
        alpha_hw: the subject's visible alpha (what lies in front of it already taken off).
        distractor_hw: the distractor's visible alpha.
    """

    plate_hwc: Floats
    foreground_hwc: Floats
    rest_hwc: Floats
    alpha_hw: Floats
    distractor_hw: Floats


@dataclass(frozen=True)
class Actor:
    """A subject with its path."""

    subject: Subject
    path: Path

    def draw(self, time: float, size_hw: Size) -> Layer | None:
        """Its layer at a time in frames."""
        return self.subject.draw(self.path(time), time, size_hw)


class Scene:
    """Everything in one clip, drawable at any time in frames (time runs `stride` times as fast as the clip)."""

    def __init__(self, seed: int, kind: str, duration: float, size_hw: Size) -> None:
        """Cast and place everything; the same arguments give the same scene at every size."""
        rng = child(seed, 41)
        self.size_hw = size_hw
        self._line_px = size_hw[0] / 256
        self.background = Background(seed, duration, size_hw, self._line_px)
        near = self.background.mean_display() if rng.random() < 0.22 else None
        self.in_front = bool(rng.random() < 0.5)
        start = (float(rng.uniform(0.22, 0.78)), float(rng.uniform(0.24, 0.76)))
        subject, radius = self._cast(kind, seed * 8 + 1, rng, near)
        path = Path(child(seed, 42), start, Gait.draw(rng), duration, free_turn=not subject.upright)
        self.subject = Actor(subject, path)
        self.distractor: Actor | None = None
        same, present, crossing = rng.random() < 0.5, rng.random() < 0.9, rng.random() < 0.55
        other = kind if same else str(rng.choice([k for k in FAMILIES if k != kind]))
        extra, width = self._cast(other, seed * 8 + 2, rng, near if rng.random() < 0.3 else None)
        where = self._beside(child(seed, 43), start, radius + width)
        lure = path.position if crossing else None
        if present:
            way = Path(child(seed, 44), where, Gait.draw(rng), duration, lure=lure, free_turn=not extra.upright)
            self.distractor = Actor(extra, way)
        if self.in_front and self._hides():
            self.in_front = False

    def _cast(self, kind: str, seed: int, rng: np.random.Generator, near: Floats | None) -> tuple[Subject, float]:
        """A subject sized to a random share of the frame, and its radius in square roots of the frame's area."""
        subject = FAMILIES[kind](seed, near)
        share = float(np.exp(rng.uniform(np.log(0.04), np.log(0.26))))
        unit = _PROBE / (2 * subject.reach)
        subject.prepare(unit, 1.0)
        layer = subject.draw(Pose(0.5, 0.5, 0.0, 1.0), 0.0, (_PROBE, _PROBE))
        solid = 0.0 if layer is None else float(np.mean(cv2.blur(layer.alpha_hw, (7, 7)) > 0.08)) * layer.alpha_hw.size
        radius = float(np.clip(np.sqrt(share / max(solid / unit**2, 0.05)), 0.08, 0.36))
        subject.prepare(radius * float(np.sqrt(self.size_hw[0] * self.size_hw[1])), self._line_px)
        return subject, radius

    def _beside(self, rng: np.random.Generator, start: Point, apart: float) -> Point:
        """A starting place for the distractor clear of the subject, or as far off as can be."""
        aspect = np.sqrt(self.size_hw[1] / self.size_hw[0])
        places = rng.uniform(0.02, 0.98, (24, 2))
        away = np.hypot((places[:, 0] - start[0]) * aspect, (places[:, 1] - start[1]) / aspect)
        clear = np.flatnonzero(away > apart * 0.95)
        best = int(clear[0]) if len(clear) else int(np.argmax(away))
        return float(places[best, 0]), float(places[best, 1])

    def _hides(self) -> bool:
        """Whether the distractor, in front, would take much of the subject on the first frame."""
        back = self.subject.draw(0.0, self.size_hw)
        front = None if self.distractor is None else self.distractor.draw(0.0, self.size_hw)
        if back is None or front is None:
            return False
        over = _on_frame(front, self.size_hw)[back.y : back.y + back.alpha_hw.shape[0],
                                              back.x : back.x + back.alpha_hw.shape[1]]  # fmt: skip
        return float(np.sum(back.alpha_hw * over)) > 0.2 * float(np.sum(back.alpha_hw))

    def draw(self, time: float) -> Composite:
        """The exact composite at a time in frames."""
        behind = self.background.draw(time)
        subject = self.subject.draw(time, self.size_hw)
        other = None if self.distractor is None else self.distractor.draw(time, self.size_hw)
        alpha, colour = _spread(subject, self.size_hw)
        cover = _on_frame(other, self.size_hw)
        if other is not None and not self.in_front:
            _over(behind, other)
            cover = cover * (1 - alpha)
        if other is None or not self.in_front:
            plate = behind + (colour - behind) * alpha[..., None]
            return Composite(plate, colour, behind, alpha, cover)
        visible = alpha * (1 - cover)
        # Seen without the subject: what stays of the background under the distractor, then the distractor itself.
        keep = np.maximum(1 - visible, np.float32(1e-6))[..., None]
        front = np.zeros_like(behind)
        _place(front, other, other.colour_hwc * other.alpha_hw[..., None])
        rest = (front + behind * ((1 - cover) * (1 - alpha))[..., None]) / keep
        plate = colour * visible[..., None] + rest * (1 - visible)[..., None]
        return Composite(plate, colour, rest, visible, cover)


def _over(image: Floats, layer: Layer) -> None:
    h, w = layer.alpha_hw.shape
    part = image[layer.y : layer.y + h, layer.x : layer.x + w]
    part += (layer.colour_hwc - part) * layer.alpha_hw[..., None]


def _place(image: Floats, layer: Layer, values: Floats) -> None:
    h, w = layer.alpha_hw.shape
    image[layer.y : layer.y + h, layer.x : layer.x + w] = values


def _on_frame(layer: Layer | None, size_hw: Size) -> Floats:
    alpha = np.zeros(size_hw, np.float32)
    if layer is not None:
        _place(alpha, layer, layer.alpha_hw)
    return alpha


def _spread(layer: Layer | None, size_hw: Size) -> tuple[Floats, Floats]:
    colour = np.zeros((*size_hw, 3), np.float32)
    if layer is not None:
        _place(colour, layer, layer.colour_hwc)
    return _on_frame(layer, size_hw), colour
