"""Elastic motion: a still cut-out sways, breathes and bends over a clip, its alpha with its colour."""

from dataclasses import dataclass

import cv2
import numpy as np

from engine.clips.drawn.colour import Floats

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
