"""Published matter weights find their place."""

import json
from pathlib import Path

import pytest
import torch

from engine.model.matter import Matter
from engine.model.matter_config import MEMATTE_S, VITMATTE_S
from engine.model.matter_keys import (
    from_mematte,
    from_vitmatte,
    from_vitmatte_hf,
    official_vitmatte_key,
    vitmatte_into_mematte,
)

DATA = Path(__file__).parents[1] / "data" / "mematte"
MEMATTE_KEYS = {key: shape for key, shape, _ in json.loads((DATA / "keys.json").read_text())["keys"]}
HF_ROWS = json.loads((DATA / "vitmatte_hf_keys.json").read_text())["keys"]


def blank(shapes):
    """Tensors of these shapes that hold no memory."""
    return {key: torch.empty(shape, device="meta") for key, shape in shapes.items()}


def empty_matter(config):
    """A matter without memory behind its weights."""
    with torch.device("meta"):
        return Matter(config)


def load_strictly(config, state):
    """Load into a matter of this config; anything missing, left over or misshapen raises."""
    empty_matter(config).load_state_dict(state, strict=True, assign=True)


def hf_state():
    """A transformers ViTMatte-S state without memory behind it."""
    return blank({hf: shape for _, hf, shape in HF_ROWS})


def vitmatte_state():
    """An official ViTMatte-S state without memory behind it."""
    return blank({official: shape for official, _, shape in HF_ROWS})


def test_rules_reproduce_the_whole_table():
    """Each of the 258 transformers names becomes the official name."""
    assert len(HF_ROWS) == 258
    assert [official_vitmatte_key(hf) for _, hf, _ in HF_ROWS] == [official for official, _, _ in HF_ROWS]


@pytest.mark.parametrize("wrapper", [None, "model", "state_dict"])
def test_mematte_checkpoints_load(wrapper):
    """Official MEMatte weights load strictly, plain or inside a training checkpoint with its teacher."""
    state = blank(MEMATTE_KEYS)
    state["teacher_backbone.pos_embed"] = torch.empty(1)
    state["pixel_mean"] = state["pixel_std"] = torch.empty(3, 1, 1)
    checkpoint = state if wrapper is None else {wrapper: state, "iteration": 7}
    mapped = from_mematte(checkpoint)
    load_strictly(MEMATTE_S, mapped)
    assert all(mapped[key] is state[key] for key in MEMATTE_KEYS)
    assert "teacher_backbone.pos_embed" in state


def test_unknown_keys_are_not_dropped():
    """A tensor that no rule knows stays and fails the strict load."""
    mapped = from_mematte({**blank(MEMATTE_KEYS), "backbone.extra.weight": torch.empty(1)})
    with pytest.raises(RuntimeError, match=r"backbone\.extra\.weight"):
        load_strictly(MEMATTE_S, mapped)


def test_vitmatte_checkpoints_load():
    """ViTMatte weights load strictly under their official and their transformers names."""
    load_strictly(VITMATTE_S, from_vitmatte({"model": vitmatte_state()}))
    load_strictly(VITMATTE_S, from_vitmatte_hf(hf_state()))


def test_vitmatte_does_not_pass_for_mematte():
    """ViTMatte weights alone do not fill a routed matter."""
    with pytest.raises(RuntimeError, match="Missing key"):
        load_strictly(MEMATTE_S, from_vitmatte(vitmatte_state()))


def test_vitmatte_into_mematte_reports_what_is_new():
    """ViTMatte weights fill a routed matter but for its 68 routing tensors, which are named."""
    vitmatte, fresh = vitmatte_state(), empty_matter(MEMATTE_S).state_dict()
    merged, new = vitmatte_into_mematte(vitmatte, fresh)
    load_strictly(MEMATTE_S, merged)
    assert len(new) == 68
    assert new == sorted(key for key in fresh if ".routers." in key or ".efficient_block." in key)
    assert all(merged[key] is (fresh if key in new else vitmatte)[key] for key in merged)
    left_out = set(vitmatte) - set(merged)
    assert left_out == {f"backbone.blocks.{n}.attn.rel_pos_{axis}" for n in (2, 5, 8, 11) for axis in "hw"}
