"""Promises of the folder that mattes are written to."""

import os

from engine.media.atomic import atomic_file
from engine.media.folders import output_folder


def test_a_file_that_a_lost_thread_began_is_removed(tmp_path):
    """What this process began and never finished is gone when the folder is left; finished mattes stay."""
    mattes = tmp_path / "mattes"
    with output_folder(mattes):
        mattes.mkdir()
        with atomic_file(mattes / "matte.0001.exr", 100) as whole:
            whole.write_bytes(b"whole")
        lost = atomic_file(mattes / "matte.0002.exr", 100)
        begun = lost.__enter__()
        begun.write_bytes(b"half")
    assert [path.name for path in mattes.iterdir()] == ["matte.0001.exr"]
    assert str(os.getpid()) in begun.name
