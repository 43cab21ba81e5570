"""Promises of what a stage learns from when it is given data sets."""

from dataclasses import replace

import pytest
import typer
from data_folders import make_folder
from typer.testing import CliRunner

from engine.cli.train import train
from engine.contract.errors import PlateError
from engine.datasets.layouts import Source
from engine.training.crew import Crew
from engine.training.sources import from_sets
from engine.training.stages import STAGES


def test_a_stage_sees_the_sets_that_teach_it(tmp_path):
    """Masks learn from the VOS set, the matter from the set of image matting, trimaps from both."""
    sets = {name: make_folder(name, tmp_path / name).root for name in ("davis-2017", "p3m-10k")}
    data = from_sets(sets, {})
    seen = {}
    for name in ("masks-128", "trimaps", "matter"):
        stage = replace(STAGES[name], size=32, frames=1)
        seen[name] = {data(stage, Crew())[index].source for index in range(12)}
    assert seen == {"masks-128": {Source.VOS}, "trimaps": {Source.VOS, Source.IM}, "matter": {Source.IM}}
    alone = from_sets({"davis-2017": sets["davis-2017"]}, {})
    with pytest.raises(PlateError, match="None of davis-2017 has what matter learns from"):
        alone(STAGES["matter"], Crew())


def test_the_command_line_trains_on_data_sets(tmp_path, monkeypatch):
    """`mam2 train --data SET=FOLDER` takes a step of stage 2 on published folders and writes its checkpoint."""
    folder = make_folder("fg-alpha", tmp_path / "set").root
    behind = make_folder("backgrounds", tmp_path / "behind").root
    words = ["--data", f"fg-alpha={folder}", "--backgrounds", str(behind), "--out", str(tmp_path / "run")]
    monkeypatch.setitem(STAGES, "stage-2", replace(STAGES["stage-2"], size=64, batch=2))
    app = typer.Typer()
    app.command()(train)
    done = CliRunner().invoke(app, [*words, "--stage", "stage-2", "--steps", "1", "--workers", "0", "--device", "cpu"])
    assert done.exit_code == 0, done.output
    assert "L_matter = 1[IM] L_alpha" in done.output
    assert "tracker.image_encoder: frozen" in done.output
    assert (tmp_path / "run/stage-2.pt").exists()
    listed = CliRunner().invoke(app, [*words, "--check-data"])
    assert listed.exit_code == 0, listed.output
    assert "fg-alpha" in listed.output
