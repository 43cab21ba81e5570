"""Files written whole."""

import os
import stat
import sys

import psutil
import pytest

from engine.contract import files
from engine.contract.files import is_reserved, open_regular, write_whole


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    """What was written is synced first and renamed then, so that a power cut leaves no empty file under the name."""
    place, seen = tmp_path / "shot.json", []
    sync = os.fsync

    def spy(handle):
        seen.append((place.exists(), os.fstat(handle).st_size))
        sync(handle)

    monkeypatch.setattr(files.os, "fsync", spy)
    write_whole(place, b"content")
    assert seen == [(False, 7)]
    assert place.read_bytes() == b"content"
    if sys.platform != "win32":
        assert stat.S_IMODE(place.stat().st_mode) == 0o600


def test_what_was_there_stays_when_the_disk_refuses(tmp_path, monkeypatch):
    """A file that cannot be synced leaves the old one, and nothing beside it."""

    def full(_):
        raise OSError(28, "No space left on device")

    place = tmp_path / "shot.json"
    write_whole(place, b"old")
    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(place, b"new")
    assert place.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [place]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_what_is_refused_is_not_left_open(tmp_path):
    """A folder, a pipe and a file that is too large leave no descriptor behind."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "plain").write_bytes(b"12345")
    before = psutil.Process().num_fds()
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "plain"):
        with pytest.raises(OSError):  # noqa: PT011 - why is told below
            open_regular(path, 4)
    assert psutil.Process().num_fds() == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_only_plain_files_of_bounded_size_are_opened(tmp_path):
    """A pipe, a device, a folder and a file that is too large are refused at once; a plain file is read."""
    pipe, plain = tmp_path / "pipe", tmp_path / "plain"
    os.mkfifo(pipe)
    plain.write_bytes(b"12345")
    for path, most, word in (
        (pipe, 9, "regular"),
        ("/dev/zero", 9, "regular"),
        (tmp_path, 9, "regular"),
        (plain, 4, "bytes"),
    ):
        with pytest.raises(OSError, match=word):
            open_regular(path, most)
    with open_regular(plain, 5) as file:
        assert file.read() == b"12345"
    with pytest.raises(OSError, match="zero byte"):
        open_regular(tmp_path / "a\0b")


@pytest.mark.parametrize("name", ["con", "NUL.exr", "Com1.0001.exr", "aux .png", "sh.", "sh "])
def test_names_that_windows_keeps_are_known(name):
    """Names of devices, with any extension and in any case, and names that end in a dot or a blank name no file."""
    assert is_reserved(name)
    assert not is_reserved(f"a{name}".rstrip(". ") + "1")
