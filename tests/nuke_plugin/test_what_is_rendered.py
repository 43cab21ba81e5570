"""What a render reads: the tracked mattes and nothing else, wherever it runs, or an error that names the frames."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from comp import FIRST, Comp, centre, read_exr

SHORT = (FIRST, FIRST + 3)


@pytest.fixture
def comp(artist, tmp_path, monkeypatch):
    """Give a comp of four frames in a window, with a click on its first and mattes that are right; no engine starts."""
    monkeypatch.setenv("MAM2_ENGINE", "never")
    comp = Comp(artist, tmp_path, SHORT)
    comp.add_point(FIRST, *centre(FIRST))
    comp.forge_mattes()
    assert comp.status == f"Mattes of {SHORT[0]}-{SHORT[1]} are up to date."
    return comp


def _finish(comp, button):
    import mam2_nuke.running

    comp.node[button].execute()
    comp.session.pump_until(lambda: not mam2_nuke.running.is_running(comp.node["uid"].value()), 120.0)
    comp.settle()


def _pictures(files):
    return [read_exr(file)[0] for file in files]


def _same(some, others, channels="RGBA"):
    return all(np.array_equal(a[name], b[name]) for a, b in zip(some, others, strict=True) for name in channels)


_BARE = """
import sys
from hosts.nuke import NukeSession
script, out, first, last, gui, old, new = sys.argv[1:]
with NukeSession(gui=gui == "window") as session:
    nuke = session.nuke
    if old:
        nuke.addFilenameFilter(lambda name: name.replace(old, new))
    nuke.scriptOpen(script)
    write = nuke.toNode("Write1")
    write["file"].setValue(out)
    nuke.execute(write, int(first), int(last), 1)
    assert not any(name.startswith("mam2") for name in sys.modules)
"""


def _elsewhere(comp, repository, where="terminal", span=SHORT, moved=("", "")):
    """Render the saved script in another Nuke that knows nothing of us; gives the process and the files."""
    script, folder = comp.folder / "shot.nk", comp.folder / "elsewhere"
    comp.nuke.scriptSaveAs(str(script), 1)
    arguments = [str(script), str(folder / "out.%04d.exr"), *(str(frame) for frame in span), where, *moved]
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", _BARE, *arguments],
        env={**os.environ, "PYTHONPATH": str(repository / "tests"), "MAM2_ENGINE": "never"},
        cwd=comp.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done, sorted(folder.iterdir())


def test_a_preview_is_for_the_eye_alone(artist, tmp_path, shared_engine, repository):
    """Previewed with a moved prompt and moved back, a render is the tracked alpha to the bit, here and elsewhere."""
    del shared_engine
    comp = Comp(artist, tmp_path, SHORT)
    comp.add_point(FIRST, *centre(FIRST))
    _finish(comp, "track_forward")
    tracked = _pictures(comp.render())
    x, y = centre(FIRST)
    comp.nuke.frame(FIRST)
    comp.node["p01_xy"].setValue(55.0, 0)
    comp.node["p01_xy"].setValue(8.0, 1)
    _finish(comp, "preview")
    assert comp.node["previewed"].value() == FIRST
    assert comp.node.sample("rgba.alpha", x, y, 1, 1, frame=FIRST) < 0.5  # the window shows it
    for index, value in enumerate((x, y)):
        comp.node["p01_xy"].setValue(value, index)
    for where in ("window", "terminal"):
        done, files = _elsewhere(comp, repository, where)
        assert done.returncode == 0, done.stderr
        assert _same(_pictures(files), tracked)
    _finish(comp, "preview")
    comp.node["view"].setValue("overlay")
    assert _same(_pictures(comp.render()), tracked)


@pytest.mark.parametrize("view", ["overlay", "matte on grey", "trimap"])
def test_a_view_is_for_the_eye_alone(comp, view, repository):
    """With another view chosen a render's colours are the plate's, and its alpha the matte."""
    tracked = _pictures(comp.render())
    comp.node["view"].setValue(view)
    places = (centre(FIRST), (60.5, 5.5))
    shown, plate = ([one.sample("rgba.red", *xy, 1, 1, frame=FIRST) for xy in places] for one in (comp.node, comp.read))
    assert shown != plate
    assert _same(_pictures(comp.render()), tracked)
    comp.node["view"].setValue(view)
    done, files = _elsewhere(comp, repository)
    assert (done.returncode, _same(_pictures(files), tracked)) == (0, True)


def test_the_frames_that_are_read_decide(comp):
    """What is refused are the frames that are read: behind a TimeOffset, and not on a Switch's other input."""
    late = comp.add_point(FIRST + 2, *centre(FIRST + 2))
    comp.forge_mattes()
    comp.node[f"p{late:02d}_xy"].setValue(centre(FIRST + 2)[0] + 2, 0)  # stale from the third frame on
    comp.render(FIRST, FIRST + 1)
    offset = comp.nuke.nodes.TimeOffset(inputs=[comp.node], time_offset="-2")
    switch = comp.nuke.nodes.Switch(inputs=[offset, comp.read])
    comp.write.setInput(0, switch)
    with pytest.raises(RuntimeError, match=f"frame {FIRST + 2}: The mattes of {FIRST + 2}-{SHORT[1]} are out of date"):
        comp.render(FIRST, FIRST)
    switch["which"].setValue(1)
    assert len(comp.render()) == 4
    switch["which"].setValue(0)
    offset["time_offset"].setValue(1)
    comp.render(FIRST + 1, FIRST + 1)


def test_a_frame_past_the_range_is_refused(comp, repository):
    """There is no matte beyond the range, and no black one goes out instead: here and elsewhere."""
    with pytest.raises(RuntimeError, match=f"frame {SHORT[1] + 1}: The range is {SHORT[0]}-{SHORT[1]}"):
        comp.render(SHORT[1] + 1, SHORT[1] + 1)
    comp.session.pump_until(lambda: not comp.node["rendering"].value())  # Nuke tells nobody that a render failed
    assert comp.node.sample("rgba.alpha", 1, 1, 1, 1, frame=SHORT[1] + 1) == 0  # the window shows black again
    done, files = _elsewhere(comp, repository, span=(SHORT[1] + 1, SHORT[1] + 1))
    assert (done.returncode, files) == (1, [])
    assert f"The range is {SHORT[0]}-{SHORT[1]}" in done.stderr


@pytest.mark.parametrize("holder", ["LiveGroup", "Precomp", "DeepWrite"])
def test_no_way_leads_around_the_guard(comp, holder):
    """A stale frame is refused through a LiveGroup, a Precomp and a DeepWrite too."""
    comp.node["p01_xy"].setValue(centre(FIRST)[0] + 2, 0)
    reader = comp.write
    if holder == "DeepWrite":
        reader = comp.nuke.nodes.DeepWrite(inputs=[comp.node], file_type="exr")
        reader["file"].setValue(str(comp.folder / "deep.%04d.exr"))
    else:
        for node in (comp.read, comp.node):
            node.setSelected(True)
        comp.tracker.setSelected(False)
        comp.write.setSelected(False)
        comp.nuke.nodeCopy("%clipboard%")
        comp.nuke.delete(comp.node)
        group = getattr(comp.nuke.nodes, holder)()
        with group:
            pasted = comp.nuke.nodePaste("%clipboard%")
            comp.nuke.nodes.Output(inputs=[pasted])
        comp.write.setInput(0, group)
    with pytest.raises(RuntimeError, match=f"The mattes of {SHORT[0]}-{SHORT[1]} are out of date"):
        comp.nuke.execute(reader, FIRST, FIRST, 1)


def test_a_farms_path_mapping_reaches_mattes_and_record(comp, repository, start_nuke):
    """With the cache under another root and a filter of names, pixels are the same, with and without the plug-in."""
    tracked = _pictures(comp.render())
    script, old, new = comp.folder / "shot.nk", comp.folder / "cache", comp.folder / "mnt"
    comp.nuke.scriptSaveAs(str(script), 1)
    shutil.move(old, new)
    done, files = _elsewhere(comp, repository, moved=(str(old), str(new)))
    assert done.returncode == 0, done.stderr
    assert _same(_pictures(files), tracked)
    comp.session.quit()
    session = start_nuke(gui=False, paths=[repository / "nuke_plugin"])
    session.nuke.addFilenameFilter(lambda name: name.replace(str(old), str(new)))
    session.nuke.scriptOpen(str(script))
    session.nuke.execute("Write1", *SHORT, 1)
    assert _same(_pictures(comp.folder / f"out.{frame}.exr" for frame in range(SHORT[0], SHORT[1] + 1)), tracked)
    grade = session.nuke.nodes.Grade(inputs=[session.nuke.toNode("Read1")], multiply="2")
    session.nuke.toNode("MAM2").setInput(0, grade)
    with pytest.raises(RuntimeError, match="are out of date"):  # the record was found too
        session.nuke.execute("Write1", *SHORT, 1)


def test_without_its_cache_a_render_fails_and_writes_nothing(comp, repository):
    """A missing matte is an error that names its file, not a black alpha: in a terminal, and where the plug-in is."""
    comp.nuke.scriptSaveAs(str(comp.folder / "shot.nk"), 1)
    shutil.rmtree(comp.folder / "cache")
    done, files = _elsewhere(comp, repository)
    assert (done.returncode, files) == (1, [])
    assert f"matte.{FIRST}.exr" in done.stderr
    with pytest.raises(RuntimeError, match=f"matte.{FIRST}.exr"):
        comp.render()


def test_what_a_graph_is(comp):
    """Dots, names and places are no part of it; what a Group's input is fed with is."""
    nuke, right = comp.nuke, comp.status
    dot = nuke.nodes.Dot(inputs=[comp.read])
    comp.node.setInput(0, dot)
    comp.read.setName("Plate_of_another_name")
    comp.read.setXYpos(500, 500)
    comp.read["label"].setValue("the plate")
    assert comp.settle() == right
    mult = nuke.nodes.Multiply(inputs=[comp.read])  # it changes nothing, but it is a node
    comp.node.setInput(0, mult)
    assert "are out of date" in comp.settle()
    comp.node.setInput(0, comp.read)
    assert comp.settle() == right


def test_a_change_outside_of_its_group_is_seen(comp):
    """A node inside a Group sees a Grade that is changed outside."""
    nuke = comp.nuke
    grade = nuke.nodes.Grade(inputs=[comp.read])
    for node in nuke.allNodes():
        node.setSelected(node.fullName() == comp.node.fullName())
    nuke.nodeCopy("%clipboard%")
    group = nuke.nodes.Group()
    with group:
        inside = nuke.nodes.Input()
        node = nuke.nodePaste("%clipboard%")
        node.setInput(0, inside)
        nuke.nodes.Output(inputs=[node])
    group.setInput(0, grade)
    from mam2_nuke.standing import judge, look

    before = look(node).requests[0].plates
    grade["multiply"].setValue(2.0)
    assert look(node).requests[0].plates.graph != before.graph
    assert "are out of date" in judge(look(node)).text


def test_a_version_of_the_script_keeps_its_mattes(comp):
    """Saved as another version and cleared there, the first version opens with its mattes."""
    nuke, first, second = comp.nuke, comp.folder / "v001.nk", comp.folder / "v002.nk"
    tracked = _pictures(comp.render())
    nuke.scriptSaveAs(str(first))
    nuke.scriptSaveAs(str(second))
    comp.node["clear"].execute()
    comp.session.pump(0.3)
    assert comp.settle() == "Ready: press Track, or preview a frame first."
    nuke.scriptOpen(str(first))
    nuke.execute("Write1", *SHORT, 1)
    assert _same(_pictures(comp.folder / f"out.{frame}.exr" for frame in range(SHORT[0], SHORT[1] + 1)), tracked)


def test_a_relative_cache_belongs_to_the_project(comp):
    """A relative cache folder starts in the project's folder, or in the script's; not where Nuke was started."""
    from mam2_nuke.node import cache_folder

    comp.node["cache_folder"].setValue("mattes")
    comp.nuke.scriptSaveAs(str(comp.folder / "shot.nk"))
    assert cache_folder(comp.node).parent == comp.folder / "mattes"
    comp.nuke.root()["project_directory"].setValue(str(comp.folder / "project"))
    assert cache_folder(comp.node).parent == comp.folder / "project" / "mattes"


def test_old_versions_go_and_what_a_script_was_saved_with_stays(comp):
    """Of unsaved versions the newest five stay, for undo; a saved script's stays however old it is."""
    from mam2_nuke import results
    from mam2_nuke.node import cache_folder, record_path

    comp.nuke.scriptSaveAs(str(comp.folder / "shot.nk"))
    for step in range(1, 8):
        comp.node["p01_xy"].setValue(centre(FIRST)[0] + step / 10, 0)
        comp.forge_mattes()
        results.remove(cache_folder(comp.node), "", 5, [record_path(comp.node)])
    kept = sorted(path.name for path in cache_folder(comp.node).glob("v*"))
    assert kept == ["v0001", "v0004", "v0005", "v0006", "v0007", "v0008"]
