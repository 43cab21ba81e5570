"""What opening a node's panel begins."""

import pytest
from comp import Comp
from stand_in_engine import comes, write_stand_in


@pytest.fixture
def started(tmp_path, monkeypatch):
    """Give the file that a program in the engine's place writes when it is started."""
    program = tmp_path / "mam2"
    write_stand_in(program)
    monkeypatch.setenv("MAM2_RUNTIME", str(tmp_path / "run"))
    monkeypatch.setenv("MAM2_COMMAND", f"{program} serve")
    monkeypatch.setenv("MAM2_PREPARE", "1")
    return tmp_path / "run" / "started"


def test_an_open_panel_has_the_engine_start(artist, tmp_path, started):
    """Whoever opens a node's panel is about to track: the engine starts beside the session."""
    Comp(artist, tmp_path)
    assert comes(started, 20)


def test_a_script_starts_no_engine(terminal, tmp_path, started):
    """In a terminal nobody opens a panel: a render needs no engine, and gets none."""
    Comp(terminal, tmp_path)
    assert not comes(started, 0.5)


def test_a_checkout_starts_the_engine_of_its_environment(terminal, tmp_path, monkeypatch):
    """From a checkout the engine is started in the environment that `$MAM2_VENV` names."""
    del terminal
    import mam2_nuke.contract

    program = tmp_path / "elsewhere" / "bin" / "mam2"
    write_stand_in(program)
    monkeypatch.delenv("MAM2_COMMAND", raising=False)
    monkeypatch.setenv("MAM2_VENV", str(tmp_path / "elsewhere"))
    assert mam2_nuke.contract.engine_command() == [str(program), "serve"]
