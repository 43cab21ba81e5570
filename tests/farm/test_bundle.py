"""The job bundle on disk, and `mam2 submit` that writes it."""

import json
import shlex

import numpy as np
import pytest
import yaml

from engine.cli import run
from engine.cli.matte.options import read_prompt_file
from engine.contract.errors import OutputError
from engine.contract.shot import MaskPrompt, Shot, ShotObject
from engine.farm.bundle import write_bundle
from engine.media.matte_files import write_exr

FIRST, LAST, SIZE = 1001, 1020, (96, 64)  # of the shot in conftest


def _yaml(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture
def submitted(shot_file, capfd):
    """Call `mam2 submit` on the shot; give the exit status and what was said."""

    def call(*options):
        capfd.readouterr()
        code = run(["submit", str(shot_file), *map(str, options)])
        return code, *capfd.readouterr()

    return call


def test_a_shot_becomes_a_bundle(submitted, shot_file):
    """The bundle has the template, values for what has no default, the plates to send, and the shot as it stands."""
    code, out, err = submitted("--chunk", 5)
    assert code == 0, err
    folder = shot_file.parent / "sh010_job"
    assert sorted(path.name for path in folder.iterdir()) == [
        "asset_references.yaml",
        "parameter_values.yaml",
        "shot.json",
        "template.yaml",
    ]
    made = _yaml(folder / "template.yaml")
    values = {one["name"]: one["value"] for one in _yaml(folder / "parameter_values.yaml")["parameterValues"]}
    assert {one["name"] for one in made["parameterDefinitions"] if "default" not in one} == set(values)
    assert (values["FirstFrame"], values["LastFrame"]) == (FIRST, LAST)
    references = _yaml(folder / "asset_references.yaml")["assetReferences"]
    plates = [str(shot_file.parent / "sh010" / f"sh010.{frame}.exr") for frame in range(FIRST, LAST + 1)]
    assert references["inputs"]["filenames"] == plates
    assert references["outputs"]["directories"] == [str(shot_file.parent / "sh010_mattes")]
    shot = read_prompt_file(folder / "shot.json")
    assert (shot.range, shot.size) == ((FIRST, LAST), SIZE)
    assert shot.objects == read_prompt_file(shot_file).objects
    assert f"deadline bundle submit {shlex.quote(str(folder))}" in out


def test_a_job_brings_its_masks(farm_job, tmp_path):
    """Mask files are copied into the bundle, each once, under names that cannot meet; the shot names the copies."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write_exr(tmp_path / folder / "m.exr", {"A": np.ones(SIZE[::-1], np.float32)}, folder)
    paths = [str(tmp_path / folder / "m.exr") for folder in ("a", "b", "a")]
    prompts = tuple(MaskPrompt(FIRST + number, path) for number, path in enumerate(paths))
    bundle = tmp_path / "job"
    write_bundle(farm_job(shot=Shot(FIRST, LAST, *SIZE, (ShotObject("disc", prompts),))), bundle)
    copies = [prompt["path"] for prompt in json.loads((bundle / "shot.json").read_text())["objects"][0]["prompts"]]
    assert copies == ["masks/001_m.exr", "masks/002_m.exr", "masks/001_m.exr"]
    for copy, path in zip(copies, paths, strict=True):
        assert (bundle / copy).read_bytes() == (tmp_path / path).read_bytes()
    inputs = _yaml(bundle / "asset_references.yaml")["assetReferences"]["inputs"]["filenames"]
    assert inputs[-2:] == [str(bundle / "masks/001_m.exr"), str(bundle / "masks/002_m.exr")]


def test_a_bundle_replaces_a_bundle_and_nothing_else(farm_job, tmp_path):
    """An earlier bundle gives way whole; a folder of anything else is refused and left as it is."""
    bundle = tmp_path / "job"
    write_bundle(farm_job(chunk=3), bundle)
    (bundle / "stale").write_text("x")
    write_bundle(farm_job(chunk=4), bundle)
    assert not (bundle / "stale").exists()
    assert "default: 4" in (bundle / "template.yaml").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["job"]
    other = tmp_path / "photos"
    other.mkdir()
    (other / "cat.jpg").write_text("x")
    with pytest.raises(OutputError, match="is no job bundle"):
        write_bundle(farm_job(), other)
    assert [path.name for path in other.iterdir()] == ["cat.jpg"]


def test_a_one_way_track_is_chunked_where_it_goes(submitted, shot_file):
    """Only frames that tracking reaches are asked of the farm."""
    shot = json.loads(shot_file.read_text())
    shot["objects"][0]["prompts"][0]["frame"] = 1010
    whole = {"version": 1, "range": [1002, 1018], "size": list(SIZE), "settings": {"direction": "forward"}}
    shot_file.write_text(json.dumps({**whole, **shot}))
    assert submitted()[0] == 0
    values = _yaml(shot_file.parent / "sh010_job" / "parameter_values.yaml")["parameterValues"]
    assert {"name": "FirstFrame", "value": 1010} in values
    assert {"name": "LastFrame", "value": 1018} in values


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--matte-device", "abacus"], "'abacus' is not a --matte-device."),
        (["--layers", "depth"], "'depth' is not a layer of a matte."),
        (["--plates", "nowhere"], "nowhere'."),
    ],
)
def test_what_the_farm_would_refuse_is_refused_at_once(submitted, shot_file, options, sentence):
    """A job that no host could do is not written."""
    code, _, err = submitted(*options)
    assert code == 2
    assert sentence in err.splitlines()[0]
    assert not (shot_file.parent / "sh010_job").exists()


def test_without_a_runner_the_way_to_one_is_told(submitted, monkeypatch, shot_file):
    """`--run` without the runner writes the job all the same, says so and how to install it."""
    monkeypatch.setattr("engine.farm.bundle.shutil.which", lambda *_, **__: None)
    code, _, err = submitted("--run")
    assert code == 2
    assert "runner is not installed" in err
    assert "the job was written and not run" in err
    assert (shot_file.parent / "sh010_job").is_dir()
