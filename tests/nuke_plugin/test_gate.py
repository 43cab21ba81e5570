"""Before a render: what is missing or out of date does not go out; what is done renders anywhere."""

import os
import subprocess
import sys

import numpy as np
import pytest
from comp import FIRST, LAST, Comp, centre, read_exr


def _tracked(session, folder):
    comp = Comp(session, folder)
    comp.add_point(FIRST, *centre(FIRST))
    comp.add_point(1008, *centre(1008))
    comp.node["track_forward"].execute()
    return comp


@pytest.fixture
def tracked(terminal, tmp_path, shared_engine):
    """Give a comp whose node is tracked to its last frame, with a correction on 1008."""
    del shared_engine
    return _tracked(terminal, tmp_path)


def test_frames_that_are_out_of_date_end_a_render_by_name(tracked):
    """A moved correction refuses the frames behind it, names them, and lets those before it out."""
    tracked.node["p02_xy"].setValue(20.0, 0)
    assert len(tracked.render(FIRST, 1007)) == 7
    with pytest.raises(
        RuntimeError,
        match=f"MAM2, frame 1008: The mattes of 1008-{LAST} are out of date. The range is 1001-{LAST}. Track",
    ):
        tracked.render(1008, 1008)
    tracked.node["stale"].setValue("warn")
    tracked.render(1008, LAST)
    assert [line for line in tracked.session.prints if "out of date" in line]


def test_missing_files_end_a_render_by_name(tracked):
    """Mattes that were deleted from the disk are missed by frame, not rendered as nothing."""
    from mam2_nuke.node import result_of

    result = result_of(tracked.node)
    for frame in (1003, 1004):
        result.path("", frame).unlink()
    tracked.render(FIRST, 1002)
    with pytest.raises(RuntimeError, match="frame 1003: The mattes of 1003-1004 are missing"):
        tracked.render(FIRST, LAST)


def test_a_plate_that_changes_upstream_makes_mattes_stale(tracked):
    """Another knob above the node, or another file in the Read, is seen; moving a node about the graph is not."""
    tracked.read.setXYpos(500, 500)
    assert "up to date" in tracked.settle()
    grade = tracked.nuke.nodes.Grade(inputs=[tracked.read])
    grade["multiply"].setValue(2.0)
    tracked.node.setInput(0, grade)
    assert "out of date" in tracked.settle()


_BARE = """
import sys
from hosts.nuke import NukeSession
with NukeSession(gui=False) as session:
    nuke = session.nuke
    nuke.scriptOpen(sys.argv[1])
    write = nuke.toNode("Write1")
    write["file"].setValue(sys.argv[2])
    nuke.execute(write, int(sys.argv[3]), int(sys.argv[4]), 1)
    assert not any(name.startswith("mam2") for name in sys.modules)
"""


def test_a_saved_script_renders_with_no_engine_and_no_plug_in(terminal, engine, tmp_path, repository):
    """Opened in another Nuke that knows nothing of us, with no engine running, the script renders the same pictures."""
    tracked = _tracked(terminal, tmp_path)
    first = [read_exr(path)[0]["A"] for path in tracked.render()]
    script = tmp_path / "shot.nk"
    tracked.nuke.scriptSaveAs(str(script))
    engine.stop()
    arguments = [str(script), str(tmp_path / "again.%04d.exr"), str(FIRST), str(LAST)]
    done = subprocess.run(
        [sys.executable, "-c", _BARE, *arguments],
        env={**os.environ, "PYTHONPATH": str(repository / "tests"), "MAM2_ENGINE": "never"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for frame, alpha in zip(range(FIRST, LAST + 1), first, strict=True):
        assert np.array_equal(read_exr(tmp_path / f"again.{frame}.exr")[0]["A"], alpha)


def test_a_script_without_a_name_is_not_baked(tracked):
    """A bake lies beside the script: one that was never saved has no such place."""
    with pytest.raises(RuntimeError, match="Save it first"):
        tracked.node["bake"].execute()


def test_clearing_forgets_mattes_and_plates(tracked):
    """After Clear the plate passes untouched and nothing of the node is left in its cache."""
    from mam2_nuke.node import cache_folder

    folder = cache_folder(tracked.node)
    assert folder.is_dir()
    tracked.node["clear"].execute()
    assert not folder.exists()
    assert tracked.node["has_matte"].value() == 0
    assert "press Track" in tracked.status
