"""`mix` and the mask input, which many nodes have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .image import Image
    from .renderer import Pull


def masked(pull: Pull, before: Image, after: Image, mask_input: int, by_default: str = "none") -> Image:
    """Fade from what a node got to what it made, by `mix` and by the mask where one is connected.

    Args:
        pull: the node at work.
        before: what it got.
        after: what it made.
        mask_input: the number of the mask's input.
        by_default: the mask's channel where the knob says none; with "none" no mask is used then.
    """
    mix = pull.value("mix", 0)
    name = pull.value("maskChannelInput")
    channel = by_default if name == "none" else pull.node._knobs["maskChannelInput"]._channels()[0]
    mask = pull.input(mask_input) if channel != "none" and pull.has(mask_input) else None
    if mask is None and mix == 1:
        return after

    def compute(name: str) -> np.ndarray:
        amount = np.float32(mix)
        if mask is not None:
            plane = mask.over(channel, after.bbox)
            amount = amount * (1 - plane if pull.value("invert_mask") else plane)
        was = before.over(name, after.bbox)
        return was + (after.plane(name) - was) * amount

    return after.with_(compute=compute)
