"""A machine on which nothing is wrong: real folders that only the test knows, and facts of PyTorch and driver."""

from pathlib import Path

import pytest

from engine.doctor.facts import Device, Driver, Machine, Torch

GB = 10**9
CARD = "NVIDIA RTX A5000"
SOUND_TORCH = Torch(
    "2.15.0+cu132",
    cuda="13.2",
    architectures=("sm_80", "sm_86", "sm_90", "sm_120", "compute_120"),
    devices=(Device("cuda:0", CARD, "sm_86", 24 * GB, 22 * GB),),
)
SOUND_DRIVER = Driver("590.44.01", (13, 2), (CARD,), hardware=True)


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
