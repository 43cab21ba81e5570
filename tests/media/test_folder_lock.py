"""One shot's mattes in one folder at a time."""

import subprocess
import sys

import pytest

from engine.contract.errors import OutputError
from engine.media.atomic import FolderLock
from engine.media.folders import output_folder

_HOLDS = """
import sys
from pathlib import Path
from engine.media.atomic import FolderLock
FolderLock(Path(sys.argv[1]), "shot").take("one", alone=sys.argv[2] == "alone")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def hold(tmp_path, repository):
    """Start a process that holds the lock, `alone` or not; it is killed in the end."""
    started = []

    def start(how):
        process = subprocess.Popen(
            [sys.executable, "-c", _HOLDS, str(tmp_path), how],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=repository,
        )
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_second_run_into_one_folder_is_refused(tmp_path, hold):
    """While mattes of a name are written, another run of that name is refused; another name is not."""
    hold("alone")
    with output_folder(tmp_path) as folder, pytest.raises(OutputError, match="Another run") as caught:
        folder.claim("shot", "one", alone=True)
    assert caught.value.code == "output.in_use"
    with output_folder(tmp_path) as folder:
        folder.claim("other", "two", alone=True)


def test_a_killed_run_locks_nobody_out(tmp_path, hold):
    """However a run ends, the next one goes on, and when that ends nothing of the lock is left."""
    process = hold("alone")
    process.kill()
    process.wait()
    with output_folder(tmp_path) as folder:
        folder.claim("shot", "two", alone=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="locks are not shared there")
def test_chunks_of_one_shot_share_the_folder(tmp_path, hold):
    """Runs that make chunks of one shot go on side by side; chunks of another, and whole runs, are refused."""
    hold("shared")
    same = FolderLock(tmp_path, "shot")
    same.take("one", alone=False)
    for shot, alone in (("two", False), ("one", True)):
        with pytest.raises(OutputError):
            FolderLock(tmp_path, "shot").take(shot, alone=alone)
    same.release()
