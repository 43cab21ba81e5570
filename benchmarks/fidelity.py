"""Do mattes stay what they were when a model is made ready to matte? Against the plain float32 model, in 1/255.

    python benchmarks/fidelity.py [--models starter sam2.1-t] [--size 960x540] [--frames 4] [--json FILE]

Each shot is tracked twice from the same weights, as they are and made ready (`engine/model/ready`), and its alphas are
compared. `starter` is the shipped model on its own masks and trimaps. `sam2.1-t` has seeded weights, so it is given
the true trimaps (`peers_ours.py`): what differs is its tracker's mask and MEMatte-S's alpha. Its matter's weights are
noise that lets the plate through (`lively.py`); what rounding does to them bounds no trained matter, and is a warning.

`mean` is over all pixels, `mean unknown` over those that either trimap calls unknown, `worst` the largest of any pixel.
`trimap changed percent` is the share of pixels that changed class, `mask changed percent` of those whose mask crossed
a half. Fails when the mean of a row is above 1 or its worst above 8.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import torch
from outcome import add_outcome_options, publish, size_of
from peers_ours import mattes, seeded_model
from peers_shot import PeerShot
from peers_truth import SUBJECTS, draw_shot

from engine.model.mam2 import MAM2
from engine.weights.models import load_model

MEAN, WORST = 1.0, 8.0
_BUILDERS: dict[str, Callable[[PeerShot, bool], MAM2]] = {
    "starter": lambda _, exact: load_model("starter", exact=exact),
    "sam2.1-t": lambda shot, exact: seeded_model(shot, exact=exact),
}


@dataclass(frozen=True)
class Row:
    """One model on one shot, as above."""

    model: str
    subject: str
    plates: str
    frames: int
    unknown_percent: float
    mean: float
    mean_unknown: float
    worst: float
    trimap_changed_percent: float
    mask_changed_percent: float

    @property
    def kept(self) -> bool:
        """Whether the mattes are as good as the same."""
        return self.mean <= MEAN and self.worst <= WORST


def main() -> int:
    """Run the benchmark; 0 when every shot's mattes stayed within the limits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=_BUILDERS, default=list(_BUILDERS))
    parser.add_argument("--subjects", nargs="+", choices=SUBJECTS, default=list(SUBJECTS))
    parser.add_argument("--size", type=size_of, default=(960, 540), metavar="WIDTHxHEIGHT")
    parser.add_argument("--frames", type=int, default=4)
    add_outcome_options(parser)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows = []
    for model, subject in product(options.models, options.subjects):
        with tempfile.TemporaryDirectory() as folder:
            shot = draw_shot(Path(folder), subject, options.frames, options.size)
            rows.append(_row(model, subject, shot))
        print(rows[-1], file=sys.stderr, flush=True)
    publish("fidelity", rows, options.json)
    return 0 if all(row.kept for row in rows) else 1


def _row(name: str, subject: str, shot: PeerShot) -> Row:
    build = _BUILDERS[name]
    plain = list(mattes(build(shot, True), shot))
    ready = list(mattes(build(shot, False), shot))
    alpha, trimap, mask = (
        tuple(np.stack([getattr(matte, layer) for matte in track]) for track in (plain, ready))
        for layer in ("alpha_hw", "trimap_hw", "mask_hw")
    )
    difference = 255 * np.abs(alpha[0] - alpha[1])
    unknown = (trimap[0] == 0.5) | (trimap[1] == 0.5)
    return Row(
        name,
        subject,
        "x".join(map(str, shot.size)),
        shot.frames,
        unknown_percent=100 * float(unknown.mean()),
        mean=float(difference.mean()),
        mean_unknown=float(difference[unknown].mean()) if unknown.any() else 0.0,
        worst=float(difference.max()),
        trimap_changed_percent=100 * float((trimap[0] != trimap[1]).mean()),
        mask_changed_percent=100 * float(((mask[0] > 0.5) != (mask[1] > 0.5)).mean()),
    )


if __name__ == "__main__":
    sys.exit(main())
