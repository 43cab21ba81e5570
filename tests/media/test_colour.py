"""What the model sees is plain sRGB with a soft top, the same for every kind of plate."""

import numpy as np
import PyOpenColorIO
import pytest
from hypothesis import given
from hypothesis import strategies as st
from picture_files import ramp, write_image

from engine.contract.errors import ColourError
from engine.media.colour import KNEE, DisplayTransform, LinearLight, list_colourspaces, shoulder
from engine.media.plates import open_plates


def srgb(linear):
    """Encode by the formula of IEC 61966-2-1."""
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055)


def display(values, colourspace=None, encoding="scene-linear", **options):
    """Give the display values of grey pixels."""
    pixels = np.repeat(np.asarray(values, np.float32).reshape(1, -1, 1), 3, axis=2)
    return DisplayTransform(colourspace, encoding, **options).apply(pixels)[0, :, 1]


@pytest.fixture(autouse=True)
def _no_studio_configuration(monkeypatch):
    monkeypatch.delenv("OCIO", raising=False)


@pytest.fixture
def studio(tmp_path):
    """A studio's own configuration file: ACEScg is its scene-linear space."""
    path = tmp_path / "config.ocio"
    path.write_text(PyOpenColorIO.Config.CreateFromFile("ocio://cg-config-latest").serialize())
    return path


def test_linear_mid_tones_are_plain_srgb():
    """Up to the knee, 0.78 of linear light, scene-linear plates are exactly sRGB encoded."""
    linear = np.linspace(0, 0.78, 500)
    np.testing.assert_allclose(display(linear), srgb(linear), atol=2e-4)


def test_highlights_roll_off():
    """Above the knee values keep rising, ever slower, and never pass 1; below 0 all is black."""
    bright = display([0.78, 1, 2, 4, 8, 16, 64, 65504])
    assert (np.diff(bright) > 0).all()
    assert (np.diff(bright)[1:4] > 1 / 400).all()
    assert bright[1] == pytest.approx(0.95, abs=1e-3)
    assert bright[-1] <= 1
    np.testing.assert_array_equal(display([-65504, -1, -1e-3]), 0)


@given(st.lists(st.floats(-(2.0**99), 2.0**99, width=32), min_size=1, max_size=30))
def test_shoulder_is_ordered_and_bounded(values):
    """The shoulder keeps the order of any values, leaves 0..knee alone and stays within 0..1."""
    values = np.sort(np.array(values, np.float32))
    rolled = shoulder(values.copy())
    assert (np.diff(rolled) >= 0).all()
    assert rolled.min() >= 0
    assert rolled.max() <= 1
    low = (values >= 0) & (values <= KNEE)
    np.testing.assert_array_equal(rolled[low], values[low])


def test_shoulder_has_no_corner():
    """Slope is 1 on both sides of the knee."""
    step = 1e-3
    below, at, above = shoulder(np.array([KNEE - step, KNEE, KNEE + step], np.float32))
    assert at - below == pytest.approx(step, rel=0.02)
    assert above - at == pytest.approx(step, rel=0.02)


def test_extremes_give_numbers():
    """Any float, even those whose conversion overflows, gives a number of 0..1."""
    wild = np.array([-3e38, 3e38, 65504, 1e-38, -1e-38], np.float32).reshape(1, -1, 1).repeat(3, 2)
    for colourspace in ("Linear Rec.709 (sRGB)", "ADX10", "ACEScct", "ARRI LogC3 (EI800)", "sRGB - Texture"):
        seen = DisplayTransform(colourspace, "srgb").apply(wild)
        assert np.isfinite(seen).all()
        assert seen.min() >= 0
        assert seen.max() <= 1


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
def test_linear_exr_and_srgb_png_twins_look_alike(tmp_path, kind):
    """A linear EXR and its sRGB PNG twin reach the model within the PNG's own rounding."""
    linear = np.random.default_rng(5).random((40, 60, 3), dtype=np.float32) ** 2
    write_image(tmp_path / "twin.exr", linear)
    write_image(tmp_path / "twin.png", srgb(linear).astype(np.float32), kind)
    seen = []
    for name in ("twin.exr", "twin.png"):
        plate = open_plates(tmp_path / name).read(1)
        seen.append(DisplayTransform(None, plate.encoding).apply(plate.pixels_hwc))
    levels = {"uint8": 255, "uint16": 65535}[kind]
    # Half floats have eleven bits: 0.0005 of linear light is 0.0003 after the sRGB curve.
    assert np.abs(seen[0] - seen[1]).max() <= 0.51 / levels + 4e-4


def test_srgb_is_left_as_it_is():
    """Plates in sRGB are themselves up to the knee, bit for bit."""
    values = np.linspace(0, KNEE, 200, dtype=np.float32)
    np.testing.assert_array_equal(display(values, encoding="srgb"), values)


def test_rec709_is_seen_through_its_display():
    """Movies are taken as graded for a 2.4 gamma display."""
    values = np.linspace(0, 0.9, 50)
    np.testing.assert_allclose(display(values, encoding="rec709"), srgb(values**2.4), atol=3e-4)


def test_log_puts_grey_in_the_middle():
    """Printing density: base is near black, the Cineon grey of 445 is 18 % grey, and white rolls off."""
    black, grey, white = display(np.array([95, 445, 685]) / 1023, encoding="log")
    assert black < 0.03
    assert grey == pytest.approx(srgb(np.array(0.18)), abs=0.01)
    assert 0.9 < white < 1


def test_named_space_goes_through_ocio():
    """A named colour space gives what OpenColorIO itself gives below the knee, primaries included."""
    config = PyOpenColorIO.Config.CreateFromFile("ocio://studio-config-latest")
    pixels = ramp(8, 8, 0.1, 0.5)
    pixels[..., 2] *= 0.5
    expected = pixels.copy()
    config.getProcessor("ACEScg", "sRGB - Texture").getDefaultCPUProcessor().applyRGB(expected)
    assert expected.max() < KNEE
    seen = DisplayTransform("ACEScg", "scene-linear").apply(pixels)
    np.testing.assert_allclose(seen, expected, atol=1e-6)
    assert np.abs(seen - DisplayTransform(None, "scene-linear").apply(pixels)).max() > 0.01


@pytest.mark.parametrize("name", ["ACEScg", "acescg", "lin_ap1", "ACES - ACEScg", "scene_linear"])
def test_aliases_and_roles_are_names(name):
    """A colour space may be named by its name in any case, an alias or a role."""
    assert DisplayTransform(name, "scene-linear").colourspace == "ACEScg"


def test_input_is_left_alone_in_any_layout():
    """The plate's own pixels stay, and a view of any stride gives what a copy gives."""
    plate = ramp(33, 70, -0.5, 3)
    before = plate.copy()
    view = plate[::2, ::-1]
    transform = DisplayTransform("ACEScg", "scene-linear")
    np.testing.assert_array_equal(transform.apply(view), transform.apply(view.copy()))
    np.testing.assert_array_equal(plate, before)


def test_one_transform_for_the_whole_shot():
    """A pixel's display value does not depend on the pixels around it."""
    transform = DisplayTransform(None, "scene-linear")
    plate = ramp(20, 40, 0, 4)
    alone = transform.apply(plate[7:8, 3:4])
    np.testing.assert_array_equal(transform.apply(plate)[7:8, 3:4], alone)


def test_unknown_space_names_its_neighbours():
    """A misspelled colour space is an error that names what was meant."""
    with pytest.raises(ColourError) as caught:
        DisplayTransform("ACESgc", "scene-linear")
    assert caught.value.code == "colour.space"
    assert "ACEScg" in caught.value.hint
    with pytest.raises(ColourError) as caught:
        DisplayTransform("logc3", "scene-linear")
    assert "ARRI LogC3" in caught.value.hint


def test_unknown_encoding_is_told():
    """An encoding that no reader gives is an error."""
    with pytest.raises(ColourError) as caught:
        DisplayTransform(None, "purple")
    assert caught.value.code == "colour.encoding"


@pytest.mark.parametrize("config", ["/no/such/config.ocio", "ocio://no-such-config"])
def test_unknown_config_is_told(config):
    """A configuration that is not there is an error that names it."""
    with pytest.raises(ColourError, match=config) as caught:
        DisplayTransform(None, "scene-linear", config=config)
    assert caught.value.code == "colour.config"


def test_broken_config_is_told(tmp_path):
    """A configuration that cannot be parsed is an error, not a crash."""
    (tmp_path / "config.ocio").write_text("this: [is no configuration")
    with pytest.raises(ColourError) as caught:
        DisplayTransform(None, "srgb", config=str(tmp_path / "config.ocio"))
    assert caught.value.code == "colour.config"


def test_a_colour_space_may_name_its_configuration(studio):
    """`NAME @ CONFIGURATION` is that configuration's own, a role of it too: hosts' scripts may have another."""
    named = DisplayTransform(f"scene_linear @ {studio}", "scene-linear")
    assert (named.colourspace, named.config) == ("ACEScg", str(studio))


def test_the_studio_s_configuration_rules(studio, monkeypatch):
    """`$OCIO` is used if set, and scene-linear plates are then in the studio's scene-linear space."""
    values = ramp(6, 6, 0.1, 0.6)
    acescg = DisplayTransform("ACEScg", "scene-linear").apply(values)
    named = DisplayTransform(None, "scene-linear", config=str(studio))
    assert (named.colourspace, named.config) == ("ACEScg", str(studio))
    monkeypatch.setenv("OCIO", str(studio))
    np.testing.assert_allclose(DisplayTransform(None, "scene-linear").apply(values), acescg, atol=1e-6)
    np.testing.assert_array_equal(DisplayTransform(None, "srgb").apply(values * 0.5), values * 0.5)
    assert DisplayTransform(None, "log").colourspace == "ADX10"
    monkeypatch.setenv("OCIO", "/no/such/config.ocio")
    with pytest.raises(ColourError, match="environment"):
        DisplayTransform(None, "srgb")


_OLD = """ocio_profile_version: 1
search_path: luts
strictparsing: true
roles: {default: raw, scene_linear: linear}
displays:
  default:
    - !<View> {name: sRGB, colorspace: %s}
colorspaces:
  - !<ColorSpace> {name: linear, bitdepth: 32f, isdata: false, allocation: uniform}
  - !<ColorSpace> {name: raw, bitdepth: 32f, isdata: true, allocation: uniform}
  - !<ColorSpace>
    name: %s
    bitdepth: 32f
    isdata: false
    allocation: uniform
    from_reference: !<ExponentWithLinearTransform> {gamma: 2.4, offset: 0.055, direction: inverse}
"""


def test_old_configuration_without_interchange(tmp_path):
    """A version 1 configuration that only knows `sRGB` by name works; one without it says what it lacks."""
    path = tmp_path / "old.ocio"
    path.write_text((_OLD % ("sRGB", "sRGB")).replace("profile_version: 1", "profile_version: 2"))
    values = np.linspace(0, 0.7, 30)
    np.testing.assert_allclose(display(values, config=str(path)), srgb(values), atol=3e-4)
    path.write_text((_OLD % ("film", "film")).replace("profile_version: 1", "profile_version: 2"))
    with pytest.raises(ColourError) as caught:
        DisplayTransform("film", "srgb", config=str(path))
    assert caught.value.code == "colour.transform"


def test_colour_spaces_can_be_listed(studio):
    """The list holds full names, of the built-in or of a named configuration."""
    assert {"ACEScg", "ADX10", "ARRI LogC4"} <= set(list_colourspaces())
    assert "ACEScg" in list_colourspaces(str(studio))
    assert "ADX10" not in list_colourspaces(str(studio))


@pytest.mark.parametrize("colourspace", ["Linear Rec.709 (sRGB)", "ACEScg", "sRGB - Texture", "ADX10"])
@pytest.mark.parametrize("planes", [False, True])
def test_half_plates_look_as_their_float_twins_to_the_bit(colourspace, planes):
    """Every finite half float, looked up or computed, becomes what it becomes as float32; the input is left alone."""
    codes = np.arange(1 << 16, dtype=np.uint16)
    every = codes[np.isfinite(codes.view(np.float16))].view(np.float16)
    half = np.stack([every, every[::-1], np.roll(every, 999)]).reshape(3, 31, -1)
    half = half.transpose(1, 2, 0) if planes else np.ascontiguousarray(half.transpose(1, 2, 0))
    before, transform = half.copy(), DisplayTransform(colourspace, "scene-linear")
    np.testing.assert_array_equal(transform.apply(half), transform.apply(half.astype(np.float32)))
    np.testing.assert_array_equal(half, before)


@pytest.mark.parametrize(
    ("colourspace", "linear"),
    [
        ("sRGB - Texture", "Linear Rec.709 (sRGB)"),
        ("Gamma 2.4 Rec.709 - Texture", "Linear Rec.709 (sRGB)"),
        ("Linear P3-D65", "Linear P3-D65"),
        ("ACEScct", "ACEScg"),
    ],
)
def test_linear_light_keeps_the_primaries_that_it_can(colourspace, linear):
    """What looks like Rec.709 becomes linear Rec.709, what is linear stays, a camera log becomes the role's space."""
    name = DisplayTransform(colourspace, "display").colourspace
    assert LinearLight(name).colourspace == linear
