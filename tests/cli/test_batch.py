"""`mam2 batch`: many shots, one model, a summary, and an exit status that tells."""

import json
import os
import signal
import subprocess
import sys

import pytest

from engine.cli.matte import stages as matte_stages

POINT = {"objects": [{"name": "disc", "prompts": [{"kind": "point", "frame": 1, "x": 32, "y": 24}]}]}


@pytest.fixture
def shots(tmp_path, write_plate):
    """Three shots whose plates are found in three ways, and a JSON file that is no shot."""
    folder = tmp_path / "shots é"
    for name in ("sh010/sh010", "sh020", "deep/down/plates/a"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        for frame in (1, 2):
            write_plate(folder / f"{name}.{frame:04d}.exr")
    for name in ("sh010", "sh020", "deep/down/take"):
        named = {"plates": "plates/a.####.exr"} if name.endswith("take") else {}
        (folder / f"{name}.json").write_text(json.dumps({**POINT, **named}))
    (folder / "deep/notes.json").write_text('{"hello": 1}')
    return folder


@pytest.fixture
def batch(mam2, weights):
    """Call `mam2 batch` with the small model."""
    return lambda *arguments: mam2("batch", *arguments, "--model", weights, "--device", "cpu")


def _rows(said):
    return {row["shot"]: row for row in json.loads(said.out)}


def test_every_shot_gets_its_mattes(batch, shots):
    """Shots at any depth are matted, each beside its file, and the table tells of each; the status is 0."""
    said = batch(shots)
    assert said.code == 0, said.err
    for name in ("sh010_mattes/sh010", "sh020_mattes/sh020", "deep/down/take_mattes/a"):
        assert (shots / f"{name}_matte.0002.exr").is_file()
    lines = said.out.splitlines()
    assert lines[0].split() == ["shot", "frames", "seconds", "state"]
    assert [line.split()[0] for line in lines[1:-1]] == ["deep/down/take.json", "sh010.json", "sh020.json"]
    assert lines[-1] == "3 of 3 shots have their mattes"


def test_every_shot_gets_its_preview(batch, shots):
    """`--preview sheet` makes one sheet for each shot, beside its mattes, and the table names it."""
    said = batch(shots, "--preview", "sheet", "--json")
    assert said.code == 0, said.err
    for name, row in _rows(said).items():
        sheet = row["reason"].partition("; preview ")[2]
        assert sheet.endswith("_matte_preview.png"), name
        assert (shots / sheet).is_file()


def test_one_model_serves_all_shots(batch, shots, monkeypatch):
    """The model is loaded once for the whole batch."""
    loads, load = [], matte_stages.load
    monkeypatch.setattr("engine.cli.batch_run.load", lambda *what: loads.append(what) or load(*what))
    assert batch(shots).code == 0
    assert len(loads) == 1


def test_what_is_finished_is_kept(batch, shots):
    """A second batch makes only what is missing, and says of each shot which it was."""
    assert batch(shots).code == 0
    lost = shots / "sh020_mattes" / "sh020_matte.0002.exr"
    lost.unlink()
    rows = _rows(batch(shots, "--json"))
    assert {name: (row["state"], row["frames"], row["matted"]) for name, row in rows.items()} == {
        "deep/down/take.json": ("kept", 2, 0),
        "sh010.json": ("kept", 2, 0),
        "sh020.json": ("done", 2, 1),
    }
    assert lost.is_file()


def test_a_failed_shot_does_not_stop_the_others(batch, shots):
    """Shots that cannot be matted are rows with their reasons, the rest is matted, and the status is 1."""
    (shots / "deep/down/plates/a.0002.exr").write_bytes(b"no image")
    (shots / "sh005.json").write_text("{ broken")
    (shots / "sh006.json").write_text(json.dumps(POINT))
    said = batch(shots, "--json")
    assert said.code == 1
    rows = _rows(said)
    assert {name: row["state"] for name, row in rows.items()} == {
        "deep/down/take.json": "failed",
        "sh005.json": "failed",
        "sh006.json": "failed",
        "sh010.json": "done",
        "sh020.json": "done",
    }
    assert "a.0002.exr" in rows["deep/down/take.json"]["reason"]
    assert "is not JSON" in rows["sh005.json"]["reason"]
    assert "There are no plates for" in rows["sh006.json"]["reason"]
    assert "2 of 5 shots have their mattes" in batch(shots).out


def test_a_bug_in_one_shot_is_told_and_passed(batch, shots, monkeypatch):
    """Even an unexpected failure costs its own shot only."""
    from engine.cli import batch_run

    run = batch_run.run_matte

    def fail_on_one(request, load):
        if "sh010" in request.plates:
            raise ZeroDivisionError
        return run(request, load)

    monkeypatch.setattr("engine.cli.batch_run.run_matte", fail_on_one)
    said = batch(shots, "--json")
    assert said.code == 1
    assert _rows(said)["sh010.json"]["reason"] == "a bug in mam2: ZeroDivisionError"
    assert _rows(said)["sh020.json"]["state"] == "done"


def test_mattes_may_go_elsewhere(batch, shots, tmp_path):
    """With `-o`, every shot has a folder of its own below, in the order of the shots' folders."""
    assert batch(shots, "-o", tmp_path / "out").code == 0
    assert (tmp_path / "out" / "deep" / "down" / "take_mattes" / "a_matte.0001.exr").is_file()
    assert not (shots / "sh010_mattes").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "There is no folder 'nowhere'."),
        ([".", "--device", "abacus"], "'abacus' is not a --device."),
        ([".", "--model", "mam9"], "There is no model 'mam9'."),
    ],
)
def test_nothing_to_do_is_bad_input(mam2, tmp_path, monkeypatch, arguments, sentence):
    """Without a shot, or with a model or device that no shot could use, the status is 2."""
    monkeypatch.chdir(tmp_path)
    said = mam2("batch", *arguments)
    assert said.code == 2
    assert said.error == sentence


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to a whole console")
def test_ctrl_c_sums_up(repository, shots, weights, write_plate):
    """After Ctrl-C the status is 130, the finished shots are in the table, and the way to go on is printed."""
    for frame in range(3, 60):  # long enough not to be done before the signal comes
        write_plate(shots / f"sh020.{frame:04d}.exr")
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", "batch", str(shots), "--model", str(weights), "--device", "cpu"],
        cwd=repository,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines = iter(process.stderr.readline, "")
    next(line for line in lines if line.startswith("shot 2 of 3"))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "deep/down/take.json" in out
    assert "to go on: python -m engine batch" in err
