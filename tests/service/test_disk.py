"""A store whose disk is full, and one that cannot be written."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from running_engine import declare, files_at_rest, write_plate

from engine.contract.errors import EngineError

ROOM = 2 << 20


@pytest.fixture
def disk(tmp_path):
    """Give a small disk of its own, which only root on Linux can make."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=700", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def full(disk):
    """Fill the disk but for some bytes; with None give the room back."""
    ballast = disk / "ballast"

    def fill(left):
        ballast.unlink(missing_ok=True)
        if left is not None:
            found = os.statvfs(disk)
            ballast.write_bytes(bytes(found.f_bavail * found.f_frsize - left))

    return fill


@pytest.mark.parametrize("way", ["body", "new shot", "shot", "prompts", "job"])
def test_on_a_full_disk_nothing_is_half_done(make_engine, disk, full, tmp_path, way):
    """What cannot be stored is refused in words, all is as it was before, and works when there is room again."""
    with make_engine(MAM2_STORE=str(disk / "store")).start() as client:
        inbox = declare(client)["inbox"]
        client.put_plate("sh", 1001, write_plate(tmp_path, 1001))
        plate = write_plate(tmp_path, 1002)
        act = {
            "body": lambda: client.put_plate("sh", 1002, plate),
            "new shot": lambda: client.declare("other", 1, 2, 8, 8),
            "shot": lambda: declare(client, frames=5),
            "prompts": lambda: client.put_prompts("sh", ()),
            "job": lambda: client.track("sh"),
        }[way]
        before, known = files_at_rest(disk / "store"), client.shot("sh")
        full(0)
        with pytest.raises(EngineError) as caught:
            act()
        assert caught.value.code == "store.full"
        assert "full" in caught.value.message
        assert "MAM2_STORE" in caught.value.hint
        assert client.shot("sh") == known
        assert client.status()["shots"] == ["sh"]
        assert client.status()["jobs"] == []
        full(None)
        assert files_at_rest(disk / "store") == before
        act()
        assert Path(inbox).is_dir()


def test_a_matte_for_which_there_is_no_room_fails_its_job_in_words(make_engine, disk, full, tmp_path):
    """A job that finds the disk full names it, leaves no half matte, and what was done before stays right."""
    with make_engine(MAM2_STORE=str(disk / "store")).start() as client:
        declare(client, frames=2)
        client.put_plate("sh", 1001, write_plate(tmp_path, 1001))
        job = client.track("sh")
        for event in client.events(job):
            if event.kind == "frame":
                break
        inbox = Path(client.shot("sh")["inbox"])
        shutil.copy(write_plate(tmp_path, 1002), inbox / "plate.exr")
        full(0)
        client.hand_over("sh", 1002, "plate.exr")  # a rename needs no room
        with pytest.raises(EngineError) as caught:
            client.wait(job)
        assert caught.value.code == "output.full_disk"
        assert client.shot("sh")["mattes"] == [1001]
        mattes = inbox.parent / "mattes"
        assert [path.name for path in mattes.iterdir()] == ["matte.1001.exr"]
        full(None)
        client.wait(client.track("sh"))
        assert client.shot("sh")["mattes"] == [1001, 1002]


def test_a_store_that_cannot_be_written_is_said(make_engine):
    """An engine whose store is read-only does not start, and says which folder it is."""
    engine = make_engine()
    store = Path(engine.variables["MAM2_STORE"])
    store.mkdir()
    store.chmod(0o500)
    done = subprocess.run(
        [*_obeying_permissions(), sys.executable, "-m", "engine", "serve"],
        env={**os.environ, **engine.variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert str(store) in done.stderr
    assert "MAM2_STORE" in done.stderr


def _obeying_permissions():
    """Give what starts a program that may not write everywhere, also where root runs the tests."""
    if sys.platform == "win32":
        pytest.skip("Windows has no such permissions")
    if os.getuid():
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root may write anywhere, and nothing here takes that from a program")
    rights = "-dac_override,-dac_read_search"
    return ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"]
