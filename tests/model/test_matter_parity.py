"""The matter against numbers from the public networks (tests/data/mematte/SOURCE.md)."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from engine.model.config import MEMATTE_S, VITMATTE_S
from engine.model.matter import Matter
from engine.weights.keys import from_vitmatte_hf

DATA = Path(__file__).parents[1] / "data" / "mematte"
FULL = Path(__file__).parents[3] / "shared" / "fixtures" / "mematte"
KEYS = json.loads((DATA / "keys.json").read_text())
HF_KEYS = json.loads((DATA / "vitmatte_hf_keys.json").read_text())["keys"]
TOLERANCE = 1e-4
FULL_CASES = [
    "s0_96x128",
    "s1_160x96",
    "s2_224x224",
    "s3_150x117_pad_both",
    "s4_96x118_pad_one_side",
    "s5_256x288_four_windows",
    "s6_224x224_cap60",
    "s7_544x576_tiled",
]


def seeded(position, key, shape):
    """The array of one tensor: float64 normal draws, scaled by what the tensor is for."""
    if key.endswith("num_batches_tracked"):
        return np.zeros(shape, np.int64)
    draw = np.random.Generator(np.random.PCG64(KEYS["seed"] + position)).standard_normal(shape)
    if key.endswith("running_var"):
        value = 1 + 0.1 * np.abs(draw)
    elif key.endswith("pos_embed"):
        value = draw
    elif key.endswith(("rel_pos_h", "rel_pos_w")):
        value = 0.1 * draw
    elif key.endswith(".weight") and draw.ndim == 1:
        value = 1 + 0.02 * draw
    elif key.endswith(".weight"):
        if ".routers." in key:
            draw = draw - draw.mean(axis=1, keepdims=True)
        value = gain(key) * draw / np.sqrt(np.prod(shape[1:]))
    else:
        value = 0.02 * draw
    return value.astype(np.float32)


def gain(key):
    """How much wider than unit variance a weight is drawn."""
    if ".routers." in key:
        return 2.0
    if key == "decoder.matting_head.matting_convs.3.weight":
        return 3.0
    return 1.5 if key.startswith("decoder.") else 1.0


@pytest.fixture(scope="module")
def arrays():
    """All tensors of the seeded MEMatte-S as arrays."""
    return {key: seeded(i, key, shape) for i, (key, shape, _) in enumerate(KEYS["keys"])}


@pytest.fixture(scope="module")
def mematte(arrays):
    """The matter filled with the seeded MEMatte-S."""
    model = Matter(MEMATTE_S).eval()
    model.load_state_dict({key: torch.from_numpy(array) for key, array in arrays.items()}, strict=True)
    return model


def inputs(cases, case):
    """Plate and trimap of a case; unknown is 128 / 255, as the official script feeds it."""
    plate = torch.from_numpy(cases[f"{case}/image"]).permute(2, 0, 1)[None].float() / 255
    trimap = torch.from_numpy(cases[f"{case}/trimap"])[None, None].float() / 255
    return plate, trimap


def assert_routing(out, cases, case):
    """Every router keeps exactly the recorded tokens for the recorded reasons."""
    assert len(out.keeps) == len(MEMATTE_S.global_blocks)
    for i, (keep, log_prob) in enumerate(zip(out.keeps, out.log_probs, strict=True)):
        np.testing.assert_array_equal(keep[0].numpy(), cases[f"{case}/router{i}_keep"].astype(bool))
        np.testing.assert_allclose(log_prob[0].numpy(), cases[f"{case}/router{i}_logprob"], atol=TOLERANCE)


def both_ways(matter, plate, trimap):
    """What the matter gives, and its alpha in tiles that are filled with zeros at the frame's right and bottom."""
    given = []
    hook = matter.decoder.register_forward_pre_hook(lambda _, args: given.append(args))
    out = matter.forward_detailed(plate, trimap)
    hook.remove()
    ((features, image),) = given
    right, bottom = (-size % matter.config.detail_tile for size in (image.shape[-1], image.shape[-2]))
    filled = functional.pad(features, (0, right // 16, 0, bottom // 16)), functional.pad(image, (0, right, 0, bottom))
    return out, matter.decoder.in_tiles(*filled)[..., : plate.shape[-2], : plate.shape[-1]]


def assert_alpha(alpha, expected):
    """Alpha is the recorded one, pixel by pixel."""
    np.testing.assert_allclose(alpha[0, 0].numpy(), expected, rtol=0, atol=TOLERANCE)


def test_seeded_tensors_are_the_recorded_ones(arrays):
    """The weights behind the recorded numbers are rebuilt bit by bit."""
    for key, shape, digest in KEYS["keys"]:
        assert list(arrays[key].shape) == shape
        assert hashlib.sha256(arrays[key].tobytes()).hexdigest() == digest, key


def test_mematte_has_the_official_parameters(mematte):
    """MEMatte-S has 29,191,293 parameters under the official names."""
    assert sum(parameter.numel() for parameter in mematte.parameters()) == KEYS["parameters"] == 29_191_293
    assert sorted(mematte.state_dict()) == [key for key, _, _ in KEYS["keys"]]


@torch.inference_mode()
@pytest.mark.parametrize("case", ["s0_96x128", "s4_96x118_pad_one_side"])
def test_whole_frame_alpha_and_routing(mematte, case):
    """Decoding the frame at once gives the official alpha, padding quirk included, and the official routing."""
    cases = np.load(DATA / "cases.npz")
    out, _ = both_ways(mematte, *inputs(cases, case))
    assert_routing(out, cases, case)
    assert_alpha(out.alpha, cases[f"{case}/alpha_whole"])


@torch.inference_mode()
def test_tiled_alpha(mematte):
    """Decoding in tiles that are filled with zeros, as the official default does, gives its alpha."""
    cases = np.load(DATA / "cases.npz")
    _, tiled = both_ways(mematte, *inputs(cases, "s0_96x128"))
    assert_alpha(tiled, cases["s0_96x128/alpha"])


@torch.inference_mode()
def test_token_cap_keeps_the_surest(mematte, monkeypatch):
    """Under a cap a router keeps the tokens whose recorded margin is largest."""
    cases = np.load(DATA / "cases.npz")
    monkeypatch.setattr(mematte, "config", replace(MEMATTE_S, max_tokens=12))
    out = mematte.forward_detailed(*inputs(cases, "s0_96x128"))
    margin = np.subtract(*np.moveaxis(cases["s0_96x128/router0_logprob"], -1, 0))
    assert set(np.flatnonzero(out.keeps[0][0].numpy())) == set(np.argsort(margin, axis=None)[-12:])
    assert all(int(keep.sum()) == 12 for keep in out.keeps)


@torch.inference_mode()
def test_vitmatte_alpha():
    """ViTMatte-S filled through the transformers names gives the alpha that transformers gives."""
    official = sorted((key, hf, shape) for key, hf, shape in HF_KEYS)
    state = {hf: torch.from_numpy(seeded(i, key, shape)) for i, (key, hf, shape) in enumerate(official)}
    model = Matter(VITMATTE_S).eval()
    model.load_state_dict(from_vitmatte_hf(state), strict=True)
    cases = np.load(DATA / "cases.npz")
    out = model.forward_detailed(*inputs(cases, "s0_96x128"))
    assert out.keeps == ()
    assert_alpha(out.alpha, cases["s0_96x128/vitmatte_alpha"])


@torch.inference_mode()
@pytest.mark.skipif(not FULL.is_dir(), reason="the full set of recorded cases is not beside this repository")
@pytest.mark.parametrize("case", FULL_CASES)
def test_full_set(mematte, case, monkeypatch):
    """Every recorded case agrees in routing, features and both ways of decoding."""
    cases = np.load(FULL / "cases.npz")
    described = {entry["case"]: entry for entry in json.loads((FULL / "cases.json").read_text())["cases"]}
    assert set(described) == set(FULL_CASES)
    monkeypatch.setattr(mematte, "config", replace(MEMATTE_S, max_tokens=described[case]["max_number_token"]))
    out, tiled = both_ways(mematte, *inputs(cases, case))
    assert_routing(out, cases, case)
    assert_alpha(out.alpha, cases[f"{case}/alpha_whole"])
    assert_alpha(tiled, cases[f"{case}/alpha"])
    if f"{case}/features" in cases:
        np.testing.assert_allclose(out.features[0].numpy(), cases[f"{case}/features"], atol=TOLERANCE)
