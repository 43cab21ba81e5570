"""Key maps: published matter weights into the names of `Matter`.

`Matter` carries the names of the official MEMatte, which are ViTMatte's plus routers and refiners, so most
maps only take off wrappers. Nothing is dropped silently: a key that no rule knows stays in the result and
fails a strict load. The functions neither read files nor change what they are given.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "from_mematte",
    "from_vitmatte",
    "from_vitmatte_hf",
    "official_vitmatte_key",
    "vitmatte_into_mematte",
]

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


def from_mematte(state: Mapping[str, Any]) -> dict[str, Tensor]:
    """Official MEMatte weights, plain or as a training checkpoint, for `Matter(MEMATTE_S)`.

    Args:
        state: what the official `.pth` file holds: tensors by name, or these under "model" or "state_dict".

    Returns:
        The tensors of the matter by name, the same objects; teacher and pixel constants left out.
    """
    return {key: tensor for key, tensor in _unwrap(state).items() if not _NOT_THE_MATTER.match(key)}


def from_vitmatte(state: Mapping[str, Any]) -> dict[str, Tensor]:
    """Official ViTMatte weights for `Matter(VITMATTE_S)`; arguments and result as for `from_mematte`."""
    return from_mematte(state)


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
        state: ViTMatte tensors by the names of `Matter` (from `from_vitmatte` or `from_vitmatte_hf`).
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


def _unwrap(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """Tensors by name out of a training checkpoint; a plain state is returned as it is."""
    for name in _WRAPPERS:
        inner = state.get(name)
        if inner is not None and not isinstance(inner, Tensor):
            return inner
    return state
