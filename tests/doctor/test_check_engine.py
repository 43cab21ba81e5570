"""The engine's line of the report."""

import subprocess
import sys

import psutil
import pytest

from engine.doctor.check_engine import _host_above


@pytest.mark.parametrize(("name", "told"), [("resolve", "resolve"), ("shell", "")])
def test_the_host_above_an_engine_is_named(name, told, tmp_path):
    """Endpoint security may judge an engine by the host that started it, so the report says under which it runs."""
    host = tmp_path / name
    host.symlink_to(sys.executable)
    code = "import subprocess, sys; p = subprocess.Popen(['sleep', '30']); print(p.pid, flush=True); p.wait()"
    with subprocess.Popen([host, "-c", code], stdout=subprocess.PIPE, text=True) as started:
        child = int(started.stdout.readline())
        try:
            if psutil.Process(started.pid).name() != name:
                pytest.skip("this system names a process by what its link leads to")
            assert _host_above(child) == told
        finally:
            psutil.Process(child).kill()
    assert _host_above(child) == ""
