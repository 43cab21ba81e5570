"""A disk that takes no more: the node says so and what to do, and nothing half-written stays behind."""

from contextlib import contextmanager

import pytest
from comp import CENTRE, FIRST, Comp, centre

resource = pytest.importorskip("resource", reason="Windows has no limit on a file's size")
SPAN = (FIRST, FIRST + 2)
DONE = f"Mattes of {SPAN[0]}-{SPAN[1]} are up to date."


@contextmanager
def longest_file(size):
    """Let this process write no file longer than this many bytes: the system itself refuses, whoever writes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def comp(artist, tmp_path, shared_engine):
    """Give a comp of three frames with one click, and an engine that answers."""
    del shared_engine
    comp = Comp(artist, tmp_path, SPAN)
    comp.add_point(FIRST, *centre(FIRST))
    return comp


def _files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_plate_that_does_not_fit_is_said_and_leaves_nothing(comp, shared_engine):
    """The plate's frame, its folder and the system's reason are named; with room the same button does it all."""
    with longest_file(8_000):  # a plate takes 18 kB
        comp.track()
    assert comp.status.startswith(f"Frame {FIRST} cannot be written to ")
    assert "File too large. Make room on that disk" in comp.status
    (shot,) = shared_engine.folder.glob(f"store/shots/nuke-{comp.node['uid'].value()}")
    assert _files(shot / "inbox") == []
    assert set(_files(comp.folder / "cache")) <= {"sent.main.json"}
    assert comp.node["has_matte"].value() == 0
    comp.track()
    assert comp.status == DONE


def test_a_mask_that_does_not_fit_is_said_and_leaves_nothing(comp):
    """A full cache that cannot take the mask input's frame is told from a full disk of the engine."""
    x, y = CENTRE
    mask = comp.nuke.nodes.Expression(inputs=[comp.read], expr3=f"pow(x-{x},2)+pow(y-{y},2)<100?1:0")
    comp.node.setInput(1, mask)
    comp.node["mask_on"].setValue(True)
    comp.node["mask_frames"].setValue(str(FIRST))
    with longest_file(4_000):  # a mask takes 6 kB
        comp.track()
    assert comp.status.startswith(f"Frame {FIRST} cannot be written to {comp.folder / 'cache'}")
    assert comp.status.endswith("Make room on that disk, or choose another folder under Cache.")
    assert _files(comp.folder / "cache") == []


def test_mattes_that_do_not_fit_leave_the_node_with_those_it_had(comp, shared_engine):
    """The node says why and reads on what it read before; of the new version, or of a bake, no part stays."""
    comp.track()
    assert comp.status == DONE
    read, before = comp.node.node("MatteRead")["file"].value(), _files(comp.folder / "cache")
    (matte,) = (comp.folder / "cache").rglob(f"matte.{FIRST}.exr")
    comp.node["p01_xy"].setValue(centre(FIRST)[0] + 1, 0)
    with longest_file(matte.stat().st_size // 2):
        comp.track()
    assert comp.status.startswith("A matte cannot be written: File too large. Make room on that disk")
    assert comp.node.node("MatteRead")["file"].value() == read
    assert _files(comp.folder / "cache") == before
    with shared_engine.client() as client:
        assert not [job for job in client.status()["jobs"] if job["state"] in ("queued", "running", "waiting")]
    comp.node["p01_xy"].setValue(centre(FIRST)[0], 0)
    comp.settle()
    (comp.folder / "job").mkdir()
    comp.nuke.scriptSaveAs(str(comp.folder / "job" / "shot.nk"))
    with longest_file(matte.stat().st_size // 2):
        comp.node["bake"].execute()
    assert comp.status.startswith(f"The mattes cannot be copied to {comp.folder / 'job'}")
    assert "File too large. Make room there" in comp.status
    assert _files(comp.folder / "job") == ["shot.nk"]
    assert comp.nuke.toNode("MAM2_baked") is None
    comp.session.press_cancel()
    comp.node["bake"].execute()
    assert comp.status == "Stopped: nothing was baked."
    assert _files(comp.folder / "job") == ["shot.nk"]
