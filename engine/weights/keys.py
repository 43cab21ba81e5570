"""Key maps: published weights into the names of our networks.

`Tracker` carries SAM 2's own names; what its official files lack is listed here, and nothing else may be absent.
`Matter` carries the names of the official MEMatte, which are ViTMatte's plus routers and refiners, so most maps only
take off wrappers. Nothing is dropped silently: a key that no rule knows stays in the result and fails a strict load.
The functions neither read files nor change what they are given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from engine.model.config import CONFIGS, TrackerConfig

if TYPE_CHECKING:
    from torch import Tensor

NEW_IN_MAM2 = re.compile(r"sam_mask_decoder\.(trimap_tokens|trimap_upscaling|trimap_hypernetworks|mask_augment)\.")
"""Names that the dual-modal decoder adds to SAM 2.1: the only ones that an official file may lack."""

_PATCHES = "image_encoder.trunk.patch_embed.proj.weight"
_BLOCK = re.compile(r"image_encoder\.trunk\.blocks\.\d+\.norm1\.weight")
_ONLY_SINCE_2_1 = "obj_ptr_tpos_proj.weight"

_WRAPPERS = ("model", "state_dict")
# The frozen distillation teacher and the normalisation constants: no part of the network that mattes.
_NOT_THE_MATTER = re.compile(r"teacher_backbone\.|pixel_mean$|pixel_std$")
_ROUTING = re.compile(r"backbone\.(routers|blocks\.\d+\.efficient_block)\.")
_REL_POS = re.compile(r"backbone\.blocks\.\d+\.attn\.rel_pos_[hw]$")
_HF_RULES = (
    (re.compile(r"^backbone\.embeddings\.position_embeddings$"), "backbone.pos_embed"),
    (re.compile(r"^backbone\.embeddings\.projection\."), "backbone.patch_embed.proj."),
    (re.compile(r"^backbone\.encoder\.layer\.(\d+)\.attention\."), r"backbone.blocks.\1.attn."),
    (re.compile(r"^backbone\.encoder\.layer\.(\d+)\."), r"backbone.blocks.\1."),
    (re.compile(r"^decoder\.fusion_blocks\."), "decoder.fusion_blks."),
    (re.compile(r"^(decoder\..*)\.batch_norm\."), r"\1.bn."),
)


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
        if config.hiera is not None and (config.hiera.embed_dim, sum(config.hiera.stages)) == (width, depth):
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


def from_mematte(state: Mapping[str, Any]) -> dict[str, Tensor]:
    """Official MEMatte or ViTMatte weights, plain or as a training checkpoint, by the names of `Matter`.

    Args:
        state: what the official `.pth` file holds: tensors by name, or these under "model" or "state_dict".

    Returns:
        The tensors of the matter by name, the same objects; teacher and pixel constants left out.
    """
    return {key: tensor for key, tensor in _unwrap(state).items() if not _NOT_THE_MATTER.match(key)}


def from_vitmatte_hf(state: Mapping[str, Any]) -> dict[str, Tensor]:
    """Weights of transformers' `VitMatteForImageMatting` for `Matter(VITMATTE_S)`.

    Args:
        state: tensors by transformers' names, as in `model.safetensors`.

    Returns:
        The tensors by the names of `Matter`, the same objects.
    """
    return {official_vitmatte_key(key): tensor for key, tensor in _unwrap(state).items()}


def official_vitmatte_key(hf_key: str) -> str:
    """The official ViTMatte name of a tensor that transformers names `hf_key`; unknown names stay."""
    for pattern, replacement in _HF_RULES:
        hf_key = pattern.sub(replacement, hf_key)
    return hf_key


def vitmatte_into_mematte(
    state: Mapping[str, Tensor], matter_state: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], list[str]]:
    """ViTMatte weights inside the routed structure, which is how MEMatte's own training begins.

    Args:
        state: ViTMatte tensors by the names of `Matter` (from `from_mematte` or `from_vitmatte_hf`).
        matter_state: tensors of a routed `Matter` of the same sizes; gives routers and refiners.

    Returns:
        Tensors for that routed `Matter`, and the sorted names that came from `matter_state`. Relative
        positions that its global blocks lack are left out; any other difference between the two stays
        visible to a strict load.
    """
    new = sorted(key for key in matter_state if _ROUTING.match(key) and key not in state)
    merged = {key: tensor for key, tensor in state.items() if key in matter_state or not _REL_POS.match(key)}
    merged.update((key, matter_state[key]) for key in new)
    return merged, new


def _public() -> dict[str, TrackerConfig]:
    return {name: config.tracker for name, config in CONFIGS.items() if name.startswith("sam2.1-")}


def _unwrap(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """Tensors by name out of a training checkpoint; a plain state is returned as it is."""
    for name in _WRAPPERS:
        inner = state.get(name)
        if isinstance(inner, Mapping):
            return inner
    return state
