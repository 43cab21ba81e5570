"""The composite: layers over one another in linear light, with the visible alpha of every object."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.clips.drawn.camera import Camera
from engine.clips.drawn.colour import Bytes, Floats
from engine.training.composition.layers import Layer, merged, over
from engine.training.composition.light import through_codec, to_srgb

_CODEC = 0.15


@dataclass(frozen=True)
class Composite:
    """A clip before it is filmed.

    Attributes:
        plates_thwc: (T, S, S, 3) float32, linear light in 0..1.
        alpha_nthw: (N, T, S, S) float32 in 0..1: what is seen of each object, those of the back layer first.
    """

    plates_thwc: Floats
    alpha_nthw: Floats


def compose(back: Layer, objects: Sequence[Sequence[Layer]], *, frames: int, size: int, shutter: float) -> Composite:
    """Lay objects over a picture.

    Args:
        back: opaque, with any number of alphas of its own.
        objects: back to front; each of one or more premultiplied layers, which are merged into one.
        frames: of the clip.
        size: of the output in pixels.
        shutter: share of a frame's time that it is open.
    """
    shown = []
    for frame in range(frames):
        seen = back.render(frame, shutter, size)
        for layers in objects:
            front, *others = (layer.render(frame, shutter, size) for layer in layers)
            for other in others:
                front = merged(other, front)
            seen = np.dstack([over(front, seen), front[..., 3:]])
        shown.append(seen)
    clip = np.stack(shown)
    return Composite(clip[..., :3], np.ascontiguousarray(np.moveaxis(clip[..., 3:], -1, 0)))


def film(linear_thwc: Floats, rng: np.random.Generator) -> Bytes:
    """Give a clip as a camera and its file would, (T, H, W, 3) uint8 sRGB: drift, softness, grain, compression.

    Half of all clips are only encoded as sRGB.
    """
    seed, plain, coded = int(rng.integers(1 << 31)), rng.random() < 0.5, rng.random() < _CODEC
    if plain:
        return to_srgb(linear_thwc)
    camera = Camera(seed, linear_thwc.shape[1:3])
    plates = np.stack([camera.compress(to_srgb(camera.expose(frame, t))) for t, frame in enumerate(linear_thwc)])
    return through_codec(plates, coarseness=int(rng.integers(2, 16))) if coded else plates
