"""Composites over photographs: cut-outs that sway, throw shadows, take on light and stand behind one another."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from engine.clips.drawn.motion import Bytes, Floats
from engine.clips.drawn.scene import Scene
from engine.training.composition.layers import Composite, Grade, Layer, opaque, premultiplied, shrunk
from engine.training.composition.scenes import ASPECTS
from engine.training.composition.travel import Travel, View, camera_path, draw_placing, foreground_path
from engine.training.pictures.stills import Cutout

_MODES = 3
_STILL = 0.4  # share of cut-outs that stay stiff
_GREATEST = 0.06  # of a cut-out's longer side: how far a point goes, all modes together


@dataclass(frozen=True)
class Elastic:
    """Displacement by a few slow standing waves.

    Attributes:
        modes: (M, 2, 6) for each wave and axis: waves along x and along y of the picture, phase in space, amplitude in
            shares of the longer side, radians a frame, phase in time.
    """

    modes: Floats

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Elastic":
        """Draw a motion, often none."""
        if rng.random() < _STILL:
            return cls(np.empty((0, 2, 6), np.float32))
        shape = (_MODES, 2, 1)
        waves = rng.uniform(-1.5, 1.5, (_MODES, 2, 2)) * np.pi
        space, time = rng.uniform(0, 2 * np.pi, shape), rng.uniform(0, 2 * np.pi, shape)
        amplitude = rng.uniform(0, _GREATEST / _MODES, shape)
        pace = rng.uniform(0.1, 0.7, shape)
        return cls(np.concatenate([waves, space, amplitude, pace, time], axis=2).astype(np.float32))

    def bend(self, picture_hwc: Floats, frame: float) -> Floats:
        """Give a premultiplied picture (H, W, 4) float32 as it is at a time in frames; frame 0 is bent as well."""
        if not len(self.modes):
            return picture_hwc
        height, width = picture_hwc.shape[:2]
        y, x = np.mgrid[:height, :width].astype(np.float32)
        moved = [x.copy(), y.copy()]
        for wave in self.modes:
            for axis, (along_x, along_y, space, amplitude, pace, time) in enumerate(wave):
                swing = amplitude * max(height, width) * np.sin(pace * frame + time)
                moved[axis] += swing * np.sin(along_x * x / width + along_y * y / height + space)
        return np.asarray(cv2.remap(picture_hwc, moved[0], moved[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT))


_SHADOW, _WRAP, _DEFOCUS, _CLOSER = 0.45, 0.3, 0.2, 0.35  # shares of what has it
_SHUTTERS, _SHARES = (0.0, 0.5, 0.9), (0.5, 0.35, 0.15)


@dataclass(frozen=True)
class Shadow:
    """What a foreground takes from the light on all that is behind it.

    Attributes:
        strength: 0..1, of its middle.
        offset: x, y in shares of the square.
        blur: standard deviation in shares of the square.
    """

    strength: float
    offset: tuple[float, float]
    blur: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Shadow":
        """Draw a shadow, often none."""
        if rng.random() > _SHADOW:
            return cls(0.0, (0.0, 0.0), 0.0)
        x, y = rng.uniform(-0.08, 0.08), rng.uniform(-0.02, 0.1)
        return cls(float(rng.uniform(0.15, 0.75)), (float(x), float(y)), float(np.exp(rng.uniform(-5, -3))))

    def fall(self, behind_hw3: Floats, alpha_hw: Floats) -> Floats:
        """Darken what is behind; nobody's alpha changes."""
        if not self.strength:
            return behind_hw3
        size = len(alpha_hw)
        move = np.array([[1, 0, self.offset[0] * size], [0, 1, self.offset[1] * size]])
        cast = cv2.GaussianBlur(cv2.warpAffine(alpha_hw, move, (size, size)), (0, 0), max(0.3, self.blur * size))
        return behind_hw3 * (1 - self.strength * cast[..., None])


@dataclass(frozen=True)
class Foreground:
    """A layer of a composite and what it does to the light."""

    layer: Layer
    shadow: Shadow
    wrap: float

    def over(self, frame: int, shutter: float, behind_hwc: Floats) -> Floats:
        """Lay it over colour and alphas (H, W, 3 + N); gives (H, W, 3 + N + 1), its own alpha last."""
        front = self.layer.render(frame, shutter, len(behind_hwc))
        alpha = front[..., 3:4]
        light = self.shadow.fall(behind_hwc[..., :3], front[..., 3])
        colour = front[..., :3]
        if self.wrap:  # light of what is behind, bent round the edge: it is the foreground's colour from here on
            reach = len(behind_hwc) / 40
            spill = cv2.GaussianBlur(light * (1 - alpha), (0, 0), reach)
            colour = colour + self.wrap * alpha * spill
        return np.dstack([colour + light * (1 - alpha), behind_hwc[..., 3:] * (1 - alpha), alpha])


def composite(
    rng: np.random.Generator, cutouts: Sequence[Cutout], back: Bytes, alphas_nhw: Bytes, frames: int, size: int
) -> Composite:
    """Set cut-outs before a photograph.

    Args:
        rng: source of chance.
        cutouts: back to front.
        back: (H, W, 3) uint8 sRGB.
        alphas_nhw: (N, H, W) uint8, objects of that photograph; they come first among the composite's.
        frames: of the clip.
        size: side of the square in pixels.
    """
    view = View(size, ASPECTS[rng.integers(len(ASPECTS))] * float(rng.uniform(0.95, 1.05)))
    if rng.random() < _CLOSER:
        x, y = rng.uniform(0.2, 0.8, 2)
        view = view.towards(rng, (float(x), float(y)))
    fronts = [_foreground(rng, cutout, view, frames) for cutout in cutouts]
    behind = background(rng, back, alphas_nhw, view, frames)
    shutter = float(rng.choice(_SHUTTERS, p=_SHARES)) if frames > 1 or rng.random() < 0.3 else 0.0
    shown = []
    for frame in range(frames):
        seen = behind.render(frame, shutter, size)
        for front in fronts:
            seen = front.over(frame, shutter, seen)
        shown.append(seen)
    clip = np.stack(shown)
    return Composite(clip[..., :3], np.ascontiguousarray(np.moveaxis(clip[..., 3:], -1, 0)))


def drawn(rng: np.random.Generator, kind: str, back: Bytes, frames: int, size: int) -> Composite:
    """Draw a subject and its distractor, as the drawn clips have them, before a photograph.

    Args:
        rng: source of chance.
        kind: of the subject; see `engine.clips.drawn.clip.KINDS`.
        back: (H, W, 3) uint8 sRGB.
        frames: of the clip.
        size: side of the square in pixels.

    Returns:
        The composite; its objects are the subject and the distractor.
    """
    stride = float(np.exp(rng.uniform(0, np.log(2.0))))
    scene = Scene(int(rng.integers(1 << 29)), kind, frames * stride, (size, size))
    behind = background(rng, back, np.empty((0, *back.shape[:2]), np.uint8), View(size, 1.0), frames)
    plates, alphas = [], []
    for frame in range(frames):
        photograph = behind.render(frame, 0.0, size)
        scene.background = _Photograph(photograph)  # type: ignore[assignment]
        shown = scene.draw(frame * stride)
        plates.append(shown.plate_hwc)
        alphas.append(np.stack([shown.alpha_hw, shown.distractor_hw]))
    return Composite(np.stack(plates), np.ascontiguousarray(np.stack(alphas, axis=1)))


def background(rng: np.random.Generator, back: Bytes, alphas_nhw: Bytes, view: View, frames: int) -> Layer:
    """Lay a photograph out behind everything: its whole plate is covered, and a camera may move over it."""
    height, width = back.shape[:2]
    plate_h, plate_w = view.plate_hw
    unit = max(plate_h / height, plate_w / width) * rng.uniform(1.0, 1.5)
    path = camera_path(rng, frames, moves_itself=False)
    travel = Travel((width / 2, height / 2), np.diag([rng.choice([-1.0, 1.0]), 1.0]), path, float(unit), view)
    grade = Grade.draw(rng, 0.6) if rng.random() < 0.6 else Grade.neutral()
    picture, move = shrunk(opaque(back, alphas_nhw, grade), travel, travel.unit * view.zoom * 1.2)
    if rng.random() < _DEFOCUS:
        picture[..., :3] = cv2.GaussianBlur(picture[..., :3], (0, 0), float(np.exp(rng.uniform(-0.5, 1.6))))
    return Layer([picture] * frames, move, mirrors=True)


@dataclass(frozen=True)
class _Photograph:
    """Stands where a drawn scene has its drawn background."""

    picture_hw3: Floats

    def draw(self, time: float) -> Floats:
        """Give the picture of now; the scene paints over it."""
        del time
        return self.picture_hw3.copy()


def _foreground(rng: np.random.Generator, cutout: Cutout, view: View, frames: int) -> Foreground:
    height, width = cutout.rgba.shape[:2]
    unit = float(np.exp(rng.uniform(np.log(0.18), np.log(1.1)))) * min(view.plate_hw) / cutout.extent
    path = foreground_path(rng, frames, moves_itself=False)
    travel = Travel((width / 2, height / 2), draw_placing(rng), path, unit, view)
    grade = Grade.draw(rng, 0.8)
    picture = premultiplied(np.ascontiguousarray(cutout.rgba[..., :3]), cutout.rgba[..., 3], grade)
    if rng.random() < _DEFOCUS:
        reach = float(np.exp(rng.uniform(-0.5, 1.2))) / max(1e-3, unit * view.zoom)
        pad = int(3 * reach) + 1
        picture = cv2.GaussianBlur(cv2.copyMakeBorder(picture, pad, pad, pad, pad, cv2.BORDER_CONSTANT), (0, 0), reach)
        travel = replace(travel, anchor=(width / 2 + pad, height / 2 + pad))
    small, move = shrunk(picture, travel, unit * view.zoom * 1.2)
    wrap = float(rng.uniform(0.1, 0.5)) if rng.random() < _WRAP else 0.0
    elastic = Elastic.draw(rng) if frames > 1 else None
    pictures = [small] if elastic is None else [elastic.bend(small, float(t)) for t in range(frames)]
    return Foreground(Layer(pictures, move, mirrors=False), Shadow.draw(rng), wrap)
