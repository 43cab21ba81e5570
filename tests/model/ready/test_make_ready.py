"""A model made ready to matte computes what it did before."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from engine.model.config import CONFIGS, STARTER_MATTER
from engine.model.mam2 import MAM2
from engine.model.matter import Matter
from engine.model.ready import make_ready
from engine.model.ready.around_unknown import windows_around
from engine.model.ready.memory import keep_freed_memory
from engine.model.ready.strips import StripBlock
from engine.model.tensors import FrameMemory, Memory
from engine.weights.models import load_model, save_model

SIZE_HW = (352, 544)
ROOT = Path(__file__).parents[3]


def ready(kind, monkeypatch, *, half):
    """The same seeded matter or model twice: as it is, and made ready with or without half precision."""
    monkeypatch.setattr(make_ready, "has_bfloat16", lambda: half)
    both = []
    for _ in range(2):
        torch.manual_seed(3)
        both.append(MAM2(CONFIGS["starter"]) if kind == "model" else Matter(STARTER_MATTER))
        both[-1].requires_grad_(requires_grad=False).eval()
    (make_ready.optimise if kind == "model" else make_ready.optimise_matter)(both[1])
    return both


def ring():
    """A plate and a trimap whose unknown pixels form a ring, B = 1."""
    torch.manual_seed(0)
    y, x = torch.meshgrid(torch.arange(SIZE_HW[0]), torch.arange(SIZE_HW[1]), indexing="ij")
    far = torch.hypot(y - 150.0, x - 260.0)
    trimap = (far < 120).float() + 0.5 * ((far >= 120) & (far < 140)).float()
    return torch.rand(1, 3, *SIZE_HW), trimap[None, None]


def levels(features):
    """The encoder's features at strides 4, 8 and 16."""
    return *features.high_res, features.image_bchw


@torch.inference_mode()
def test_decoding_around_the_unknown_is_decoding_the_frame(monkeypatch):
    """In float32 unknown pixels get the alpha of one pass over the frame up to rounding, known ones the trimap."""
    plain, quick = ready("matter", monkeypatch, half=False)
    plate, trimap = ring()
    alpha = quick(plate, trimap)
    unknown = trimap == 0.5
    assert torch.allclose(alpha[unknown], plain(plate, trimap)[unknown], atol=1e-5)
    assert torch.equal(alpha[:, :, :64, :64], trimap[:, :, :64, :64])


@torch.inference_mode()
def test_a_matter_made_ready_is_right_at_the_edges_of_a_plate(monkeypatch):
    """Unknown pixels along the border and in the middle get the plain matter's alpha, up to rounding."""
    plain, quick = ready("matter", monkeypatch, half=False)
    assert len(quick.parts.steps) == 4
    plate, trimap = torch.rand(1, 3, 320, 448), torch.zeros(1, 1, 320, 448)
    trimap[..., :20, 40:] = 0.5
    trimap[..., 300:, :90] = 0.5
    trimap[..., 150:190, :] = 0.5
    unknown = trimap == 0.5
    torch.testing.assert_close(quick(plate, trimap)[unknown], plain(plate, trimap)[unknown], rtol=0, atol=1e-5)


@torch.inference_mode()
def test_half_precision_shows_nowhere():
    """The shipped matter's alpha differs by less than 1/255 on average and 8/255 at worst when made ready."""
    plate, trimap = ring()
    exact, quick = load_model("starter", exact=True).matter, load_model("starter").matter
    unknown = trimap == 0.5
    difference = 255 * (exact(plate, trimap) - quick(plate, trimap)).abs()[unknown]
    assert difference.mean() < 1
    assert difference.max() < 8


@pytest.mark.parametrize("half", [False, True], ids=["float32 alone", "native bfloat16"])
@torch.inference_mode()
def test_the_tracker_encodes_and_recalls_the_same(monkeypatch, half):
    """Features and what is recalled of memories, object pointers among them, agree up to rounding."""
    plain, quick = ready("model", monkeypatch, half=half)
    plate = torch.rand(1, 3, plain.image_size, plain.image_size)
    features = plain.encode(plate)
    for mine, theirs in zip(levels(quick.encode(plate)), levels(features), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-5)
    grid = features.image_bchw.shape[-2:]
    kept = [FrameMemory(torch.randn(1, 64, *grid), torch.randn(1, 128)) for _ in range(3)]
    memory = Memory(3, 9, prompted={0: kept[0]}, recent={1: kept[1], 2: kept[2]})
    assert torch.allclose(quick.recall(features, memory), plain.recall(features, memory), atol=1e-4)


@torch.inference_mode()
def test_a_large_tracker_encodes_the_same_in_strips(monkeypatch):
    """Without native bfloat16 its encoder takes a plate in strips, and gives the same features up to rounding."""
    monkeypatch.setattr(make_ready, "_LARGE", 0)
    plain, quick = ready("model", monkeypatch, half=False)
    assert all(isinstance(block, StripBlock) for block in quick.tracker.image_encoder.trunk.blocks)
    plate = torch.rand(1, 3, plain.image_size, plain.image_size)
    for mine, theirs in zip(levels(quick.encode(plate)), levels(plain.encode(plate)), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-5)


@torch.inference_mode()
def test_a_large_tracker_in_half_is_as_near_as_autocast(monkeypatch):
    """Stored in bfloat16 it encodes a plate no farther from float32 than half a percent more than autocast does."""
    monkeypatch.setattr(make_ready, "_LARGE", 0)
    plain, quick = ready("model", monkeypatch, half=True)
    plate = torch.rand(1, 3, plain.image_size, plain.image_size)
    exact = levels(plain.encode(plate))
    with torch.autocast("cpu", torch.bfloat16):
        pairs = zip(exact, levels(plain.encode(plate)), levels(quick.encode(plate)), strict=True)
    for true, automatic, stored in pairs:
        error = (stored - true).norm() / true.norm()
        assert 0 < error < (automatic - true).norm() / true.norm() + 0.005


def test_windows_hold_what_is_wanted_and_little_else():
    """Every wanted pixel lies in a window, and the hole of a large ring in none."""
    wanted = torch.zeros(1088, 1920, dtype=torch.bool)
    wanted[100:900, 200:1700] = True
    wanted[130:870, 230:1670] = False
    covered = torch.zeros_like(wanted)
    for window in windows_around(wanted):
        covered[window.top : window.bottom, window.left : window.right] = True
    assert covered[wanted].all()
    assert not covered[300:700, 500:1400].any()


@pytest.mark.parametrize("shared", [True, False])
def test_freed_memory_is_kept_where_the_c_library_can(shared):
    """On Linux with glibc freed memory stays with the process; elsewhere nothing is done, and that is said."""
    assert keep_freed_memory(shared=shared) == (platform.libc_ver()[0] == "glibc")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="elsewhere freed memory is not kept")
def test_freed_memory_is_given_back_when_asked():
    """What is freed between tensors that stay goes back to the system, though it is not at the end."""
    said = subprocess.run([sys.executable, "-c", _GAPS], capture_output=True, text=True, check=True, cwd=ROOT)
    kept, given_back = (float(word) for word in said.stdout.split())
    assert kept > 350
    assert given_back < 100


_GAPS = """
import psutil, torch
from engine.model.ready.memory import give_back_freed_memory, keep_freed_memory
size = lambda: psutil.Process().memory_info().rss / 2**20
keep_freed_memory()
before = size()
blocks = [torch.ones(1 << 20) for _ in range(128)]
blocks = blocks[15::16]
kept = size() - before
give_back_freed_memory()
print(kept, size() - before)
"""


def test_a_model_made_ready_is_not_saved(tmp_path):
    """Its weights are no longer those of a model's file: saving it is refused, and says how to load it instead."""
    with pytest.raises(ValueError, match="exact=True"):
        save_model(load_model("starter"), tmp_path / "x.safetensors", metadata={})
    assert list(tmp_path.iterdir()) == []
