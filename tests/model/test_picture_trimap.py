"""Promises of the network of trimaps from pictures, and of the weights files that hold it."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file
from small_model import SMALL

from engine.contract.errors import ModelError
from engine.model.config import CONFIGS, PICTURE_TRIMAP, PictureTrimapConfig
from engine.model.mam2 import MAM2
from engine.model.picture_trimap import PictureTrimap
from engine.weights.catalogue import find_files
from engine.weights.header import Contents
from engine.weights.models import import_file, load_model, load_picture_trimap, read_header, save_model, verify_file

LITTLE = PictureTrimapConfig(widths=(4, 8, 8, 16, 16), blocks=(0, 1, 1, 1, 1), side=64)


def lively(network):
    """Move every number off its start."""
    torch.manual_seed(5)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return network.eval()


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """Give a function that puts a starter of a little tracker in place of the shipped one, with the network or not."""

    def put(trimap):
        torch.manual_seed(2)
        model = MAM2(replace(SMALL, name="starter", trimap=trimap))
        if model.trimap is not None:
            lively(model.trimap)
        save_model(model, tmp_path / "starter.safetensors", metadata={"licence": "Apache-2.0"})
        monkeypatch.setattr("engine.weights.catalogue.STARTER_FILE", tmp_path / "starter.safetensors")
        return model

    return put


@pytest.fixture
def published(tmp_path):
    """Put a SAM 2.1 of a little structure and a matter among the imported weights, and give their folder."""
    folder = tmp_path / "weights"
    for part, name in (("tracker", "sam2.1-t"), ("matter", "mematte-s")):
        contents = Contents(name, trimap_from="uncertainty", **{part: getattr(SMALL, part)})
        state = MAM2(replace(SMALL, lora=None)).state_dict()
        kept = {key: value for key, value in state.items() if key.startswith(f"{part}.")}
        folder.mkdir(exist_ok=True)
        save_file(kept, folder / f"{name}.safetensors", metadata=contents.to_header())
    return folder


def test_it_answers_at_half_its_side_whatever_that_is():
    """A crop of any side that 32 divides gives logits of three classes at half that side."""
    network = lively(PictureTrimap(LITTLE))
    for side in (32, 96):
        assert network(torch.rand(2, 3, side, side), torch.rand(2, 1, side, side)).shape == (2, 3, side // 2, side // 2)


def test_it_is_small():
    """The network that ships has at most three million parameters."""
    assert sum(parameter.numel() for parameter in PictureTrimap(PICTURE_TRIMAP).parameters()) <= 3_000_000


def test_a_crop_is_judged_by_itself_in_training_too():
    """What a crop's trimap is does not depend on the other crops of its batch."""
    network = lively(PictureTrimap(LITTLE)).train()
    plates, masks = torch.rand(3, 3, 64, 64), torch.rand(3, 1, 64, 64)
    together = network(plates, masks)
    alone = torch.cat([network(plates[n : n + 1], masks[n : n + 1]) for n in range(3)])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_a_models_third_part_comes_back(shipped, tmp_path):
    """A file with tracker, matter and the network gives all three, number by number, and says so in its header."""
    model = shipped(LITTLE)
    path = tmp_path / "starter.safetensors"
    assert read_header(path)["mam2.parts"] == "tracker matter trimap"
    verify_file(path)
    again = load_model(path, exact=True)
    assert (again.config.trimap, again.config.trimap_from) == (LITTLE, "decoder")
    assert all(
        torch.equal(again.state_dict()[f"trimap.{key}"], value) for key, value in model.trimap.state_dict().items()
    )


def test_the_network_alone_is_a_file_that_is_taken_in(shipped, tmp_path):
    """Saved by itself the network is imported under its own name, and loads from there or from its path."""
    model, folder = shipped(LITTLE), tmp_path / "weights"
    save_model(model, tmp_path / "mine.safetensors", metadata={"licence": "Apache-2.0"}, parts=("trimap",))
    taken = import_file(tmp_path / "mine.safetensors", folder=folder)
    assert (taken.name, taken.part) == ("picture-trimap", "trimap")
    assert taken.parameters == sum(parameter.numel() for parameter in model.trimap.parameters())
    for network in (load_picture_trimap(folder=folder), load_picture_trimap(tmp_path / "mine.safetensors")):
        assert torch.equal(network.head.weight, model.trimap.head.weight)
        assert not network.training


def test_a_published_sam2_takes_trimaps_from_the_picture_where_it_can(shipped, published):
    """SAM 2.1's trimaps are the shipped network's, or an imported one's; the band of doubt's where there is neither."""
    assert CONFIGS["sam2.1-t"].trimap_from == "picture"
    shipped(None)
    without = load_model("sam2.1-t", folder=published, exact=True)
    assert (without.trimap, without.config.trimap_from) == (None, "uncertainty")
    model = shipped(LITTLE)
    found = find_files("sam2.1-t", published)
    assert [path.stem for path in found.paths] == ["sam2.1-t", "mematte-s", "starter"]
    loaded = load_model("sam2.1-t", folder=published, exact=True)
    assert (loaded.config.trimap, loaded.config.trimap_from) == (LITTLE, "picture")
    assert torch.equal(loaded.trimap.head.weight, model.trimap.head.weight)
    save_model(model, published / "picture-trimap.safetensors", metadata={}, parts=("trimap",))
    assert find_files("sam2.1-t", published).trimap == published / "picture-trimap.safetensors"


def test_where_trimaps_come_from_can_be_said(shipped, published):
    """Behind a model's name and its matter's stands `picture` or `uncertainty`; what cannot be had is said."""
    shipped(LITTLE)
    band = load_model("sam2.1-t::uncertainty", folder=published, exact=True)
    assert (band.trimap, band.config.trimap_from) == (None, "uncertainty")
    assert find_files("starter::picture", published).trimap_from == "picture"
    assert find_files("starter", published).trimap_from == "decoder"
    assert find_files("sam2.1-t:mematte-s:picture", published).trimap_from == "picture"
    with pytest.raises(ModelError, match="cannot come from 'thin air'") as refused:
        find_files("sam2.1-t::thin air", published)
    assert refused.value.code == "model.unknown"
    shipped(None)
    with pytest.raises(ModelError, match="not on this machine") as refused:
        find_files("sam2.1-t::picture", published)
    assert refused.value.code == "model.missing"


def test_files_from_before_the_network_are_read_as_they_were(shipped, tmp_path):
    """A file without the network has a header that knows nothing of it, and is read."""
    shipped(None)
    header = read_header(tmp_path / "starter.safetensors")
    assert "trimap" not in json.loads(header["mam2.settings"])
    assert load_model(tmp_path / "starter.safetensors", exact=True).trimap is None


def test_the_network_of_a_file_without_one_is_asked_for_in_vain(shipped, tmp_path):
    """Asked for the network, a file that has none is refused in words."""
    shipped(None)
    with pytest.raises(ModelError, match="holds no trimap") as refused:
        load_picture_trimap(tmp_path / "starter.safetensors")
    assert refused.value.code == "model.config"
