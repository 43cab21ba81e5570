"""Promises of `mam2 evaluate pictures`, called as a person calls it."""

import json
from dataclasses import replace
from functools import partial
from shutil import copy

import pytest
from small_model import SMALL, lively

from engine.evaluation.pictures import composites, mattes
from engine.weights.models import save_model


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Two files of the same very small model."""
    folder = tmp_path_factory.mktemp("weights")
    save_model(lively(replace(SMALL, name="starter")), folder / "today.safetensors", metadata={})
    copy(folder / "today.safetensors", folder / "new.safetensors")
    return folder / "today.safetensors", folder / "new.safetensors"


@pytest.fixture
def small(monkeypatch):
    """Composites and clips of few pixels and frames."""
    monkeypatch.setattr(composites, "SIZES", ((96, 64),))
    monkeypatch.setattr(composites, "StillClips", partial(composites.StillClips, frames=3, size=(96, 64)))


@pytest.mark.usefixtures("small")
def test_two_models_stand_side_by_side(mam2, pack_folder, weights, tmp_path):
    """In one run every part has a column a model and their ratio; JSON, Markdown and strips go to the folder."""
    models = [argument for one in weights for argument in ("--model", one)]
    options = (
        "--only",
        "masks,composites,clips",
        "--limit",
        "2",
        "--device",
        "cpu",
        "--pictures",
        "-o",
        tmp_path / "r",
    )
    code, out, _ = mam2("evaluate", "pictures", "--pack", pack_folder, *models, *options)
    assert code == 0
    for words in ("new / today", "IoU at 3 clicks", "GRAD", "J of the last frame", "first held", "empty"):
        assert words in out
    assert "Left out: GrabCut and closed-form matting (--baselines" in out
    data = json.loads((tmp_path / "r" / "report.json").read_text())
    assert list(data["sections"]) == ["masks", "salient", "composites", "clips"]
    today, new = (data["sections"]["composites"]["methods"][name] for name in ("today", "new"))
    assert today["mean"] == new["mean"]
    assert today["mean"]["composites"] == 2
    page = (tmp_path / "r" / "report.md").read_text()
    assert "| IoU at 1 click |" in page
    assert "| 1.00 |" in page
    strips = {file.name for file in (tmp_path / "r").glob("*.png")}
    assert {"masks-best.png", "composites-middle.png", "clips-worst.png"} <= strips


@pytest.mark.usefixtures("small")
def test_an_earlier_report_stands_beside(mam2, pack_folder, weights, tmp_path, monkeypatch):
    """What an earlier run measured on the same pictures comes before and is compared with; on others it is refused."""
    monkeypatch.setattr(mattes, "have_closed_form", lambda: False)
    common = ("evaluate", "pictures", "--pack", pack_folder, "--only", "composites", "--device", "cpu")
    assert mam2(*common, "--limit", "1", "--model", weights[0], "--baselines", "-o", tmp_path / "old")[0] == 0
    report = tmp_path / "old" / "report.json"
    new = ("--model", weights[1], "--beside", report)
    code, out, _ = mam2(*common, "--limit", "1", *new, "-o", tmp_path / "new")
    assert code == 0
    assert "new / today" in out
    assert "Left out" not in out
    old, both = (json.loads(path.read_text()) for path in (report, tmp_path / "new" / "report.json"))
    methods = both["sections"]["composites"]["methods"]
    assert list(methods)[:2] == list(both["models"]) == ["today", "new"]
    assert methods["GrabCut"] == old["sections"]["composites"]["methods"]["GrabCut"]
    code, _, err = mam2(*common, "--limit", "2", *new)
    assert (code, "measured on other pictures" in err) == (2, True)
    assert "is no report on photographs" in mam2(*common, "--beside", weights[0])[2]


def test_the_matter_can_be_measured_alone(mam2, pack_folder, weights, monkeypatch):
    """With `--only matter` exact trimaps are given, and seconds are compared on larger plates."""
    monkeypatch.setattr(composites, "SIZES", ((96, 64),))
    monkeypatch.setattr("engine.evaluation.pictures.mattes.HD", (160, 96))
    code, out, _ = mam2(
        *("evaluate", "pictures", "--pack", pack_folder, "--model", weights[0]),
        *("--only", "matter", "--limit", "1", "--device", "cpu"),
    )
    assert code == 0
    assert "MAD of unknown pixels" in out
    assert "seconds a frame" in out
    assert "IoU" not in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["pictures"], "do not come with mam2"),
        (["pictures", "--pack", "nowhere"], "There is no index.csv"),
        (["pictures", "--pack", "x", "--only", "faces"], "'faces' is no part of 'pictures'"),
        (["pictures", "--pack", "x", "--pictures"], "need a folder to go to"),
        (["pictures", "--pack", "x", "--mode", "y"], "'y' is no mode"),
        (["pictures", "--pack", "x", "--model", "a/b.safetensors", "--model", "a/b.safetensors"], "named twice"),
        (["pictures", "--pack", "x", "--size", "512x288"], "'pictures' takes no --size"),
        (["unseen", "--model", "a", "--model", "b"], "Only 'pictures' takes several models"),
    ],
)
def test_what_cannot_be_is_said(mam2, arguments, says):
    """A command line that makes no sense is bad input: a sentence, a hint, and nothing is computed."""
    code, out, err = mam2("evaluate", *arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert "hint: " in err
