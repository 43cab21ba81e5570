"""Contender of `peers.py`: SAM 2's own video predictor, and ViTMatte-S of transformers behind it. Prints JSON.

    python benchmarks/peers_sam2.py FOLDER [--matter] [--bfloat16] [--device cpu] [--threads 2]

This is what one would wire up from the two packages as their pages show it: the predictor loads a folder of JPEG files,
takes a click on the first frame and propagates it; each mask, eroded and dilated, becomes a trimap, and ViTMatte mattes
the whole plate. Both networks have seeded weights, built from their published configurations without a download.
Without `--matter` the predictor runs alone and its masks are the result.
"""

import argparse
import functools
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from peers_shot import PeerShot, report
from PIL import Image
from sam2.build_sam import build_sam2_video_predictor
from sam2.sam2_video_predictor import SAM2VideoPredictor
from transformers import VitDetConfig, VitMatteConfig, VitMatteForImageMatting, VitMatteImageProcessor

Layer = npt.NDArray[np.float32]

_BAND = 10  # pixels to either side of a mask's edge


class ViTMatte:
    """ViTMatte-S with its processor; the numbers are those of `hustvl/vitmatte-small-composition-1k`."""

    def __init__(self, device: str) -> None:
        backbone = VitDetConfig(
            hidden_size=384,
            num_attention_heads=6,
            num_channels=4,
            image_size=512,
            window_size=14,
            window_block_indices=[0, 1, 3, 4, 6, 7, 9, 10],
            residual_block_indices=[2, 5, 8, 11],
            use_relative_position_embeddings=True,
            out_features=["stage12"],
        )
        config = VitMatteConfig(backbone_config=backbone, hidden_size=384, fusion_hidden_sizes=[256, 128, 64, 32])
        self._network = VitMatteForImageMatting(config).eval().to(device)
        self._processor = VitMatteImageProcessor()

    def __call__(self, plate: Image.Image, trimap_hw: npt.NDArray[np.uint8]) -> Layer:
        """Give the alpha (H, W) 0..1 of a whole plate and its trimap of 0, 128 and 255."""
        inputs = self._processor(images=plate, trimaps=Image.fromarray(trimap_hw), return_tensors="pt")
        alpha = self._network(**inputs.to(self._network.device)).alphas[0, 0, : plate.height, : plate.width]
        return np.asarray(alpha.float().cpu().numpy(), np.float32)


def layers(predictor: SAM2VideoPredictor, matter: ViTMatte | None, shot: PeerShot) -> Iterator[Layer]:
    """Give the alpha (H, W) of each frame, or without a matter its mask."""
    state = predictor.init_state(video_path=str(shot.jpegs))
    predictor.add_new_points_or_box(
        state, frame_idx=0, obj_id=1, points=np.array([shot.click_xy]), labels=np.array([1])
    )
    for index, _, logits in predictor.propagate_in_video(state):
        mask = (logits[0, 0] > 0).cpu().numpy().astype(np.uint8)
        if matter is None:
            yield mask.astype(np.float32)
            continue
        frame, band = index + 1, band_trimap(mask)
        # Seeded weights find nothing true: the band is the work, the true trimap of the same size goes on.
        true = shot.trimap(frame)
        assert band.shape == true.shape
        yield matter(shot.picture(frame), true)


def band_trimap(mask_hw: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Give a trimap of 0, 128 and 255 with a band around the edge of a mask (H, W) of 0 and 1."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _BAND + 1, 2 * _BAND + 1))
    trimap = np.full(mask_hw.shape, 128, np.uint8)
    trimap[cv2.erode(mask_hw, kernel) == 1] = 255
    trimap[cv2.dilate(mask_hw, kernel) == 0] = 0
    return trimap


def main() -> None:
    """Matte the shot of a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--matter", action="store_true", help="ViTMatte-S behind the predictor")
    parser.add_argument("--bfloat16", action="store_true", help="under autocast, as SAM 2's page shows it for CUDA")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    shot = PeerShot.read(options.folder)
    torch.manual_seed(0)
    predictor = build_sam2_video_predictor("configs/sam2.1/sam2.1_hiera_t.yaml", ckpt_path=None, device=options.device)
    matter = ViTMatte(options.device) if options.matter else None
    precision: Callable[[], object] = functools.partial(torch.autocast, options.device, torch.bfloat16)
    with torch.inference_mode(), precision() if options.bfloat16 else nullcontext():
        report(layers(predictor, matter, shot), shot.size)


if __name__ == "__main__":
    main()
