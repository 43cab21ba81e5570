"""Official SAM 2.1, MEMatte and ViTMatte files become models here, number by number."""

import shutil

import pytest
import torch
from published_weights import mematte_state, sam2_network, vitmatte_rows, vitmatte_state
from safetensors.torch import save_file

from engine.contract.errors import ModelError
from engine.model.config import MEMATTE_S, VITMATTE_S
from engine.weights.file import file_sha256
from engine.weights.keys import NEW_IN_MAM2
from engine.weights.models import import_file, load_matter, load_model, read_header, save_model, start_model

SAM2_TINY = 38_962_498  # parameters of the public configuration, as the sam2 package builds it


@pytest.fixture(scope="module")
def sam2():
    """The sam2 package's own network."""
    return sam2_network("t", valued=True)


@pytest.fixture(scope="module")
def place(tmp_path_factory, sam2):
    """A folder with official files, and `weights` in it with what they became."""
    folder = tmp_path_factory.mktemp("weights")
    torch.save({"model": sam2.state_dict()}, folder / "sam2.1_hiera_tiny.pt")
    torch.save({"model": mematte_state(), "iteration": 3}, folder / "MEMatte_ViTS_DIM.pth")
    hf = {hf: tensor for (_, hf, _), tensor in zip(vitmatte_rows(), vitmatte_state().values(), strict=True)}
    save_file(hf, folder / "model.safetensors")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def imported(place):
    """What each official file was taken in as, by name."""
    files = ("sam2.1_hiera_tiny.pt", "MEMatte_ViTS_DIM.pth", "model.safetensors")
    return {one.name: one for one in (import_file(place / file, folder=place / "weights") for file in files)}


@pytest.fixture(scope="module")
def folder(imported):
    """The folder of imported weights."""
    return imported["sam2.1-t"].path.parent


@pytest.fixture(scope="module")
def plain(folder):
    """SAM 2.1 with a public matter."""
    return load_model("sam2.1-t", folder=folder, exact=True)


@pytest.fixture(scope="module")
def begun(folder):
    """MAM2 before its first training step."""
    return start_model("mam2-t", folder=folder)


def features_of(network, plates):
    """Image features at strides 4, 8 and 16 from normalised plates."""
    with torch.inference_mode():
        return network.forward_image(plates)["backbone_fpn"]


PLATES = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(3))


def test_imports_say_what_they_took(imported, place):
    """An import names the weights, their part, their parameters and licence."""
    found = {name: (one.part, one.parameters, one.licence.split(":")[0]) for name, one in imported.items()}
    assert found == {
        "sam2.1-t": ("tracker", SAM2_TINY, "Apache-2.0"),
        "mematte-s": ("matter", 29_191_293, "non-commercial"),
        "vitmatte-s": ("matter", 25_814_753, "non-commercial"),
    }
    assert all(one.path == place / "weights" / f"{name}.safetensors" for name, one in imported.items())


def test_headers_name_the_source(imported, place):
    """A kept file says which published file it came from, by name and hash."""
    header = read_header(imported["sam2.1-t"].path)
    assert header["mam2.config"] == "sam2.1-t"
    assert header["mam2.parts"] == "tracker"
    assert header["source"] == "facebookresearch/sam2 sam2.1_hiera_tiny.pt"
    assert header["source_sha256"] == file_sha256(place / "sam2.1_hiera_tiny.pt")


def test_imported_sam2_gives_the_same_features(plain, sam2):
    """The imported encoder's features are those of the sam2 package's own network, to the bit."""
    for ours, theirs in zip(features_of(plain.tracker, PLATES), features_of(sam2, PLATES), strict=True):
        assert torch.equal(ours, theirs)


def test_imported_sam2_keeps_every_number(plain, sam2):
    """Every official tensor is in the model, under its own name."""
    ours = plain.tracker.state_dict()
    for name, tensor in sam2.state_dict().items():
        assert torch.equal(ours[name], tensor), name


def test_published_profile_takes_trimaps_from_doubt(plain):
    """SAM 2.1 with a public matter has no trained trimap branch and says so; nothing asks for gradients."""
    assert plain.config.trimap_from == "uncertainty"
    assert plain.config.lora is None
    assert plain.config.matter == MEMATTE_S
    assert not plain.training
    assert not any(parameter.requires_grad for parameter in plain.parameters())


def test_imported_matter_keeps_every_number(plain):
    """MEMatte's official tensors are in the model, under their own names."""
    state = plain.matter.state_dict()
    for name, tensor in mematte_state().items():
        assert torch.equal(state[name], tensor), name


def test_a_matter_is_chosen_by_name(folder):
    """A name behind the model's chooses among imported matters, each with its own structure."""
    model = load_model("sam2.1-t:vitmatte-s", folder=folder, exact=True)
    assert model.config.matter == VITMATTE_S
    state = model.matter.state_dict()
    for name, tensor in vitmatte_state().items():
        assert torch.equal(state[name], tensor), name


def test_training_begins_from_sam2(begun, sam2):
    """Before training, MAM2's encoder gives SAM 2.1's features, adapters or not."""
    begun.eval()
    for ours, theirs in zip(features_of(begun.tracker, PLATES), features_of(sam2, PLATES), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


def test_additions_begin_as_designed(begun):
    """The trimap's upscaler copies the mask's; mask augmentation and adapters change nothing; tokens are drawn."""
    decoder = begun.tracker.sam_mask_decoder
    for ours, theirs in zip(decoder.trimap_upscaling.parameters(), decoder.output_upscaling.parameters(), strict=True):
        assert torch.equal(ours, theirs)
        assert ours is not theirs
    assert not decoder.mask_augment.stack[-1].weight.any()
    assert 0.5 < decoder.trimap_tokens.weight.std() < 2
    lora = {name: p for name, p in begun.named_parameters() if ".lora_" in name}
    assert len(lora) == 2 * 2 * 12  # A and B of qkv and proj in each of 12 blocks
    assert all(bool(p.any()) == (".lora_A." in name) for name, p in lora.items())
    assert begun.config.name == "mam2-t"
    assert begun.config.trimap_from == "decoder"


def test_beginning_repeats_by_seed(folder, begun):
    """The same seed begins the same, another seed otherwise, and the caller's random numbers are left alone."""
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    other = start_model("mam2-t", folder=folder, seed=1).state_dict()
    assert torch.equal(torch.rand(1), expected)
    ours = begun.state_dict()
    drawn = {name for name, tensor in ours.items() if not torch.equal(tensor, other[name])}
    assert all(NEW_IN_MAM2.match(name.removeprefix("tracker.")) or ".lora_A." in name for name in drawn)
    assert {"tracker.sam_mask_decoder.trimap_tokens.weight"} < drawn


def test_training_may_begin_from_vitmatte(folder):
    """ViTMatte gives MEMatte all but its routers and refiners."""
    model = start_model("mam2-t", matter="vitmatte-s", folder=folder)
    assert model.config.matter == MEMATTE_S
    state, given = model.matter.state_dict(), vitmatte_state()
    shared = state.keys() & given.keys()
    assert len(shared) == 250
    assert all(torch.equal(state[name], given[name]) for name in shared)


def test_a_tracker_takes_its_matter_from_the_folder(plain, folder, tmp_path):
    """A file with only the tracker is completed by the imported matter; without one by the matter that ships."""
    save_model(plain, tmp_path / "mine.safetensors", metadata={}, parts=("tracker",))
    assert read_header(tmp_path / "mine.safetensors")["mam2.parts"] == "tracker"
    whole = load_model(tmp_path / "mine.safetensors", folder=folder, exact=True)
    theirs = plain.state_dict()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in whole.state_dict().items())
    ours = load_model(tmp_path / "mine.safetensors", folder=tmp_path, exact=True).matter.state_dict()
    shipped = load_matter("starter", exact=True).state_dict()
    assert all(torch.equal(tensor, shipped[name]) for name, tensor in ours.items())
    with pytest.raises(ModelError, match=r"yet: sam2\.1-t"):
        start_model("mam2-t", folder=tmp_path)
    (tmp_path / "mine.safetensors").unlink()


def test_a_renamed_file_is_refused(folder):
    """A file that holds another model than its name says is not taken for it."""
    shutil.copy(folder / "sam2.1-t.safetensors", folder / "sam2.1-s.safetensors")
    try:
        with pytest.raises(ModelError, match=r"holds 'sam2\.1-t', not 'sam2\.1-s'") as raised:
            load_model("sam2.1-s", folder=folder)
    finally:
        (folder / "sam2.1-s.safetensors").unlink()
    assert raised.value.code == "model.config"


def test_a_matter_alone_is_no_model(folder):
    """A file with only a matter says that a tracker is needed too."""
    with pytest.raises(ModelError, match="holds only a matting model") as raised:
        load_model(folder / "mematte-s.safetensors", folder=folder)
    assert raised.value.code == "model.config"


def test_half_a_trimap_branch_is_damage(place, sam2):
    """MAM2's additions may be absent from an official file all together, not one by one."""
    state = sam2.state_dict()
    state["sam_mask_decoder.trimap_tokens.weight"] = torch.zeros(3, 256)
    torch.save({"model": state}, place / "half.pt")
    with pytest.raises(ModelError, match=r"trimap_upscaling\.0\.weight is missing \(and 31 more") as raised:
        import_file(place / "half.pt", folder=place / "other")
    assert raised.value.code == "model.keys"
    assert not (place / "other").exists()
