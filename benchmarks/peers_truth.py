"""Draws the shot of `peers.py`: plates, one click and the true trimaps.

A trimap is decided in the cells of SAM 2.1's decoder and stretched to the plate, as the engine does it: the matter of
each contender is asked about the same pixels.
"""

import json
from pathlib import Path

import numpy as np
import torch
from drawn import SUBJECTS, DrawnClip
from peers_shot import PeerShot, spelled
from PIL import Image

from engine.session.fit import to_square, trimap_to_plate
from engine.training.losses import trimap_target

SIDE = 1024
"""Of the square that SAM 2.1's encoder sees, in pixels."""


def draw_shot(folder: Path, subject: str, frames: int, size: tuple[int, int]) -> PeerShot:
    """Draw one of SUBJECTS into a folder."""
    kind, seed = SUBJECTS[subject]
    clip = DrawnClip(kind, frames, *size, seed=seed)
    shot = PeerShot(folder, frames, size, clip.click_xy)
    shot.jpegs.mkdir(parents=True)
    truth = {}
    for frame in range(1, frames + 1):
        plate_hwc = np.rint(clip.display(frame) * 255).astype(np.uint8)
        Image.fromarray(plate_hwc).save(shot.jpegs / f"{frame:05d}.jpg", quality=95)
        cells = trimap_target(to_square(torch.from_numpy(clip.alpha(frame))[None, None], SIDE))
        trimap = trimap_to_plate(spelled(cells), size)
        truth[f"cells{frame}"] = cells[0].numpy().astype(np.uint8)
        truth[f"trimap{frame}"] = (trimap[0, 0].numpy() * 255 + 0.5).astype(np.uint8)
    np.savez(folder / "truth.npz", **truth)
    said = {"frames": frames, "size": size, "click_xy": clip.click_xy}
    (folder / "shot.json").write_text(json.dumps(said), encoding="utf-8")
    return shot
