"""Promises of the trainer: what a stage trains, and that stopping costs nothing."""

import copy
import time
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from numpy.lib.format import open_memmap
from torch.utils.data import Dataset

from engine.contract.errors import ModelError, PlateError
from engine.model.config import STARTER
from engine.model.mam2 import MAM2
from engine.model.matter import Matter
from engine.model.tensors import FramePrompt
from engine.training import checkpoint
from engine.training.pool import PooledClips, build_pool
from engine.training.run import recompute_activations
from engine.training.samples import Chance, collate
from engine.training.stages import STAGES, choose_parameters
from engine.training.steps import STEPS, Lesson, walk
from engine.training.trainer import Progress, load_average, train_stage
from engine.weights.models import load_model, save_model


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """Give a pool of two short small clips."""
    path = tmp_path_factory.mktemp("pool") / "pool.npy"
    build_pool(path, clips=2, frames=4, size=64, first_seed=0, workers=0, report=lambda _: None)
    return path


def _small(name, **changes):
    return replace(STAGES[name], size=64, batch=1, **changes)


def _fresh():
    torch.manual_seed(0)
    return MAM2(checkpoint.starter_config(64))


def _run(model, stage, progress, pool, times, stop=10, **changes):
    folder = pool.parent
    options = {"mode": "pdd+mss", "steps": 4, "report": lambda *_: None, "workers": 0} | changes
    data = PooledClips(pool, stage.size, stage.frames, stage.first_seed, stage.objects)
    for _ in range(times):
        progress = train_stage(model, stage, progress, data=data, folder=folder, stop_after=0, **options)
    assert progress.step <= stop
    return progress


def test_a_resumed_run_equals_an_uninterrupted_one(pool, tmp_path):
    """Stopping, saving, loading and going on gives the same weights to the bit."""
    stage = _small("masks-128", frames=1)
    straight = _fresh()
    _run(straight, stage, Progress(), pool, 2)
    broken = _fresh()
    progress = _run(broken, stage, Progress(), pool, 1)
    checkpoint.save(tmp_path / "run.pt", broken, progress)
    loaded, progress = checkpoint.resume(tmp_path / "run.pt", [], image_size=64)
    _run(loaded, stage, progress, pool, 1)
    for name, value in straight.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name]), name


@pytest.mark.parametrize(
    ("name", "moves", "stays"),
    [
        ("masks-128", "tracker.sam_mask_decoder.mask_tokens.weight", "tracker.sam_mask_decoder.trimap_tokens.weight"),
        ("trimaps", "tracker.sam_mask_decoder.trimap_tokens.weight", "tracker.image_encoder.neck.convs.0.conv.weight"),
        (
            "whole",
            "tracker.image_encoder.neck.convs.0.conv.weight",
            "matter.decoder.matting_head.matting_convs.0.weight",
        ),
        ("matter", "matter.decoder.matting_head.matting_convs.0.weight", "tracker.no_mem_embed"),
        ("matter-fine", "matter.decoder.matting_head.matting_convs.0.weight", "tracker.no_mem_embed"),
    ],
)
def test_a_stage_trains_its_part_alone(pool, name, moves, stays):
    """Masks leave the trimap branch alone, trimaps the frozen encoder, `whole` the matter, the matter all else."""
    model = _fresh()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    _run(model, _small(name, frames=min(2, STAGES[name].frames)), Progress(), pool, 1)
    after = model.state_dict()
    assert not torch.equal(before[moves], after[moves])
    assert torch.equal(before[stays], after[stays])


def test_stage_one_trains_only_adapters_in_the_encoder():
    """The encoder is frozen in the paper's first stage but for its low-rank adapters."""
    chosen = choose_parameters(_fresh(), STAGES["trimaps"])
    inside = [name for name in chosen if "image_encoder" in name]
    assert inside
    assert all("lora_" in name for name in inside)


def test_a_pool_is_finished_not_begun_again(tmp_path):
    """A pool that was interrupted keeps its clips and gets the rest, equal to one made in one go."""
    made = []
    options = {"frames": 2, "size": 64, "first_seed": 5, "workers": 0, "report": made.append}
    build_pool(tmp_path / "whole.npy", clips=3, **options)
    build_pool(tmp_path / "parts.npy", clips=3, **options)
    damaged = open_memmap(tmp_path / "parts.npy", mode="r+")
    damaged[1:] = 0
    damaged.flush()
    (tmp_path / "parts.count").write_text("1")  # as after a stop behind the first clip
    build_pool(tmp_path / "parts.npy", clips=3, **options)
    whole = PooledClips(tmp_path / "whole.npy", 64, 2, seed=1)
    parts = PooledClips(tmp_path / "parts.npy", 64, 2, seed=1)
    for index in range(4):
        assert torch.equal(whole[index].plates_tchw, parts[index].plates_tchw)
        assert torch.equal(whole[index].alpha_nt1hw, parts[index].alpha_nt1hw)
    assert (tmp_path / "parts.count").read_text() == "3"
    made.clear()
    build_pool(tmp_path / "parts.npy", clips=3, **options)
    assert not made


def test_a_sample_may_be_smaller_than_its_pool(pool):
    """Clips of 64 px give samples of 32 px, plates and alphas alike."""
    sample = PooledClips(pool, 32, 2, seed=3)[0]
    assert sample.plates_tchw.shape == (2, 3, 32, 32)
    assert sample.alpha_nt1hw.shape[-2:] == (32, 32)


def test_samples_differ_and_repeat(pool):
    """A sample is a function of its number: asked twice it is the same, its neighbour is not."""
    clips = PooledClips(pool, 64, 2, seed=3)
    assert torch.equal(clips[4].plates_tchw, clips[4].plates_tchw)
    assert not torch.equal(clips[4].plates_tchw, clips[5].plates_tchw)


def test_exported_weights_can_be_trained_further(pool, tmp_path):
    """A weights file written from a run starts the next one from the run's averaged weights, to half precision."""
    model = _fresh()
    progress = _run(model, _small("matter"), Progress(), pool, 1)
    checkpoint.save(tmp_path / "run.pt", model, progress)
    checkpoint.export([tmp_path / "run.pt"], tmp_path / "model.safetensors")
    begun, _ = checkpoint.resume(tmp_path / "none.pt", [tmp_path / "model.safetensors"])
    for name, value in begun.named_parameters():
        if name in progress.average:
            torch.testing.assert_close(value, progress.average[name], rtol=1e-3, atol=1e-4)


def test_the_starter_fits_every_size():
    """Another side of the square changes no weight, and its own side is the starter as it ships."""
    assert checkpoint.starter_config(STARTER.tracker.image_size) == STARTER
    small, own = (MAM2(checkpoint.starter_config(size)).state_dict() for size in (128, STARTER.tracker.image_size))
    assert {name: value.shape for name, value in small.items()} == {name: value.shape for name, value in own.items()}


def _written(path, seed, size=64):
    torch.manual_seed(seed)
    model = MAM2(checkpoint.starter_config(size))
    save_model(model, path, metadata={}, half=True)
    return load_model(path, for_training=True).state_dict()


def test_the_mean_of_weights_files_lies_between_them(tmp_path):
    """Every number of the mean of two files is the mean of theirs, to half precision; adapters stay adapters."""
    files = [tmp_path / "one.safetensors", tmp_path / "other.safetensors"]
    states = [_written(file, seed) for seed, file in enumerate(files)]
    checkpoint.export_mean(files, tmp_path / "mean.safetensors")
    between = load_model(tmp_path / "mean.safetensors", for_training=True).state_dict()
    assert between.keys() == states[0].keys()
    assert any("lora_" in name for name in between)
    for name, value in between.items():
        if value.is_floating_point():
            torch.testing.assert_close(value, (states[0][name] + states[1][name]) / 2, rtol=1e-3, atol=1e-4)


def test_there_is_no_mean_of_unlike_models(tmp_path):
    """A file of a model that is built otherwise is refused, and nothing is written."""
    files = [tmp_path / "one.safetensors", tmp_path / "other.safetensors"]
    _written(files[0], 0)
    _written(files[1], 0, size=128)
    with pytest.raises(ModelError) as refused:
        checkpoint.export_mean(files, tmp_path / "mean.safetensors")
    assert refused.value.code == "model.config"
    assert not (tmp_path / "mean.safetensors").exists()


def test_a_sample_asks_for_every_object_that_can_be_clicked(pool):
    """Subject and distractor both come with their plates where both are visible, each visible on the first frame."""
    both = [PooledClips(pool, 64, 2, seed=3)[index] for index in range(8)]
    alone = [PooledClips(pool, 64, 2, seed=3, objects=1)[index] for index in range(8)]
    assert 2 in {len(sample.alpha_nt1hw) for sample in both}
    assert {len(sample.alpha_nt1hw) for sample in alone} == {1}
    assert all(alpha[0].max() > 0 for sample in both for alpha in sample.alpha_nt1hw)
    batch = collate(both)
    assert batch.clip_n.tolist() == [index for index, sample in enumerate(both) for _ in sample.alpha_nt1hw]


def test_objects_of_one_clip_are_walked_as_if_alone(pool):
    """Two objects that share a plate's encoding get the masks that each would get by itself."""
    samples = map(PooledClips(pool, 64, 2, seed=3).__getitem__, range(8))
    plates = next(sample.plates_tchw for sample in samples if len(sample.alpha_nt1hw) > 1)
    model, plates = _fresh(), plates[None].float() / 255
    points = torch.tensor([[[20.0, 30.0]], [[44.0, 10.0]]])
    labels = torch.ones(2, 1, dtype=torch.int32)
    together = walk(model, plates, torch.zeros(2, dtype=torch.long), FramePrompt(points, labels), "pdd+mss")
    for n in range(2):
        prompt = FramePrompt(points[n : n + 1], labels[n : n + 1])
        single = walk(model, plates, torch.zeros(1, dtype=torch.long), prompt, "pdd+mss")
        for t in range(2):
            torch.testing.assert_close(together.masks[t].logits_b1hw[n : n + 1], single.masks[t].logits_b1hw)
            torch.testing.assert_close(together.trimaps[t][n : n + 1], single.trimaps[t])


def test_the_log_of_a_resumed_run_is_that_of_an_uninterrupted_one(pool, tmp_path):
    """Stopped between two lines of its log, a run goes on to log the same losses to the last bit."""
    stage, said = _small("masks-128", frames=1), {}
    for name, stops in (("straight", [12]), ("broken", [3, 9])):
        said[name], model, progress = [], _fresh(), Progress()
        for times in stops:
            run = {"steps": 40, "report": lambda step, terms, to=said[name]: to.append((step, terms))}
            progress = _run(model, stage, progress, pool, times, stop=12, **run)
            checkpoint.save(tmp_path / f"{name}.pt", model, progress)
            model, progress = checkpoint.resume(tmp_path / f"{name}.pt", [], image_size=64)
    assert said["straight"] == said["broken"]
    assert len(said["straight"]) == 1


def test_a_batch_in_parts_is_the_batch(pool):
    """A step that takes its batch in two parts moves the weights as one that takes it whole, but for rounding."""
    stage = replace(_small("trimaps", frames=2), batch=2)
    whole, parts, start = _fresh(), _fresh(), dict(_fresh().named_parameters())
    _run(whole, stage, Progress(), pool, 1)
    _run(parts, stage, Progress(), pool, 1, accumulate=2)
    one, other = dict(whole.named_parameters()), dict(parts.named_parameters())

    def apart(others):
        return torch.cat([(one[name] - others[name]).detach().flatten() for name in one]).norm()

    # As a whole: AdamW moves a weight whose gradient is all rounding as far as any other.
    assert apart(start) > 0
    assert apart(other) < 0.005 * apart(start)


def test_activations_made_again_change_no_gradient(pool):
    """With recomputed activations a step ends at the same weights."""
    stage = _small("trimaps", frames=2)
    kept, again = _fresh(), _fresh()
    assert recompute_activations(again) > 10
    _run(kept, stage, Progress(), pool, 1)
    _run(again, stage, Progress(), pool, 1)
    own = dict(again.named_parameters())
    for name, value in kept.named_parameters():
        torch.testing.assert_close(value, own[name], rtol=1e-4, atol=1e-6)


def test_averaged_weights_bring_their_own_statistics(pool):
    """The moving average of a matter holds its batch norms' means and variances, and they reach the model."""
    progress = _run(_fresh(), _small("matter"), Progress(), pool, 1)
    name = next(name for name in progress.average if name.endswith("running_var"))
    model = _fresh()
    before = model.state_dict()[name].clone()
    load_average(model, progress.average)
    assert not torch.equal(before, model.state_dict()[name])
    assert torch.equal(progress.average[name], model.state_dict()[name])


def test_a_teacher_adds_a_term_that_a_twin_brings_to_nothing(pool):
    """Distillation compares backbones: far from another's it costs, and next to one's own features nothing."""
    model = _fresh().eval()  # routers that draw would choose other tokens than the teacher's
    batch = collate([PooledClips(pool, 64, 1, seed=3)[0]])
    terms = {}
    for name, teacher in (("twin", copy.deepcopy(model.matter)), ("other", Matter(model.matter.config).eval())):
        terms[name] = STEPS["matter"](model, batch, Lesson("pdd+mss", Chance.of(1, batch.chance_n), teacher))
    assert float(terms["twin"]["distillation"].detach()) < 1e-9
    assert float(terms["other"]["distillation"].detach()) > 1e-3


def test_a_run_of_another_model_is_refused(tmp_path):
    """A checkpoint says whose it is; going on with another model is refused in words."""
    checkpoint.save(tmp_path / "run.pt", _fresh(), Progress())
    with pytest.raises(ModelError, match="a run of starter, not of mam2-t"):
        checkpoint.resume(tmp_path / "run.pt", [], name="mam2-t")


class _Damaged(Dataset):
    """Samples that cannot be had."""

    def __len__(self):
        return 8

    def __getitem__(self, index):
        raise PlateError("plates.truncated", f"Sample {index} is cut short.", "Copy it again.")


@pytest.mark.parametrize("workers", [0, 1])
def test_a_sample_that_cannot_be_had_says_why(tmp_path, workers):
    """A damaged file of a data set ends training with its own sentence and hint, whichever process read it."""
    cv2.setNumThreads(2)
    cv2.resize(np.zeros((2000, 2000), np.uint8), (3000, 3000))
    time.sleep(1)  # until the threads of that have gone to sleep: a fork beside them could wait for ever
    options = {"mode": "pdd+mss", "steps": 4, "stop_after": 0, "report": lambda *_: None, "workers": workers}
    with pytest.raises(PlateError) as raised:
        train_stage(_fresh(), _small("masks-128", frames=1), Progress(), data=_Damaged(), folder=tmp_path, **options)
    assert (raised.value.code, raised.value.hint) == ("plates.truncated", "Copy it again.")
