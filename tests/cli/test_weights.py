"""`mam2 weights` and `mam2 model`, run as a person runs them."""

import json
import math
import subprocess
import sys

import pytest
import torch
import typer
from published_weights import mematte_state
from safetensors import safe_open
from typer.testing import CliRunner

from engine.cli import model, weights
from engine.contract.errors import ModelError
from engine.model.config import CONFIGS, STARTER
from engine.model.mam2 import MAM2
from engine.weights.catalogue import STARTER_FILE
from engine.weights.models import save_model


@pytest.fixture(scope="module")
def app():
    """Both verbs under one program, as the command line has them."""
    program = typer.Typer()
    program.add_typer(weights.app, name="weights")
    program.add_typer(model.app, name="model")
    return program


@pytest.fixture
def run(app, tmp_path, monkeypatch):
    """Run a command with an empty weights folder; an error comes out as it is raised."""
    monkeypatch.setenv("MAM2_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("COLUMNS", "160")

    def one(*arguments):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
        return result.exit_code, result.stdout

    return one


def test_an_official_file_is_taken_in(run, tmp_path):
    """An import says what the file is, where it is kept and under which licence; the list then shows it."""
    torch.save(mematte_state(), tmp_path / "MEMatte_ViTS_DIM.pth")
    code, told = run("weights", "import", tmp_path / "MEMatte_ViTS_DIM.pth")
    assert code == 0
    assert "MEMatte_ViTS_DIM.pth: mematte-s (matter), 29.2 M parameters" in told
    assert f"kept as {tmp_path / 'weights' / 'mematte-s.safetensors'}" in told
    assert "licence: non-commercial" in told
    _, listed = run("weights", "list", "--json")
    matters = {row["name"]: row for row in json.loads(listed)["matters"]}
    assert matters["mematte-s"]["ready"]
    assert matters["mematte-s"]["files"][0]["licence"].startswith("non-commercial")
    assert not matters["vitmatte-s"]["ready"]
    models = {row["name"]: row for row in json.loads(listed)["models"]}
    assert models["sam2.1-l"]["lacks"] == ["sam2.1-l"]


def test_a_bad_file_is_told_as_an_error(run, tmp_path):
    """What cannot be imported is the engine's own error, for the program to show."""
    (tmp_path / "x.pth").write_text("<html>Please confirm the download</html>")
    with pytest.raises(ModelError, match="a web page"):
        run("weights", "import", tmp_path / "x.pth")


def test_the_list_says_what_is_missing(run, tmp_path):
    """Without weights the way to those that suit this machine comes first; every model's way and licence follow."""
    code, told = run("weights", "list")
    assert code == 0
    for name in CONFIGS:
        assert name in told
    assert "mam2 weights pull recommended" in "\n".join(told.splitlines()[:3])
    assert len(told.splitlines()) <= 40
    assert "898 MB, Apache-2.0: mam2 weights pull sam2.1-l" in told
    assert "103 MB, non-commercial: mam2 weights pull vitmatte-s" in told
    assert "mam2 weights import MEMatte_ViTS_DIM.pth" in " ".join(told.split())
    assert "mam2 weights import FILE" in told
    assert str(tmp_path / "weights") in told.replace("\n", "")


def test_the_network_of_trimaps_is_listed_taken_in_and_removed(run, tmp_path):
    """The list says whether trimaps from pictures can be had; a file of the network is taken in, shown and removed."""
    save_model(MAM2(CONFIGS["sam2.1-t"]), tmp_path / "mine.safetensors", metadata={"licence": "CC0"}, parts=("trimap",))
    code, told = run("weights", "import", tmp_path / "mine.safetensors")
    assert code == 0
    assert "picture-trimap (trimap)" in told
    _, told = run("weights", "list", "--json")
    (row,) = json.loads(told)["trimaps"]
    assert (row["name"], row["ready"]) == ("picture-trimap", True)
    assert row["files"][0]["licence"] == "CC0"
    assert run("weights", "remove", "picture-trimap", "--yes")[0] == 0
    assert not list((tmp_path / "weights").glob("*.safetensors"))


def test_a_damaged_file_is_listed_as_such(run, tmp_path):
    """A kept file that is not whole is not ready, and the list says why."""
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "mam2-t.safetensors").write_bytes(b"")
    _, told = run("weights", "list", "--json")
    row = next(row for row in json.loads(told)["models"] if row["name"] == "mam2-t")
    assert not row["ready"]
    assert row["code"] == "model.corrupt"
    _, told = run("weights", "list")
    assert "mam2-t.safetensors is empty." in told


def test_verify_tells_whole_from_damaged(run, tmp_path):
    """Each file is called whole or what is wrong with it; one damaged file makes the exit status 2."""
    good, bad = tmp_path / "good.safetensors", tmp_path / "bad.safetensors"
    save_model(MAM2(STARTER), good, metadata={}, parts=("matter",))
    data = bytearray(good.read_bytes())
    data[-3] ^= 1
    bad.write_bytes(data)
    assert run("weights", "verify", good) == (0, f"{good}: whole\n")
    code, told = run("weights", "verify", good, bad, "--json")
    assert code == 2
    first, second = json.loads(told)
    assert first == {"file": str(good), "whole": True, "problem": None}
    assert second["problem"]["code"] == "model.corrupt"


def test_verify_takes_what_is_kept(run, tmp_path):
    """Without files, everything that is kept is checked."""
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "sam2.1-t.safetensors").write_bytes(b"x" * 30)
    code, told = run("weights", "verify")
    assert code == 2
    assert "sam2.1-t.safetensors is not a weights file of mam2." in told


def test_the_model_table_compares_with_the_paper(run):
    """The paper's configuration is itemised, summed and set beside the paper's figure."""
    code, told = run("model")
    assert code == 0
    assert "image encoder, adapters (LoRA)" in told
    assert "2,610,432" in told
    assert "44.059 M; the paper says 44.7 M: -1.43%" in told


def test_the_starter_is_counted_as_it_ships(run):
    """The table of the starter has as many numbers as the weights file that ships holds."""
    _, told = run("model", "starter", "--json")
    with safe_open(STARTER_FILE, framework="pt") as file:
        learnt = [key for key in file.keys() if "num_batches" not in key and "running_" not in key]  # noqa: SIM118
        shapes = [file.get_slice(key).get_shape() for key in learnt]
    held = sum(math.prod(shape) for shape in shapes)
    assert abs(json.loads(told)["total"] - held) < 0.001 * held


def test_the_model_table_is_json_too(run):
    """As JSON the parts add up; a model that is not the paper's has no comparison."""
    code, told = run("model", "starter", "--json")
    table = json.loads(told)
    assert code == 0
    assert table["total"] == sum(part["total"] for part in table["parts"])
    assert table["trainable"] == table["stage_1"] + table["stage_2"]
    assert table["paper_difference"] is None


def test_an_unknown_model_lists_the_known(run):
    """A name that is no model's says which there are."""
    with pytest.raises(ModelError, match="no model 'sam3'") as raised:
        run("model", "sam3")
    assert "mam2-l" in raised.value.hint


def test_listing_needs_no_torch(repository):
    """A list of models answers at once: it imports no torch."""
    script = "import sys; from engine.cli import weights, model; weights.list_weights(as_json=True)"
    script += "; assert 'torch' not in sys.modules and 'safetensors' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], cwd=repository, check=True, capture_output=True)
