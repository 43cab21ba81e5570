"""Key maps: published SAM 2.1 weights into the names of `Tracker`.

`Tracker` carries SAM 2's own names. What the official files lack is listed here, part by part; nothing else may be
absent. The functions neither read files nor change what they are given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from engine.model.config import CONFIGS, TrackerConfig

if TYPE_CHECKING:
    from torch import Tensor

NEW_IN_MAM2 = re.compile(r"sam_mask_decoder\.(trimap_tokens|trimap_upscaling|trimap_hypernetworks|mask_augment)\.")
"""Names that the dual-modal decoder adds to SAM 2.1: the only ones that an official file may lack."""

_PATCHES = "image_encoder.trunk.patch_embed.proj.weight"
_BLOCK = re.compile(r"image_encoder\.trunk\.blocks\.\d+\.norm1\.weight")
_ONLY_SINCE_2_1 = "obj_ptr_tpos_proj.weight"


def sam2_state(state: Mapping[str, object]) -> dict[str, Tensor] | None:
    """Give SAM 2's tensors by the names of `Tracker`, out of what an official file holds; None if it is not SAM 2.

    Args:
        state: tensors by name, plain or under "model".
    """
    inner = state.get("model", state)
    if not isinstance(inner, Mapping) or _PATCHES not in inner:
        return None
    return dict(inner)


def sam2_size(state: Mapping[str, Tensor]) -> str | None:
    """Give the name of the public configuration by its width and, as `t` and `s` share one, its depth; None if none."""
    width = state[_PATCHES].shape[0]
    depth = sum(1 for name in state if _BLOCK.fullmatch(name))
    for name, config in _public().items():
        if (config.hiera.embed_dim, sum(config.hiera.stages)) == (width, depth):
            return name
    return None


def is_before_2_1(state: Mapping[str, Tensor]) -> bool:
    """Tell the first SAM 2 release (July 2024), which lacks parts of 2.1."""
    return _ONLY_SINCE_2_1 not in state


def public_start(tracker: TrackerConfig) -> str | None:
    """Give the name of the public weights that fill a tracker of this structure; None if there are none."""
    return next((name for name, public in _public().items() if public == tracker), None)


def absent_as_allowed(expected: Iterable[str], given: Iterable[str], prefix: str) -> set[str]:
    """Give the expected names that may be absent: MAM2's own additions, all of them together or none.

    Args:
        expected: names in the structure.
        given: names in the file; when it has any of MAM2's additions, none may be absent.
        prefix: what stands before `Tracker`'s own names in both.
    """

    def new(names: Iterable[str]) -> set[str]:
        return {name for name in names if name.startswith(prefix) and NEW_IN_MAM2.match(name[len(prefix) :])}

    return set() if new(given) else new(expected)


def copied_from(new: str) -> str | None:
    """Give the name of the tensor that one of MAM2's additions begins as a copy of; None: as its module initialises."""
    copied = new.replace(".trimap_upscaling.", ".output_upscaling.")
    return None if copied == new else copied


def _public() -> dict[str, TrackerConfig]:
    return {name: config.tracker for name, config in CONFIGS.items() if name.startswith("sam2.1-")}
