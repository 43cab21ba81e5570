"""The contract of all swaps: what stands in a module's place computes what the module does."""

import copy
from dataclasses import replace

import pytest
import torch
from small_model import SMALL, lively

from engine.model.config import PictureTrimapConfig
from engine.model.ready import make_ready
from engine.model.ready.encoder import StripBlock
from engine.model.ready.half import tracker_precision
from engine.model.ready.make_ready import SWAPS, Case, put
from engine.model.tensors import FramePrompt, Memory
from engine.weights.models import load_model, save_model

PLAIN = replace(SMALL, lora=None, trimap=PictureTrimapConfig((4, 8, 8, 16, 16), (0, 1, 1, 1, 1), side=64))
LITE = replace(PLAIN, tracker=replace(SMALL.tracker, hiera=None, trunk="efficientnet_lite0"))
FRAMES = 4
HALVES = {
    Case.HALF_TRACKER: torch.bfloat16,
    Case.BFLOAT16_TRACKER: torch.bfloat16,
    Case.FLOAT16_TRACKER: torch.float16,
}
METHODS = {"tracker": "forward_image"}
"""Of modules that are not called as such."""


def plate_and_trimap():
    """A plate and a trimap that is unknown in a ring, along the left edge and in the bottom right corner."""
    y, x = torch.meshgrid(torch.arange(160), torch.arange(224), indexing="ij")
    far = torch.hypot(y - 70.0, x - 110.0)
    trimap = (far < 50).float() + 0.5 * ((far >= 50) & (far < 60)).float()
    trimap[:, :9] = trimap[140:, 190:] = 0.5
    return torch.rand(1, 3, 160, 224), trimap[None, None]


def run(model):
    """Track an object through frames and matte a plate: every part of a model is called."""
    torch.manual_seed(4)
    side, prompted, recent = model.image_size, {}, {}
    click = FramePrompt(torch.tensor([[[side / 2, side / 2]]]), torch.ones(1, 1, dtype=torch.int32))
    for frame in range(FRAMES):
        features = model.encode(torch.rand(1, 3, side, side))
        step = model(features, None if frame else click, Memory(frame, FRAMES, prompted, recent))
        (recent if frame else prompted)[frame] = step.memory
    model.trimap(torch.rand(2, 3, 64, 64), torch.rand(2, 1, 64, 64))
    model.matter(*plate_and_trimap())


def calls_of(model, paths):
    """Run a model; give every call of the modules at these paths, or of their method, as path, arguments and result."""
    calls = []
    for path in paths:
        owner, name = model.get_submodule(path), METHODS.get(path, "forward")
        owner.__dict__[name] = recorded(calls, path, getattr(owner, name))
    run(model)
    return calls


def recorded(calls, path, function):
    """A function that notes what it is called with, before it can change that, and what it gives."""

    def call(*args, **kwargs):
        given = copy.deepcopy((args, kwargs))
        result = function(*args, **kwargs)
        calls.append((path, given, copy.deepcopy(result)))
        return result

    return call


def read(path, result, given):
    """The tensors that are read of what a module at a path gives."""
    if path == "tracker":
        return result["backbone_fpn"]  # nobody reads the positions beside them
    if path.startswith("matter") and "." not in path.removeprefix("matter.decoder"):
        _, last = given[0]
        return [result[last[:, -1:] == 0.5]]  # a session takes the rest from the trimap
    if isinstance(result, dict):
        return [tensor for value in result.values() for tensor in ([value] if torch.is_tensor(value) else value)]
    return [result] if torch.is_tensor(result) else list(result)


@pytest.mark.parametrize("swap", SWAPS, ids=[f"{number} {swap.path}" for number, swap in enumerate(SWAPS)])
@torch.inference_mode()
def test_swapped_equals_plain_within_its_error(swap):
    """Whatever a module is given in tracking and matting, what is put in its place gives the same within its error."""
    plain = lively(LITE if Case.LITE in swap.when else PLAIN)
    swapped = copy.deepcopy(plain)
    put(swapped, swap)
    paths = list(make_ready.places(plain, swap.path))
    assert paths, "a path that leads nowhere"
    compared = 0
    for path, given, want in calls_of(plain, paths):
        with torch.autocast("cpu", HALVES.get(swap.when, torch.bfloat16), enabled=swap.when in HALVES):
            args, kwargs = copy.deepcopy(given)
            found = getattr(swapped.get_submodule(path), METHODS.get(path, "forward"))(*args, **kwargs)
        for mine, theirs in zip(read(path, found, given), read(path, want, given), strict=True):
            assert (mine.float() - theirs.float()).abs().max() <= swap.error * theirs.float().abs().max()
            compared += 1
    assert compared >= len(paths)


def both(monkeypatch, *, half=False, largest=64):
    """A small model twice, as it is and made ready where squares above `largest` pixels are large."""
    monkeypatch.setattr(make_ready, "half_of", lambda _: torch.bfloat16 if half else None)
    monkeypatch.setattr(make_ready, "LARGE", largest)
    plain = lively(PLAIN).requires_grad_(requires_grad=False)
    quick = copy.deepcopy(plain)
    make_ready.make_ready(quick, torch.device("cpu"))
    return plain, quick


def answers(model):
    """The mask, the trimap and the memory of a frame, and the alpha of a plate's unknown pixels."""
    torch.manual_seed(4)
    side = model.image_size
    click = FramePrompt(torch.tensor([[[side / 2, side / 2]]]), torch.ones(1, 1, dtype=torch.int32))
    step = model(model.encode(torch.rand(1, 3, side, side)), click, Memory(0, 1))
    plate, trimap = plate_and_trimap()
    alpha = model.matter(plate, trimap)
    return step.mask.logits_b1hw, step.trimap_b3hw, step.memory.features_bmhw.float(), alpha[trimap == 0.5]


@pytest.mark.parametrize("largest", [0, 64], ids=["a large tracker", "a small one"])
@torch.inference_mode()
def test_all_swaps_together_change_nothing_but_rounding(monkeypatch, largest):
    """In float32 a model made ready answers as before, its encoder in strips where the tracker is large."""
    plain, quick = both(monkeypatch, largest=largest)
    blocks = quick.tracker.image_encoder.trunk.blocks
    assert all(isinstance(block, StripBlock) == (largest == 0) for block in blocks)
    for mine, theirs in zip(answers(quick), answers(plain), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-2, atol=1e-4)


@torch.inference_mode()
def test_a_large_tracker_in_half_is_as_near_as_autocast(monkeypatch):
    """Stored in bfloat16 it encodes a plate no farther from float32 than half a percent more than autocast does."""
    plain, quick = both(monkeypatch, half=True, largest=0)
    assert tracker_precision(quick) == torch.bfloat16
    plate = torch.rand(1, 3, plain.image_size, plain.image_size)
    exact = levels(plain.encode(plate))
    with torch.autocast("cpu", torch.bfloat16):
        pairs = zip(exact, levels(plain.encode(plate)), levels(quick.encode(plate)), strict=True)
    for true, automatic, stored in pairs:
        error = (stored - true).norm() / true.norm()
        assert 0 < error < (automatic - true).norm() / true.norm() + 0.005


def levels(features):
    """The encoder's features at strides 4, 8 and 16."""
    return *features.high_res, features.image_bchw


@torch.inference_mode()
def test_half_precision_shows_nowhere():
    """The shipped matter's alpha differs by less than 1/255 on average and 8/255 at worst when made ready."""
    plate, trimap = plate_and_trimap()
    exact, quick = load_model("starter", exact=True).matter, load_model("starter").matter
    unknown = trimap == 0.5
    difference = 255 * (exact(plate, trimap) - quick(plate, trimap)).abs()[unknown]
    assert difference.mean() < 1
    assert difference.max() < 8


def test_a_model_made_ready_is_not_saved(tmp_path):
    """Its weights are no longer those of a model's file: saving it is refused, and says how to load it instead."""
    with pytest.raises(ValueError, match="exact=True"):
        save_model(load_model("starter"), tmp_path / "x.safetensors", metadata={})
    assert list(tmp_path.iterdir()) == []
