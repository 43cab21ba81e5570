"""`--model auto`: what stands in for SAM 2.1 is taken wherever nobody names a model, and its name is kept."""

import json
from threading import Event

import pytest
from stand_in_weights import stand_in

from engine.cli.matte.options import Given
from engine.cli.matte.request import MatteRequest, checked
from engine.farm.shot_files import plates_of
from engine.weights.automatic import Hardware

CLICK = {"kind": "point", "frame": 1001, "x": 32, "y": 24}


@pytest.fixture(autouse=True)
def _sam2_is_here(tmp_path, monkeypatch):
    monkeypatch.setenv("MAM2_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr("engine.weights.automatic.find_hardware", lambda *_: Hardware("cpu"))
    stand_in("sam2.1-t", tmp_path / "weights")


@pytest.fixture
def shot(plates, tmp_path):
    """A shot file beside its plates."""
    path = tmp_path / "sh.json"
    objects = [{"name": "cup", "prompts": [CLICK]}]
    path.write_text(json.dumps({"objects": objects, "plates": str(plates)}))
    return path


def test_a_matte_takes_the_best_that_is_ready(plates, tmp_path):
    """`matte` resolves the name once, before anything is read; what it says first is the model, device and matter."""
    request = MatteRequest(str(plates), tmp_path / "out", prompts=(Given("point", "32,24@1001"),))
    with checked(request, Event()) as job:
        assert job.request.model == "sam2.1-t:starter"
        assert job.model.told == "sam2.1-t on cpu; matting model: starter"
        assert job.model.advice == ""


def test_a_shot_file_may_name_its_model(shot, tmp_path):
    """A shot file's model counts where the command names none, and gives way where it does."""
    shot.write_text(json.dumps({**json.loads(shot.read_text()), "model": "starter"}))
    for asked, model in (("auto", "starter"), ("sam2.1-t", "sam2.1-t")):
        request = MatteRequest(str(plates_of(shot)), tmp_path / "out", prompts_file=shot, model=asked)
        with checked(request, Event()) as job:
            assert job.request.model == model


def test_a_farm_bundle_carries_the_resolved_name(mam2, shot, tmp_path):
    """Hosts of a farm are told the model and its matting model, never `auto`: each would take what it has."""
    assert mam2("submit", shot, "--bundle", tmp_path / "job").code == 0
    template = (tmp_path / "job" / "template.yaml").read_text()
    assert "sam2.1-t:starter" in template
    assert "auto" not in [line.split(": ")[-1].strip() for line in template.splitlines() if "Model" in line]


def test_the_list_says_what_auto_is(mam2):
    """The first line of the list is what `auto` stands for."""
    assert mam2("weights", "list").out.startswith("--model auto is sam2.1-t on cpu; matting model: starter\n")
