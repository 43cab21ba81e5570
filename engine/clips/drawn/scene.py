"""A scene: one subject, one distractor, the sheet behind everything, their depth order and their exact composite."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.clips.drawn.glassware import Bubbles, Glass
from engine.clips.drawn.motion import Gait, Path, Point, Pose
from engine.clips.drawn.noise import Drift, child, fbm, smoothstep
from engine.clips.drawn.solids import Blob, Motion
from engine.clips.drawn.strands import Hair, Net
from engine.clips.drawn.textures import texture
from engine.clips.drawn.vapour import Fire, Smoke

if TYPE_CHECKING:
    from engine.clips.drawn.motion import Floats
    from engine.clips.drawn.subjects import Layer, Size, Subject

_ROOM = 1.4
"""The sheet's side, in longer sides of the frame: room for the camera to move."""


class Background:
    """A moving background; `draw` gives one frame of scene-linear RGB."""

    def __init__(self, seed: int, duration: float, size_hw: Size, line_px: float) -> None:
        """Draw the sheet for a frame size; `duration` in frames is how long its moving things need a path."""
        rng = child(seed, 31)
        self._size_hw = size_hw
        side = round(_ROOM * max(size_hw))
        mix = float(rng.uniform(0, 1))
        self._sheet = self._paint(seed, side, mix)
        # Choices hang on these colours, so they must be the same at every frame size.
        self._swatch = cv2.resize(self._paint(seed, 96, mix), (12, 12), interpolation=cv2.INTER_AREA)
        still = rng.random() < 0.25
        amount = 0.0 if still else float(rng.uniform(0.02, 0.11))
        self._pan = (Drift(rng, amount, pace=0.02), Drift(rng, amount, pace=0.02))
        self._zoom = Drift(rng, 0.0 if still else float(rng.uniform(0.0, 0.08)), pace=0.02)
        self._turn = Drift(rng, 0.0 if still else float(rng.uniform(0.0, 0.12)), pace=0.02)
        self._start = rng.uniform(-0.08, 0.08, 2)
        self._extras: list[tuple[Subject, Path]] = []
        for index in range(int(rng.choice([0, 1, 2, 3], p=[0.5, 0.25, 0.15, 0.1]))):
            extra = Blob(seed * 8 + 3 + index)
            extra.prepare(float(rng.uniform(0.03, 0.12)) * float(np.sqrt(size_hw[0] * size_hw[1])), line_px)
            where = tuple(float(v) for v in rng.random(2))
            self._extras.append((extra, Path(child(seed, 32, index), (where[0], where[1]), Gait.draw(rng), duration)))

    @staticmethod
    def _paint(seed: int, side: int, mix: float) -> Floats:
        base = texture(child(seed, 33), side)
        if mix < 0.45:
            other = texture(child(seed, 34), side)
            cover = smoothstep(0.45, 0.5 + 0.4 * mix, fbm(child(seed, 35), side, 2 + int(mix * 8), 3))[..., None]
            base = base + (other - base) * cover
        if mix > 0.85:
            base = np.asarray(cv2.GaussianBlur(base, (0, 0), 0.012 * side), np.float32)
        return np.asarray(base, np.float32)

    def draw(self, time: float) -> Floats:
        """The frame at a time: (H, W, 3) float32, scene-linear, a new array."""
        height, width = self._size_hw
        side, room = self._sheet.shape[0], max(self._size_hw)
        zoom, turn = float(np.exp(-self._zoom(time))) * 0.97, self._turn(time)
        cos, sin = zoom * np.cos(turn), zoom * np.sin(turn)
        cx = side / 2 + room * (self._start[0] + self._pan[0](time))
        cy = side / 2 + room * (self._start[1] + self._pan[1](time))
        linear = np.array([[cos, -sin], [sin, cos]])
        shift = np.array([cx, cy]) - linear @ np.array([width / 2, height / 2])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        matrix = np.column_stack([linear, shift])
        frame = cv2.warpAffine(self._sheet, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT_101)
        out = np.asarray(frame, np.float32)
        for extra, path in self._extras:
            layer = extra.draw(path(time), time, self._size_hw)
            if layer is not None:
                h, w = layer.alpha_hw.shape
                part = out[layer.y : layer.y + h, layer.x : layer.x + w]
                part += (layer.colour_hwc - part) * layer.alpha_hw[..., None]
        return out

    def colour_at(self, x: float, y: float) -> Floats:
        """A colour typical of the place x, y (fractions of the frame): (3,) 0..1, near enough to display-referred."""
        column, row = (int(12 * (0.5 + (v - 0.5) / _ROOM)) for v in (x, y))
        return np.asarray(np.sqrt(self._swatch[row, column]), np.float32)


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
        alpha_hw: the subject's visible alpha (what lies in front of it already taken off).
        distractor_hw: the distractor's visible alpha.
        behind_hwc: everything behind the subject.
        subject: the subject's own layer, None while it is out of frame.
        front: the distractor's layer where it lies in front of the subject.
    """

    plate_hwc: Floats
    alpha_hw: Floats
    distractor_hw: Floats
    behind_hwc: Floats
    subject: Layer | None
    front: Layer | None

    def foreground(self) -> Floats:
        """The subject's straight colour, (H, W, 3); 0 outside its window."""
        colour = np.zeros_like(self.plate_hwc)
        if self.subject is not None:
            _place(colour, self.subject, self.subject.colour_hwc)
        return colour

    def rest(self) -> Floats:
        """Everything but the subject, (H, W, 3): what shows where its visible alpha is 0, and mixes in elsewhere."""
        if self.front is None:
            return self.behind_hwc
        # Under a distractor in front, what is left of the background has lost the subject's share of it.
        cover, own = _on_frame(self.front, self.alpha_hw.shape), _on_frame(self.subject, self.alpha_hw.shape)
        front = np.zeros_like(self.plate_hwc)
        _place(front, self.front, self.front.colour_hwc * self.front.alpha_hw[..., None])
        left = self.behind_hwc * ((1 - cover) * (1 - own))[..., None]
        return np.asarray((front + left) / np.maximum(1 - self.alpha_hw, np.float32(1e-6))[..., None], np.float32)


@dataclass(frozen=True)
class Actor:
    """A subject with its radius (in square roots of the frame's area), its path and a colour filter over it."""

    subject: Subject
    radius: float
    path: Path
    filter_rgb: Floats | None = None

    def draw(self, time: float, size_hw: Size) -> Layer | None:
        """Its layer at a time in frames."""
        layer = self.subject.draw(self.path(time), time, size_hw)
        if layer is None or self.filter_rgb is None:
            return layer
        return replace(layer, colour_hwc=layer.colour_hwc * self.filter_rgb)


class Scene:
    """Everything in one clip, drawable at any time in frames (time runs `stride` times as fast as the clip)."""

    def __init__(self, seed: int, kind: str, duration: float, size_hw: Size) -> None:
        """Cast and place everything; the same arguments give the same scene at every size."""
        rng = child(seed, 41)
        self.size_hw = size_hw
        self.background = Background(seed, duration, size_hw, size_hw[0] / 256)
        hide = bool(rng.random() < 0.22)
        self.in_front = bool(rng.random() < 0.5)
        start = (float(rng.uniform(0.22, 0.78)), float(rng.uniform(0.24, 0.76)))
        subject, radius = self._cast(kind, seed * 8 + 1, rng, self.background.colour_at(*start), hide=hide)
        path = Path(child(seed, 42), start, Gait.draw(rng), duration, upright=subject.upright)
        self.subject = Actor(subject, radius, path)
        self.distractor: Actor | None = None
        # Two flames or two smokes melt into one: nobody could say which is whose, so they meet less often.
        same, present, crossing = (
            rng.random() < (0.25 if kind in {"smoke", "fire", "bubbles"} else 0.5),
            rng.random() < 0.9,
            rng.random() < 0.55,
        )
        other = kind if same else str(rng.choice([k for k in FAMILIES if k != kind]))
        extra, width = self._cast(
            other, seed * 8 + 2, rng, self.background.colour_at(0.5, 0.5), hide=hide and rng.random() < 0.3
        )
        where = self._beside(child(seed, 43), start, radius + width)
        lure = path.position if crossing else None
        if present:
            way = Path(child(seed, 44), where, Gait.draw(rng), duration, lure=lure, upright=extra.upright)
            self.distractor = Actor(extra, width, way, _filter(rng) if other == kind and extra.clear else None)
        if self.in_front and self._hides(_small(size_hw)):
            self.in_front = False
        self._resize(size_hw)

    def _cast(
        self, kind: str, seed: int, rng: np.random.Generator, behind: Floats, *, hide: bool
    ) -> tuple[Subject, float]:
        """A subject sized to a random share of the frame, and its radius in square roots of the frame's area."""
        share = float(np.exp(rng.uniform(np.log(0.05), np.log(0.34))))
        for attempt in range(5):
            subject = FAMILIES[kind](seed + (attempt << 40), behind, hide=hide)
            area = _own_area(subject)
            # Some wisps of smoke are all but empty on the first frame, where the click goes: take another.
            if area > 0.25:
                break
        return subject, float(np.clip(np.sqrt(share / max(area, 0.05)), 0.08, 0.42))

    def _resize(self, size_hw: Size, *, draft: bool = False) -> None:
        for actor in (self.subject, self.distractor):
            if actor is not None:
                actor.subject.prepare(
                    actor.radius * float(np.sqrt(size_hw[0] * size_hw[1])), size_hw[0] / 256, draft=draft
                )

    def _beside(self, rng: np.random.Generator, start: Point, apart: float) -> Point:
        """A starting place for the distractor clear of the subject, or as far off as can be."""
        aspect = np.sqrt(self.size_hw[1] / self.size_hw[0])
        places = rng.uniform(0.02, 0.98, (24, 2))
        away = np.hypot((places[:, 0] - start[0]) * aspect, (places[:, 1] - start[1]) / aspect)
        clear = np.flatnonzero(away > apart * 0.95)
        best = int(clear[0]) if len(clear) else int(np.argmax(away))
        return float(places[best, 0]), float(places[best, 1])

    def _hides(self, size_hw: Size) -> bool:
        """Whether the distractor, in front, would take much of the subject on the first frame."""
        self._resize(size_hw, draft=True)
        back = self.subject.draw(0.0, size_hw)
        front = None if self.distractor is None else self.distractor.draw(0.0, size_hw)
        if back is None or front is None:
            return False
        over = _on_frame(front, size_hw)[back.y : back.y + back.alpha_hw.shape[0],
                                              back.x : back.x + back.alpha_hw.shape[1]]  # fmt: skip
        return float(np.sum(back.alpha_hw * over)) > 0.2 * float(np.sum(back.alpha_hw))

    def draw(self, time: float) -> Composite:
        """The exact composite at a time in frames."""
        behind = self.background.draw(time)
        subject = self.subject.draw(time, self.size_hw)
        other = None if self.distractor is None else self.distractor.draw(time, self.size_hw)
        alpha, cover = _on_frame(subject, self.size_hw), _on_frame(other, self.size_hw)
        if other is not None and not self.in_front:
            _over(behind, other)
            cover = cover * (1 - alpha)
        plate = behind.copy()
        if subject is not None:
            _over(plate, subject)
        front = other if self.in_front else None
        if front is not None:
            _over(plate, front)
            alpha = alpha * (1 - cover)
        return Composite(plate, alpha, cover, behind, subject, front)


def _own_area(subject: Subject) -> float:
    """How much a subject covers at its start, in its own square units, looked at in one fixed small size."""
    unit = _PROBE / (2 * subject.reach)
    subject.prepare(unit, 1.0, draft=True)
    layer = subject.draw(Pose(0.5, 0.5, 0.0, 1.0), 0.0, (_PROBE, _PROBE))
    if layer is None or layer.alpha_hw.max() < 0.3:
        return 0.0
    return float(np.count_nonzero(cv2.blur(layer.alpha_hw, (7, 7)) > 0.08)) / unit**2


def _filter(rng: np.random.Generator) -> Floats:
    """A strong colour filter (3,): two smokes or two flames of one colour could not be told apart by anybody."""
    return rng.permutation([rng.uniform(0.12, 0.4), rng.uniform(0.3, 1.0), rng.uniform(0.7, 1.3)]).astype(np.float32)


def _small(size_hw: Size) -> Size:
    """A frame of the same shape but one fixed area, so that what is decided on it holds at every size."""
    shrink = 80 / float(np.sqrt(size_hw[0] * size_hw[1]))
    return round(size_hw[0] * shrink), round(size_hw[1] * shrink)


def _over(image: Floats, layer: Layer) -> None:
    h, w = layer.alpha_hw.shape
    part = image[layer.y : layer.y + h, layer.x : layer.x + w]
    part += (layer.colour_hwc - part) * layer.alpha_hw[..., None]


def _place(image: Floats, layer: Layer, values: Floats) -> None:
    h, w = layer.alpha_hw.shape
    image[layer.y : layer.y + h, layer.x : layer.x + w] = values


def _on_frame(layer: Layer | None, size_hw: tuple[int, ...]) -> Floats:
    alpha = np.zeros(size_hw, np.float32)
    if layer is not None:
        _place(alpha, layer, layer.alpha_hw)
    return alpha
