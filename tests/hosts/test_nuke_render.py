"""Rendering in the stand-in for Nuke: execute, its callbacks and its ends."""

from __future__ import annotations

import pytest


@pytest.fixture
def nuke(nuke_session):
    """The module, with a small format."""
    nuke_session.nuke.root()["format"].setValue(nuke_session.nuke.addFormat("8 6 1 small"))
    return nuke_session.nuke


@pytest.fixture
def write(nuke, tmp_path):
    """A Write of a constant."""
    node = nuke.nodes.Write(inputs=[nuke.nodes.Constant()])
    node["file"].setValue(str(tmp_path / "out" / "a.####.exr"))
    node["create_directories"].setValue(True)
    return node


def written(tmp_path):
    """Give the frames that are there."""
    return sorted(int(path.name.split(".")[1]) for path in (tmp_path / "out").glob("a.*.exr"))


def test_callbacks_surround_each_frame(nuke_session, nuke, write, tmp_path):
    """Before the render, before and after each frame, after the render; the knob's code first, each with its frame."""
    told = nuke_session.main_namespace["told"] = []
    write["beforeRender"].setValue("told.append('knob')")
    for kind in ("BeforeRender", "BeforeFrameRender", "AfterFrameRender", "AfterRender", "RenderProgress"):
        getattr(nuke, f"add{kind}")(lambda kind=kind: told.append((kind, nuke.thisNode().name(), nuke.frame())))
    there = []
    nuke.addAfterFrameRender(lambda: there.append(list(written(tmp_path))))
    nuke.frame(50)
    nuke.execute(write, 1001, 1003, 2)
    assert told == [
        "knob",
        ("BeforeRender", "Write1", 50),
        ("BeforeFrameRender", "Write1", 1001),
        ("AfterFrameRender", "Write1", 1001),
        ("RenderProgress", "Write1", 1001),
        ("BeforeFrameRender", "Write1", 1003),
        ("AfterFrameRender", "Write1", 1003),
        ("RenderProgress", "Write1", 1003),
        ("AfterRender", "Write1", 50),
    ]
    assert there == [[1001], [1001, 1003]]
    assert nuke.frame() == 50
    assert not nuke.executing()


@pytest.mark.parametrize("kind", ["BeforeRender", "BeforeFrameRender", "AfterFrameRender"])
def test_an_exception_ends_the_render(nuke, write, tmp_path, kind):
    """What a callback raises ends the render and comes out of execute; no later frame is written."""

    def refuse():
        raise RuntimeError("mattes are missing for 1010-1020")

    getattr(nuke, f"add{kind}")(refuse)
    with pytest.raises(RuntimeError, match="1010-1020"):
        nuke.execute(write, 1, 5)
    assert written(tmp_path) == ([1] if kind == "AfterFrameRender" else [])
    assert not nuke.executing()


def test_one_render_at_a_time(nuke, write):
    """A render from within a render is refused."""
    nuke.addBeforeFrameRender(lambda: nuke.execute(write, 1, 1))
    with pytest.raises(RuntimeError, match="already executing something else"):
        nuke.execute(write, 1, 1)


def test_a_render_can_be_cancelled(nuke_session, nuke, write, tmp_path):
    """Cancel ends the render before the next frame, with an error that says so."""
    nuke.addAfterFrameRender(nuke_session.press_cancel)
    with pytest.raises(RuntimeError, match="cancelled"):
        nuke.execute(write, 1, 5)
    assert written(tmp_path) == [1]


def test_rendering_may_go_on_after_errors(nuke, write, tmp_path):
    """With continueOnError the other frames are written, and the first error is told at the end."""
    read = nuke.nodes.Read(first=1, last=9)
    read["file"].setValue(str(tmp_path / "out" / "a.%04d.exr"))
    nuke.execute(write, 2, 3)
    again = nuke.nodes.Write(inputs=[read])
    again["file"].setValue(str(tmp_path / "b.%04d.exr"))
    with pytest.raises(RuntimeError, match="Read1"):
        nuke.execute(again, 1, 3, continueOnError=True)
    assert sorted(path.name for path in tmp_path.glob("b.*")) == ["b.0002.exr", "b.0003.exr"]


def test_ranges_and_names(nuke, write, tmp_path):
    """A node may be given by name, frames as ranges; `use_limit` leaves frames out."""
    nuke.execute("Write1", nuke.FrameRanges("1-2 5-7x2"))
    assert written(tmp_path) == [1, 2, 5, 7]
    write["use_limit"].setValue(True)
    write["first"].setValue(8)
    write["last"].setValue(9)
    nuke.execute(write, 1, 20)
    assert written(tmp_path) == [1, 2, 5, 7, 8, 9]


def test_what_cannot_be_rendered_is_refused(nuke, write, tmp_path):
    """No such node, a node that writes nothing, a disabled Write, no file name, no folder: each is an error."""
    with pytest.raises(RuntimeError, match="no such node"):
        nuke.execute("Write9", 1, 1)
    with pytest.raises(RuntimeError, match="cannot be executed"):
        nuke.execute(write.input(0), 1, 1)
    write["create_directories"].setValue(False)
    with pytest.raises(RuntimeError, match="No such file or directory"):
        nuke.execute(write, 1, 1)
    write["disable"].setValue(True)
    with pytest.raises(RuntimeError, match="disabled"):
        nuke.execute(write, 1, 1)
    with pytest.raises(RuntimeError, match="no file name"):
        nuke.execute(nuke.nodes.Write(inputs=[nuke.nodes.Constant()], file_type="exr"), 1, 1)
    assert not (tmp_path / "out").exists()


def test_executing_everything_finds_enabled_writes_within_groups(nuke_session, nuke, tmp_path):
    """With no nodes given every enabled Write renders, in Groups too, frame by frame in render order."""
    group = nuke.nodes.Group()
    with group:
        inner = nuke.nodes.Write(inputs=[nuke.nodes.Constant()], file=str(tmp_path / "in.%d.exr"), render_order=2.0)
        nuke.nodes.Write(inputs=[nuke.nodes.Constant()], file=str(tmp_path / "off.%d.exr"), disable=True)
    outer = nuke.nodes.Write(inputs=[nuke.nodes.Constant()], file=str(tmp_path / "out.%d.exr"))
    nuke.executeMultiple((), ([1, 2, 1],))
    assert nuke_session.rendered == [
        (outer.fullName(), 1), (inner.fullName(), 1), (outer.fullName(), 2), (inner.fullName(), 2),
    ]  # fmt: skip


def test_file_names_are_filtered_and_validated(nuke, write, tmp_path):
    """A filename filter may change what is written, the last added first; a validator may refuse it."""
    nuke.addFilenameFilter(lambda name: name.replace("/b.", "/c."))
    nuke.addFilenameFilter(lambda name: name.replace("/a.", "/b."))
    nuke.execute(write, 1, 1)
    assert (tmp_path / "out" / "c.0001.exr").exists()
    nuke.addValidateFilename(lambda _: False)
    with pytest.raises(RuntimeError, match="not valid"):
        nuke.execute(write, 2, 2)


def test_relative_names_start_at_the_script(nuke, write, tmp_path):
    """A relative file name is beside the script."""
    nuke.scriptSaveAs(str(tmp_path / "shot.nk"))
    write["file"].setValue("here.%04d.exr")
    nuke.execute(write, 3, 3)
    assert (tmp_path / "here.0003.exr").exists()
