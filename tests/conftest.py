"""What every test may count on: modest threads, GPU tests that skip themselves, the shared fixtures."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent

pytest_plugins = ["hosts.nuke.fixtures"]

# Read by torch and OpenCV when they are first imported: several test runs on one machine must not starve each other.
_PROCESSES = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_THREADS = os.environ.get("OMP_NUM_THREADS", str(max(1, min(2, (os.cpu_count() or 1) // _PROCESSES))))
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
    os.environ.setdefault(_name, _THREADS)
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that spin while they wait make a busy machine crawl

# Engines of tests compute nothing before they are asked to: most are never asked, and each would load torch.
os.environ["MAM2_PREPARE"] = "0"

# A shell that starts the tests in the background has them ignore Ctrl-C; the tests of Ctrl-C need it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# How long an example takes says how busy the machine is, and nothing of what is tested. Folders are for all examples.
settings.register_profile(
    "any machine",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("any machine")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked `gpu` where torch finds no CUDA device; torch is only imported when such a test is due."""
    if item.get_closest_marker("gpu") is not None and not _cuda_is_there():
        pytest.skip("needs a CUDA device")


def _cuda_is_there() -> bool:
    import torch

    return torch.cuda.is_available()


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Compute on one thread."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def shared_fixtures() -> Path:
    """The folder of large reference data beside the repository (real plates, outputs of other programs)."""
    for folder in (ROOT.parent / "shared" / "fixtures", ROOT / "shared" / "fixtures"):
        if folder.is_dir():
            return folder
    pytest.skip("the reference data (shared/fixtures beside the repository) is not on this machine")
