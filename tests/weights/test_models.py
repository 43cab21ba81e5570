"""Saving and loading models in our own format: one file or two parts, adapters beside the weights or merged."""

import re
from dataclasses import replace

import pytest
import torch

from engine.contract.errors import ModelError
from engine.model.config import STARTER, HieraConfig, LoraSettings, MAM2Config, MatterConfig, TrackerConfig
from engine.model.mam2 import MAM2
from engine.weights.file import tensors_sha256, write_weights
from engine.weights.models import (
    import_file,
    load_model,
    pick_device,
    read_header,
    save_model,
    start_model,
    verify_file,
)

PLATES = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(3))
TINY = MAM2Config(
    "starter",
    TrackerConfig(
        HieraConfig(16, 1, (1, 1, 2, 1), (3,), windows=(8, 4, 4, 4)),
        image_size=128,
        dim=64,
        memory_layers=1,
        memory_feedforward=64,
        decoder_feedforward=64,
        dropout=0.0,
        decoder_mixers=1,
    ),
    MatterConfig(dim=16, depth=2, heads=2, global_blocks=(1,), convstream=(4, 8, 16), fusion=(16, 8, 8, 4), head=4),
    lora=LoraSettings(rank=4, alpha=8, dropout=0.0),
)
"""The starter's structure in miniature: a file says by itself which structure it fills."""


@pytest.fixture(scope="module")
def starter():
    """A miniature starter whose adapters have learned something."""
    torch.manual_seed(11)
    model = MAM2(TINY).eval()
    for name, parameter in model.named_parameters():
        if ".lora_B." in name:
            torch.nn.init.normal_(parameter, std=0.2)
    return model


@pytest.fixture(scope="module")
def saved(starter, tmp_path_factory):
    """The file that the starter was saved to."""
    path = tmp_path_factory.mktemp("saved") / "mine.safetensors"
    save_model(starter, path, metadata={"licence": "Apache-2.0", "trained": "3 minutes"})
    return path


def features(model):
    """The image embedding of fixed plates."""
    with torch.inference_mode():
        return model.encode(PLATES).image_bchw


def test_a_model_comes_back(starter, saved):
    """What was saved gives the same features and alpha, adapters merged, in evaluation mode."""
    model = load_model(saved, exact=True)
    torch.testing.assert_close(features(model), features(starter), rtol=1e-4, atol=1e-5)
    trimap = torch.full((1, 1, 128, 128), 0.5)
    with torch.inference_mode():
        assert torch.equal(model.matter(PLATES, trimap), starter.matter(PLATES, trimap))
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_training_gets_the_adapters_back(starter, saved):
    """For training the adapters stay beside the weights, every number as it was."""
    model = load_model(saved, for_training=True)
    assert model.training
    assert model.config == TINY
    theirs = starter.state_dict()
    assert model.state_dict().keys() == theirs.keys()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in model.state_dict().items())


def test_merged_adapters_are_written_merged(starter, saved, tmp_path):
    """A model saved after merging gives the same features again, and is not adapted twice."""
    merged = load_model(saved, exact=True)
    save_model(merged, tmp_path / "merged.safetensors", metadata={})
    again = load_model(tmp_path / "merged.safetensors", exact=True)
    assert torch.equal(features(again), features(merged))
    assert not any("lora" in name for name in again.state_dict())
    onward = load_model(tmp_path / "merged.safetensors", for_training=True).eval()
    assert onward.config.lora == STARTER.lora
    torch.testing.assert_close(features(onward), features(starter), rtol=1e-4, atol=1e-5)


def test_half_precision_halves_the_file_and_widens_on_load(starter, saved, tmp_path):
    """A half-precision file is about half as large, loads as float32 and differs by rounding alone."""
    path = tmp_path / "half.safetensors"
    save_model(starter, path, metadata={}, half=True)
    assert path.stat().st_size < 0.6 * saved.stat().st_size
    model = load_model(path, exact=True)
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    difference = (features(model) - features(starter)).abs().max()
    assert 0 < difference < 0.02 * features(starter).abs().max()


def test_half_precision_refuses_what_it_cannot_hold(tmp_path):
    """A number beyond half precision is an error, not an infinity in a file."""
    model = MAM2(TINY)
    with torch.no_grad():
        model.tracker.memory_encoder.fuser.layers[0].pwconv1.weight[0, 0] = 1e5
    with pytest.raises(ValueError, match=r"tracker\.memory_encoder\.fuser\.layers\.0\.pwconv1\.weight"):
        save_model(model, tmp_path / "x.safetensors", metadata={}, half=True)
    assert not list(tmp_path.iterdir())


def test_the_header_says_what_the_file_holds(saved):
    """Format, config, parts, matter and the caller's own facts stand in the header."""
    header = read_header(saved)
    assert {key: header[key] for key in ("mam2.format", "mam2.config", "mam2.parts", "mam2.matter")} == {
        "mam2.format": "1",
        "mam2.config": "starter",
        "mam2.parts": "tracker matter",
        "mam2.matter": "custom",
    }
    assert header["licence"] == "Apache-2.0"
    assert header["trained"] == "3 minutes"


def test_facts_cannot_pose_as_the_format(starter, tmp_path):
    """Metadata under the format's own prefix is refused."""
    with pytest.raises(ValueError, match="must not begin with mam2"):
        save_model(starter, tmp_path / "x.safetensors", metadata={"mam2.config": "mam2-l"})


def test_a_nameless_config_is_not_saved(tmp_path):
    """A model whose config has no known name could not be loaded again, and is refused at once."""
    model = MAM2(replace(TINY, name="mine"))
    with pytest.raises(ModelError, match="'mine' is not the name of a model") as raised:
        save_model(model, tmp_path / "x.safetensors", metadata={})
    assert raised.value.code == "model.config"


def test_a_variant_loads_as_it_was(tmp_path):
    """A model saved with other settings than its name's usual ones comes back with them."""
    hiera = replace(TINY.tracker.hiera, windows=(8, 4, 8, 4))
    config = replace(TINY, tracker=replace(TINY.tracker, hiera=hiera, image_size=256))
    save_model(MAM2(config), tmp_path / "x.safetensors", metadata={})
    assert load_model(tmp_path / "x.safetensors", for_training=True).config == config


def test_an_interrupted_write_leaves_the_old_file(starter, saved, tmp_path, monkeypatch):
    """When the disk gives out, the file that was there is untouched and no half file stays."""
    path = tmp_path / "mine.safetensors"
    path.write_bytes(saved.read_bytes())

    def full(_, target, **__):
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.weights.file.save_file", full)
    with pytest.raises(ModelError, match="No space left") as raised:
        save_model(starter, path, metadata={})
    assert raised.value.code == "model.unwritable"
    assert [one.name for one in tmp_path.iterdir()] == ["mine.safetensors"]
    assert path.read_bytes() == saved.read_bytes()


def test_loading_leaves_random_numbers_alone(saved):
    """Loading a model does not move the caller's random generator."""
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    load_model(saved)
    load_model(saved, for_training=True)
    assert torch.equal(torch.rand(1), expected)


def test_the_hash_sees_every_number_and_name():
    """Names, types, shapes and values change the hash; order does not."""
    one = {"a": torch.arange(4.0), "b": torch.zeros(2)}
    same = tensors_sha256({"b": torch.zeros(2), "a": torch.arange(4.0)})
    assert tensors_sha256(one) == same
    others = (
        {"a": torch.arange(4.0), "c": torch.zeros(2)},
        {"a": torch.arange(4.0), "b": torch.tensor([0.0, 1e-30])},
        {"a": torch.arange(4.0).reshape(2, 2), "b": torch.zeros(2)},
        {"a": torch.arange(4.0), "b": torch.zeros(2, dtype=torch.int32)},
    )
    assert same not in {tensors_sha256(other) for other in others}


def test_verifying_finds_a_changed_number(saved, tmp_path):
    """One flipped bit in the weights is found, though the file opens."""
    data = bytearray(saved.read_bytes())
    data[-5] ^= 0x10
    (tmp_path / "x.safetensors").write_bytes(data)
    verify_file(saved)
    load_model(tmp_path / "x.safetensors")
    with pytest.raises(ModelError, match="not those that were written") as raised:
        verify_file(tmp_path / "x.safetensors")
    assert raised.value.code == "model.corrupt"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("missing", r"tracker\.no_mem_embed is missing \(and 1 more like it\)"),
        ("extra", r"tracker\.extra does not belong\."),
        ("misshapen", r"tracker\.no_mem_embed is \(2,\) instead of \(1, 1, 64\)\."),
        ("whole numbers", r"tracker\.no_mem_embed is \(1, 1, 64\) of torch\.int32 instead of \(1, 1, 64\)\."),
        (
            "several",
            r"maskmem_tpos_enc is missing; tracker\.no_mem_embed is \(2,\).*; tracker\.extra does not belong\.",
        ),
    ],
)
def test_keys_that_do_not_fit_are_named(saved, tmp_path, change, told):
    """A missing, extra or misshapen tensor is named, with the number of others like it."""
    contents, tensors = verify_file(saved)
    if change == "missing":
        del tensors["tracker.no_mem_embed"], tensors["tracker.no_mem_pos_enc"]
    if change in ("extra", "several"):
        tensors["tracker.extra"] = torch.zeros(1)
    if change in ("misshapen", "several"):
        tensors["tracker.no_mem_embed"] = torch.zeros(2)
    if change == "several":
        del tensors["tracker.maskmem_tpos_enc"]
    if change == "whole numbers":
        tensors["tracker.no_mem_embed"] = tensors["tracker.no_mem_embed"].int()
    write_weights(tmp_path / "x.safetensors", contents, tensors, {})
    with pytest.raises(ModelError) as raised:
        load_model(tmp_path / "x.safetensors")
    assert raised.value.code == "model.keys"
    assert re.search(told, raised.value.message), raised.value.message
    assert raised.value.message.startswith("x.safetensors does not fit starter: ")


def test_own_files_are_imported_under_their_name(tmp_path):
    """A trained MAM2 that somebody hands over is checked and kept under its model's name; a starter is not."""
    config = replace(TINY, name="mam2-t")
    save_model(MAM2(config), tmp_path / "theirs.safetensors", metadata={"licence": "CC0"})
    taken = import_file(tmp_path / "theirs.safetensors", folder=tmp_path / "weights")
    assert (taken.name, taken.part, taken.licence) == ("mam2-t", "model", "CC0")
    assert load_model("mam2-t", folder=tmp_path / "weights", for_training=True).config == config
    save_model(MAM2(TINY), tmp_path / "theirs.safetensors", metadata={})
    with pytest.raises(ModelError, match="mam2 ships with one"):
        import_file(tmp_path / "theirs.safetensors", folder=tmp_path / "weights")


def test_the_starter_begins_from_nothing():
    """Training the starter needs no weights; its seed decides how it begins."""
    one, same, other = (start_model("starter", seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(tensor, same[name]) for name, tensor in one.items())
    assert not all(torch.equal(tensor, other[name]) for name, tensor in one.items())


@pytest.mark.parametrize(
    ("name", "told"),
    [("gpu", "'gpu' is not a device"), ("cpu:1", "not a device"), ("cuda:x", "not a device"), ("", "not a device")],
)
def test_unknown_devices_are_refused(name, told):
    """A name that is no device says which there are."""
    with pytest.raises(ModelError, match=told) as raised:
        pick_device(name)
    assert raised.value.code == "model.device"


def test_absent_devices_are_refused(saved, monkeypatch):
    """Asking for a GPU that is not there is an error with a hint, not a crash later."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert pick_device("auto") == torch.device("cpu")
    for device in ("cuda", "cuda:0", "mps"):
        with pytest.raises(ModelError, match="GPU is available") as raised:
            load_model(saved, device=device)
        assert raised.value.code == "model.device"


def test_numbered_devices_are_counted(monkeypatch):
    """`auto` prefers an NVIDIA GPU, and a number beyond those there are is refused."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert pick_device("auto") == torch.device("cuda")
    assert pick_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(ModelError, match="no GPU number 2"):
        pick_device("cuda:2")
