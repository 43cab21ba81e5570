"""Promises of `mam2 evaluate`, called as a person calls it."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from small_model import SMALL, lively
from tiny_benchmark import TinyBenchmark

from engine.cli import evaluate_benchmark, evaluate_report
from engine.evaluation.benchmarks import Unseen
from engine.weights.models import save_model


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """A weights file of a very small model whose numbers come from a seed."""
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    save_model(lively(replace(SMALL, name="starter")), path, metadata={})
    return path


@pytest.fixture
def tiny(monkeypatch):
    """Four tiny clips stand for novm-p."""
    benchmark = TinyBenchmark()

    def open_benchmark(name, data, size, frames):
        assert (name, data, size, frames) == ("novm-p", None, "512x288", None)
        return benchmark

    monkeypatch.setattr(evaluate_benchmark, "open_benchmark", open_benchmark)
    return benchmark


@pytest.fixture
def folders(tmp_path):
    """Mattes that are 51 of 255 too low everywhere, beside their truth."""
    for side, value in (("pred", 100), ("gt", 151)):
        for clip in ("smoke-01", "smoke-02", "glass-01"):
            (tmp_path / side / clip).mkdir(parents=True)
            for t in range(3):
                cv2.imwrite(str(tmp_path / side / clip / f"m.{t:04d}.png"), np.full((8, 10), value, np.uint8))
    return tmp_path / "pred", tmp_path / "gt"


def test_two_folders_are_measured(mam2, folders, tmp_path):
    """`--pred --gt` gives a table, and the same figures in JSON and Markdown; the picture is a PNG."""
    pred, gt = folders
    files = {name: tmp_path / f"r.{name}" for name in ("json", "markdown", "png")}
    code, out, _ = mam2(
        *("evaluate", "--pred", pred, "--gt", gt, "--json", files["json"], "--markdown", files["markdown"]),
        *("--plot", files["png"]),
    )
    assert code == 0
    data = json.loads(files["json"].read_text())
    assert data["overall"]["mad"] == pytest.approx(200)
    assert data["kinds"]["smoke"]["clips"] == 2
    assert list(data["clips"]) == ["glass-01", "smoke-01", "smoke-02"]
    assert "200.00" in out
    assert "| smoke | 2 | 200.00 |" in files["markdown"].read_text()
    assert files["png"].read_bytes().startswith(b"\x89PNG")


def test_two_sequences_and_two_pictures_are_measured(mam2, folders):
    """Folders that hold frames, patterns and single pictures are measured like folders of clips; units are told."""
    pred, gt = (folder / "smoke-01" for folder in folders)
    for ours, truth in ((pred, gt), (pred / "m.####.png", gt / "m.####.png"), (pred / "m.0001.png", gt / "m.0002.png")):
        code, out, _ = mam2("evaluate", "--pred", ours, "--gt", truth)
        assert code == 0
        assert "200.00" in out
        assert "Printed as MAD x 1000" in out


def test_the_published_figures_come_out(mam2, tmp_path):
    """The reference clips as PNG files give the public script's figures, per clip and by both ways of averaging."""
    data = Path(__file__).parents[1] / "data" / "metrics"
    expected = json.loads((data / "expected.json").read_text())
    with np.load(data / "clips.npz") as clips:
        for key in clips:
            clip, side = key.split("/")
            (tmp_path / side / clip).mkdir(parents=True)
            for t, frame in enumerate(clips[key]):
                cv2.imwrite(str(tmp_path / side / clip / f"{clip}.{t:04d}.png"), frame)
    folders = ("--pred", tmp_path / "pred", "--gt", tmp_path / "gt")
    assert mam2("evaluate", *folders, "--json", tmp_path / "r.json")[0] == 0
    found = json.loads((tmp_path / "r.json").read_text())
    for name in ("mad", "mse", "grad", "conn", "dtssd"):
        by_frame = pytest.approx(expected["script_aggregate_frame_columns_then_mean"][name], rel=1e-4)
        assert found["overall"][name] == found["averages"]["frame"][name] == by_frame
        assert found["averages"]["clip"][name] == pytest.approx(expected["mean_of_clip_means"][name], rel=1e-4)
        for clip in expected["clips"]:
            assert found["clips"][clip["clip"]][name] == pytest.approx(clip["per_clip_mean"][name], rel=1e-4)


def test_profile_average_and_part_are_followed(mam2, folders, tmp_path):
    """`--profile`, `--average`, `--kinds` and `--clips` decide what is measured and how."""
    pred, gt = folders
    options = ("--profile", "maggie", "--average", "frame", "--kinds", "smoke", "--clips", "1")
    assert mam2("evaluate", "--pred", pred, "--gt", gt, *options, "--json", tmp_path / "r.json")[0] == 0
    data = json.loads((tmp_path / "r.json").read_text())
    assert (data["profile"], data["average"], list(data["clips"])) == ("maggie", "frame", ["smoke-01"])
    assert data["overall"]["mad"] == pytest.approx(0.2 / 80 * 1e10, rel=1e-6)


def test_a_benchmark_is_examined(mam2, tiny, weights, tmp_path):
    """On a benchmark the model mattes each clip from its prompt; baselines and held-out kinds are shown apart."""
    code, out, _ = mam2(
        *("evaluate", "novm-p", "--model", weights, "--prompt", "box", "--device", "cpu", "--baselines"),
        *("--clips", "2", "--json", tmp_path / "r.json"),
    )
    assert code == 0
    assert tiny.made == [0, 1]
    data = json.loads((tmp_path / "r.json").read_text())
    assert data["benchmark"] == "tiny 1.0"
    assert data["settings"] == {"model": "small", "mode": "pdd+mss", "prompt": "box", "size": "512x288"}
    assert set(data["baselines"]) == {"mask alone", "fixed band", "GrabCut", "first alpha held"}
    assert data["baselines"]["first alpha held"]["places"]["first"]["mad"] == 0
    for words in ("held-out kinds", "square (held out)", "third quarter", "the best baseline that learns nothing"):
        assert words in out


@pytest.mark.parametrize(("size", "size_wh"), [("512x288", (512, 288)), ("1920x1080", (1920, 1080))])
def test_novm_p_comes_in_two_sizes(size, size_wh):
    """The name on the command line is the benchmark that ships, which lists its clips and is made at the size asked."""
    benchmark = evaluate_benchmark.open_benchmark("novm-p", None, size)
    assert len(benchmark.kinds) == len(benchmark) >= 60
    assert benchmark.name.startswith("novm-p")
    assert benchmark.size == size_wh


@pytest.mark.usefixtures("tiny")
def test_parts_merge_to_the_whole(mam2, weights, tmp_path):
    """Two runs on parts, merged, are the file of one run on all; what the merge shows is the same table."""
    common = ("evaluate", "novm-p", "--model", weights, "--device", "cpu")
    for name, part in {"all": (), "a": ("--clips", "2"), "b": ("--first", "2")}.items():
        assert mam2(*common, *part, "--json", tmp_path / f"{name}.json")[0] == 0
    merged = tmp_path / "merged.json"
    assert mam2("evaluate", "merge", tmp_path / "a.json", tmp_path / "b.json", "--json", merged)[0] == 0
    assert merged.read_text() == (tmp_path / "all.json").read_text()


@pytest.mark.parametrize("arguments", [["evaluate"], ["evaluate", "unseen"]])
def test_unseen_clips_are_the_usual_benchmark(mam2, weights, tmp_path, arguments):
    """By default, and as `unseen`, clips are those that training never sees; distractors taken are counted."""
    options = ("--model", weights, "--clips", "1", "--frames", "2", "--device", "cpu", "--json", tmp_path / "u.json")
    code, out, _ = mam2(*arguments, *options, "--first", "1")
    assert code == 0
    assert "foreground on the first frame" in out
    data = json.loads((tmp_path / "u.json").read_text())
    assert data["benchmark"] == "unseen, 2 frames"
    ((name, clip),) = data["clips"].items()
    assert (name, clip["kind"], len(clip["solid"])) == (f"{clip['kind']}-001", Unseen().kinds[1], 4)
    assert ("The distractor was taken in" in out) == ("took_distractor" in clip)


REFUSED = {
    "no such benchmark": (["davis"], "'davis' is no benchmark"),
    "a set without its folder": (["vm108"], "vm108 does not come with mam2"),
    "mattes without truth": (["--pred", "x"], "only be measured beside their truth"),
    "a benchmark and folders": (["novm-p", "--pred", "x", "--gt", "y"], "has no part in it"),
    "two benchmarks": (["novm-p", "vm108"], "'vm108' stands behind 'novm-p'"),
    "an option of another": (["unseen", "--size", "512x288"], "'unseen' takes no --size"),
    "a model beside folders": (["--pred", "x", "--gt", "y", "--model", "z"], "'--pred' takes no --model"),
    "no such size": (["novm-p", "--size", "640x360"], "novm-p has no size '640x360'"),
    "no such profile": (["novm-p", "--profile", "x"], "'x' is no profile"),
    "no such average": (["novm-p", "--average", "x"], "'x' is no average"),
    "no such mode": (["novm-p", "--mode", "x"], "'x' is no mode"),
    "no such prompt": (["novm-p", "--prompt", "x"], "'x' is no prompt"),
    "a merge of one": (["merge", "a.json"], "nothing to merge"),
    "a plot that is no PNG": (["novm-p", "--plot", "a.jpg"], "'a.jpg' is no PNG"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_said(name, mam2):
    """A command line that makes no sense is bad input: a sentence, a hint, and nothing is computed."""
    arguments, says = REFUSED[name]
    code, out, err = mam2("evaluate", *arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert "hint: " in err


def test_a_plot_without_matplotlib_is_refused_before_the_work(mam2, folders, monkeypatch, tmp_path):
    """Where matplotlib is not installed, --plot is refused at once, and how to get it is said."""
    monkeypatch.setattr(evaluate_report, "find_spec", {"matplotlib": None}.__getitem__)
    pred, gt = folders
    code, out, err = mam2("evaluate", "--pred", pred, "--gt", gt, "--plot", tmp_path / "r.png")
    assert (code, out) == (2, "")
    assert "extra 'evaluation'" in err


@pytest.mark.parametrize(("name", "prompt"), [("novm-p", "point"), ("youtubematte", "mask"), ("aim-500", "point")])
def test_a_prompt_need_not_be_named(name, prompt):
    """A set that publishes masks for first frames is asked by mask, every other by a click."""
    assert evaluate_benchmark.usual_prompt(name) == prompt


def test_help_needs_no_torch():
    """`mam2 evaluate --help` loads neither torch nor matplotlib."""
    program = (
        "import sys; from engine.cli import run; run(['evaluate', '--help'])\n"
        "print({'torch', 'matplotlib', 'cv2'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)
    assert said.stdout.endswith("set()\n")


def test_metrics_need_neither_service_nor_image_files():
    """Measuring arrays loads no reader of images and nothing of the service."""
    program = (
        "import sys, engine.evaluation.profiles, engine.evaluation.scores\n"
        "print([name for name in sys.modules if name.startswith(('engine.service', 'engine.media', 'OpenImageIO'))])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)
    assert said.stdout == "[]\n"
