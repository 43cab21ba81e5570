"""A plain Read's own files are the plates: nothing is rendered, no meter pops up, and the mattes are the same."""

import numpy as np
import OpenImageIO
import pytest
from comp import FIRST, SIZE, Comp, centre, read_exr

SPAN = (FIRST, FIRST + 3)
FRAMES = range(SPAN[0], SPAN[1] + 1)


@pytest.fixture
def comp(terminal, tmp_path):
    """Give a comp of four frames with one click, in a terminal."""
    comp = Comp(terminal, tmp_path, SPAN)
    comp.add_point(FIRST, *centre(FIRST))
    return comp


@pytest.fixture
def seen(artist, tmp_path):
    """Give a comp of four frames with one click, in a window."""
    comp = Comp(artist, tmp_path, SPAN)
    comp.add_point(FIRST, *centre(FIRST))
    return comp


def _track(comp):
    comp.track(90.0)
    assert comp.settle() == f"Mattes of {SPAN[0]}-{SPAN[1]} are up to date."


def _plates(engine, comp):
    shot = engine.folder / f"store/shots/nuke-{comp.node['uid'].value()}"
    return [max((shot / f"plates/{frame}").iterdir()) for frame in FRAMES]


def _mattes(comp):
    from mam2_nuke.node import result_of

    return [read_exr(result_of(comp.node).path("", frame)) for frame in FRAMES]


def _plain(comp):
    """Give the frames whose files are plates as they are."""
    from mam2_nuke.plain import plain_read
    from mam2_nuke.request import read_requests

    read = plain_read(comp.node, read_requests(comp.node)[0].frame.size)
    return [frame for frame in FRAMES if read is not None and read.copy(frame, comp.folder / "copy.exr")]


def test_a_plain_reads_files_are_handed_over_and_the_mattes_are_the_same(seen, shared_engine):
    """Through Dots nothing is rendered and the plates are the files; rendered, the same shot has the same mattes."""
    dot = seen.nuke.nodes.Dot(inputs=[seen.nuke.nodes.Dot(inputs=[seen.read])])
    seen.node.setInput(0, dot)
    seen.session.meters.clear()
    _track(seen)
    assert seen.session.meters == []
    sources = [seen.folder / "plates" / f"plate.{frame}.exr" for frame in FRAMES]
    assert [path.read_bytes() for path in _plates(shared_engine, seen)] == [path.read_bytes() for path in sources]
    handed_over = _mattes(seen)

    seen.stand_between()
    _track(seen)
    assert seen.session.meters
    assert all(read_exr(path)[1] == (0, 0) for path in _plates(shared_engine, seen))
    for (ours, at), (theirs, there) in zip(handed_over, _mattes(seen), strict=True):
        assert (at, set(ours)) == (there, set(theirs))
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    assert handed_over[0][0]["A"].max() > 0.5


def test_plates_of_another_graph_take_the_place_of_all_before(seen, shared_engine):
    """Tracked again behind a node that halves the plate, the engine mattes halved plates and none of the old ones."""
    _track(seen)
    halved = seen.nuke.nodes.Multiply(inputs=[seen.read], channels="rgb")
    halved["value"].setValue(0.5)
    seen.node.setInput(0, halved)
    _track(seen)
    for frame, path in zip(FRAMES, _plates(shared_engine, seen), strict=True):
        plate, _ = read_exr(seen.folder / "plates" / f"plate.{frame}.exr")
        assert np.allclose(read_exr(path)[0]["R"], plate["R"][6:-6, 6:-6] / 2, atol=1e-4)


def test_float_plates_give_the_rendered_mattes_but_for_half_floats_rounding(seen, shared_engine):
    """A file of float, whose values a render would round to half, has the rendered shot's alpha within 0.01."""
    for frame in FRAMES:
        _rewrite(seen, frame, kind="float")
    _track(seen)
    assert read_exr(_plates(shared_engine, seen)[0])[1] != (0, 0)  # it is the file, overscan and all
    handed_over = _mattes(seen)
    seen.stand_between()
    _track(seen)
    for (ours, _), (theirs, _) in zip(handed_over, _mattes(seen), strict=True):
        assert np.abs(ours["A"] - theirs["A"]).max() < 0.01


def _rewrite(comp, frame, kind="half", cut=0, names="RGB", **more):
    """Write a plate anew: of another kind, without some of its rim, with other channels or header."""
    path = str(comp.folder / "plates" / f"plate.{frame}.exr")
    image = OpenImageIO.ImageBuf(path)
    pixels = image.get_pixels(OpenImageIO.FLOAT)
    pixels = pixels[cut : len(pixels) - cut, cut : pixels.shape[1] - cut]
    pixels = pixels[..., [min(i, 2) for i in range(len(names))]] * 1.0001
    spec = OpenImageIO.ImageSpec(pixels.shape[1], pixels.shape[0], len(names), kind)
    spec.x, spec.y = image.spec().x + cut, image.spec().y + cut
    spec.full_x, spec.full_y, spec.full_width, spec.full_height = 0, 0, *SIZE
    spec.channelnames = list(names)
    for name, value in more.items():
        setattr(spec, name, value)
    out = OpenImageIO.ImageOutput.create("x.exr")
    assert out.open(path, spec)
    assert out.write_image(np.ascontiguousarray(pixels, np.float32)), out.geterror()
    out.close()


@pytest.mark.parametrize(
    ("change", "plain"),
    [
        ({}, True),
        ({"cut": 6}, True),
        ({"names": "RGBA"}, True),
        ({"tile_width": 16, "tile_height": 16}, True),
        ({"cut": 7}, False),  # its data window leaves out pixels of the format: Nuke says what is there
        ({"names": ["R", "G", "B", "Z"]}, False),
        ({"names": ["red.R", "red.G", "red.B"]}, False),
        ({"kind": "uint"}, False),
        ({"full_width": SIZE[0] + 2}, False),
    ],
)
def test_a_file_that_is_not_plain_is_rendered(comp, change, plain):
    """Frame by frame: other channels, whole numbers, another size or missing pixels are Nuke's affair."""
    _rewrite(comp, FIRST + 1, **change)
    assert _plain(comp) == [frame for frame in FRAMES if plain or frame != FIRST + 1]


def test_a_file_that_is_gone_or_cut_short_is_rendered(comp):
    """Where a file cannot be copied Nuke's own words for it are asked for."""
    (comp.folder / "plates" / f"plate.{FIRST}.exr").unlink()
    path = comp.folder / "plates" / f"plate.{FIRST + 1}.exr"
    path.write_bytes(path.read_bytes()[:100])
    comp.read["last"].setValue(SPAN[1] - 1)
    assert _plain(comp) == [FIRST + 2]


@pytest.mark.parametrize(
    ("knob", "value", "plain"),
    [
        ("raw", False, True),  # an EXR is linear
        ("colorspace", "sRGB", True),  # which raw passes by
        ("auto_alpha", True, True),
        ("premultiplied", True, False),
        ("frame", "2", False),
        ("edge_pixels", "repeat", False),
        ("disable", True, False),
    ],
)
def test_a_read_that_changes_pixels_or_frames_is_rendered(comp, knob, value, plain):
    """Any knob of a Read that is set is unsure, but those that are known to change no pixel."""
    comp.read[knob].setValue(value)
    assert (_plain(comp) == list(FRAMES)) == plain


def test_a_colour_transform_is_rendered(comp):
    """An EXR that is read as sRGB is not what lies in its file; one that is read as linear is."""
    comp.read["raw"].setValue(False)
    comp.read["colorspace"].setValue("sRGB")
    assert _plain(comp) == []
    comp.read["colorspace"].setValue("linear")
    assert _plain(comp) == list(FRAMES)


@pytest.mark.parametrize("way", ["between", "proxy", "half", "expression"])
def test_what_stands_between_or_moves_is_rendered(comp, way):
    """A node between, proxy mode, half quality, a file's name that is calculated: frames are rendered."""
    if way == "between":
        comp.stand_between()
    elif way == "proxy":
        comp.nuke.root()["proxy"].setValue(True)
    elif way == "half":
        comp.node["quality"].setValue("half")
    else:
        name = comp.read["file"].value()
        comp.read["file"].setValue(name.replace("plate.", "[string tolower PLATE]."))
        assert comp.nuke.filename(comp.read) == name
    assert _plain(comp) == []
