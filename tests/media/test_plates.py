"""Plates in: what comes out of image files is exactly what is in them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picture_files import ramp, write_image, write_multipart

from engine.contract.errors import PlateError
from engine.media.images import finite, to_display_window
from engine.media.plates import open_plates


def read(path: Path, layer: str | None = None):
    """Read the first plate of a path."""
    with open_plates(path, layer=layer) as plates:
        return plates.read(plates.first)


@pytest.mark.parametrize("kind", ["half", "float"])
@pytest.mark.parametrize("compression", ["none", "zip", "zips", "piz", "rle"])
def test_exr_values_are_untouched(tmp_path, kind, compression):
    """Values above one and below zero come back from half and float EXR as they were stored."""
    stored = ramp(17, 9, -2.0, 8.0).astype(np.float16).astype(np.float32)
    plate = read(write_image(tmp_path / "a.exr", stored, kind, compression=compression))
    np.testing.assert_array_equal(plate.pixels_hwc, stored)
    assert plate.pixels_hwc.dtype == np.float32
    assert plate.encoding == "scene-linear"
    assert plate.data_window == (0, 0, 17, 9)


def test_small_data_window_is_pasted(tmp_path):
    """A data window inside the display window is laid where it belongs, black around it."""
    stored = ramp(4, 3, 1.0, 8.0).astype(np.float16).astype(np.float32)
    plate = read(write_image(tmp_path / "a.exr", stored, display=(0, 0, 12, 10), data=(5, 2)))
    assert plate.pixels_hwc.shape == (10, 12, 3)
    assert plate.data_window == (5, 2, 9, 5)
    np.testing.assert_array_equal(plate.pixels_hwc[2:5, 5:9], stored)
    assert plate.pixels_hwc.sum() == pytest.approx(stored.sum(), rel=1e-6)


def test_overscan_is_cropped(tmp_path):
    """A data window larger than the display window is cropped to it, its offset honoured."""
    stored = ramp(20, 16).astype(np.float16).astype(np.float32)
    with open_plates(write_image(tmp_path / "a.exr", stored, display=(0, 0, 12, 10), data=(-5, -2))) as plates:
        assert plates.size == (12, 10)
        plate = plates.read(plates.first)
    assert plate.data_window == (-5, -2, 15, 14)
    np.testing.assert_array_equal(plate.pixels_hwc, stored[2:12, 5:17])


def test_display_window_may_begin_anywhere(tmp_path):
    """A display window whose corner is not at (0, 0) still puts its first pixel top-left."""
    stored = ramp(8, 6).astype(np.float16).astype(np.float32)
    plate = read(write_image(tmp_path / "a.exr", stored, display=(100, 50, 8, 6), data=(100, 50)))
    np.testing.assert_array_equal(plate.pixels_hwc, stored)


_PLACES, _LENGTHS = st.integers(-9, 9), st.integers(1, 9)


@given(st.tuples(_PLACES, _PLACES), st.tuples(_LENGTHS, _LENGTHS), st.tuples(_LENGTHS, _LENGTHS))
def test_windows_agree_pixel_by_pixel(corner, stored_size, size):
    """Every pixel of the plate is the stored pixel at its place, or black where none is stored."""
    (x0, y0), (w, h), (width, height) = corner, stored_size, size
    stored = np.arange(1, w * h + 1, dtype=np.float32).reshape(h, w, 1)
    plate = to_display_window(stored, (x0, y0, x0 + w, y0 + h), (width, height))
    for y in range(height):
        for x in range(width):
            inside = x0 <= x < x0 + w and y0 <= y < y0 + h
            assert plate[y, x, 0] == (stored[y - y0, x - x0, 0] if inside else 0)


@pytest.mark.parametrize("kind", ["half", "float"])
def test_infinities_and_nan_become_numbers(tmp_path, kind):
    """NaN and negative infinity become 0, positive infinity the largest finite value; the rest stays."""
    stored = ramp(6, 4, -1.0, 8.0).astype(np.float16).astype(np.float32)
    stored[0, 0] = (np.nan, np.inf, -np.inf)
    plate = read(write_image(tmp_path / "a.exr", stored, kind))
    np.testing.assert_array_equal(plate.pixels_hwc[0, 0], (0, 8, 0))
    np.testing.assert_array_equal(plate.pixels_hwc[1:], stored[1:])


def test_huge_values_are_no_infinities():
    """Finite values whose sum overflows are left alone, and a plate with no finite value becomes black."""
    huge = np.full((4, 4, 3), 3e38, np.float32)
    np.testing.assert_array_equal(finite(huge.copy()), huge)
    np.testing.assert_array_equal(finite(np.full((2, 2, 3), np.inf, np.float32)), 0)


def test_multipart_takes_the_part_that_means_the_picture(tmp_path):
    """Without a layer a multi-part EXR gives the part whose name means beauty; any other is there by its name."""
    colour, other = ramp(5, 4), ramp(5, 4, 2, 3)
    path = write_multipart(
        tmp_path / "a.exr",
        [("depth", ["Z"], other[..., :1]), ("beauty", ["R", "G", "B"], colour), ("spec", ["R", "G", "B"], other)],
    )
    np.testing.assert_allclose(read(path).pixels_hwc, colour, atol=5e-4)
    np.testing.assert_allclose(read(path, "spec").pixels_hwc, other, atol=2e-3)
    grey = read(path, "depth").pixels_hwc
    np.testing.assert_allclose(grey, np.repeat(other[..., :1], 3, axis=2), atol=2e-3)


def test_named_layers_are_picked(tmp_path):
    """`layer` picks R, G and B under that name; without it the plain R, G, B win over named layers."""
    plain, beauty = ramp(5, 4), ramp(5, 4, 2, 3)
    names = ["R", "G", "B", "beauty.R", "beauty.G", "beauty.B", "beauty.A", "id.red", "id.green", "id.blue"]
    everything = np.concatenate([plain, beauty, plain[..., :1], beauty[..., ::-1]], axis=2)
    path = write_image(tmp_path / "a.exr", everything, channels=names)
    np.testing.assert_allclose(read(path).pixels_hwc, plain, atol=5e-4)
    np.testing.assert_allclose(read(path, "beauty").pixels_hwc, beauty, atol=2e-3)
    np.testing.assert_allclose(read(path, "Beauty").pixels_hwc, beauty, atol=2e-3)
    np.testing.assert_allclose(read(path, "id").pixels_hwc, beauty[..., ::-1], atol=2e-3)


def test_only_named_layers_still_give_a_picture(tmp_path):
    """A file with one named layer alone gives that."""
    stored = ramp(5, 4)
    path = write_image(
        tmp_path / "a.exr", stored, channels=["ViewLayer.Combined.R", "ViewLayer.Combined.G", "ViewLayer.Combined.B"]
    )
    np.testing.assert_allclose(read(path).pixels_hwc, stored, atol=5e-4)
    np.testing.assert_allclose(read(path, "ViewLayer.Combined").pixels_hwc, stored, atol=5e-4)


def test_unknown_layer_is_named_with_those_there(tmp_path):
    """A layer that does not exist is an error that lists the ones that do."""
    names = ["R", "G", "B", "beauty.R", "beauty.G", "beauty.B"]
    path = write_image(tmp_path / "a.exr", np.concatenate([ramp(5, 4)] * 2, axis=2), channels=names)
    with pytest.raises(PlateError, match=r"'diffuse'.*beauty") as caught:
        open_plates(path, layer="diffuse")
    assert caught.value.code == "plates.layer"


@pytest.mark.parametrize("name", ["Y", "Z"])
def test_single_channel_becomes_grey(tmp_path, name):
    """A picture with one channel is spread to R, G and B."""
    stored = ramp(5, 4)[..., :1]
    plate = read(write_image(tmp_path / "a.exr", stored, "float", channels=[name]))
    np.testing.assert_array_equal(plate.pixels_hwc, np.repeat(stored, 3, axis=2))


@pytest.mark.parametrize(
    ("name", "kind", "encoding", "levels"),
    [
        ("a.png", "uint8", "srgb", 255),
        ("a.png", "uint16", "srgb", 65535),
        ("a.tif", "uint8", "srgb", 255),
        ("a.tif", "uint16", "srgb", 65535),
        ("a.tga", "uint8", "srgb", 255),
        ("a.dpx", "uint16", "rec709", 65535),
    ],
)
def test_integer_files_keep_their_precision(tmp_path, name, kind, encoding, levels):
    """Integer files give code / largest code, and say what their values mean."""
    stored = np.rint(ramp(16, 12) * levels) / levels
    plate = read(write_image(tmp_path / name, stored.astype(np.float32), kind))
    np.testing.assert_allclose(plate.pixels_hwc, stored, atol=0.02 / levels)
    assert plate.encoding == encoding


def test_float_tiff_is_scene_linear(tmp_path):
    """A float TIFF keeps values above one and counts as scene-linear."""
    stored = ramp(16, 12, -1, 9)
    plate = read(write_image(tmp_path / "a.tif", stored, "float"))
    np.testing.assert_array_equal(plate.pixels_hwc, stored)
    assert plate.encoding == "scene-linear"


@pytest.mark.parametrize(
    ("transfer", "encoding"),
    [("Printing density", "log"), ("Logarithmic", "log"), ("ITU-R 709-4", "rec709"), ("Undefined", "rec709")],
)
def test_dpx_says_what_it_is(tmp_path, transfer, encoding):
    """A 10-bit DPX gives its code values and the meaning that its header states."""
    stored = np.rint(ramp(16, 12) * 1023) / 1023
    path = write_image(
        tmp_path / "a.dpx", stored.astype(np.float32), "uint16", oiio__BitsPerSample=10, dpx__Transfer=transfer
    )
    plate = read(path)
    np.testing.assert_allclose(plate.pixels_hwc, stored, atol=1e-4)
    assert plate.encoding == encoding


def test_jpeg_is_read(tmp_path):
    """A JPEG gives its picture, within its own losses."""
    stored = np.broadcast_to(np.linspace(0, 1, 32, dtype=np.float32)[None, :, None], (16, 32, 3))
    plate = read(write_image(tmp_path / "a.jpg", stored, "uint8", compression="jpeg:98"))
    np.testing.assert_allclose(plate.pixels_hwc, stored, atol=0.02)
    assert plate.encoding == "srgb"


def test_alpha_does_not_touch_the_colours(tmp_path):
    """The alpha of a PNG is dropped and its colours are not multiplied by it."""
    stored = np.concatenate([ramp(6, 4), np.zeros((4, 6, 1), np.float32)], axis=2)
    plate = read(write_image(tmp_path / "a.png", stored, "uint16", oiio__UnassociatedAlpha=1))
    np.testing.assert_allclose(plate.pixels_hwc, stored[..., :3], atol=1e-4)


def test_pixel_aspect_is_kept(tmp_path):
    """An anamorphic plate says how wide its pixels are."""
    with open_plates(write_image(tmp_path / "a.exr", ramp(6, 4), PixelAspectRatio=2.0)) as plates:
        assert plates.pixel_aspect == 2.0
        assert plates.read(plates.first).pixel_aspect == 2.0


def test_names_in_any_script(tmp_path):
    """Folders and files may be named in any script, with spaces and signs."""
    stored = ramp(6, 4).astype(np.float16).astype(np.float32)
    write_image(tmp_path / "Außen Tür — 撮影 [v2]" / "plâte (1).1001.exr", stored)
    plate = read(tmp_path / "Außen Tür — 撮影 [v2]" / "plâte (1).####.exr")
    np.testing.assert_array_equal(plate.pixels_hwc, stored)


_CUT = ["a.exr", "b.exr", "c.exr", "a.png", "b.png", "a.jpg", "a.dpx", "b.dpx", "a.tif", "b.tif", "a.tga"]


_DAMAGED = {"plates.truncated", "plates.empty_file", "plates.unreadable"}


def _pixels_or_code(path: Path):
    try:
        return read(path).pixels_hwc
    except PlateError as problem:
        return problem.code


def _whole(name: str) -> tuple[str, dict]:
    return {
        "a.exr": ("half", {"compression": "zip"}),
        "b.exr": ("half", {"compression": "none"}),
        "c.exr": ("float", {"compression": "piz"}),
        "b.png": ("uint16", {}),
        "a.dpx": ("uint16", {"oiio__BitsPerSample": 10}),
        "b.dpx": ("uint16", {}),
        "b.tif": ("float", {"compression": "none"}),
    }.get(name, ("uint8", {}))


@pytest.mark.parametrize("name", _CUT)
@settings(max_examples=25)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_anywhere_never_gives_a_wrong_picture(tmp_path, name, share):
    """A file cut at any length is an error, or gives every pixel where only trailing bytes are gone: never grey."""
    kind, attributes = _whole(name)
    path = tmp_path / name
    if not path.exists():
        noise = np.random.default_rng(1).random((40, 48, 3), dtype=np.float32)
        write_image(path, noise, kind, **attributes)
    whole, expected = path.read_bytes(), read(path).pixels_hwc
    cut = tmp_path / f"cut_{name}"
    cut.write_bytes(whole[: int(share * len(whole))])
    lost = len(whole) - len(cut.read_bytes())
    outcome = _pixels_or_code(cut)
    if isinstance(outcome, str):
        # Four bytes are enough to know what the file was meant to be; a TGA never says.
        told = {"plates.truncated"} if len(whole) - lost > 4 and path.suffix != ".tga" else _DAMAGED
        assert outcome in told
    else:
        np.testing.assert_array_equal(outcome, expected)
        # A TGA ends in a thumbnail and notes that nobody needs.
        assert lost < 64 or path.suffix == ".tga"


@pytest.mark.parametrize("name", ["a.exr", "a.png", "a.jpg", "a.dpx", "a.tif"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.97])
def test_truncated_files_are_told(tmp_path, name, share):
    """A truncated frame is `plates.truncated`, with its name and what to do."""
    noise = np.random.default_rng(2).random((40, 48, 3), dtype=np.float32)
    path = write_image(tmp_path / name, noise, _whole(name)[0])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(PlateError) as caught:
        read(path)
    assert caught.value.code == "plates.truncated"
    assert name in caught.value.message
    assert str(path) in caught.value.hint


def test_jpeg_cut_at_the_start_of_its_pixels_is_told(tmp_path):
    """A JPEG that ends just where its pixels begin is truncated, though its decoder only complains while opening."""
    noise = np.random.default_rng(2).random((20, 24, 3), dtype=np.float32)
    path = write_image(tmp_path / "a.jpg", noise, "uint8")
    whole = path.read_bytes()
    start_of_scan = whole.index(b"\xff\xda")
    for length in range(start_of_scan, start_of_scan + 40):
        path.write_bytes(whole[:length])
        assert _pixels_or_code(path) == "plates.truncated"


def test_empty_file_is_told(tmp_path):
    """A file of no bytes is `plates.empty_file`."""
    (tmp_path / "a.exr").write_bytes(b"")
    with pytest.raises(PlateError, match="0 bytes") as caught:
        open_plates(tmp_path / "a.exr")
    assert caught.value.code == "plates.empty_file"


def test_no_image_is_told(tmp_path):
    """A text file named like an image is `plates.unreadable`."""
    (tmp_path / "a.exr").write_text("this is no picture at all")
    with pytest.raises(PlateError, match="not an image") as caught:
        open_plates(tmp_path / "a.exr")
    assert caught.value.code == "plates.unreadable"


def test_errors_do_not_linger(tmp_path):
    """After an unreadable file the next good one reads, and OpenImageIO holds no left-over message."""
    import OpenImageIO

    (tmp_path / "bad.exr").write_text("this is no picture at all")
    with pytest.raises(PlateError):
        read(tmp_path / "bad.exr")
    assert OpenImageIO.geterror() == ""
    good = write_image(tmp_path / "good.exr", ramp(4, 4))
    assert read(good).pixels_hwc.shape == (4, 4, 3)
    assert OpenImageIO.geterror() == ""


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("kind", ["half", "float"])
def test_a_plain_exr_is_what_a_layered_one_says_it_is(tmp_path, channels, kind):
    """Alone, with an alpha or beside other layers, the same picture is read to the bit, half floats as they are."""
    colour = ramp(33, 17, -1.0, 6.0).astype(np.float16).astype(np.float32)
    stored = np.concatenate([colour, colour[..., :1] / 8], axis=2)[..., :channels]
    plain = read(write_image(tmp_path / "plain.exr", stored, kind))
    names = (*"RGBA"[:channels], "depth.Z", "id.Z")
    more = np.concatenate([stored, stored[..., :1], stored[..., :1]], axis=2)
    layered = read(write_image(tmp_path / "layered.exr", more, kind, channels=names))
    assert plain.stored_hwc.dtype == (np.float16 if kind == "half" else np.float32)
    np.testing.assert_array_equal(plain.pixels_hwc, stored[..., :3])
    np.testing.assert_array_equal(layered.pixels_hwc, stored[..., :3])


def test_channels_of_mixed_kinds_are_read(tmp_path):
    """Half colours beside a float alpha come as they are stored."""
    import OpenImageIO

    colour = ramp(12, 5, -1.0, 6.0).astype(np.float16).astype(np.float32)
    spec = OpenImageIO.ImageSpec(12, 5, 4, "float")
    spec.channelformats = ("half", "half", "half", "float")
    output = OpenImageIO.ImageOutput.create(str(tmp_path / "a.exr"))
    assert output.open(str(tmp_path / "a.exr"), spec)
    assert output.write_image(np.concatenate([colour, colour[..., :1]], axis=2))
    assert output.close()
    np.testing.assert_array_equal(read(tmp_path / "a.exr").pixels_hwc, colour)


_FORKS = """
import os, sys
from engine.media.plates import open_plates
plates = open_plates(sys.argv[1])
plates.read(1)
child = os.fork()
if not child:
    plates.read(1)
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
plates.read(1)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no processes")
def test_a_forked_process_reads_plates(tmp_path):
    """A process forked beside the readers' threads, as data workers of a training are, does not wait for them."""
    path = write_image(tmp_path / "a.exr", ramp(400, 300))
    subprocess.run([sys.executable, "-c", _FORKS, str(path)], check=True, timeout=60)
