"""What is read from a machine."""

import sys

import pytest
import torch

from engine.doctor.facts import gather, probe_torch


def test_this_machine_is_read():
    """On the machine of the tests, PyTorch is told as it is, and memory is a part of the whole."""
    machine = gather()
    assert machine.torch.version == torch.__version__
    assert bool(machine.torch.devices) == (torch.cuda.is_available() or torch.backends.mps.is_available())
    assert 0 < machine.memory[1] <= machine.memory[0]
    assert machine.missing == ()
    assert machine.system == sys.platform


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("raise ImportError('libcudart.so.13: cannot open shared object file\\nmore')", "libcudart.so.13: cannot open"),
        ("raise OSError('[WinError 126] c10.dll')", "c10.dll"),
        ("import os; os._exit(139)", "its process ended with 139"),
        ("raise SystemError('initialisation of _C')", "SystemError: initialisation of _C"),
    ],
)
def test_a_broken_torch_takes_nothing_down(tmp_path, monkeypatch, source, problem):
    """A PyTorch that does not load, crashes or fails oddly is told with its own words."""
    (tmp_path / "torch.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = probe_torch()
    assert found.version == ""
    assert problem in found.problem
    assert "more" not in found.problem
