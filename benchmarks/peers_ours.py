"""Contender of `peers.py`: this engine, a session from plates to alpha. Prints seconds and memory as JSON.

    python benchmarks/peers_ours.py FOLDER [--device cpu] [--threads 2]

The model is `sam2.1-t` with seeded weights, and with the trimap branch and its pass, which `sam2.1-t` as published has
no weights for: mask and trimap are decoded, as by a trained model, and MEMatte-S makes the alpha.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from lively import enliven, see_always
from peers_shot import PeerShot, report, spelled
from torch import Tensor

from engine.contract.shot import Point, Settings, Shot, ShotObject
from engine.model.config import CONFIGS, MAM2Config
from engine.model.mam2 import MAM2
from engine.model.ready.make_ready import make_ready
from engine.model.tensors import Features, Mask
from engine.session.results import ObjectMatte
from engine.session.session import ShotSession


class TrimapsGiven(MAM2):
    """A model that decodes trimaps and answers the true ones: seeded weights say nothing true about a picture.

    Args:
        config: which model.
        shot: one object, tracked forward from frame 1, so that trimaps are asked for in the order of the frames.
    """

    def __init__(self, config: MAM2Config, shot: PeerShot) -> None:
        super().__init__(config)
        self._cells = (shot.cells(frame) for frame in range(1, shot.frames + 1))

    def decode_trimap(self, features: Features, image_bchw: Tensor, mask: Mask) -> Tensor:
        """Do the work, then give the next frame's trimap."""
        decoded = super().decode_trimap(features, image_bchw, mask)
        true = spelled(torch.from_numpy(next(self._cells))[None])
        assert decoded.shape == true.shape
        return true.to(decoded)


def seeded_model(shot: PeerShot, *, device: str = "cpu", exact: bool = False) -> MAM2:
    """Build the model; `exact` leaves out what makes it quicker, as in `load_model`."""
    torch.manual_seed(0)
    model = TrimapsGiven(replace(CONFIGS["sam2.1-t"], trimap_from="decoder"), shot).requires_grad_(False).eval()
    see_always(model)
    enliven(model.matter)
    model.to(device)
    if not exact:
        make_ready(model, torch.device(device))
    return model


def mattes(model: MAM2, shot: PeerShot) -> Iterator[ObjectMatte]:
    """Track the subject forward from a click on frame 1; give the matte of each frame."""
    thing = ShotObject("subject", (Point(1, *shot.click_xy),))
    asked = Shot(1, shot.frames, *shot.size, (thing,), Settings(direction="forward"))
    with ShotSession(model, asked, shot) as session:
        for found in session.track():
            yield found.objects["subject"]


def alphas(model: MAM2, shot: PeerShot) -> Iterator[npt.NDArray[np.float32]]:
    """Give the alpha (H, W) 0..1 of each frame, made from the shot's own trimaps to the pixel."""
    for frame, matte in enumerate(mattes(model, shot), start=1):
        assert np.array_equal(np.rint(matte.trimap_hw * 2), np.rint(shot.trimap(frame) / 127.5))
        yield matte.alpha_hw


def main() -> None:
    """Matte the shot of a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    shot = PeerShot.read(options.folder)
    report(alphas(seeded_model(shot, device=options.device), shot), shot.size)


if __name__ == "__main__":
    main()
