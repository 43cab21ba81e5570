"""Can the model say what it is asked for? It learns one clip of a solid, of smoke and of glass by heart.

Each begins from the shipped starter, on a smaller square to save time, and learns trimaps, then the matter on its own
trimaps; from one click on the first frame, MAD x 1000 of the whole clip should fall below 4.

    python benchmarks/overfit.py [--trimaps 50] [--matter 1800] [--kinds blob smoke glass]
"""

import argparse
import copy
import math
import tempfile
from dataclasses import replace
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.utils.data import Dataset

from engine.clips.drawn import Clip, make_clip
from engine.contract.shot import Point
from engine.evaluation import metrics
from engine.evaluation.tracking import track
from engine.model.mam2 import MAM2
from engine.training import checkpoint
from engine.training.samples import Sample
from engine.training.stages import STAGES
from engine.training.trainer import Progress, load_average, train_stage
from engine.weights.catalogue import STARTER_FILE

KINDS = ("blob", "smoke", "glass")
FRAMES, SIDE = 6, 256
BELOW = 4.0
SHARE = 0.08  # least mean alpha of a frame that is worth learning


class OneClip(Dataset[Sample]):
    """The same clip again and again, from its first frame on."""

    def __init__(self, clip: Clip, side: int, frames: int) -> None:
        self.clip, self.side, self.frames = clip, side, frames

    def __len__(self) -> int:
        """Give a number of samples that no stage reaches."""
        return 1 << 40

    def __getitem__(self, index: int) -> Sample:
        """Give the clip, stretched to the model's square."""
        first = index % (FRAMES - self.frames + 1)
        shown = range(first, first + self.frames)
        plates = np.stack([self._square(self.clip.plates_thwc[t]) for t in shown])
        alpha = np.stack([self._square(self.clip.alpha_thw[t]) for t in shown])
        return Sample(
            torch.from_numpy(plates).permute(0, 3, 1, 2).contiguous(),
            torch.from_numpy(alpha)[None, :, None],
            number=index,
        )

    def _square(self, picture: np.ndarray) -> np.ndarray:
        return cv2.resize(picture, (self.side, self.side), interpolation=cv2.INTER_LINEAR)


def worth_learning(kind: str) -> Clip:
    """Give the first clip whose subject has a fair share of the picture in every frame."""
    clips = (make_clip(seed, kind=kind, frames=FRAMES, size_hw=(180, 320)) for seed in count())
    return next(clip for clip in clips if clip.alpha_thw.mean((1, 2)).min() > SHARE * 255)


def learn(kind: str, trimaps: int, matter: int) -> list[tuple[float, float]]:
    """Learn one clip for so many steps of either stage; give (minutes spent, MAD x 1000) so far, first and last."""
    clip = worth_learning(kind)
    model = checkpoint.begin([STARTER_FILE], image_size=SIDE)
    curve, spent = [(0.0, error(model, clip))], 0.0
    plan = (("trimaps", 3, 2, 6e-4, trimaps), ("matter-fine", 3, 1, 1e-3, matter))
    for name, frames, batch, rate, steps in plan:
        stage = replace(STAGES[name], frames=frames, batch=batch, rate=rate, objects=1)
        progress = Progress()
        with tempfile.TemporaryDirectory() as folder:
            progress = train_stage(
                model,
                stage,
                progress,
                data=OneClip(clip, model.image_size, frames),
                folder=Path(folder),
                mode="pdd+mss",
                steps=steps,
                decay_from=0.4,
                stop_after=math.inf,
                report=lambda *_: None,
                workers=0,
            )
        load_average(model, progress.average)
        spent += progress.seconds / 60
        curve.append((spent, error(model, clip)))
    return curve


def error(model: MAM2, clip: Clip) -> float:
    """Give the MAD x 1000 of the model's mattes of a clip from one click on its first frame."""
    judged = copy.deepcopy(model).eval()
    mattes = np.stack(
        [matte.alpha_hw for _, matte in track(judged, clip.plates_thwc, Point(0, *clip.click_xy), mode="pdd+mss")]
    )
    return 1000 * float(metrics.mad(mattes, clip.alpha_thw / np.float32(255)).mean())


def main() -> None:
    """Learn each kind and print its curve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trimaps", type=int, default=50, help="steps")
    parser.add_argument("--matter", type=int, default=1800, help="steps")
    parser.add_argument("--kinds", nargs="*", default=KINDS)
    options = parser.parse_args()
    for kind in options.kinds:
        curve = learn(kind, options.trimaps, options.matter)
        verdict = "below" if curve[-1][1] < BELOW else "NOT below"
        words = ", ".join(f"{mad:.2f} after {spent:.1f} min" for spent, mad in curve)
        print(f"{kind}: MAD {words}: {verdict} {BELOW}", flush=True)


if __name__ == "__main__":
    main()
