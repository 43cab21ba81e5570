"""What `auto` stands for, by what is ready and by the machine."""

import pytest
from stand_in_weights import stand_in

from engine.contract.errors import ModelError
from engine.weights.automatic import Hardware, choose_model, find_hardware, recommended
from engine.weights.catalogue import NON_COMMERCIAL, OFFICIAL, SOURCES
from engine.weights.header import MATTERS

CPU, LARGE, SMALL = Hardware("cpu"), Hardware("cuda:0", "A card", 24 * 10**9), Hardware("cuda:0", "A card", 4 * 10**9)


def test_without_other_weights_it_is_the_starter_with_advice(tmp_path):
    """Where nothing else is here the starter is taken, and one sentence says what would be better and how to get it."""
    choice = choose_model("auto", folder=tmp_path, hardware=CPU)
    assert (choice.model, choice.tracker, choice.matter) == ("starter", "starter", "starter")
    assert "mam2 weights pull recommended (156 MB, Apache-2.0)" in choice.advice


@pytest.mark.parametrize(
    ("hardware", "model"), [(CPU, "sam2.1-t:starter"), (SMALL, "sam2.1-s:starter"), (LARGE, "sam2.1-l:starter")]
)
def test_the_device_decides_between_sizes(tmp_path, hardware, model):
    """Of several sizes, a GPU gets the largest that it has room for, and a processor the quickest."""
    for size in ("t", "s", "l"):
        stand_in(f"sam2.1-{size}", tmp_path)
    assert choose_model("auto", folder=tmp_path, hardware=hardware).model == model
    (tmp_path / "sam2.1-s.safetensors").unlink()
    (tmp_path / "sam2.1-t.safetensors").unlink()
    assert choose_model("auto", folder=tmp_path, hardware=hardware).model == "sam2.1-l:starter"


def test_the_name_says_which_matting_model(tmp_path):
    """An imported matting model is taken, and the line says that its licence is non-commercial."""
    stand_in("sam2.1-t", tmp_path)
    stand_in("vitmatte-s", tmp_path)
    choice = choose_model("auto", folder=tmp_path, hardware=LARGE)
    assert choice.model == "sam2.1-t:vitmatte-s"
    assert choice.told == "sam2.1-t on cuda:0 (A card, 24 GB); matting model: vitmatte-s (non-commercial)"
    assert choice.advice == ""


def test_damaged_weights_are_passed_over(tmp_path):
    """A file that cannot be read is no reason to fail: the next best is taken; by its own name it is an error."""
    (tmp_path / "sam2.1-l.safetensors").write_bytes(b"x")
    assert choose_model("auto", folder=tmp_path, hardware=LARGE).model == "starter"
    with pytest.raises(ModelError):
        choose_model("sam2.1-l", folder=tmp_path, hardware=LARGE)


def test_what_is_recommended_fits_the_machine_and_a_studio():
    """By memory of the GPU, the smallest without one; never weights that are for non-commercial use."""
    memories = (0, 3, 4, 6, 8, 24)
    names = [recommended(Hardware("cuda:0", "", gigabytes * 10**9)).name for gigabytes in memories]
    assert names == ["sam2.1-t", "sam2.1-t", "sam2.1-s", "sam2.1-b+", "sam2.1-l", "sam2.1-l"]
    assert all(OFFICIAL[name].licence == "Apache-2.0" for name in names)


def test_every_published_weights_file_is_fetched_or_found_by_hand():
    """What is said to be fetchable has an address, and the licence is the same wherever it is told."""
    assert {name for name, one in OFFICIAL.items() if not one.by_hand} == set(SOURCES)
    assert all(SOURCES[name].licence == OFFICIAL[name].licence for name in SOURCES)
    assert all(OFFICIAL[name].licence == NON_COMMERCIAL for name in MATTERS if name in OFFICIAL)


def test_a_device_is_found_without_torch(monkeypatch):
    """Without a driver, `auto` is a processor; the first of several devices counts."""
    monkeypatch.setattr("engine.weights.automatic._gpu", lambda _: None)
    monkeypatch.setattr("sys.platform", "linux")
    assert find_hardware() == find_hardware("cpu") == Hardware("cpu")
    assert find_hardware("cuda:1,cuda:2").device == "cuda:1"
