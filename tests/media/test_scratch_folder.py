"""Working files go with their process; what a killed one has left goes with the next."""

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import filelock
import pytest

from engine.media.folders import scratch_folder

HOLD = """
import sys
from engine.media.folders import scratch_folder
with scratch_folder() as folder:
    (folder / "1001.features").write_bytes(bytes(99))
    print(folder, flush=True)
    sys.stdin.read()
"""
LONG_AGO = (1, 1)


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Give the folder for temporary files of this process and of those that it starts, empty."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


@pytest.fixture
def other(repository):
    """Give another process that is at work, and its folder, begun long ago."""
    command = [sys.executable, "-c", HOLD]
    with subprocess.Popen(command, cwd=repository, stdin=-1, stdout=-1, text=True) as process:
        folder = Path(process.stdout.readline().strip())
        for lock in folder.glob("*.lock"):
            os.utime(lock, LONG_AGO)
        yield process, folder
        process.stdin.close()


def test_a_folder_goes_with_its_process(temporary):
    """While it is used it is there, and nobody else may look into it; afterwards nothing is left."""
    with scratch_folder() as folder:
        (folder / "1001.features").write_bytes(bytes(99))
        assert folder.parent == temporary
        assert folder.stat().st_mode & 0o077 == 0 or os.name == "nt"
    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_has_left_goes(other):
    """The next process removes what one that was killed could not."""
    process, folder = other
    process.kill()
    process.wait()
    assert folder.exists()
    with scratch_folder() as own:
        assert not folder.exists()
        assert own.exists()


def test_what_another_process_uses_stays(other):
    """A folder at work is left alone, however old it is."""
    _, folder = other
    with scratch_folder():
        assert (folder / "1001.features").exists()


def test_a_folder_that_has_just_begun_stays(other):
    """One that nobody has locked yet is given the time to."""
    process, folder = other
    process.kill()
    process.wait()
    for lock in folder.glob("*.lock"):
        os.utime(lock)
    with scratch_folder():
        assert folder.exists()


def test_a_disk_without_locks_will_do(temporary, monkeypatch):
    """Where nothing can be locked the folder is there all the same, and nobody can take it for abandoned."""

    def refuse(_):
        raise OSError(errno.ENOLCK, "No locks available")

    with monkeypatch.context() as patch:
        patch.setattr(filelock.FileLock, "acquire", refuse)
        with scratch_folder() as folder:
            assert list(folder.iterdir()) == []
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="only root can make what belongs to somebody else")
def test_somebody_elses_folder_stays(other):
    """What another user has left is not looked into: its lock may be a trap."""
    process, folder = other
    process.kill()
    process.wait()
    os.chown(folder, 65534, -1)
    with scratch_folder():
        assert folder.exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows asks for rights to make a link")
def test_what_is_not_ours_stays(temporary):
    """Neither a folder without a lock nor a link to one with a lock is touched."""
    elsewhere = temporary / "elsewhere"
    plain = temporary / "mam2-plain"
    for folder in (elsewhere, plain):
        folder.mkdir()
        (folder / "shot.json").write_text("{}")
    (elsewhere / "in-use.lock").touch()
    os.utime(elsewhere / "in-use.lock", LONG_AGO)
    (temporary / "mam2-link").symlink_to(elsewhere)
    with scratch_folder():
        pass
    assert (elsewhere / "shot.json").exists()
    assert (plain / "shot.json").exists()
