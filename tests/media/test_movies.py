"""Movies as plates: the right frame, the right colours."""

import random
import struct

import av
import numpy as np
import pytest
from picture_files import number_in, numbered_picture, write_movie

from engine.contract.errors import ColourError, PlateError
from engine.media.colour import DisplayTransform, shoulder
from engine.media.movies import MovieSource
from engine.media.plates import open_plates

COUNT = 40
BT709, BT601, BT2020 = 1, 6, 9
LIMITED, FULL = 1, 2

OPEN_GOP = {"x264-params": "open-gop=1:keyint=12:min-keyint=12:bframes=4:b-pyramid=normal:scenecut=0"}
CLOSED_GOP = {"x264-params": "keyint=10:min-keyint=10:bframes=3:scenecut=0"}


def numbered(count=COUNT):
    """Give pictures that hold their own frame number, 1 for the first."""
    return (numbered_picture(number) for number in range(1, count + 1))


_KINDS = {
    "h264.mp4": {"options": CLOSED_GOP},
    "open_gop.mp4": {"options": OPEN_GOP},
    "h264.mkv": {"options": OPEN_GOP},
    "h264.ts": {"options": CLOSED_GOP},
    "prores.mov": {"codec": "prores_ks", "layout": "yuv422p10le"},
    "ffv1.mkv": {"codec": "ffv1"},
    "mpeg4.avi": {"codec": "mpeg4", "gop": 9, "options": {"sc_threshold": "1000000000"}},
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=none:keyint=10:open-gop=1:bframes=3"}},
    "h264.avi": {"options": CLOSED_GOP},
    "mpeg2.mpg": {"codec": "mpeg2video", "gop": 10, "options": {"bf": "2", "sc_threshold": "1000000000"}},
}


@pytest.fixture(scope="module")
def movies(tmp_path_factory):
    """Every kind of movie, made once."""
    folder = tmp_path_factory.mktemp("movies")
    return {name: write_movie(folder / name, numbered(), **kind) for name, kind in _KINDS.items()}


@pytest.mark.parametrize("name", _KINDS)
def test_frames_are_exact_in_order_and_at_random(movies, name):
    """Frame 1 is the first and every frame is itself: forwards, at random, backwards, and forwards again."""
    with open_plates(movies[name]) as plates:
        assert plates.frames == tuple(range(1, COUNT + 1))
        assert plates.size == (64, 48)
        order = list(plates.frames) + random.Random(7).sample(plates.frames, 12) + [40, 39, 2, 1, 1, 2, 3, 20, 40]
        assert [number_in(plates.read(frame).pixels_hwc) for frame in order] == order


@pytest.mark.parametrize("name", ["h264.mp4", "open_gop.mp4", "prores.mov", "hevc.mp4"])
def test_random_access_gives_the_very_pixels_of_reading_in_order(movies, name):
    """A frame reached by seeking is bit for bit the frame reached by playing."""
    with open_plates(movies[name]) as plates:
        played = [plates.read(frame).pixels_hwc for frame in plates.frames]
    with open_plates(movies[name]) as plates:
        for frame in (33, 13, 25, 24, 12, 1, 40):
            np.testing.assert_array_equal(plates.read(frame).pixels_hwc, played[frame - 1])


def test_variable_frame_rate_counts_frames(tmp_path):
    """With uneven times every stored frame is still one plate, none twice and none left out."""
    times = np.cumsum([1, 7, 30, 2, 2, 55, 10, 3, 3, 90, 5, 8]).tolist()
    movie = write_movie(tmp_path / "phone.mp4", numbered(len(times)), times=times, options=CLOSED_GOP)
    with open_plates(movie) as plates:
        assert plates.frames == tuple(range(1, 13))
        order = [*plates.frames, 9, 3, 12]
        assert [number_in(plates.read(frame).pixels_hwc) for frame in order] == order


def test_reading_in_order_decodes_each_frame_once(movies, monkeypatch):
    """Playing through a movie never seeks."""
    with MovieSource(movies["h264.mp4"]) as plates:
        monkeypatch.setattr(plates, "_restart", lambda _: pytest.fail("it went back"))
        for frame in plates.frames:
            plates.read(frame)


def _planes(rgb, matrix, depth, full):
    """Encode flat RGB by the formulas of the standard; (3, H, W) codes, 4:4:4."""
    kr, kb = {BT709: (0.2126, 0.0722), BT601: (0.299, 0.114), BT2020: (0.2627, 0.0593)}[matrix]
    red, green, blue = rgb
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    chroma = ((blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr))
    top, scale = 2**depth - 1, 2 ** (depth - 8)
    if full:
        codes = [luma * top, *(value * top + 2 ** (depth - 1) for value in chroma)]
    else:
        codes = [(16 + 219 * luma) * scale, *((128 + 224 * value) * scale for value in chroma)]
    kind = np.uint8 if depth == 8 else np.uint16
    return np.stack([np.full((16, 32), round(code), kind) for code in codes])


@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", [BT709, BT601, BT2020])
@pytest.mark.parametrize("depth", [8, 10])
def test_range_and_matrix_are_honoured(tmp_path, depth, matrix, full):
    """The RGB that went in by the standard's formulas comes out, for each matrix, range and bit depth."""
    colours = [(0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.8, 0.3, 0.1), (0.1, 0.7, 0.4), (0.2, 0.25, 0.9), (0.5, 0.5, 0.5)]
    layout = "yuv444p" if depth == 8 else "yuv444p10le"
    frames = [_planes(rgb, matrix, depth, full) for rgb in colours]
    tags = {"color_range": FULL if full else LIMITED, "colorspace": matrix}
    movie = write_movie(tmp_path / "a.mkv", frames, codec="ffv1", layout=layout, given=layout, tags=tags)
    with open_plates(movie) as plates:
        got = [plates.read(frame).pixels_hwc.mean(axis=(0, 1)) for frame in plates.frames]
    np.testing.assert_allclose(got, colours, atol=1.3 / (2**depth - 1))


def test_unmarked_video_is_limited_and_bt601_below_720_lines(tmp_path):
    """Video that says nothing of itself is taken as limited range, and by its size as BT.601 or BT.709."""
    colour = (0.8, 0.3, 0.1)
    small = write_movie(
        tmp_path / "a.mkv", [_planes(colour, BT601, 8, full=False)], codec="ffv1", layout="yuv444p", given="yuv444p"
    )
    tile = np.tile(_planes(colour, BT709, 8, full=False), (1, 45, 2))
    large = write_movie(tmp_path / "b.mkv", [tile], codec="ffv1", layout="yuv444p", given="yuv444p")
    for movie in (small, large):
        with open_plates(movie) as plates:
            np.testing.assert_allclose(plates.read(1).pixels_hwc.mean(axis=(0, 1)), colour, atol=0.006)


def test_ten_bits_stay_ten_bits(tmp_path):
    """Neighbouring 10-bit levels stay apart: the ramp keeps all its steps."""
    codes = np.full((3, 16, 256), 512, np.uint16)
    codes[0] = 400 + np.arange(256)
    movie = write_movie(tmp_path / "a.mkv", [codes], codec="ffv1", layout="yuv444p10le", given="yuv444p10le")
    with open_plates(movie) as plates:
        plate = plates.read(1)
    steps = np.diff(plate.pixels_hwc[8, :, 1])
    np.testing.assert_allclose(steps, 1 / 876, atol=2e-4)
    assert plate.encoding == "rec709"


def test_rgb_movies_come_back_exactly(tmp_path):
    """An RGB movie goes through no matrix: its codes come back."""
    codes = np.random.default_rng(3).integers(0, 256, (16, 32, 3), np.uint8)
    movie = write_movie(tmp_path / "a.mov", [codes], codec="png", layout="rgb24", given="rgb24")
    with open_plates(movie) as plates:
        np.testing.assert_allclose(plates.read(1).pixels_hwc, codes / 255, atol=1e-5)


def test_no_such_frame(movies):
    """A frame outside the movie is `plates.missing`."""
    with open_plates(movies["h264.mp4"]) as plates:
        for frame in (0, COUNT + 1):
            with pytest.raises(PlateError) as caught:
                plates.read(frame)
            assert caught.value.code == "plates.missing"


def test_fingerprints_differ_by_frame(movies):
    """Every frame of a movie has its own fingerprint."""
    with open_plates(movies["h264.mp4"]) as plates:
        assert len({plates.fingerprint(frame) for frame in plates.frames}) == COUNT


def test_movie_without_its_end_is_told(movies, tmp_path):
    """An MP4 cut before its index cannot be opened, and an empty file is told as such."""
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(movies["h264.mp4"].read_bytes()[:2000])
    with pytest.raises(PlateError, match=r"cut\.mp4") as caught:
        open_plates(cut)
    assert caught.value.code in {"plates.unreadable", "plates.truncated"}
    cut.write_bytes(b"")
    with pytest.raises(PlateError) as caught:
        open_plates(cut)
    assert caught.value.code == "plates.empty_file"


def _number_or_code(plates, frame):
    try:
        return number_in(plates.read(frame).pixels_hwc)
    except PlateError as problem:
        return problem.code


def test_damaged_movie_never_gives_a_wrong_frame(movies, tmp_path):
    """Where a movie's data ends early, frames before the end are themselves and the others are `plates.truncated`."""
    whole = movies["prores.mov"].read_bytes()
    # ProRes in MOV: the header follows the data, so blank the second half of the data instead of cutting.
    begin, end = whole.index(b"mdat") + 4, whole.rindex(b"moov") - 4
    middle = (begin + end) // 2
    broken = tmp_path / "broken.mov"
    broken.write_bytes(whole[:middle] + bytes(end - middle) + whole[end:])
    with open_plates(broken) as plates:
        outcomes = {frame: _number_or_code(plates, frame) for frame in plates.frames}
    good = [frame for frame, outcome in outcomes.items() if outcome == frame]
    assert all(outcome in {frame, "plates.truncated"} for frame, outcome in outcomes.items())
    assert good == list(range(1, len(good) + 1))
    assert COUNT // 3 < len(good) < COUNT


def test_sound_alone_is_no_movie(tmp_path):
    """A file without pictures is `plates.unreadable`."""
    import av

    with av.open(str(tmp_path / "a.mov"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(PlateError, match="no video") as caught:
        open_plates(tmp_path / "a.mov")
    assert caught.value.code == "plates.unreadable"


def test_movies_have_no_layers(movies):
    """A layer cannot be asked of a movie."""
    with pytest.raises(PlateError) as caught:
        open_plates(movies["h264.mp4"], layer="beauty")
    assert caught.value.code == "plates.layer"


def test_folder_with_one_movie(tmp_path):
    """A folder that holds one movie and no images is that movie."""
    write_movie(tmp_path / "a.mp4", numbered(3))
    with open_plates(tmp_path) as plates:
        assert plates.frames == (1, 2, 3)


def _edited(movie, path, box, offset, values):
    """Copy an MP4 with big-endian 32-bit values changed, `offset` bytes behind a box's name."""
    data = bytearray(movie.read_bytes())
    at = data.index(box) + offset
    data[at : at + 4 * len(values)] = struct.pack(f">{len(values)}i", *values)
    path.write_bytes(data)
    return path


ONE, HALF_TURN = 1 << 16, 1 << 30
TURNS = {
    (0, ONE, -ONE, 0): lambda shown: np.rot90(shown, 1),
    (-ONE, 0, 0, -ONE): lambda shown: shown[::-1, ::-1],
    (0, -ONE, ONE, 0): lambda shown: np.rot90(shown, -1),
    (-ONE, 0, 0, ONE): lambda shown: shown[:, ::-1],
}


@pytest.mark.parametrize("turn", TURNS)
def test_a_telephone_s_rotation_is_applied(movies, tmp_path, turn):
    """A movie that says how it is to be turned is seen as players show it, and says so."""
    a, b, c, d = turn
    path = _edited(movies["h264.mp4"], tmp_path / "a.mp4", b"tkhd", 44, [a, b, 0, c, d, 0, 0, 0, HALF_TURN])
    with open_plates(movies["h264.mp4"]) as stored, open_plates(path) as plates:
        upright = plates.read(7).pixels_hwc
        assert plates.size == (upright.shape[1], upright.shape[0])
        assert plates.remarks
        np.testing.assert_array_equal(TURNS[turn](upright), stored.read(7).pixels_hwc)


def test_a_slanted_movie_is_refused(movies, tmp_path):
    """A rotation that is no quarter turn is an error in words."""
    slant = [46341, 46341, 0, -46341, 46341, 0, 0, 0, HALF_TURN]
    path = _edited(movies["h264.mp4"], tmp_path / "a.mp4", b"tkhd", 44, slant)
    with pytest.raises(PlateError, match="quarter turn"):
        open_plates(path)


@pytest.mark.parametrize(("transfer", "encoding"), [(16, "pq"), (18, "hlg"), (4, "gamma 2.2"), (1, "rec709")])
def test_the_transfer_that_a_movie_states_is_used(tmp_path, transfer, encoding):
    """PQ, HLG and other marked movies say so, and there is a way from each to what the model sees."""
    path = write_movie(
        tmp_path / "a.mkv", numbered(2), codec="ffv1", tags={"color_trc": transfer, "color_primaries": 9}
    )
    with open_plates(path) as plates:
        assert plates.encoding == encoding
        shown = DisplayTransform(None, plates.encoding).apply(plates.read(1).pixels_hwc)
    assert 0 <= shown.min() < shown.max() <= 1


def test_a_transfer_without_a_colour_space_is_asked_about(tmp_path):
    """A movie in a logarithmic transfer that no built-in colour space stands for must be named."""
    path = write_movie(tmp_path / "a.mkv", numbered(2), codec="ffv1", tags={"color_trc": 9})
    with open_plates(path) as plates, pytest.raises(ColourError, match="logarithmic"):
        DisplayTransform(None, plates.encoding)


def test_diffuse_white_of_hdr_is_twice_that_of_standard_displays():
    """203 nits, reference white in Rec.2100, are 58 % of PQ and 75 % of HLG, and look alike."""
    pq, hlg = (DisplayTransform(None, name) for name in ("pq", "hlg"))
    whites = [
        transform.apply(np.full((1, 1, 3), signal, np.float32))[0, 0, 1]
        for transform, signal in ((pq, 0.5807), (hlg, 0.75))
    ]
    nits = 2.03
    expected = shoulder(np.array([1.055 * nits ** (1 / 2.4) - 0.055], np.float32))[0]
    np.testing.assert_allclose(whites, expected, atol=0.002)


def test_a_grey_movie_with_alpha_has_its_levels(tmp_path):
    """Grey beside an alpha is read as it is stored, from black to white."""
    pictures = [np.full((48, 64, 4), (level, level, level, 99), np.uint8) for level in (0, 100, 255)]
    path = write_movie(tmp_path / "a.mov", pictures, codec="png", layout="ya8", given="rgba")
    with open_plates(path) as plates:
        assert [round(float(plates.read(frame).pixels_hwc.mean()) * 255) for frame in plates.frames] == [0, 100, 255]


def test_what_people_wrote_into_a_movie_may_be_in_any_encoding(movies, tmp_path):
    """A title in Latin-1 does not keep a movie from being read."""
    data = movies["h264.mkv"].read_bytes()
    name = b"Lavf"
    path = tmp_path / "a.mkv"
    path.write_bytes(data.replace(name, b"\xe9avf"))
    assert path.read_bytes() != data
    with open_plates(path) as plates:
        assert number_in(plates.read(3).pixels_hwc) == 3


def test_a_camera_s_own_extension_is_a_movie(movies, tmp_path):
    """`.MTS`, as cameras name their transport streams, is opened like any other."""
    (tmp_path / "00001.MTS").write_bytes(movies["h264.ts"].read_bytes())
    with open_plates(tmp_path) as plates:
        assert plates.frames == tuple(range(1, COUNT + 1))


def test_a_movie_s_time_code_counts_on(tmp_path):
    """Each frame of a movie has its own time code, from that of the first one on."""
    path = tmp_path / "a.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.metadata["timecode"] = "01:02:03:23"
        for picture in numbered(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="yuv420p")))
        container.mux(stream.encode())
    with open_plates(path) as plates:
        assert [hex(plates.tags(frame)["timecode"][0]) for frame in (1, 2)] == ["0x1020323", "0x1020400"]


def test_a_closed_movie_is_closed(movies):
    """Closing twice is fine."""
    plates = open_plates(movies["h264.mp4"])
    plates.close()
    plates.close()
