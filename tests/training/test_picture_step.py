"""Promises of the stage that trains trimaps of pictures, and of the masks that it wears."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.datasets.layouts import Source
from engine.model.config import PICTURE_TRIMAP, PictureTrimapConfig
from engine.model.mam2 import MAM2
from engine.training import checkpoint
from engine.training.losses import mask_target
from engine.training.run import Run, run
from engine.training.samples import Chance, Sample, collate
from engine.training.stages import STAGES
from engine.training.steps import Lesson, picture_step
from engine.training.trainer import Progress
from engine.training.worn_masks import CERTAIN, worn_mask
from engine.weights.models import load_picture_trimap, save_model

LITTLE = PictureTrimapConfig(widths=(8, 16, 16, 16, 16), blocks=(0, 1, 1, 1, 1), side=64)


def disc(size=128, radius=0.3, alpha=1.0):
    """Give the alpha (1, 1, S, S) of a disc."""
    places = (torch.arange(size) + 0.5) / size - 0.5
    return alpha * ((places**2 + places[:, None] ** 2).sqrt() < radius).float()[None, None]


def sample_of(alpha_11ss, number, source=Source.PROCEDURAL):
    """Give a sample whose object is bright where it is dense, before grey noise."""
    noise = torch.rand(3, *alpha_11ss.shape[-2:], generator=torch.Generator().manual_seed(number)) * 0.3
    plate = noise * (1 - alpha_11ss[0]) + alpha_11ss[0]
    codes = (255 * plate).byte()[None], (255 * alpha_11ss).byte()[None]
    return Sample(codes[0], codes[1].view(1, 1, 1, *alpha_11ss.shape[-2:]), source, number)


def worn(alpha, seeds):
    """Wear a mask once a seed; give them at the alpha's size."""
    for seed in seeds:
        mask = worn_mask(alpha, torch.Generator().manual_seed(seed))
        yield torch.nn.functional.interpolate(mask, alpha.shape[-2:], mode="bilinear", align_corners=False)


def test_worn_masks_differ_and_repeat():
    """A worn mask is a function of the alpha and the seed, and seeds wear it differently."""
    one, same, other = (next(worn(disc(), [seed])) for seed in (3, 3, 4))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_a_worn_mask_still_says_which_object():
    """However worn, a mask is never empty, keeps within its bounds, and most of it lies on the object or near it."""
    near = torch.nn.functional.max_pool2d(disc(), 33, stride=1, padding=16) > 0
    for mask in worn(disc(), range(60)):
        inside = mask > 0
        assert inside.any()
        assert float(mask.abs().max()) <= CERTAIN
        assert float((inside & near).sum()) > 0.8 * float(inside.sum())


def test_see_through_things_are_worn_wholly_or_where_they_are_dense():
    """Of smoke that grows thinner outwards some masks have all that can be seen, others no more than its middle."""
    smoke = (disc(radius=0.45) * (1 - 2.2 * ((torch.arange(128) + 0.5) / 128 - 0.5).abs())).clamp(0, 1)
    whole = float(mask_target(smoke, 1).sum())
    shares = [float((mask > 0).sum()) / whole for mask in worn(smoke, range(60))]
    assert min(shares) < 0.5
    assert max(shares) > 0.95


def test_some_masks_doubt_and_some_do_not():
    """Some masks are hard, with nothing between in and out but one cell, others soft."""
    between = [float((mask.abs() < 0.7 * CERTAIN).float().mean()) for mask in worn(disc(), range(40))]
    assert min(between) < 0.04
    assert max(between) > 0.08


@pytest.fixture
def model():
    """Give a starter with a little network of trimaps from pictures."""
    torch.manual_seed(0)
    return MAM2(replace(checkpoint.starter_config(64), trimap=LITTLE))


def terms_of(model, samples, seed=1):
    """Take a step's losses."""
    batch = collate(samples)
    return picture_step(model, batch, Lesson("pdd+mss", Chance.of(seed, batch.chance_n)))


def test_only_exact_alpha_teaches_trimaps_of_pictures(model):
    """A sample with masks alone adds nothing to a step, and a step of nothing else teaches nothing."""
    masked, exact = sample_of(disc(), 0, Source.VOS), sample_of(disc(), 1)
    assert terms_of(model, [masked]) == {}
    together, alone = (float(terms_of(model, samples)["picture"].detach()) for samples in ([masked, exact], [exact]))
    assert together == pytest.approx(alone / 2, rel=1e-4)


def test_it_learns_what_is_solid_and_what_is_not(model):
    """After some steps on two discs, one solid and one clear, the network calls them foreground and unknown inside."""
    samples = [sample_of(disc(), 0), sample_of(disc(alpha=0.4), 1)]
    optimiser = torch.optim.AdamW(model.trimap.parameters(), lr=3e-3)
    for step in range(60):
        loss = terms_of(model, samples, step)["picture"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    mask = torch.sigmoid(CERTAIN * (2 * disc(64) - 1))
    plates = torch.cat([torch.nn.functional.avg_pool2d(s.plates_tchw.float() / 255, 2) for s in samples])
    classes = model.trimap(plates, mask.expand(2, -1, -1, -1)).argmax(1)
    assert classes[:, 16, 16].tolist() == [2, 1]
    assert classes[:, 1, 1].tolist() == [0, 0]


def test_the_stage_trains_the_network_alone_and_exports_it_alone(tmp_path):
    """`trimap-picture` leaves the rest of a model as it is, goes on where it stopped, and exports a file of its own."""
    stage = replace(STAGES["trimap-picture"], size=64, batch=1)
    samples = [sample_of(disc(64), number) for number in range(4)]
    plan = Run(stage, tmp_path, lambda *_: samples, steps=1, workers=0)
    run(plan, lambda _: None)
    before = torch.load(tmp_path / "trimap-picture.pt", weights_only=True)
    run(replace(plan, steps=2), lambda _: None)
    after = torch.load(tmp_path / "trimap-picture.pt", weights_only=True)
    assert after["step"] == 2
    moved = {
        key.partition(".")[0] for key, value in after["model"].items() if not torch.equal(value, before["model"][key])
    }
    assert moved == {"trimap"}
    checkpoint.export([tmp_path / "trimap-picture.pt"], tmp_path / "alone.safetensors")
    network = load_picture_trimap(tmp_path / "alone.safetensors")
    wanted = after["average"]["trimap.stem.weight"].numpy()
    assert np.allclose(network.stem.weight.numpy(), wanted, rtol=1e-3, atol=1e-4)


def test_a_model_that_carries_the_network_carries_it_on(tmp_path):
    """Training goes on from a file with the network without losing it; begun from nothing it has none."""
    torch.manual_seed(3)
    model = MAM2(replace(checkpoint.starter_config(64), trimap=PICTURE_TRIMAP))
    save_model(model, tmp_path / "whole.safetensors", metadata={})
    begun = checkpoint.begin([tmp_path / "whole.safetensors"], image_size=64)
    assert torch.equal(begun.trimap.head.weight, model.trimap.head.weight)
    checkpoint.save(tmp_path / "run.pt", begun, Progress())
    resumed, _ = checkpoint.resume(tmp_path / "run.pt", [], image_size=64)
    assert torch.equal(resumed.trimap.head.weight, model.trimap.head.weight)
    assert checkpoint.begin([], image_size=64).trimap is None
