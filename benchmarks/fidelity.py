"""Do mattes stay what they were when a model is made ready to matte? Against the plain float32 model, in 1/255.

    python benchmarks/fidelity.py [--models starter sam2.1-t] [--size 960x540] [--frames 4] [--json FILE]
    python benchmarks/fidelity.py --device cuda
    python benchmarks/fidelity.py --tf32 --models starter

Each shot is tracked twice from the same weights, on the processor as they are, and made ready (`engine/model/ready`) on
the device, and its alphas are compared. `starter` is the shipped model on its own masks and trimaps. `sam2.1-t` has
seeded weights, so it is given the true trimaps (`peers_ours.py`): what differs is its tracker's mask and MEMatte-S's
alpha. Its matter's weights are noise that lets the plate through (`lively.py`); what rounding does to them bounds no
trained matter, and is a warning. `--tf32` stands in for a GPU where there is none: the model is made as for one, and
every factor of its float32 products is rounded to the ten bits that TF32 sees, but in the matter's last step.

`mean` is over all pixels, `mean unknown` over those that either trimap calls unknown, `worst` the largest of any pixel.
`trimap changed percent` is the share of pixels that changed class, `mask changed percent` of those whose mask crossed
a half. Fails when the mean of a row is above 1 or its worst above 8.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from outcome import add_outcome_options, publish, size_of
from peers_ours import mattes, seeded_model
from peers_shot import PeerShot
from peers_truth import SUBJECTS, draw_shot
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from engine.model.mam2 import MAM2
from engine.model.ready.precision import use_tf32
from engine.model.ready.rooms import roomy
from engine.weights.models import load_model

MEAN, WORST = 1.0, 8.0
_PRODUCTS = {
    *(functional.linear, functional.conv2d, functional.conv_transpose2d, functional.scaled_dot_product_attention),
    *(torch.conv2d, torch.conv_transpose2d, torch.matmul, torch.bmm, torch.mm, torch.einsum, Tensor.matmul),
    Tensor.__matmul__,
}
_BUILDERS: dict[str, Callable[[PeerShot, str, bool], MAM2]] = {
    "starter": lambda _, device, exact: load_model("starter", device=device, exact=exact),
    "sam2.1-t": lambda shot, device, exact: seeded_model(shot, device=device, exact=exact),
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
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--tf32", action="store_true", help="as a GPU rounds, on the processor")
    add_outcome_options(parser)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows = []
    for model, subject in product(options.models, options.subjects):
        with tempfile.TemporaryDirectory() as folder:
            shot = draw_shot(Path(folder), subject, options.frames, options.size)
            rows.append(_row(model, subject, shot, options.device, tf32=options.tf32))
        print(rows[-1], file=sys.stderr, flush=True)
    publish("fidelity", rows, options.json)
    return 0 if all(row.kept for row in rows) else 1


class Tf32(TorchFunctionMode):
    """Rounds the factors of float32 products as a GPU does that computes in TF32, where that is allowed."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func in _PRODUCTS and torch.backends.cudnn.allow_tf32:
            args = tuple(tf32_of(one) if isinstance(one, Tensor) else one for one in args)
        return func(*args, **(kwargs or {}))


def tf32_of(tensor: Tensor) -> Tensor:
    """Round float32 to ten bits after the point, to the nearest; other types as they are."""
    if tensor.dtype != torch.float32:
        return tensor
    bits = tensor.contiguous().view(torch.int32)
    return ((bits + 0xFFF + ((bits >> 13) & 1)) & ~0x1FFF).view(torch.float32)


def _row(name: str, subject: str, shot: PeerShot, device: str, *, tf32: bool) -> Row:
    build = _BUILDERS[name]
    plain = list(mattes(build(shot, "cpu", True), shot))
    model = build(shot, device, tf32)
    if tf32:
        model.matter = roomy(model.matter)
        use_tf32()
    with Tf32() if tf32 else nullcontext():
        ready = list(mattes(model, shot))
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
