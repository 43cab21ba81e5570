"""Published weights find their place: SAM 2.1 in our tracker, MEMatte and ViTMatte in our matter."""

import json
from pathlib import Path

import pytest
import torch
from published_weights import SIZES, sam2_network

from engine.contract.errors import ModelError
from engine.model.config import CONFIGS, MEMATTE_S, STARTER, VITMATTE_S
from engine.model.image_encoder import merged
from engine.model.matter import Matter
from engine.weights.header import Contents
from engine.weights.import_weights import recognise
from engine.weights.keys import (
    NEW_IN_MAM2,
    absent_as_allowed,
    copied_from,
    from_mematte,
    from_vitmatte_hf,
    official_vitmatte_key,
    public_start,
    sam2_size,
    sam2_state,
    vitmatte_into_mematte,
)
from engine.weights.structure import empty_model, empty_parts

MILLIONS = {"t": 38.96, "s": 46.06, "b+": 80.85, "l": 224.45}
DATA = Path(__file__).parents[1] / "data" / "mematte"
MEMATTE_KEYS = {key: shape for key, shape, _ in json.loads((DATA / "keys.json").read_text())["keys"]}
HF_ROWS = json.loads((DATA / "vitmatte_hf_keys.json").read_text())["keys"]


@pytest.fixture(scope="module", params=sorted(SIZES))
def size(request):
    """A letter and the shapes that the sam2 package builds from its own configuration file."""
    network = sam2_network(request.param)
    count = sum(parameter.numel() for parameter in network.parameters())
    return request.param, {key: tensor.shape for key, tensor in network.state_dict().items()}, count


def test_trackers_have_the_public_names_and_shapes(size):
    """Each size has exactly SAM 2.1's tensors, and MAM2's additions besides."""
    letter, public, _ = size
    contents = Contents(f"sam2.1-{letter}", tracker=CONFIGS[f"sam2.1-{letter}"].tracker)
    ours = {key.removeprefix("tracker."): t.shape for key, t in empty_parts(contents).state_dict().items()}
    assert {key: shape for key, shape in ours.items() if not NEW_IN_MAM2.match(key)} == public


def test_sizes_are_told_by_shape(size):
    """Width and depth of the encoder tell the four sizes apart; the counts are the published ones."""
    letter, public, count = size
    state = {key: torch.empty(shape, device="meta") for key, shape in public.items()}
    assert sam2_size(state) == f"sam2.1-{letter}"
    assert round(count / 1e6, 2) == MILLIONS[letter]


def test_an_unknown_size_is_none():
    """A SAM 2 of no public width is not mistaken for one."""
    state = {"image_encoder.trunk.patch_embed.proj.weight": torch.empty(40, 3, 7, 7)}
    assert sam2_size(sam2_state({"model": state})) is None


def test_other_networks_are_not_sam2():
    """A state without SAM 2's first layer is not SAM 2's."""
    assert sam2_state({"model": {"backbone.pos_embed": torch.zeros(1)}}) is None
    assert sam2_state({"model": 3}) is None


def test_the_first_sam2_is_named():
    """A checkpoint of July 2024 is refused with the name of the file to get instead."""
    state = {f"image_encoder.trunk.blocks.{i}.norm1.weight": torch.zeros(96) for i in range(12)}
    state["image_encoder.trunk.patch_embed.proj.weight"] = torch.zeros(96, 3, 7, 7)
    with pytest.raises(ModelError, match=r"not SAM 2\.1") as raised:
        recognise({"model": state}, "sam2_hiera_tiny.pt")
    assert "sam2.1_hiera_tiny.pt" in raised.value.hint


def test_only_public_structures_start_from_public_weights():
    """Every `mam2-*` starts from the SAM 2.1 of its size; the starter from none."""
    assert {name: public_start(config.tracker) for name, config in CONFIGS.items() if name.startswith("mam2-")} == {
        f"mam2-{letter}": f"sam2.1-{letter}" for letter in SIZES
    }
    assert public_start(STARTER.tracker) is None


def test_adapters_come_out_by_name():
    """Without its adapters, an adapted encoder has the names of one that never had any."""
    adapted = empty_model(STARTER).state_dict()
    plain = Contents("starter", tracker=STARTER.tracker, matter=STARTER.matter)
    assert merged(adapted, STARTER.lora).keys() == empty_parts(plain).state_dict().keys()


def test_additions_are_absent_together_or_not_at_all():
    """What MAM2 adds may be absent as a whole; one piece of it makes the rest due."""
    pieces = {"tracker.sam_mask_decoder.trimap_tokens.weight", "tracker.sam_mask_decoder.mask_augment.stack.0.bias"}
    expected = pieces | {"tracker.no_mem_embed"}
    assert absent_as_allowed(expected, {"tracker.no_mem_embed"}, "tracker.") == pieces
    assert absent_as_allowed(expected, {min(pieces)}, "tracker.") == set()


def test_only_the_upscaler_is_a_copy():
    """The trimap's upscaler begins as the mask's; every other addition as its module says."""
    assert copied_from("a.trimap_upscaling.0.weight") == "a.output_upscaling.0.weight"
    assert copied_from("a.trimap_tokens.weight") is None


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
    load_strictly(VITMATTE_S, from_mematte({"model": vitmatte_state()}))
    load_strictly(VITMATTE_S, from_vitmatte_hf(hf_state()))


def test_vitmatte_does_not_pass_for_mematte():
    """ViTMatte weights alone do not fill a routed matter."""
    with pytest.raises(RuntimeError, match="Missing key"):
        load_strictly(MEMATTE_S, from_mematte(vitmatte_state()))


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
