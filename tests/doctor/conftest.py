"""A machine on which nothing is wrong: real folders that only the test knows, and facts of PyTorch and driver."""

from pathlib import Path

import pytest
from sound_machine import GB, SOUND_DRIVER, SOUND_TORCH

from engine.doctor.facts import Machine


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A sound machine; its folders are the test's own, in the environment too."""
    home = tmp_path / "home"
    home.mkdir()
    folders = {f"MAM2_{name}": str(tmp_path / name.lower()) for name in ("WEIGHTS", "STORE", "RUNTIME")}
    for name in ("OCIO", "NUKE_PATH", "MAM2_STORE_BYTES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**folders, "MAM2_STORE_BYTES": str(2 << 20)}.items():
        monkeypatch.setenv(name, value)
    return Machine(
        system="linux",
        home=home,
        environment=folders,
        torch=SOUND_TORCH,
        driver=SOUND_DRIVER,
        memory=(64 * GB, 48 * GB),
        user="wanda",
        host="render-17",
        python=(3, 12, 4),
        root=Path(tmp_path / "system"),
    )
