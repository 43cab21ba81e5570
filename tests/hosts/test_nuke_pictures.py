"""Pictures in the stand-in for Nuke: what a Write puts into files, and what nodes make of pixels."""

from __future__ import annotations

import numpy as np
import pytest

from .nuke_plates import Plate, load, noise, save

SIZE = 8, 6


@pytest.fixture
def nuke(nuke_session):
    """The module, with a small format."""
    nuke_session.nuke.root()["format"].setValue(nuke_session.nuke.addFormat("8 6 1 small"))
    return nuke_session.nuke


@pytest.fixture
def render(nuke, tmp_path):
    """Render a node at a frame through a Write, raw float EXR, and give the file's content."""

    def rendered(node, frame=1, **knobs):
        write = nuke.nodes.Write(inputs=[node], channels="all", raw=True)
        write["file"].setValue(str(tmp_path / "out.%04d.exr"))
        write["datatype"].setValue("32 bit float")
        for name, value in knobs.items():
            write[name].setValue(value)
        nuke.execute(write, frame, frame)
        nuke.delete(write)
        return load(tmp_path / f"out.{frame:04d}.exr")

    return rendered


@pytest.fixture
def plate(nuke, tmp_path):
    """Read a plate that fills its format: noise of 8 x 6 pixels, frames 1 to 3."""
    for frame in (1, 2, 3):
        save(tmp_path / f"plate.{frame:04d}.exr", Plate(noise(*SIZE, seed=frame), (0, 0, *SIZE), SIZE))
    read = nuke.nodes.Read(first=1, last=3, raw=True)
    read["file"].setValue(str(tmp_path / "plate.%04d.exr"))
    return read


@pytest.mark.parametrize(
    ("box", "row", "column"),
    [((0, 0, 1, 1), 5, 0), ((7, 0, 8, 1), 5, 7), ((0, 5, 1, 6), 0, 0), ((7, 5, 8, 6), 0, 7)],
)
def test_pixel_corners_and_the_way_up(nuke, render, box, row, column):
    """A box of one pixel at each corner, in Nuke's y-up corners, is that pixel of the file's y-down rows."""
    dot = nuke.nodes.Crop(inputs=[nuke.nodes.Constant(channels="rgb", color=(1, 1, 1, 1))])
    dot["box"].setValue(box)
    over = nuke.nodes.Merge2(inputs=[nuke.nodes.Constant(color=(0, 0, 0, 0)), dot], operation="plus")
    got = render(over)
    expected = np.zeros((6, 8), np.float32)
    expected[row, column] = 1
    np.testing.assert_array_equal(got.pixels[..., got.channels.index("R")], expected)
    assert over.sample("rgba.red", box[0] + 0.5, box[1] + 0.5) == 1
    assert got.data == (0, 0, 8, 6)


def test_a_bbox_is_the_data_window(nuke, plate, render):
    """A bbox within the format, and one beyond it, is written as data window, its y counted from the top."""
    inside = nuke.nodes.Crop(inputs=[plate])
    inside["box"].setValue((2, 1, 7, 3))
    assert (render(inside).data, render(inside).display) == ((2, 3, 5, 2), SIZE)
    beyond = nuke.nodes.AdjBBox(inputs=[plate], numpixels=2)
    got = render(beyond)
    assert (got.data, got.display) == ((-2, -2, 12, 10), SIZE)
    np.testing.assert_array_equal(got.pixels[2:-2, 2:-2], load(plate["file"].evaluate()).pixels)
    np.testing.assert_array_equal(got.pixels[0, 0], got.pixels[2, 2])  # edge pixels go on


def test_overscan_comes_through(nuke, render, tmp_path):
    """A plate with overscan keeps every pixel; Nuke puts a rim of black pixels around a data window of its own size."""
    pixels = noise(12, 9)
    save(tmp_path / "over.exr", Plate(pixels, (-2, -1, 12, 9), SIZE))
    read = nuke.nodes.Read(raw=True, file=str(tmp_path / "over.exr"))
    box = read.bbox()
    assert (box.x(), box.y(), box.w(), box.h()) == (-3, -3, 14, 11)
    assert (read.width(), read.height()) == SIZE
    got = render(read)
    assert got.data == (-3, -2, 14, 11)
    np.testing.assert_array_equal(got.pixels[1:-1, 1:-1], pixels)
    assert not got.pixels[0].any()
    crop = nuke.nodes.Crop(inputs=[read])
    for index, text in enumerate(("0", "0", "width", "height")):
        crop["box"].setExpression(text, index)
    got = render(crop)
    assert got.data == (0, 0, *SIZE)
    np.testing.assert_array_equal(got.pixels, pixels[1:7, 2:10])


def test_alpha_is_copied_and_colour_is_untouched(nuke, plate, render, tmp_path):
    """A Copy puts a matte into alpha and leaves the plate's colour as it was, to the bit."""
    alpha = noise(*SIZE, 1, seed=9).clip(0, 1)
    save(tmp_path / "matte.exr", Plate(alpha, (0, 0, *SIZE), SIZE, ("A",)))
    matte = nuke.nodes.Read(raw=True, file=str(tmp_path / "matte.exr"))
    copy = nuke.nodes.Copy(inputs=[plate, matte])
    copy["bbox"].setValue("B side")
    got = render(copy, 2)
    assert set(got.channels) == {"R", "G", "B", "A"}
    order = [got.channels.index(name) for name in "RGBA"]
    np.testing.assert_array_equal(got.pixels[..., order[:3]], load(tmp_path / "plate.0002.exr").pixels)
    np.testing.assert_array_equal(got.pixels[..., order[3:]], alpha)


def test_a_layer_of_its_own_is_kept_by_name(nuke, plate, render):
    """A channel of a new layer is written and read by its name; a name that nobody added is refused."""
    nuke.Layer("matte", ["matte.hair"])
    copy = nuke.nodes.Copy(inputs=[plate, nuke.nodes.Constant(channels="rgba", color=(0, 0, 0, 0.5))])
    copy["to0"].setValue("matte.hair")
    got = render(copy)
    assert "matte.hair" in got.channels
    with pytest.raises(ValueError, match="names no layer"):
        copy["to1"].setValue("matte.fur")


def test_half_and_float_are_bit_exact(nuke, plate, tmp_path):
    """Half float files hold what a half can; both kinds hold pixel aspect and no compression where none is asked."""
    nuke.addFormat("8 6 2 wide")
    wide = nuke.nodes.Reformat(inputs=[plate], resize="none", center=False, format="wide", filter="Impulse")
    write = nuke.nodes.Write(inputs=[wide], raw=True)
    write["file"].setValue(str(tmp_path / "h.exr"))
    write["compression"].setValue("none")
    nuke.execute(write, 1, 1)
    got = load(tmp_path / "h.exr")
    assert (got.datatype, got.compression, got.aspect, got.channels) == ("half", "none", 2.0, ("R", "G", "B"))
    np.testing.assert_array_equal(got.pixels, load(tmp_path / "plate.0001.exr").pixels)
    assert not list(tmp_path.glob("*.tmp*"))


def test_pixel_aspect_comes_from_the_file(nuke, tmp_path):
    """A squeezed plate's format has its pixel aspect, and the name of a known format that is the same."""
    save(tmp_path / "squeezed.exr", Plate(noise(*SIZE), (0, 0, *SIZE), SIZE, aspect=2.0))
    known = nuke.addFormat("8 6 2 anamorphic")
    read = nuke.nodes.Read(file=str(tmp_path / "squeezed.exr"))
    assert read.pixelAspect() == 2.0
    assert read.format() is known


def test_what_is_not_reached_is_not_computed(nuke_session, nuke, plate, render):
    """A Switch asks its chosen input alone, a Copy its channels alone, a disabled node nobody but input 0."""
    blur = nuke.nodes.Blur(inputs=[plate], size=3)
    switch = nuke.nodes.Switch(inputs=[plate, blur])
    render(switch)
    assert {name for name, _, _ in nuke_session.computed} >= {"Read1", "Switch1"}
    assert "Blur1" not in {name for name, _, _ in nuke_session.computed}
    switch["which"].setValue(1)
    blur["disable"].setValue(True)
    np.testing.assert_array_equal(render(switch).pixels, render(plate).pixels)


def test_a_group_is_its_output(nuke, plate, render):
    """A Group's picture is its Output's; its Inputs are the Group's inputs by number; disabled it passes input 0."""
    group = nuke.nodes.Group()
    with group:
        first, second = nuke.nodes.Input(name="plate"), nuke.nodes.Input(name="mask", number=1)
        nuke.nodes.Output(inputs=[nuke.nodes.Copy(inputs=[first, second])])
    group.setInput(0, plate)
    group.setInput(1, nuke.nodes.Constant(channels="rgba", color=(0, 0, 0, 0.25)))
    assert group.channels() == ["rgba.red", "rgba.green", "rgba.blue", "rgba.alpha"]
    assert group.sample("alpha", 1.5, 1.5) == 0.25
    group["disable"].setValue(True)
    assert group.channels() == plate.channels()
    np.testing.assert_array_equal(render(group).pixels, render(plate).pixels)


def test_missing_files_are_errors_with_the_nodes_name(nuke, plate, render):
    """Where a file is missing the render ends with the Read's name and the file's; a Read may be told to be black."""
    plate["last"].setValue(9)
    with pytest.raises(RuntimeError, match=r"Read1: .*plate.0007.exr: Read error: No such file or directory"):
        render(plate, 7)
    assert not plate.hasError()
    nuke.frame(7)
    assert plate.hasError()
    assert plate.format() is not None
    plate["on_error"].setValue("black")
    assert not plate.hasError()
    assert not render(plate, 7).pixels.any()
    plate["on_error"].setValue("nearest frame")
    np.testing.assert_array_equal(render(plate, 7).pixels, render(plate, 3).pixels)


@pytest.mark.parametrize(
    ("knob", "how", "frame", "file"),
    [
        ("before", "hold", -4, 1),
        ("after", "hold", 9, 3),
        ("after", "loop", 4, 1),
        ("after", "bounce", 4, 2),
        ("before", "loop", 0, 3),
        ("after", "black", 4, None),
    ],
)
def test_outside_of_its_range_a_read_does_as_told(plate, render, knob, how, frame, file):
    """Before its first and after its last frame a Read holds, loops, bounces or is black."""
    plate[knob].setValue(how)
    got = render(plate, frame).pixels
    if file is None:
        assert not got.any()
    else:
        np.testing.assert_array_equal(got, render(plate, file).pixels)


def test_files_are_read_once_until_reload(plate, render, tmp_path):
    """A file that changed on disk shows after `reload` was pressed or under another name, and not before."""
    old = render(plate).pixels
    new = noise(*SIZE, seed=99)
    save(tmp_path / "plate.0001.exr", Plate(new, (0, 0, *SIZE), SIZE))
    np.testing.assert_array_equal(render(plate).pixels, old)
    before = plate.opHashes()
    plate["reload"].execute()
    np.testing.assert_array_equal(render(plate).pixels, new)
    assert plate.opHashes() != before


def test_colour_is_managed(nuke, plate, render):
    """A Read in sRGB gives linear values, a Write in sRGB gives them back; raw changes nothing, alpha never changes."""
    linear = render(plate).pixels
    plate["raw"].setValue(False)
    np.testing.assert_array_equal(render(plate).pixels, linear)  # EXR files are linear by default
    plate["colorspace"].setValue("sRGB")
    decoded = render(plate).pixels
    assert abs(decoded - linear).max() > 0.1
    constant = nuke.nodes.Constant(channels="rgba", color=(0.5, 0.5, 0.5, 0.5))
    got = render(constant, raw=False, colorspace="sRGB")
    assert got.pixels[0, 0, got.channels.index("R")] == pytest.approx(0.7354, abs=1e-3)
    assert got.pixels[0, 0, got.channels.index("A")] == 0.5
    again = render(plate, raw=False, colorspace="sRGB").pixels
    np.testing.assert_allclose(again, linear, atol=1e-5)
    plate["colorspace"].setValue("AlexaV3LogC")
    with pytest.raises(RuntimeError, match="does not know the colour space"):
        render(plate)


def test_png_files_are_eight_bit_srgb(nuke, tmp_path):
    """A PNG holds display values over the whole format, and comes back as linear."""
    write = nuke.nodes.Write(inputs=[nuke.nodes.Constant(color=(0.5, 0.5, 0.5, 1))])
    write["file"].setValue(str(tmp_path / "a.png"))
    nuke.execute(write, 1, 1)
    assert load(tmp_path / "a.png").pixels[0, 0] * 255 == pytest.approx([188] * 3, abs=0.5)
    assert nuke.nodes.Read(file=str(tmp_path / "a.png")).sample("red", 1, 1) == pytest.approx(0.5, abs=0.01)


def test_proxy_mode_renders_small(nuke, plate, render, tmp_path):
    """In proxy mode a Write renders at proxy scale, and under the proxy name where there is one."""
    nuke.root()["proxy"].setValue(True)
    crop = nuke.nodes.Crop(inputs=[plate], box=(0, 0, 8, 4))
    got = render(crop)
    assert (got.data, got.display) == ((0, 1, 4, 2), (4, 3))
    write = nuke.nodes.Write(inputs=[plate], file=str(tmp_path / "full.exr"), proxy=str(tmp_path / "proxy.exr"))
    nuke.execute(write, 1, 1)
    assert load(tmp_path / "proxy.exr").display == (4, 3)
    assert not (tmp_path / "full.exr").exists()
    nuke.root()["proxy"].setValue(False)
    assert render(crop).display == SIZE


def test_views_have_files_of_their_own(nuke, tmp_path):
    """Every view is read and written under its name; one file for two views is refused."""
    nuke.addView("left")
    nuke.addView("right")
    nuke.deleteView("main")
    for index, view in enumerate(("left", "right")):
        (tmp_path / view).mkdir()
        save(tmp_path / view / "p.exr", Plate(noise(*SIZE, seed=index), (0, 0, *SIZE), SIZE))
    read = nuke.nodes.Read(raw=True, file=str(tmp_path / "%V" / "p.exr"))
    write = nuke.nodes.Write(inputs=[read], raw=True, file=str(tmp_path / "out.%v.exr"))
    nuke.execute(write, 1, 1)
    for view in ("left", "right"):
        np.testing.assert_array_equal(
            load(tmp_path / f"out.{view[0]}.exr").pixels, load(tmp_path / view / "p.exr").pixels
        )
    context = nuke.OutputContext()
    assert context.viewname(2) == "right"
    write["file"].setValue(str(tmp_path / "both.exr"))
    with pytest.raises(RuntimeError, match="%V"):
        nuke.execute(write, 1, 1)


def test_time_can_be_shifted_and_held(nuke, plate, render):
    """TimeOffset shows earlier frames, FrameHold one; both tell others the range that follows."""
    offset = nuke.nodes.TimeOffset(inputs=[plate], time_offset=10)
    np.testing.assert_array_equal(render(offset, 12).pixels, render(plate, 2).pixels)
    assert (offset.firstFrame(), offset.lastFrame()) == (11, 13)
    hold = nuke.nodes.FrameHold(inputs=[plate], firstFrame=3)
    np.testing.assert_array_equal(render(hold, 1).pixels, render(plate, 3).pixels)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("over", 0.5 + 0.2 * 0.25),
        ("plus", 0.7),
        ("mask", 0.2 * 0.75),
        ("stencil", 0.2 * 0.25),
        ("multiply", 0.1),
        ("screen", 0.7 - 0.1),
        ("in", 0.5 * 0.4),
        ("max", 0.5),
    ],
)
def test_merges_are_the_fields_formulas(nuke, operation, expected):
    """A merge of A = 0.5 with alpha 0.75 and B = 0.2 with alpha 0.4 gives what the formula of its operation says."""
    a = nuke.nodes.Constant(channels="rgba", color=(0.5, 0.5, 0.5, 0.75))
    b = nuke.nodes.Constant(channels="rgba", color=(0.2, 0.2, 0.2, 0.4))
    merge = nuke.nodes.Merge2(inputs=[b, a], operation=operation)
    assert merge.sample("red", 3, 3) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("node", "knobs", "expected"),
    [
        ("Grade", {"multiply": 2.0, "add": 0.1}, 0.9),
        ("Gamma", {"value": 2.0}, 0.4**0.5),
        ("Multiply", {"value": 0.5}, 0.2),
        ("Add", {"value": 0.5}, 0.9),
        ("Invert", {}, 0.6),
        ("Clamp", {"maximum": 0.3}, 0.3),
        ("Premult", {}, 0.2),
        ("Unpremult", {}, 0.8),
        ("Expression", {"expr0": "r > 0.3 ? a + x*0 : frame"}, 0.5),
        ("Shuffle", {"red": "alpha"}, 0.5),
    ],
)
def test_colour_nodes_compute_their_formula(nuke, node, knobs, expected):
    """Red 0.4 with alpha 0.5 becomes what the node's formula says, and `mix` fades to it."""
    source = nuke.nodes.Constant(channels="rgba", color=(0.4, 0.4, 0.4, 0.5))
    made = getattr(nuke.nodes, node)(inputs=[source], **knobs)
    assert made.sample("red", 2, 2) == pytest.approx(expected)
    if made.knob("mix") is not None:
        made["mix"].setValue(0.5)
        assert made.sample("red", 2, 2) == pytest.approx((expected + 0.4) / 2)


def test_masks_limit_a_node(nuke, plate):
    """A mask input says where a node works; without a mask channel it is not used."""
    mask = nuke.nodes.Crop(inputs=[nuke.nodes.Constant(channels="rgba", color=(0, 0, 0, 1))], box=(0, 0, 4, 6))
    grade = nuke.nodes.Grade(inputs=[plate, mask], multiply=0.0)
    assert grade.sample("red", 6, 3) == 0
    grade["maskChannelInput"].setValue("rgba.alpha")
    assert grade.sample("red", 1, 3) == 0
    assert grade.sample("red", 6, 3) == plate.sample("red", 6, 3)


def test_edges_grow_and_shrink(nuke):
    """Dilate by one pixel adds a pixel around a square, FilterErode takes one away, Blur keeps the sum."""
    field = nuke.nodes.Constant(channels="rgba", color=(0, 0, 0, 0))
    dot = nuke.nodes.Crop(inputs=[nuke.nodes.Constant(channels="rgba", color=(1, 1, 1, 1))], box=(3, 2, 5, 4))
    square = nuke.nodes.Merge2(inputs=[field, dot], operation="plus")

    def total(node):
        return round(sum(node.sample("red", x + 0.5, y + 0.5) for x in range(8) for y in range(6)), 4)

    assert total(square) == 4
    assert total(nuke.nodes.Dilate(inputs=[square], size=1)) == 16
    assert total(nuke.nodes.Dilate(inputs=[square], size=-1)) == 0
    assert total(nuke.nodes.FilterErode(inputs=[square], size=-1)) == 16
    assert total(nuke.nodes.Blur(inputs=[square], size=1)) == pytest.approx(4, abs=0.05)


def test_reformat_scales(nuke, plate):
    """To twice the width, height follows; a one-pixel shift in the middle shows that centres stay centres."""
    nuke.addFormat("16 12 1 twice")
    twice = nuke.nodes.Reformat(inputs=[plate], format="twice", filter="Impulse")
    assert (twice.width(), twice.height()) == (16, 12)
    for x, y in ((0, 0), (3, 2), (7, 5)):
        assert twice.sample("green", 2 * x + 0.5, 2 * y + 1.5) == plate.sample("green", x + 0.5, y + 0.5)


def test_metadata_may_be_none(nuke, plate):
    """A picture from a file says where it came from; where there is no picture there is no metadata."""
    assert plate.metadata("input/filename").endswith("plate.0001.exr")
    assert nuke.nodes.Read().metadata() is None
