"""What image files say of themselves: orientation, encoding, tags, kinds that cannot be read."""

import struct
import time

import numpy as np
import OpenImageIO
import pytest
from picture_files import ramp, write_image

from engine.contract.errors import ColourError, PlateError
from engine.media.colour import DisplayTransform
from engine.media.image_header import upright
from engine.media.images import read_header, read_rgb
from engine.media.masks import read_mask
from engine.media.matte_files import read_matte
from engine.media.mattes import MatteWriter, ObjectMatte
from engine.media.plates import open_plates

# By EXIF's orientation: what viewers show of the stored rows [[1, 2, 3], [4, 5, 6]].
SHOWN = {
    1: [[1, 2, 3], [4, 5, 6]],
    2: [[3, 2, 1], [6, 5, 4]],
    3: [[6, 5, 4], [3, 2, 1]],
    4: [[4, 5, 6], [1, 2, 3]],
    5: [[1, 4], [2, 5], [3, 6]],
    6: [[4, 1], [5, 2], [6, 3]],
    7: [[6, 3], [5, 2], [4, 1]],
    8: [[3, 6], [2, 5], [1, 4]],
}


@pytest.mark.parametrize("orientation", SHOWN)
def test_pictures_are_turned_as_viewers_show_them(tmp_path, orientation):
    """A plate and a mask lie as any viewer shows them, whichever way their rows are stored."""
    stored = np.array(SHOWN[1], np.float32)[..., None].repeat(3, axis=2) / 7
    shown = np.array(SHOWN[orientation], np.float32) / 7
    assert upright(stored, orientation)[..., 0].tolist() == shown.tolist()
    path = write_image(tmp_path / "a.tif", stored, "uint16", Orientation=orientation)
    with open_plates(path) as plates:
        plate = plates.read(1)
        assert plates.size == shown.shape[::-1]
        assert plate.data_window == (0, 0, *plates.size)
        assert bool(plates.remarks) == (orientation != 1)
    np.testing.assert_allclose(plate.pixels_hwc[..., 0], shown, atol=1e-4)
    np.testing.assert_array_equal(read_mask(path, shown.shape[::-1]), shown > 0.5)


def test_a_cropped_window_is_turned_with_its_picture(tmp_path):
    """Where the file stores a part of its picture, that part lies where the turned picture has it."""
    path = write_image(tmp_path / "a.tif", np.ones((2, 3, 3), np.float32), "uint16", Orientation=6)
    header = read_header(path)
    assert (header.stored_size, header.size) == ((3, 2), (2, 3))
    whole, _ = read_rgb(path)
    x0, y0, x1, y1 = header.data_window
    assert whole[y0:y1, x0:x1].all()


def test_an_exr_lies_as_it_is_stored(tmp_path):
    """An orientation left in an EXR's header from another file turns nothing: no viewer goes by it."""
    stored = ramp(6, 4).astype(np.float16)
    path = write_image(tmp_path / "a.exr", stored, Orientation=6)
    np.testing.assert_array_equal(open_plates(path).read(1).pixels_hwc, stored.astype(np.float32))


def test_whole_numbers_marked_as_linear_are_asked_about(tmp_path):
    """An integer DPX that calls itself linear is not believed: without a colour space the shot is refused in words."""
    path = write_image(tmp_path / "a.dpx", ramp(6, 4), "uint16", oiio__BitsPerSample=10, dpx__Transfer="Linear")
    encoding = open_plates(path).encoding
    with pytest.raises(ColourError, match=r"marked as linear.*--colourspace") as caught:
        DisplayTransform(None, encoding)
    assert caught.value.code == "colour.encoding"
    assert DisplayTransform("ACEScg", encoding).colourspace == "ACEScg"


def test_another_encoding_on_the_way_is_refused(tmp_path):
    """A float TIFF followed by an 8-bit one is told by both frames, and not read as if it were linear too."""
    write_image(tmp_path / "a.0001.tif", ramp(6, 4), "float")
    write_image(tmp_path / "a.0002.tif", ramp(6, 4), "uint8")
    with (
        open_plates(tmp_path) as plates,
        pytest.raises(PlateError, match=r"Frame 2.*srgb.*frame 1.*scene-linear") as it,
    ):
        plates.read(2)
    assert it.value.code == "plates.encoding"


def _subsampled(path):
    """Write an EXR of luminance with chroma at half its size, as OpenEXR's own luminance/chroma writer does."""
    width, height = 4, 2

    def attribute(name, kind, value):
        return name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(value)) + value

    channels = b"".join(
        name + b"\0" + struct.pack("<iB3xii", 1, 0, step, step) for name, step in ((b"BY", 2), (b"RY", 2), (b"Y", 1))
    )
    box = struct.pack("<4i", 0, 0, width - 1, height - 1)
    header = struct.pack("<ii", 20000630, 2) + attribute("channels", "chlist", channels + b"\0")
    header += attribute("compression", "compression", b"\0") + attribute("dataWindow", "box2i", box)
    header += attribute("displayWindow", "box2i", box) + attribute("lineOrder", "lineOrder", b"\0")
    header += attribute("pixelAspectRatio", "float", struct.pack("<f", 1))
    header += attribute("screenWindowCenter", "v2f", struct.pack("<2f", 0, 0))
    header += attribute("screenWindowWidth", "float", struct.pack("<f", 1)) + b"\0"
    rows = [bytes(2 * (2 + 2 + 4)), bytes(2 * 4)]
    first = len(header) + 8 * height
    offsets = struct.pack("<2Q", first, first + 8 + len(rows[0]))
    path.write_bytes(header + offsets + b"".join(struct.pack("<ii", y, len(r)) + r for y, r in enumerate(rows)))
    return path


def _deep(path):
    spec = OpenImageIO.ImageSpec(4, 2, 5, "half")
    spec.channelnames, spec.deep = ("R", "G", "B", "A", "Z"), True
    deep = OpenImageIO.DeepData()
    deep.init(spec)
    output = OpenImageIO.ImageOutput.create(str(path))
    assert output.open(str(path), spec)
    assert output.write_deep_image(deep)
    assert output.close()
    return path


def _lab(path):
    spec = OpenImageIO.ImageSpec(4, 2, 3, "uint8")
    output = OpenImageIO.ImageOutput.create(str(path))
    assert output.open(str(path), spec)
    assert output.write_image(np.zeros((2, 4, 3), np.uint8))
    assert output.close()
    # The tag of the photometric interpretation (262, a short) becomes CIE Lab (8).
    data, tag = path.read_bytes(), struct.pack("<HHIH", 262, 3, 1, 2)
    assert data.count(tag) == 1
    path.write_bytes(data.replace(tag, struct.pack("<HHIH", 262, 3, 1, 8)))
    return path


@pytest.mark.parametrize(
    ("make", "name", "reason"),
    [(_subsampled, "a.exr", "[Ss]ubsampled"), (_deep, "a.exr", "deep data"), (_lab, "a.tif", "CIE Lab")],
)
def test_what_cannot_be_read_is_not_called_damaged(tmp_path, make, name, reason):
    """A whole file of a kind that cannot be read is refused with the reason, which is not that it is damaged."""
    with pytest.raises(PlateError, match=reason) as caught:
        read_rgb(make(tmp_path / name))
    assert caught.value.code == "plates.unreadable"
    assert "damaged" not in caught.value.message


def test_names_that_are_not_unicode_are_told(tmp_path):
    """A file whose name is not in UTF-8 is one sentence that can be printed, and no crash."""
    path = tmp_path / b"caf\xe9.0001.exr".decode(errors="surrogateescape")
    write_image(tmp_path / "a.exr", ramp(6, 4)).rename(path)
    for given in (path, tmp_path):
        with pytest.raises(PlateError, match="not in UTF-8") as caught:
            open_plates(given)
        assert caught.value.code == "plates.name"
        caught.value.message.encode()


TIMECODE = (0x01020304, 0)


def test_a_matte_says_what_its_plate_says(tmp_path):
    """Pixel aspect, time code and chromaticities of a plate stand in its matte, frame by frame."""
    primaries = (0.708, 0.292, 0.17, 0.797, 0.131, 0.046, 0.3127, 0.329)
    for frame in (1, 2):
        path = tmp_path / f"a.{frame:04d}.exr"
        write_image(path, ramp(6, 4), PixelAspectRatio=2.0)
        image = OpenImageIO.ImageBuf(str(path))
        image.specmod().attribute("smpte:TimeCode", OpenImageIO.TypeDesc("timecode"), (TIMECODE[0] + frame, 0))
        image.specmod().attribute("chromaticities", OpenImageIO.TypeDesc("float[8]"), primaries)
        assert image.write(str(path))
    with open_plates(tmp_path / "a.####.exr") as plates:
        plates.read(1)  # of the other frame the tags are read when they are asked for
        writer = MatteWriter(tmp_path / "out", "m", width=6, height=4, objects=["cup"], tags=plates.tags)
        for frame in plates.frames:
            found = read_header(writer.write(frame, {"cup": ObjectMatte(np.ones((4, 6), np.float32))}))
            assert found.pixel_aspect == 2.0
            assert found.tags["timecode"] == (TIMECODE[0] + frame, 0)
            np.testing.assert_allclose(found.tags["chromaticities"], primaries, atol=1e-6)
    assert read_matte(tmp_path / "out" / "m.0001.exr")["A"].all()


def test_a_png_matte_keeps_the_pixel_aspect(tmp_path):
    """The one tag that a PNG can hold is in it."""
    tags = {"pixel_aspect": 2.0, "timecode": TIMECODE}
    writer = MatteWriter(tmp_path, "m", width=6, height=4, objects=["cup"], format="png16", tags=lambda _: tags)
    path = writer.write(1, {"cup": ObjectMatte(np.ones((4, 6), np.float32))})
    assert read_header(path).pixel_aspect == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize(("width", "height"), [(1_000_000, 16), (16, 1_000_000)])
def test_a_picture_of_giant_sides_is_refused_before_a_pixel_is_read(tmp_path, width, height):
    """A header that claims a million pixels a side is told in one sentence, and no memory is asked for."""
    path = tmp_path / "a.0001.exr"
    write_image(path, np.zeros((16, 16, 3), np.float32))
    data = path.read_bytes()
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    small = struct.pack("<4i", 0, 0, 15, 15)
    assert data.count(small) == 2
    path.write_bytes(data.replace(small, window))
    with pytest.raises(PlateError) as caught:
        read_header(path)
    assert caught.value.code == "plates.unreadable"


def _many_channels(count):
    """Give an EXR of one pixel with so many channels."""

    def attribute(name, kind, data):
        return name + b"\0" + kind + b"\0" + struct.pack("<i", len(data)) + data

    channels = b"".join(b"c%06d\0" % i + struct.pack("<iB3xii", 1, 0, 1, 1) for i in range(count)) + b"\0"
    window = attribute(b"dataWindow", b"box2i", bytes(16)) + attribute(b"displayWindow", b"box2i", bytes(16))
    screen = attribute(b"screenWindowCenter", b"v2f", bytes(8))
    screen += attribute(b"screenWindowWidth", b"float", struct.pack("<f", 1))
    kinds = attribute(b"compression", b"compression", b"\0") + attribute(b"lineOrder", b"lineOrder", b"\0")
    kinds += attribute(b"pixelAspectRatio", b"float", struct.pack("<f", 1))
    listed = attribute(b"channels", b"chlist", channels)
    head = struct.pack("<2i", 20000630, 2) + attribute(b"a", b"string", b"x" * 100_000) + listed + kinds
    head += window + screen + b"\0"
    return head + struct.pack("<Qii", len(head) + 8, 0, 2 * count) + bytes(2 * count)


@pytest.mark.parametrize("count", [1025, 2000, 100_000])
def test_too_many_channels_are_refused_at_once(tmp_path, count):
    """More than 1,024 channels are told as such, before the reader takes half a minute for their list."""
    path = tmp_path / "a.0001.exr"
    path.write_bytes(_many_channels(count))
    began = time.process_time()
    with pytest.raises(PlateError, match="channels") as caught:
        read_header(path)
    assert caught.value.code == "plates.unreadable"
    assert time.process_time() - began < 3
