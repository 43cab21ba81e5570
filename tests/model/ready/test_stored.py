"""A large tracker on a GPU: stored in half precision it finds what it finds in float32, as nearly as it can."""

import copy

import pytest
import torch
from pretended_device import pretended
from small_model import SMALL, lively

from engine.model.ready import make_ready
from engine.model.ready.half import tracker_precision
from engine.model.ready.make_ready import overflows
from engine.model.ready.precision import half_of
from engine.model.tensors import FrameMemory, FramePrompt, Memory
from engine.weights.models import load_model

HALVES = (torch.bfloat16, torch.float16)


def large(**changes):
    """The small model, called large."""
    return lively(SMALL, **changes).requires_grad_(requires_grad=False)


@torch.inference_mode()
def answers(model, precision):
    """What a click, and a frame that recalls another, find under autocast in a precision; None: without."""
    torch.manual_seed(4)
    side = model.image_size
    click = FramePrompt(torch.tensor([[[side / 2, side / 2]]]), torch.ones(1, 1, dtype=torch.int32))
    memory = {0: FrameMemory(torch.randn(1, 64, side // 16, side // 16).bfloat16(), torch.randn(1, 64))}
    with torch.autocast("cpu", precision, enabled=precision is not None):
        features = model.encode(torch.rand(1, 3, side, side))
        step = model(features, click, Memory(0, 2))
        recalled = model.recall(model.encode(torch.rand(1, 3, side, side)), Memory(1, 2, memory))
    found = (features.image_bchw, *features.high_res, step.mask.logits_b1hw, step.trimap_b3hw, recalled)
    return [tensor.float() for tensor in found]


@pytest.mark.parametrize("precision", HALVES)
def test_a_stored_tracker_is_as_near_as_autocast(precision, monkeypatch):
    """Features, mask, trimap and what is recalled are no farther from float32 than autocast has them, or little."""
    monkeypatch.setattr(make_ready, "LARGE", 0)
    plain = large()
    exact, automatic = answers(plain, None), answers(plain, precision)
    quick = copy.deepcopy(plain)
    swaps = [one for one in make_ready.SWAPS if one.path == "tracker" and one.when & case_of(precision)]
    for swap in swaps:
        make_ready.put(quick, swap)
    assert tracker_precision(quick) == precision
    assert {weight.dtype for weight in quick.tracker.parameters()} == {precision}
    for want, near, found in zip(exact, automatic, answers(quick, precision), strict=True):
        error = (found - want).norm() / want.norm()
        assert 0 < error < 1.5 * (near - want).norm() / want.norm() + 0.01


def case_of(precision):
    """The case in which trackers are stored in it."""
    case = make_ready.Case
    return case.BFLOAT16_TRACKER if precision == torch.bfloat16 else case.FLOAT16_TRACKER


def test_numbers_that_leave_half_precision_are_noticed():
    """A tracker whose features are beyond float16 overflows there, and not in bfloat16."""
    model = large()
    assert not overflows(model, torch.float16)
    for weight in model.tracker.image_encoder.neck.parameters():
        weight.mul_(1e6)
    assert overflows(model, torch.float16)
    assert not overflows(model, torch.bfloat16)


@pytest.mark.parametrize(
    ("capability", "half"),
    [((9, 0), torch.bfloat16), ((8, 0), torch.bfloat16), ((7, 5), torch.float16), ((6, 1), None)],
)
def test_precision_goes_by_what_a_gpu_multiplies(capability, half):
    """Native bfloat16 first, then float16; a GPU with neither, and the starter everywhere, stay in float32."""
    with pretended(capability=capability):
        assert half_of(torch.device("cuda")) == half
        assert tracker_precision(load_model("starter", device="cuda")) is None
