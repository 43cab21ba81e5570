"""The connection file."""

import sys
from pathlib import Path

import pytest

from engine.contract.connection import Connection, read_connection, remove_connection, runtime_folder, write_connection

HERE = Connection("127.0.0.1", 4711, "token", 1234, "0.1.0", "")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MAM2_RUNTIME", str(tmp_path / "run"))


def test_what_is_written_is_read():
    """A connection comes back as it was; without a file, or after its engine has gone, there is none."""
    assert read_connection() is None
    write_connection(HERE)
    assert read_connection() == HERE
    remove_connection(HERE.pid + 1)
    assert read_connection() == HERE
    remove_connection(HERE.pid)
    assert read_connection() is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"port": 1}', '{"host": "10.0.0.1"}'])
def test_a_damaged_file_is_no_connection(text):
    """What cannot be read, or names another machine, is as good as nothing."""
    path = write_connection(HERE)
    path.write_text(text)
    assert read_connection() is None


def test_another_machine_is_no_connection():
    """A file that points away from this machine is not followed."""
    path = write_connection(HERE)
    path.write_text(path.read_text().replace("127.0.0.1", "10.0.0.1"))
    assert read_connection() is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_a_file_that_others_can_write_is_not_trusted():
    """A connection file open to others could be anybody's."""
    write_connection(HERE)
    (runtime_folder() / "engine.json").chmod(0o644)
    assert read_connection() is None


@pytest.mark.parametrize(
    ("platform", "variable", "value", "folder"),
    [
        ("win32", "LOCALAPPDATA", "/users/me/AppData/Local", "/users/me/AppData/Local/mam2/run"),
        ("win32", "LOCALAPPDATA", "", "/users/me/AppData/Local/mam2/run"),
        ("darwin", "XDG_RUNTIME_DIR", "/run/user/7", "/users/me/Library/Application Support/mam2/run"),
        ("linux", "XDG_RUNTIME_DIR", "/run/user/7", "/run/user/7/mam2"),
        ("linux", "XDG_RUNTIME_DIR", "", "/users/me/.cache/mam2/run"),
    ],
)
def test_each_system_has_its_own_place(monkeypatch, platform, variable, value, folder):
    """The connection file lies where programs of the system keep what is the user's own."""
    monkeypatch.delenv("MAM2_RUNTIME")
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("/users/me"))
    monkeypatch.setenv(variable, value)
    assert runtime_folder() == Path(folder)
