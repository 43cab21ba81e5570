"""Host images to plates and mattes to host images, however the host lays its memory out."""

import ctypes

import numpy as np
import pytest
from fusion_host import FusionHost
from hypothesis import given
from hypothesis import strategies as st
from wire import SHOT, answer, serving

SIZE = (48, 64)
WAYS = {
    "as documented": {},
    "rows with gaps": {"padding": 24},
    "the top row first": {"top_first": True},
    "the top row first, with gaps": {"top_first": True, "padding": 8},
    "on the GPU": {"on_gpu": True},
    "on the GPU for good": {"on_gpu": True, "gpu_stays": True},
    "no memory to see": {"no_lines": True},
}
DTYPES = [np.float16, np.float32, np.uint8, np.uint16]


def picture(dtype, size=SIZE):
    """Give a picture (H, W, 4) that differs everywhere, over-bright and negative where it can be."""
    found = np.random.default_rng(7).random((*size, 4), np.float32) * np.float32(3) - np.float32(0.5)
    if np.issubdtype(dtype, np.integer):
        return (found.clip(0, 1) * np.iinfo(dtype).max).astype(dtype)
    return found.astype(dtype)


def linear(pixels):
    """Give what the numbers of a picture mean."""
    most = np.iinfo(pixels.dtype).max if np.issubdtype(pixels.dtype, np.integer) else 1
    return pixels.astype(np.float32) / np.float32(most)


def read_plate(host, image):
    """Give the plate that our code makes of an image as (H, W, 4) with the top row first, and the way it took."""
    plates = host.module("mam2.plates")
    constructors = host.lua.table_from({"Pixel": host.world.images.Pixel})
    plate = plates.read(image, None, constructors)
    address = int(host.lua.eval("function(p) return tonumber(require('ffi').cast('intptr_t', p)) end")(plate.pointer))
    raw = ctypes.string_at(address, int(plate.bytes))
    rows = np.frombuffer(raw, plate.dtype).reshape(int(plate.height), int(plate.width), 4)
    way, origin = plate.way, plate.origin
    plates.release(plate)
    return (rows[::-1] if origin == "bottom-left" else rows), way


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("way", sorted(WAYS))
def test_a_plate_is_the_image(way, dtype):
    """However rows lie and whatever a channel is, the plate holds the image's pixels, the right way up."""
    host = FusionHost(**WAYS[way])
    pixels = picture(dtype)
    plate, _ = read_plate(host, host.image(pixels))
    assert np.array_equal(linear(plate), linear(pixels))


def test_memory_is_sent_from_where_it_lies():
    """Float images whose rows follow each other are not copied; others are; without memory, pixels are asked for."""
    taken = {}
    for name, way in WAYS.items():
        host = FusionHost(**way)
        taken[name] = read_plate(host, host.image(picture(np.float32)))[1]
    assert taken == {
        "as documented": "memory",
        "rows with gaps": "copied",
        "the top row first": "memory",
        "the top row first, with gaps": "copied",
        "on the GPU": "memory",
        "on the GPU for good": "pixel by pixel",
        "no memory to see": "pixel by pixel",
    }


WINDOWS = [(8, 4, 40, 44), (0, 0, 64, 10), (8, 0, 40, 48), (-8, -6, 72, 60), (30, 20, 31, 21), (0, 0, 0, 0)]


@pytest.mark.parametrize("ways", [{}, {"no_lines": True}], ids=["memory", "pixel by pixel"])
@pytest.mark.parametrize("window", WINDOWS)
def test_a_data_window_is_put_in_its_place(window, ways):
    """What a data window leaves out is black in the plate, and what reaches beyond the picture is left out."""
    left, bottom, right, top = window
    host = FusionHost(**ways)
    padded = np.zeros((48 + 24, 64 + 24, 4), np.float16)
    padded[12:-12, 12:-12] = picture(np.float16)
    whole = host.world.images
    stored = np.ascontiguousarray(padded[::-1][bottom + 12 : top + 12, left + 12 : right + 12])
    attributes = {"IMG_Width": 64, "IMG_Height": 48, "IMG_Depth": 7}
    attributes["IMG_DataWindow"] = whole.ImgRectI(left, bottom, right, top)
    image = whole.from_memory(stored.ctypes.data, host.lua.table_from(attributes))
    expected = np.zeros((48, 64, 4), np.float16)
    inside = (slice(max(0, bottom), min(48, top)), slice(max(0, left), min(64, right)))
    expected[inside] = picture(np.float16)[::-1][inside]
    assert np.array_equal(read_plate(host, image)[0], expected[::-1])


@pytest.fixture
def matted(tmp_path, monkeypatch):
    """Give a function that processes a picture with a known matte: (pixels, **inputs) -> the result's pixels."""
    monkeypatch.setenv("MAM2_RUNTIME", str(tmp_path))

    def process(pixels, alpha, host=None, image=None, **inputs):
        host = host or FusionHost()
        tool = host.add_tool()
        before = pixels.copy()
        made = [image or host.image(pixels)]
        tool.connect(lambda _: made[0])
        for name, value in inputs.items():
            tool[name] = value
        height, width = alpha.shape
        said = answer(alpha[::-1].astype(np.float16).tobytes(), more=f"X-Mam2-Shape: {height},{width},1\r\n")
        shot = answer({**SHOT, "shot": "x", "size": [width, height]})
        with serving(lambda line: said if "/mattes/" in line else shot):
            found = tool.render(1001)
        assert found.state in ("right", "changed")
        if image is None:
            assert np.array_equal(host.pixels(made[0]), before), "the input image was written"
        return found.pixels

    return process


ALPHA = np.random.default_rng(3).random(SIZE).astype(np.float16)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("way", sorted(WAYS))
def test_the_result_is_the_plate_with_its_matte(matted, way, dtype):
    """RGB is the plate's to the bit and alpha the matte, in every depth and layout, and the input is never written."""
    pixels = picture(dtype)
    found = matted(pixels, ALPHA, FusionHost(**WAYS[way]))
    assert np.array_equal(found[..., :3], pixels[..., :3])
    step = 0.51 / np.iinfo(dtype).max if np.issubdtype(dtype, np.integer) else 0
    assert np.abs(linear(found[..., 3]) - ALPHA.astype(np.float32)).max() <= step


def test_the_outputs_are_what_their_names_say(matted):
    """Premultiplied multiplies RGB, matte as RGB shows it, overlay tints and leaves alpha alone."""
    pixels = picture(np.float32)
    alpha = ALPHA.astype(np.float32)[..., None]
    multiplied = matted(pixels, ALPHA, Output=1)
    assert np.allclose(multiplied[..., :3], pixels[..., :3] * alpha, atol=1e-6)
    assert np.array_equal(multiplied[..., 3:], alpha)
    assert np.array_equal(matted(pixels, ALPHA, Output=2), np.repeat(alpha, 4, axis=-1))
    overlaid = matted(pixels, ALPHA, Output=3)
    assert np.array_equal(overlaid[..., 3], pixels[..., 3])
    tint = np.float32([1, 0.1, 0.1])
    assert np.allclose(overlaid[..., :3], pixels[..., :3] + (tint - pixels[..., :3]) * alpha * 0.5, atol=1e-5)


def test_finesse_does_what_keyers_do(matted):
    """Threshold stretches, contract and expand erode and dilate, blur keeps the sum, gamma is a power, invert turns."""
    pixels = picture(np.float32)
    alpha = np.zeros(SIZE, np.float16)
    alpha[20:30, 20:40] = 0.5
    box = alpha.astype(np.float32)

    def refined(**inputs):
        return matted(pixels, alpha, **inputs)[..., 3]

    assert np.allclose(refined(ThresholdLow=0.25, ThresholdHigh=0.75), box, atol=1e-6)
    assert np.array_equal(refined(ThresholdHigh=0.5), box * 2)
    assert int((refined(MatteContract=2) > 0).sum()) == 14 * 24
    assert int((refined(MatteContract=-2) > 0).sum()) == 6 * 16
    assert np.isclose(refined(MatteBlur=2).sum(), box.sum(), rtol=1e-4)
    assert 0 < refined(MatteBlur=2)[18, 30] < 0.5
    assert np.allclose(refined(MatteGamma=2), np.sqrt(box), atol=1e-6)
    assert np.array_equal(refined(InvertMatte=1), 1 - box)


def test_a_proxy_shows_the_matte_in_small(matted):
    """At half size the matte is the mean of four pixels, and a pixel's aspect changes nothing."""
    host = FusionHost()
    small = picture(np.float32, (24, 32))
    image = host.image(small, proxy=2, aspect=2.0)
    found = matted(small, ALPHA, host, image)
    mean = ALPHA.astype(np.float32).reshape(24, 2, 32, 2).mean((1, 3))
    assert np.allclose(found[..., 3], mean, atol=1e-6)
    assert np.array_equal(found[..., :3], small[..., :3])


def test_a_result_is_whole_where_the_plate_is_not(matted):
    """With a data window smaller than the picture the result covers the picture, and nothing is written outside it."""
    host = FusionHost()
    pixels = picture(np.float16)
    image = host.image(pixels, window=(8, 4, 40, 44))
    found = matted(pixels, ALPHA, host, image)
    expected = np.zeros_like(pixels)
    expected[4:44, 8:40] = pixels[4:44, 8:40]
    assert np.array_equal(found[..., :3], expected[..., :3])
    assert np.array_equal(found[..., 3], ALPHA)


@pytest.mark.parametrize("ways", [{}, {"no_lines": True}], ids=["memory", "pixel by pixel"])
def test_what_lies_beyond_the_picture_is_left_out(matted, ways):
    """A plate whose data window is larger than the picture gives a result of the picture's size, in its place."""
    host = FusionHost(**ways)
    pixels = picture(np.float16, (48 + 12, 64 + 12))
    found = matted(pixels, ALPHA, host, host.image(pixels, beyond=6))
    assert np.array_equal(found[..., :3], pixels[6:-6, 6:-6, :3])
    assert np.array_equal(found[..., 3], ALPHA)


def test_a_plate_without_pixels_is_black(matted):
    """A plate whose data window is empty gives the matte over black, and nothing outside it is read."""
    host = FusionHost()
    pixels = picture(np.float16)
    found = matted(pixels, ALPHA, host, host.image(pixels, window=(0, 0, 0, 0)))
    assert not found[..., :3].any()
    assert np.array_equal(found[..., 3], ALPHA)


def test_a_precalculation_touches_no_pixels(tmp_path, monkeypatch):
    """Asked for the header alone, the tool gives an image without pixels of the plate's size, and asks no engine."""
    monkeypatch.setenv("MAM2_RUNTIME", str(tmp_path))
    host = FusionHost()
    tool = host.add_tool()
    image = host.image(picture(np.float16), window=(8, 4, 40, 44))
    tool.connect(lambda _: image)
    asked = []
    with serving(asked.append):
        assert tool.process(1001, precalc=True).size == SIZE[::-1]
    assert asked == []


def test_a_thumbnail_is_the_plate():
    """For a tile's picture the plate passes as it is."""
    tool = FusionHost().add_tool()
    tool.connect(lambda _: picture(np.float16))
    assert tool.process(1001, stamp=True).same_image


@pytest.fixture(scope="module")
def halves():
    """Give our half float conversion: the value of some bits, and the bits of a value."""
    host = FusionHost()
    value_of = host.lua.eval("function(bits) return require('mam2.halves').values[bits] end")
    return value_of, host.module("mam2.halves")["from"]


def test_every_half_is_its_value(halves):
    """All 65,536 halves mean what numpy says."""
    expected = np.arange(65536, dtype=np.uint16).view(np.float16).astype(np.float64)
    found = np.array([halves[0](bits) for bits in range(65536)])
    assert np.array_equal(found, expected, equal_nan=True)


def test_ties_go_to_the_even_half(halves):
    """Halfway between two halves the one whose last bit is 0 is taken, as numpy takes it."""
    bits = np.arange(0, 0x7BFF, 7, dtype=np.uint16)
    values = bits.view(np.float16).astype(np.float64)
    middles = ((values + (bits + 1).view(np.float16).astype(np.float64)) / 2).astype(np.float32)
    expected = middles.astype(np.float16).view(np.uint16)
    assert [int(halves[1](float(value))) for value in middles] == expected.tolist()


@given(st.floats(width=32, allow_nan=False))
def test_the_nearest_half_is_taken(halves, value):
    """A number becomes the half that numpy makes of it, ties to even, overflow to infinity."""
    with np.errstate(over="ignore"):
        assert int(halves[1](value)) == int(np.float32(value).astype(np.float16).view(np.uint16))
