"""How often a frame of a large tracker asks its GPU for something; the numbers may only fall."""

from dataclasses import replace

import pytest
import torch
from pretended_device import pretended

from engine.model.config import CONFIGS
from engine.model.matter_blocks import RoutedBlock
from engine.model.ready.half import tracker_precision
from engine.model.ready.make_ready import make_ready
from engine.model.ready.rooms import roomy
from engine.model.tensors import FrameMemory, FramePrompt, Memory
from engine.weights.structure import empty_model

LAUNCHES = {"encode": 640, "recall": 175, "decode and remember": 241}
"""Of a frame without a prompt that recalls seven memories, of `sam2.1-l`."""
CASTS = {"encode": 1, "recall": 35}
"""Of its launches, those that change a precision."""
SLACK = 0.05
"""Of a number, that may be left when it falls: then the new one is to be written here."""


@pytest.fixture(scope="module")
def counted():
    """What a frame of `sam2.1-l` asks for, by stage. Its layers are thin: how many there are decides."""
    config = CONFIGS["sam2.1-l"]
    thin = replace(config.tracker, hiera=replace(config.tracker.hiera, embed_dim=16))
    with pretended(shapes_only=True) as device:
        gpu = torch.device("cuda")
        model = empty_model(replace(config, tracker=thin)).requires_grad_(requires_grad=False).eval().to(gpu)
        make_ready(model, gpu)
        with torch.no_grad(), torch.autocast("cuda", tracker_precision(model)):
            return dict(stages(device, model, gpu))


def stages(device, model, gpu):
    """Track a frame that recalls, and give what each stage asks for."""
    side, plate = model.image_size, torch.rand(1, 3, model.image_size, model.image_size, device=gpu)
    click = FramePrompt(torch.rand(1, 1, 2, device=gpu) * side, torch.ones(1, 1, dtype=torch.int32, device=gpu))
    with device.counting() as asked:
        features = model.encode(plate)
    yield "encode", asked
    kept = model(features, click, Memory(0, 30)).memory
    recent = {frame: kept if frame > 13 else FrameMemory(None, kept.pointer_bc) for frame in range(6, 20)}
    memory = Memory(20, 30, {0: kept}, recent)
    with device.counting() as asked:
        recalled = model.recall(features, memory)
    yield "recall", asked
    with device.counting() as asked:
        model(features, None, memory, recalled=recalled)
    yield "decode and remember", asked


@pytest.mark.parametrize("stage", LAUNCHES)
def test_a_stage_asks_for_no_more_than_before(stage, counted):
    """Launches and casts of a stage are within what they were, and what is written here is near what they are."""
    for most, places in ((LAUNCHES[stage], counted[stage].launches), (CASTS.get(stage), counted[stage].casts)):
        if most is not None:
            assert (1 - SLACK) * most - 2 <= places.total() <= most, (places.total(), places.most_common(12))


def test_a_frame_asks_for_little_and_never_waits(counted):
    """A tracker's frame makes at most 1,300 launches, has no double precision, and is nowhere waited for."""
    assert sum(asked.launches.total() for asked in counted.values()) <= 1300
    assert not any(asked.doubles or asked.waits for asked in counted.values())


def test_attention_on_apple_stays_below_what_aborts():
    """The largest tile's tokens attend part by part: all scores at once would be above Metal's 4 GiB."""
    block = RoutedBlock(384, 6).requires_grad_(requires_grad=False)
    with pretended(shapes_only=True) as device, torch.no_grad():
        model = empty_model(CONFIGS["sam2.1-t"]).matter.to("cuda").requires_grad_(requires_grad=False).eval()
        attention = next(one for one in roomy(model).backbone.blocks if isinstance(one, type(block))).attn
        attention.chosen(torch.rand(1, 16384, 384, device="cuda"))
    assert 6 * 16384**2 * 4 > 4 << 30
    assert 0 < device.asked.most_scores * 4 <= 1 << 30
