"""A benchmark of a few tiny clips that tests make, each a disc or a square that moves over a ramp."""

import numpy as np

from engine.clips.truth import TrueClip

WIDTH, HEIGHT, FRAMES = 48, 32, 3


def moving(kind, number, *, held_out=False, strength=255):
    """Make one clip: `disc` or `square`, brighter than its background, a pixel further on every frame."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    alpha = np.zeros((FRAMES, HEIGHT, WIDTH), np.uint8)
    for t in range(FRAMES):
        dx, dy = np.abs(x - 16 - t - number), np.abs(y - 16)
        alpha[t] = strength * ((np.hypot(dx, dy) if kind == "disc" else np.maximum(dx, dy)) < 8)
    ramp = np.repeat((x * 2)[None, ..., None], 3, axis=3)
    share = alpha[..., None] / 255
    plates = np.rint((1 - share) * ramp + share * np.array([240, 200, 90])).astype(np.uint8)
    return TrueClip(f"{kind}-{number}", kind, held_out, plates, alpha)


class TinyBenchmark:
    """Four clips of two kinds, squares held out; it remembers which clips were made."""

    name = "tiny 1.0"
    kinds = ("disc", "square", "disc", "square")

    def __init__(self):
        self.made = []

    def __len__(self):
        return len(self.kinds)

    def clips(self):
        """Give every clip."""
        return (self.clip(number) for number in range(len(self)))

    def clip(self, number):
        """Make one clip."""
        self.made.append(number)
        return moving(self.kinds[number], number, held_out=self.kinds[number] == "square")
