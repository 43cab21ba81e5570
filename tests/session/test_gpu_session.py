"""On a real GPU: mattes are those of the CPU, memory that runs out costs quality alone, and 4K fits into 8 GB."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from device_shots import DISC, SHOTS, alphas, near, session_on
from small_model import lively

from engine.contract.errors import ServiceError
from engine.contract.shot import Point, Settings, Shot, ShotObject
from engine.model.config import CONFIGS
from engine.model.ready.half import tracker_precision
from engine.model.ready.make_ready import make_ready
from engine.model.tensors import FramePrompt, Memory
from engine.session.ladder import track_within_memory
from engine.session.matting import MatterLimits
from engine.session.session import ShotSession

pytestmark = pytest.mark.gpu
GPU = torch.device("cuda")
NEAR = 0.03
"""Of alpha: what TF32 may move a pixel by, about 8 of 255."""


@pytest.mark.parametrize("said", SHOTS)
def test_mattes_are_those_of_the_cpu(said, shot_of, plates):
    """Points, boxes, masks and several objects give on a GPU what they give on the CPU."""
    shot = shot_of(1, 4, *SHOTS[said])
    with session_on("cpu", shot, plates) as session:
        want = alphas(session.track())
    with session_on("cuda", shot, plates) as session:
        found = alphas(session.track())
    near(found, want, most=NEAR)
    assert np.mean([np.abs(found[key] - want[key]).mean() for key in want]) < 1 / 255


def test_tiles_and_previews_are_those_of_the_cpu(shot_of, plates):
    """Tiles, a preview ahead of tracking and one after a correction are the CPU's."""
    shot, limits = shot_of(1, 4, *SHOTS["a point"]), MatterLimits(tile=64, overlap=16)
    corrected = ShotObject("disc", (DISC, Point(2, 70, 30, positive=False)))

    def made(device):
        with session_on(device, shot, plates, limits) as session:
            first = session.preview(3)
            tracked = list(session.track())
            session.edit((corrected,))
            return alphas([first, *tracked]), alphas([session.preview(2)])

    for found, want in zip(made("cuda"), made("cpu"), strict=True):
        near(found, want, most=NEAR)


@pytest.fixture(scope="module")
def large():
    """`sam2.1-l` with seeded weights, made ready on the GPU; it takes its trimaps from the mask."""
    model = lively(replace(CONFIGS["sam2.1-l"], trimap_from="uncertainty", trimap=None))
    model.requires_grad_(requires_grad=False).to(GPU)
    make_ready(model, GPU)
    return model


@torch.inference_mode()
def test_a_large_tracker_never_waits(large):
    """Encoding, decoding and remembering a frame never wait for the GPU."""
    side = large.image_size
    plate = torch.rand(1, 3, side, side, device=GPU)
    click = FramePrompt(torch.full((1, 1, 2), side / 2, device=GPU), torch.ones(1, 1, dtype=torch.int32, device=GPU))
    with torch.autocast("cuda", tracker_precision(large)):
        step = large(large.encode(plate), click, Memory(0, 3))
        torch.cuda.set_sync_debug_mode("error")
        try:
            step = large(large.encode(plate), None, Memory(1, 3, {0: step.memory}))
        finally:
            torch.cuda.set_sync_debug_mode("default")
    assert step.mask.logits_b1hw.isfinite().all()


class Ramps:
    """Plates of a size with a disc in the middle."""

    def __init__(self, width, height):
        self.size = (width, height)

    def display(self, frame):
        """Give a plate."""
        y, x = np.mgrid[: self.size[1], : self.size[0]].astype(np.float32)
        disc = np.hypot(x - self.size[0] / 2 - frame, y - self.size[1] / 2) < self.size[1] / 3
        return np.stack([x / self.size[0], y / self.size[1], disc], axis=-1).astype(np.float32)


@pytest.fixture
def capped():
    """Give what caps the GPU's memory for this process; it is free again afterwards."""
    total = torch.cuda.get_device_properties(GPU).total_memory

    def cap(size):
        torch.cuda.empty_cache()
        torch.cuda.set_per_process_memory_fraction(min(1.0, size / total))

    yield cap
    torch.cuda.set_per_process_memory_fraction(1.0)
    torch.cuda.empty_cache()


def tracked(model, size, frames=2):
    """Track a disc in plates of a size, within memory."""
    thing = ShotObject("disc", (Point(1, size[0] / 2, size[1] / 2),))
    shot = Shot(1, frames, *size, (thing,), Settings(direction="forward"))
    with ShotSession(model, shot, Ramps(*size)) as session:
        return [one.objects["disc"].alpha_hw for one in track_within_memory(session, lambda _: False)]


def test_4k_fits_into_8_gb(large, capped):
    """`sam2.1-l` mattes 4096x2160 on a GPU with 8 GB, of which a desktop has one."""
    capped(7 << 30)
    torch.cuda.reset_peak_memory_stats()
    assert len(tracked(large, (4096, 2160))) == 2
    assert torch.cuda.max_memory_reserved() <= 7 << 30


@pytest.mark.parametrize("left", [600 << 20, 100 << 20])
def test_little_memory_ends_in_a_matte_or_a_sentence(large, capped, left):
    """With some hundred megabytes beside the weights there is a matte, or one error that says what to do."""
    torch.cuda.empty_cache()
    capped(torch.cuda.memory_allocated() + left)
    refused, found = None, []
    try:
        found = tracked(large, (1920, 1080))
    except ServiceError as problem:
        refused = problem
    finally:
        capped(1 << 60)
    if refused:
        assert (refused.code, bool(refused.hint)) == ("engine.out_of_memory", True)
    else:
        assert [np.isfinite(alpha).all() for alpha in found] == [True, True]
