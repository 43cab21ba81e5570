"""What the artist says of one object on one frame, as the tracker takes it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from engine.contract.errors import PromptError
from engine.contract.shot import Box, MaskPrompt, Point, Prompt
from engine.model.tensors import FramePrompt
from engine.session import fit

ReadMask = Callable[[str, tuple[int, int]], npt.NDArray[np.bool_] | npt.NDArray[np.floating[Any]]]
"""Reads a mask file: path and plate size (width, height) in, (H, W) out, bool or 0..1; above half is the object."""

_BOX_CORNERS = (2, 3)  # SAM 2's labels of a box's top-left and bottom-right


def frame_prompt(
    prompts: Sequence[Prompt],
    size_wh: tuple[int, int],
    side: int,
    device: torch.device,
    read_mask: ReadMask | None = None,
) -> FramePrompt:
    """Give one object's prompts on one frame in the model's square.

    Every point counts; of several boxes or masks the last one made counts. Points and a box given with a mask
    refine that mask.

    Args:
        prompts: at least one, in the order they were made, in pixels of the plate.
        size_wh: the plate's width and height.
        side: S of the square.
        device: where the tensors go.
        read_mask: how mask files are read.

    Raises:
        PromptError: a mask cannot be read or is not of the plate's size.
    """
    boxes = [prompt for prompt in prompts if isinstance(prompt, Box)][-1:]
    masks = [prompt for prompt in prompts if isinstance(prompt, MaskPrompt)][-1:]
    places: list[tuple[float, float]] = []
    labels: list[int] = []
    for box in boxes:
        places += [(box.x0, box.y0), (box.x1, box.y1)]
        labels += _BOX_CORNERS
    for point in prompts:
        if isinstance(point, Point):
            places.append((point.x, point.y))
            labels.append(int(point.positive))
    mask = None
    if masks:
        mask = fit.mask_to_square(_read(masks[0], size_wh, read_mask), side).to(device)
    if not places:
        return FramePrompt(mask_b1hw=mask)
    return FramePrompt(
        points_bp2=fit.points_to_square(places, size_wh, side).to(device),
        labels_bp=torch.tensor([labels], dtype=torch.int32, device=device),
        mask_b1hw=mask,
    )


def _read(prompt: MaskPrompt, size_wh: tuple[int, int], read_mask: ReadMask | None) -> npt.NDArray[np.bool_]:
    if read_mask is None:
        raise PromptError(
            "prompt.mask_unread",
            f"The mask '{prompt.path}' cannot be read here: this session reads no files.",
            "Give a point or a box, or open the session with a reader for masks.",
        )
    mask = read_mask(prompt.path, size_wh)
    if mask.shape != (size_wh[1], size_wh[0]):
        found = "x".join(str(side) for side in reversed(mask.shape))
        raise PromptError(
            "prompt.mask_size",
            f"The mask '{prompt.path}' is {found} pixels, but the plates are {size_wh[0]}x{size_wh[1]}.",
            "Render the mask at the plate's size.",
        )
    return np.asarray(mask > 0.5)
