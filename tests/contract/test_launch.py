"""Starting an engine from a host."""

import subprocess
import sys

import pytest
from stand_in_engine import comes, write_stand_in

from engine.contract import launch
from engine.contract.errors import ServiceError
from engine.contract.launch import find, find_or_start, prepare, scrubbed_environment


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MAM2_RUNTIME", str(tmp_path / "run"))


def test_without_an_engine_none_is_found():
    """Looking for an engine starts none."""
    assert find() is None


def test_an_engine_that_dies_says_why():
    """What the engine printed last is in the error, and where the whole log is."""
    command = [sys.executable, "-c", "import sys; sys.exit('no room on this machine')"]
    with pytest.raises(ServiceError, match="no room on this machine") as caught:
        find_or_start(command, timeout=20)
    assert caught.value.code == "engine.start"
    assert "engine.log" in caught.value.hint


def test_a_farm_can_forbid_engines(monkeypatch):
    """With MAM2_ENGINE=never no engine is started."""
    monkeypatch.setenv("MAM2_ENGINE", "never")
    with pytest.raises(ServiceError) as caught:
        find_or_start([sys.executable, "-c", "open('started', 'w')"])
    assert caught.value.code == "engine.never"


def test_a_command_that_is_not_there_is_named(monkeypatch):
    """A wrong MAM2_COMMAND is an error that names it."""
    monkeypatch.setenv("MAM2_COMMAND", "/nowhere/mam2 serve")
    with pytest.raises(ServiceError, match="/nowhere/mam2"):
        find_or_start()


def test_a_hosts_own_world_does_not_reach_the_engine(monkeypatch):
    """Python, library and window settings of the host stay with the host."""
    for name in ("PYTHONHOME", "LD_LIBRARY_PATH", "QT_PLUGIN_PATH", "NUKE_PATH"):
        monkeypatch.setenv(name, "host")
    monkeypatch.setenv("OCIO", "studio.ocio")
    found = scrubbed_environment()
    assert "host" not in found.values()
    assert found["OCIO"] == "studio.ocio"


def _starts(folder, seconds=20.0):
    write_stand_in(folder / "mam2")
    prepare([str(folder / "mam2"), "serve"])
    return comes(folder / "run" / "started", seconds)


def test_an_engine_is_started_ahead(tmp_path, monkeypatch):
    """A host that is about to ask has the engine start, and does not wait for it."""
    monkeypatch.setenv("MAM2_PREPARE", "1")
    assert _starts(tmp_path)


@pytest.mark.parametrize(("name", "value"), [("MAM2_PREPARE", "0"), ("MAM2_ENGINE", "never")])
def test_a_td_can_have_no_engine_started_ahead(tmp_path, monkeypatch, name, value):
    """With MAM2_PREPARE=0, or where engines are forbidden, none is started before somebody asks."""
    monkeypatch.delenv("MAM2_PREPARE")
    monkeypatch.setenv(name, value)
    assert not _starts(tmp_path, seconds=0.5)


def test_what_is_wrong_is_said_when_somebody_asks(monkeypatch):
    """Starting ahead in vain disturbs nobody."""
    monkeypatch.setenv("MAM2_PREPARE", "1")
    prepare(["/nowhere/mam2", "serve"])
    with pytest.raises(ServiceError, match="/nowhere/mam2"):
        find_or_start(["/nowhere/mam2", "serve"])


class _Windows:
    """Windows as far as starting a program goes: its flags, and a job that programs may leave or not."""

    def __init__(self, monkeypatch, *, may_leave):
        self.started = []
        self.may_leave = may_leave
        monkeypatch.setattr(sys, "platform", "win32")
        for name, flag in (("NEW_PROCESS_GROUP", 1), ("NO_WINDOW", 2), ("BREAKAWAY_FROM_JOB", 4)):
            monkeypatch.setattr(subprocess, f"CREATE_{name}", flag, raising=False)
        monkeypatch.setattr(subprocess, "Popen", self.popen)

    def popen(self, command, *, creationflags, stdin, stdout, stderr, env, cwd, close_fds):
        """Start nothing, and note what would have been."""
        assert stdin == subprocess.DEVNULL
        assert stdout is stderr
        assert close_fds
        assert not [name for name in env if name.startswith("PYTHON")]
        if creationflags & 4 and not self.may_leave:
            raise PermissionError("access denied")
        self.started.append((command, creationflags, cwd))
        return self


@pytest.mark.parametrize("may_leave", [True, False])
def test_on_windows_the_engine_outlives_its_host_where_it_may(monkeypatch, tmp_path, may_leave):
    """It is started without a window in a group of its own, out of the host's job where that job lets it go."""
    windows = _Windows(monkeypatch, may_leave=may_leave)
    monkeypatch.setenv("MAM2_COMMAND", '"C:\\Program Files\\mam2\\mam2.exe" serve')
    launch._start(launch._command())
    command = ["C:\\Program Files\\mam2\\mam2.exe", "serve"]
    assert windows.started == [(command, 7 if may_leave else 3, str(tmp_path / "run"))]
