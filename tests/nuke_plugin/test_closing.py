"""A script that closes, or a node that goes, while it is tracked; and what is found again afterwards."""

import threading
import time

import pytest
from comp import CENTRE, FIRST, LAST, Comp, centre

LONG = (FIRST, FIRST + 29)


def _running():
    import mam2_nuke.running

    return mam2_nuke.running


def _finish(session, uid):
    session.pump_until(lambda: not _running().is_running(uid), 90.0)


def _nothing_goes_on(session, uid, engine):
    """Wait until no thread of ours is left and the engine works on nothing of a node; give its jobs' last states."""
    session.pump_until(lambda: not [one for one in threading.enumerate() if one.name.startswith("mam2-")], 15.0)
    ends = time.monotonic() + 10
    with engine.client() as client:
        while True:
            states = [job["state"] for job in client.status()["jobs"] if uid in job["shot"]]
            if not {"queued", "running", "waiting"}.intersection(states):
                return states
            assert time.monotonic() < ends, states
            time.sleep(0.05)


def _our_node(session):
    from mam2_nuke.node import our_nodes

    session.pump(0.1)
    (node,) = our_nodes()
    return node


def _status_when_opened(session, node):
    from mam2_nuke.standing import WATCH

    node.showControlPanel()
    session.pump(0.1)
    session.pump_until(lambda: not WATCH.busy)
    return node["status"].value()


def test_a_script_closed_while_tracked_is_tracked_to_its_end_when_reopened(artist, tmp_path, shared_engine):
    """Nothing goes on when the script closes; reopened as it was saved, Track makes only what was not made."""
    comp = Comp(artist, tmp_path, LONG)
    comp.add_point(FIRST, *centre(FIRST))
    script, uid = str(tmp_path / "shot.nk"), comp.node["uid"].value()
    artist.nuke.scriptSaveAs(script)
    comp.node["track_forward"].execute()
    comp.wait_for_mattes(3)
    artist.nuke.scriptClear()
    _finish(artist, uid)
    assert _nothing_goes_on(artist, uid, shared_engine) == ["cancelled"]
    (mattes,) = shared_engine.folder.glob(f"store/shots/nuke-{uid}/mattes")
    made = {path: path.stat().st_mtime_ns for path in mattes.rglob(f"*{FIRST}*") if path.is_file()}
    assert made
    artist.nuke.scriptOpen(script)
    node = _our_node(artist)
    assert _status_when_opened(artist, node) == "Ready: press Track, or preview a frame first."
    node["track_forward"].execute()
    _finish(artist, uid)
    assert node["status"].value() == f"Mattes of {LONG[0]}-{LONG[1]} are up to date."
    assert {path: path.stat().st_mtime_ns for path in made} == made


def test_a_script_closed_while_tracked_again_finds_the_mattes_it_was_saved_with(artist, tmp_path, shared_engine):
    """A second track that a closing script cut off takes nothing from the first, which the saved script reads."""
    comp = Comp(artist, tmp_path)
    comp.add_point(FIRST, *centre(FIRST))
    script, uid = str(tmp_path / "shot.nk"), comp.node["uid"].value()
    comp.node["track_forward"].execute()
    _finish(artist, uid)
    artist.nuke.scriptSaveAs(script)
    comp.node["p01_xy"].setValue(centre(FIRST)[0] + 1, 0)
    comp.node["track_forward"].execute()
    comp.wait_for_mattes(1)
    artist.nuke.scriptClear()
    _finish(artist, uid)
    assert set(_nothing_goes_on(artist, uid, shared_engine)) <= {"done", "cancelled"}
    artist.nuke.scriptOpen(script)
    node = _our_node(artist)
    assert _status_when_opened(artist, node) == f"Mattes of {FIRST}-{LAST} are up to date."
    assert node.sample("rgba.alpha", *CENTRE, 1, 1, frame=FIRST) > 0.5


def test_a_node_deleted_while_tracked_comes_back_whole(artist, tmp_path, shared_engine):
    """Deleting the node in the middle cancels the job and leaves no thread; undone, it is tracked to its end."""
    comp = Comp(artist, tmp_path, LONG)
    comp.add_point(FIRST, *centre(FIRST))
    uid = comp.node["uid"].value()
    comp.node["track_forward"].execute()
    comp.wait_for_mattes(2)
    artist.nuke.delete(comp.node)
    _finish(artist, uid)
    assert _nothing_goes_on(artist, uid, shared_engine) == ["cancelled"]
    artist.nuke.undo()
    node = _our_node(artist)
    assert node["uid"].value() == uid
    node["track_forward"].execute()
    _finish(artist, uid)
    assert node["status"].value() == f"Mattes of {LONG[0]}-{LONG[1]} are up to date."


def test_a_script_without_its_cache_says_so_and_refuses_to_render(artist, tmp_path, shared_engine):
    """Reopened where the cache is not, the node asks for a track or a bake, and a render names the matte it misses."""
    del shared_engine
    comp = Comp(artist, tmp_path, (FIRST, FIRST + 2))
    comp.add_point(FIRST, *centre(FIRST))
    comp.node["track_forward"].execute()
    _finish(artist, comp.node["uid"].value())
    (tmp_path / "elsewhere").mkdir()
    artist.nuke.scriptSaveAs(str(tmp_path / "elsewhere" / "shot.nk"))
    artist.nuke.scriptClear()
    artist.nuke.scriptOpen(str(tmp_path / "elsewhere" / "shot.nk"))
    assert _status_when_opened(artist, _our_node(artist)) == f"Mattes of {FIRST}-{FIRST + 2} are up to date."
    artist.nuke.scriptClear()
    (tmp_path / "cache").rename(tmp_path / "another machine's")
    artist.nuke.scriptOpen(str(tmp_path / "elsewhere" / "shot.nk"))
    node = _our_node(artist)
    assert _status_when_opened(artist, node).startswith("The mattes are not on this machine: track again, or bake")
    with pytest.raises(RuntimeError, match=f"matte.{FIRST}.exr"):
        artist.nuke.execute(artist.nuke.toNode("Write1"), FIRST, FIRST, 1)
