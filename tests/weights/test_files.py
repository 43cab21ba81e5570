"""Files that cannot be used: damaged, dangerous, of another kind, or simply not there."""

import json
import os
import pickle
import struct
import zipfile

import pytest
import torch
from safetensors.torch import save_file

from engine.contract.errors import ModelError
from engine.model.config import CONFIGS
from engine.weights.catalogue import OFFICIAL, STARTER_FILE, find_files, lacking, matters_here, weights_folder
from engine.weights.header import Contents, config_from_json, config_to_json
from engine.weights.models import import_file, load_model, read_header, save_model, start_model


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a good weights file."""
    path = tmp_path_factory.mktemp("good") / "good.safetensors"
    save_model(start_model("starter"), path, metadata={}, half=True)
    return path.read_bytes()


def with_header(whole, **changes):
    """The same file with other metadata; None takes an entry out."""
    length = struct.unpack("<Q", whole[:8])[0]
    table = json.loads(whole[8 : 8 + length])
    for key, value in changes.items():
        table["__metadata__"].pop(f"mam2.{key}")
        if value is not None:
            table["__metadata__"][f"mam2.{key}"] = value
    text = json.dumps(table).encode()
    return struct.pack("<Q", len(text)) + text + whole[8 + length :]


def settings(whole, part, **changes):
    """The settings of a file, one part's changed."""
    length = struct.unpack("<Q", whole[:8])[0]
    found = json.loads(json.loads(whole[8 : 8 + length])["__metadata__"]["mam2.settings"])
    found[part].update(changes)
    return json.dumps(found)


DAMAGE = {
    "empty": (lambda _: b"", "model.corrupt", "is empty"),
    "cut in the length": (lambda whole: whole[:5], "model.unknown", "not a weights file"),
    "cut in the header": (lambda whole: whole[:500], "model.corrupt", "ends inside its own header"),
    "cut in the weights": (lambda whole: whole[:-1000], "model.corrupt", "bytes of weights instead of"),
    "too long": (lambda whole: whole + b"x", "model.corrupt", "bytes of weights instead of"),
    "flipped header": (lambda whole: whole[:20] + b"\xff" + whole[21:], "model.corrupt", "header of .* is damaged"),
    "flipped length": (lambda whole: whole[:5] + b"\x7f" + whole[6:], "model.corrupt", "ends inside"),
    "a picture": (lambda _: b"\x89PNG\r\n\x1a\n" + b"0" * 100, "model.unknown", "not a weights file"),
    "an official file": (lambda _: b"PK\x03\x04" + b"0" * 100, "model.unknown", "not a weights file"),
    "an unknown config": (lambda whole: with_header(whole, config="mam3-xl"), "model.config", "'mam3-xl'"),
    "a newer format": (lambda whole: with_header(whole, format="2"), "model.version", "newer mam2 .format 2"),
    "a strange format": (lambda whole: with_header(whole, format="x"), "model.corrupt", "'x' as its format"),
    "no format": (lambda whole: with_header(whole, format=None), "model.unknown", "not in the format of mam2"),
    "a format of many digits": (lambda whole: with_header(whole, format="9" * 5000), "model.corrupt", "as its format"),
    "settings nested without end": (
        lambda whole: with_header(whole, settings="[" * 200_000),
        "model.config",
        "make no sense",
    ),
    "a giant setting": (
        lambda whole: with_header(whole, settings=settings(whole, "tracker", dim=10**12)),
        "model.config",
        "dim is larger than",
    ),
    "a list without end": (
        lambda whole: with_header(whole, settings=settings(whole, "matter", global_blocks=[1] * 100_000)),
        "model.config",
        "has 100000 entries",
    ),
    "no settings": (lambda whole: with_header(whole, settings=None), "model.version", "mam2.settings"),
    "settings of a newer version": (
        lambda whole: with_header(whole, settings=settings(whole, "tracker", telepathy=True)),
        "model.version",
        "'telepathy'",
    ),
    "settings of another type": (
        lambda whole: with_header(whole, settings=settings(whole, "tracker", dim="wide")),
        "model.config",
        "dim is not int",
    ),
    "settings at odds": (
        lambda whole: with_header(whole, settings=settings(whole, "matter", heads=7)),
        "model.config",
        "must be a multiple",
    ),
    "another list of parts": (lambda whole: with_header(whole, parts="tracker"), "model.config", "contradicts itself"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_weights_are_refused(tmp_path, whole, damage):
    """A file that is not whole, or not ours, is one clear sentence with its code and a hint."""
    change, code, told = DAMAGE[damage]
    path = tmp_path / "x.safetensors"
    path.write_bytes(change(whole))
    with pytest.raises(ModelError, match=told) as raised:
        load_model(path)
    assert raised.value.code == code
    assert "x.safetensors" in raised.value.message
    assert raised.value.hint.endswith(".")


def test_the_good_file_is_good(tmp_path, whole):
    """What the damage above is done to loads when nothing is done to it."""
    (tmp_path / "x.safetensors").write_bytes(with_header(whole))
    assert load_model(tmp_path / "x.safetensors").config.name == "starter"


class Harmful:
    """Unpickling this would run a command."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("kind", ["zip", "legacy", "plain pickle"])
def test_a_harmful_pickle_is_refused_unrun(tmp_path, kind):
    """A file that would run code when read is refused in words, and its code does not run."""
    path, trap = tmp_path / "sam2.1_hiera_tiny.pt", tmp_path / "trap"
    state = {"model": {"a": torch.zeros(2)}, "extra": Harmful(trap)}
    if kind == "plain pickle":
        path.write_bytes(pickle.dumps({"model": Harmful(trap)}))
    else:
        torch.save(state, path, _use_new_zipfile_serialization=kind == "zip")
    with pytest.raises(ModelError, match="would run code") as raised:
        import_file(path, folder=tmp_path / "weights")
    assert raised.value.code == "model.unsafe"
    assert "weights_only" not in str(raised.value)
    assert not trap.exists()


def official(path, **more):
    """Write a small file of the official kind."""
    torch.save({"model": {"a": torch.arange(300.0)}, **more}, path)
    return path.read_bytes()


def flip_middle(path):
    """An official file with one bit of a number flipped."""
    data = bytearray(official(path))
    at = data.index(b"\x00\x00\x80\x3f\x00\x00\x00\x40")  # 1.0, 2.0 of the tensor
    data[at + 2] ^= 0x40
    path.write_bytes(data)


def archive(path):
    """A zip archive that holds no weights."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("readme.txt", "hello")


OFFICIAL_DAMAGE = {
    "empty": (lambda path: path.write_bytes(b""), "model.corrupt", "is empty"),
    "cut": (lambda path: path.write_bytes(official(path)[:-200]), "model.corrupt", "cut short"),
    "a flipped number": (flip_middle, "model.corrupt", "is damaged"),
    "another network": (official, "model.unknown", "no weights of a network known here"),
    "a zip of something": (archive, "model.unknown", "does not hold plain weights"),
    "a script": (lambda path: torch.jit.script(torch.nn.Linear(1, 1)).save(path), "model.unknown", "plain weights"),
    "a list": (lambda path: torch.save([torch.zeros(1)], path), "model.unknown", "holds a list"),
    "a web page": (lambda path: path.write_text("<!DOCTYPE html><html>Confirm"), "model.unknown", "a web page"),
    "a placeholder": (
        lambda path: path.write_text("version https://git-lfs.github.com"),
        "model.unknown",
        "placeholder",
    ),
    "a picture": (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 90), "model.unknown", "no weights file"),
    "transformers' SAM 2.1": (
        lambda path: save_file({"vision_encoder.neck.a": torch.zeros(1)}, path),
        "model.unknown",
        "as the transformers library names it",
    ),
    "not a number": (
        lambda path: torch.save({"backbone.pos_embed": torch.full((1, 197, 384), torch.nan)}, path),
        "model.corrupt",
        "not finite",
    ),
    "a name without a tensor": (
        lambda path: torch.save({"backbone.pos_embed": torch.zeros(1, 197, 384), "backbone.x": 3}, path),
        "model.corrupt",
        "backbone.x in .* is no tensor",
    ),
    "one tensor of a matter": (
        lambda path: torch.save({"backbone.pos_embed": torch.zeros(1, 197, 384)}, path),
        "model.keys",
        r"does not fit vitmatte-s: .* is missing \(and 256 more",
    ),
}


@pytest.mark.filterwarnings("ignore:.*jit.*")
@pytest.mark.parametrize("damage", OFFICIAL_DAMAGE)
def test_official_files_that_are_not(tmp_path, damage):
    """What is not a whole official file is refused with what it is instead, and nothing is kept."""
    make, code, told = OFFICIAL_DAMAGE[damage]
    path = tmp_path / "weights.pth"
    make(path)
    with pytest.raises(ModelError, match=told) as raised:
        import_file(path, folder=tmp_path / "weights")
    assert raised.value.code == code
    assert not (tmp_path / "weights").exists()


def test_a_file_that_is_not_there(tmp_path):
    """A path without a file is named."""
    for use in (load_model, import_file):
        with pytest.raises(ModelError, match=r"no.* file .*nothing\.safetensors") as raised:
            use(tmp_path / "nothing.safetensors", folder=tmp_path)
        assert raised.value.code == "model.missing"


def test_an_unknown_model_lists_the_known(tmp_path):
    """A name that is no model's says which there are."""
    with pytest.raises(ModelError, match="no model 'sam3'") as raised:
        load_model("sam3", folder=tmp_path)
    assert raised.value.code == "model.unknown"
    assert "mam2-l" in raised.value.hint


@pytest.mark.parametrize("name", [name for name in CONFIGS if name != "starter"])
def test_missing_weights_say_where_to_get_them(tmp_path, name):
    """A model without weights names the official files, their licence and the command, or how to train them."""
    with pytest.raises(ModelError) as raised:
        load_model(name, folder=tmp_path)
    assert raised.value.code == "model.missing"
    assert "mam2 weights import FILE" in raised.value.hint
    if name.startswith("sam2.1-"):
        assert OFFICIAL[name].file in raised.value.hint
        assert f"mam2 weights pull {name}" in raised.value.hint
        assert "Apache-2.0" in raised.value.hint
    else:
        assert "mam2 weights import" in raised.value.hint


def test_a_missing_matter_is_asked_for_by_name(tmp_path):
    """A matter that is chosen and not imported is named with its official file; an unknown one lists the known."""
    contents = Contents("sam2.1-t", tracker=CONFIGS["sam2.1-t"].tracker, trimap_from="uncertainty")
    save_file({"x": torch.zeros(1)}, tmp_path / "sam2.1-t.safetensors", metadata=contents.to_header())
    assert lacking("sam2.1-t", tmp_path) == ()
    assert matters_here(tmp_path) == ["starter"]
    assert find_files("sam2.1-t", tmp_path).matter == find_files("sam2.1-t:starter", tmp_path).matter == STARTER_FILE
    with pytest.raises(ModelError, match=r"yet: vitmatte-s\.") as raised:
        load_model("sam2.1-t:vitmatte-s", folder=tmp_path)
    assert "ViTMatte_S_Com.pth" in raised.value.hint
    with pytest.raises(ModelError, match="no matting model 'best'") as raised:
        load_model("sam2.1-t:best", folder=tmp_path)
    assert raised.value.code == "model.unknown"


def test_the_folder_is_the_users_choice(monkeypatch, tmp_path):
    """`$MAM2_WEIGHTS` names the folder; without it, it lies among the user's data. Neither makes it."""
    monkeypatch.setenv("MAM2_WEIGHTS", str(tmp_path / "here"))
    assert weights_folder() == tmp_path / "here"
    assert not weights_folder().exists()
    monkeypatch.delenv("MAM2_WEIGHTS")
    assert weights_folder().parts[-2:] == ("mam2", "weights")


def test_the_starter_is_read_from_the_installation(tmp_path):
    """The starter ships with the engine; the weights folder has no say in it."""
    assert STARTER_FILE.parent.name == "starter"
    assert STARTER_FILE.parent.parent.name == "engine"
    if not STARTER_FILE.is_file():
        pytest.skip("this copy has no starter weights yet")
    assert read_header(STARTER_FILE)["mam2.config"] == "starter"
    assert STARTER_FILE.stat().st_size <= 30e6
    assert load_model("starter", folder=tmp_path).config.name == "starter"


@pytest.mark.parametrize("name", CONFIGS)
def test_configs_survive_the_header(name):
    """Every structure comes back from a header equal to what went in."""
    config = CONFIGS[name]
    contents = Contents(name, config.tracker, config.lora, config.trimap_from, config.matter)
    assert Contents.from_header(contents.to_header(), "x") == contents
    assert (
        config_from_json(type(config.tracker), json.loads(json.dumps(config_to_json(config.tracker)))) == config.tracker
    )
