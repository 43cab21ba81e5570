"""What goes wrong around a track, and what the artist sees of it: a sentence in the node, never a traceback."""

import json
import shutil
import signal
import sys
import time

import psutil
import pytest
from comp import FIRST, LAST, Comp, centre

PLUGIN_FILES = ("init.py", "menu.py")


LONG = (FIRST, FIRST + 29)  # so that a track is still under way when something happens to it


def _comp(session, folder, span=(FIRST, LAST)):
    comp = Comp(session, folder, span)
    comp.add_point(FIRST, *centre(FIRST))
    return comp


def _running():
    import mam2_nuke.running

    return mam2_nuke.running


def _finish(session, comp, seconds=180.0):
    """Let the window's event loop run until the node is not being tracked."""
    running, uid = _running(), comp.node["uid"].value()
    session.pump_until(lambda: not running.is_running(uid), seconds)


def test_a_window_goes_on_while_the_node_is_tracked(artist, tmp_path, shared_engine):
    """Pressing Track returns at once; the event loop runs, the bar shows how far it is, and the mattes arrive."""
    del shared_engine
    comp = _comp(artist, tmp_path)
    began = time.monotonic()
    comp.node["track_forward"].execute()
    assert time.monotonic() - began < 1.0
    _finish(artist, comp)
    assert comp.status == f"Mattes of {FIRST}-{LAST} are up to date."
    assert any(kind == "progress" and value > 0 for _, kind, value in artist.progress_log)
    assert not artist.violations


def test_mattes_come_back_while_plates_are_still_rendered(artist, tmp_path, shared_engine):
    """The engine tracks what it has: the first matte is here before the fourth plate is rendered."""
    del shared_engine
    comp = _comp(artist, tmp_path)
    comp.stand_between()
    comp.node["track_forward"].execute()

    def plates():
        return sum("PlateWrite" in name for name, _ in artist.rendered)

    ends = time.monotonic() + 60
    while plates() < 3:
        artist.queue.run_one(0.1)
        assert time.monotonic() < ends
    while not list((tmp_path / "cache").rglob(f"matte.{FIRST}.exr")):
        time.sleep(0.05)
        assert time.monotonic() < ends
    assert plates() == 3
    _finish(artist, comp)
    assert comp.status == f"Mattes of {FIRST}-{LAST} are up to date."


@pytest.mark.slow
def test_a_killed_engine_is_started_again_and_the_track_goes_on(artist, tmp_path, engine, monkeypatch):
    """Killed in the middle, the engine's successor finishes the job, and the node never notices."""
    for name, value in engine.variables.items():
        monkeypatch.setenv(name, value)
    comp = _comp(artist, tmp_path, LONG)
    comp.node["track_forward"].execute()
    running, uid = _running(), comp.node["uid"].value()
    artist.pump_until(lambda: "2 of" in (running.progress_of(uid).message if running.is_running(uid) else "2 of"), 60.0)
    engine.kill()
    _finish(artist, comp)
    assert comp.status == f"Mattes of {LONG[0]}-{LONG[1]} are up to date."
    import mam2_nuke.contract

    with mam2_nuke.contract.find() as successor:
        process = psutil.Process(successor.status()["pid"])
    children = process.children(recursive=True)
    process.send_signal(signal.SIGTERM)
    psutil.wait_procs([process, *children], timeout=15)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"MAM2_ENGINE": "never"}, "forbids to start one here"),
        ({"MAM2_COMMAND": "/nowhere/mam2 serve"}, "cannot be started"),
        ({"MAM2_COMMAND": "false"}, "was started but does not answer"),
    ],
)
def test_without_an_engine_the_node_says_why_and_what_to_do(artist, tmp_path, monkeypatch, variables, words):
    """No engine, a wrong command, a command that ends at once: each is a sentence with a hint in the node."""
    monkeypatch.setenv("MAM2_RUNTIME", str(tmp_path / "run"))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    comp = _comp(artist, tmp_path)
    comp.node["track_forward"].execute()
    _finish(artist, comp)
    assert words in comp.status
    assert comp.status.endswith(("there.", "whole path.", ".log."))


def test_an_engine_of_another_version_is_not_used(artist, tmp_path, engine):
    """An engine that this plug-in was not made for is named with both versions, and nothing is sent to it."""
    file = engine.folder / "run" / "engine.json"
    data = json.loads(file.read_text())
    file.write_text(json.dumps({**data, "version": "9.1.0"}))
    comp = _comp(artist, tmp_path)
    comp.node["track_forward"].execute()
    _finish(artist, comp)
    assert "is version 9.1.0, but this plug-in is made for 0.1.0" in comp.status
    file.write_text(json.dumps(data))
    with engine.client() as client:
        assert client.status()["shots"] == []


def test_the_plug_in_has_the_engines_version(artist):
    """Plug-in and engine of one checkout are of one version."""
    del artist
    import mam2_nuke

    import engine

    assert mam2_nuke.__version__ == engine.__version__


def test_a_cache_that_cannot_be_written_is_said(artist, tmp_path, shared_engine):
    """A cache folder that is a file is named in the node, with what to do."""
    del shared_engine
    comp = _comp(artist, tmp_path)
    (tmp_path / "taken").write_text("")
    comp.node["cache_folder"].setValue(str(tmp_path / "taken"))
    comp.node["track_forward"].execute()
    _finish(artist, comp)
    assert comp.status.startswith("The cache folder cannot be used: Not a directory (")
    assert comp.status.endswith("choose another folder under Cache.")


def test_a_gap_in_the_plates_names_the_frame(artist, tmp_path, shared_engine):
    """A frame that the graph cannot render ends the track with its number and Nuke's own reason; what is done stays."""
    del shared_engine
    comp = _comp(artist, tmp_path)
    (tmp_path / "plates" / "plate.1005.exr").unlink()
    comp.node["track_forward"].execute()
    _finish(artist, comp)
    assert comp.status.startswith("Frame 1005 cannot be rendered: ")
    write = comp.node.node("PlateWrite")
    assert (write["disable"].value(), write["file"].value()) == (True, "")  # it rests again as it did


def test_a_format_that_changes_names_the_frame_and_both_sizes(artist, tmp_path, shared_engine):
    """A plate of another size than the first ends the track with its frame, what it is and what it should be."""
    del shared_engine
    comp = _comp(artist, tmp_path)
    other = artist.nuke.nodes.Constant()
    artist.nuke.addFormat("32 24 smaller")
    other["format"].setValue("smaller")
    switch = artist.nuke.nodes.Switch(inputs=[comp.read, other])
    switch["which"].setExpression("frame>=1003")
    comp.node.setInput(0, switch)
    comp.node["track_forward"].execute()
    _finish(artist, comp)
    assert "1003" in comp.status
    assert "32x24" in comp.status
    assert "64x48" in comp.status


def test_a_broken_installation_never_keeps_nuke_from_starting(start_nuke, repository, tmp_path, monkeypatch):
    """With parts of the plug-in missing Nuke starts, says so in the terminal, and its menu says what to do."""
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path != str(repository / "nuke_plugin")])
    for name in [name for name in sys.modules if name.startswith("mam2_nuke")]:
        monkeypatch.delitem(sys.modules, name)
    for name in PLUGIN_FILES:
        shutil.copy(repository / "nuke_plugin" / name, tmp_path / name)
    session = start_nuke(paths=[tmp_path])
    assert [line for line in session.prints if line.startswith("MAM2 is not available: ")]
    assert session.nuke.menu("Nodes").findItem("MAM2 (not available)") is not None


def test_a_copy_gets_an_identity_of_its_own_and_an_undo_keeps_it(artist, tmp_path):
    """Copy and paste makes a second identity; deleting and undoing brings the first one back."""
    comp = _comp(artist, tmp_path)
    uid = comp.node["uid"].value()
    for node in artist.nuke.allNodes():
        node.setSelected(node.fullName() == comp.node.fullName())
    artist.nuke.nodeCopy("%clipboard%")
    artist.nuke.nodePaste("%clipboard%")
    uids = {node["uid"].value() for node in artist.nuke.allNodes("Group")}
    assert len(uids) == 2
    assert uid in uids
    artist.nuke.Undo.begin("delete")
    artist.nuke.delete(comp.node)
    artist.nuke.Undo.end()
    assert {node["uid"].value() for node in artist.nuke.allNodes("Group")} == uids - {uid}
    artist.nuke.undo()
    assert {node["uid"].value() for node in artist.nuke.allNodes("Group")} == uids


def test_tracks_of_two_nodes_do_not_meet(artist, tmp_path, shared_engine):
    """Two nodes tracked at the same time each get their own mattes."""
    del shared_engine
    (tmp_path / "a").mkdir()
    comp = _comp(artist, tmp_path / "a")
    import mam2_nuke.create

    for node in artist.nuke.allNodes():
        node.setSelected(node.name() == comp.read.name())
    other = mam2_nuke.create.create()
    other["cache_folder"].setValue(str(tmp_path / "a" / "cache"))
    from mam2_nuke.slots import add_prompt

    add_prompt(other, "positive")
    for node in (comp.node, other):
        node["track_forward"].execute()
    running = _running()
    artist.pump_until(lambda: not any(running.is_running(n["uid"].value()) for n in (comp.node, other)), 120.0)
    files = {node.node("MatteRead")["file"].value() for node in (comp.node, other)}
    assert len(files) == 2
    assert {node["status"].value() for node in (comp.node, other)} == {f"Mattes of {FIRST}-{LAST} are up to date."}
