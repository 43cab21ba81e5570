"""Which layer of an image is taken for the picture."""

import numpy as np
import pytest
from picture_files import ramp, write_image, write_multipart

from engine.contract.errors import PlateError
from engine.media.layers import PLAIN, Part, choose, names
from engine.media.plates import open_plates


def rgb(*prefixes, suffix="RGB"):
    """Give the channel names of some layers."""
    return tuple(
        f"{prefix}{dot}{colour}" for prefix in prefixes for dot in ("." if prefix else "",) for colour in suffix
    )


CLEAR = {
    "plain beside passes": ((Part("", (*rgb("AO", "albedo", ""), "Z")),), PLAIN),
    "plain in lower case": ((Part("", ("r", "g", "b", *rgb("diffuse"))),), PLAIN),
    "spelled out": ((Part("", ("red", "green", "blue")),), PLAIN),
    "Cycles": ((Part("", (*rgb("ViewLayer.AO", "ViewLayer.Combined"), "ViewLayer.Depth.Z")),), "ViewLayer.Combined"),
    "albedo first": ((Part("", rgb("albedo", "beauty", "diffuse")),), "beauty"),
    "Cryptomatte first": ((Part("", rgb("CryptoAsset00", "crypto_object", "rgba")),), "rgba"),
    "Karma": ((Part("albedo", rgb("")), Part("C", rgb("")), Part("N", rgb(""))), "C"),
    "parts, depth first": ((Part("depth", ("Z",)), Part("rgba", rgb(""))), "rgba"),
    "parts, occlusion first": ((Part("AO", rgb("")), Part("beauty", rgb(""))), "beauty"),
    "parts named alike inside": ((Part("AO", rgb("AO")), Part("main", rgb("main"))), "main"),
    "views as parts": ((Part("rgba.right", rgb(""), "right"), Part("rgba.left", rgb(""), "left")), "rgba.left"),
    "views as layers": ((Part("", rgb("right", "left")),), "left"),
    "the default view is plain": ((Part("", rgb("right", "")),), PLAIN),
    "the only colour layer": ((Part("", (*rgb("spec", "worldNormals", "motionVectors"), "Z")),), "spec"),
    "luminance beside colours": ((Part("", ("Y", *rgb("beauty"))),), "beauty"),
    "luminance alone": ((Part("", ("Y", "A", "Z")),), "Y"),
    "red alone": ((Part("", ("R",)),), "R"),
}


@pytest.mark.parametrize("kind", CLEAR)
def test_the_picture_is_found_by_its_name(kind):
    """Plain R, G, B; else what means beauty; else the only colour layer; never data, whatever stands first."""
    parts, expected = CLEAR[kind]
    chosen = choose(parts, None)
    assert chosen.name == expected
    assert choose(parts, chosen.name) == chosen
    said = [parts[chosen.part].channels[i].rpartition(".")[2][0].upper() for i in chosen.channels]
    assert said in (["R", "G", "B"], ["Y"], ["R"])


@pytest.mark.parametrize(
    "channels",
    [
        rgb("albedo", "diffuse"),
        rgb("crypto_object", "crypto_object00"),
        rgb("ViewLayer.Combined", "ViewLayer_001.Combined"),
        rgb("ViewLayer.Normal"),
        ("X", "Y", "Z"),
        ("Y", "RY", "BY"),
        ("R", "G"),
        ("A", "Z"),
    ],
)
def test_nothing_is_guessed(channels):
    """Where several layers may be the picture, or none is one, none is taken."""
    assert choose((Part("", channels),), None) is None


def test_all_layers_are_found_by_the_names_listed():
    """Every listed name finds its own channels, in any case, also where two parts have layers of one name."""
    parts = (Part("left", rgb("diffuse")), Part("right", (*rgb("diffuse"), "roto.alpha")), Part("depth", ("Z",)))
    listed = names(parts)
    assert listed == ("left.diffuse", "right.diffuse", "roto.alpha", "depth")
    chosen = [choose(parts, name) for name in listed]
    assert [(one.part, len(one.channels)) for one in chosen] == [(0, 3), (1, 3), (1, 1), (2, 1)]
    assert [choose(parts, name.upper()).part for name in listed] == [0, 1, 1, 2]
    assert choose(parts, "nothing") is None


def test_the_layer_of_the_first_frame_is_that_of_all(tmp_path):
    """A frame that lacks the first one's layer is refused by its name, though it holds another picture."""
    colours, others = ramp(8, 6), np.concatenate([ramp(8, 6), ramp(8, 6)], axis=2)
    write_image(tmp_path / "a.0001.exr", colours)
    write_image(tmp_path / "a.0002.exr", others, channels=rgb("AO", "beauty"))
    plates = open_plates(tmp_path)
    plates.read(1)
    with pytest.raises(PlateError, match=r"a\.0002\.exr.*no plain R, G, B.*AO, beauty") as caught:
        plates.read(2)
    assert caught.value.code == "plates.layer"
    write_image(tmp_path / "b.0001.exr", others, channels=rgb("AO", "beauty"))
    write_image(tmp_path / "b.0002.exr", np.concatenate([others, colours], axis=2), channels=rgb("AO", "beauty", ""))
    later = open_plates(tmp_path / "b.####.exr")
    assert later.layer == "beauty"
    assert later.remarks == ("layer beauty",)
    np.testing.assert_array_equal(later.read(1).pixels_hwc, later.read(2).pixels_hwc)


def test_several_pictures_are_listed(tmp_path):
    """A file with several pictures is an error that lists them and says how to choose."""
    other = ramp(8, 6)
    path = write_multipart(tmp_path / "a.exr", [("albedo", tuple("RGB"), other), ("diffuse", tuple("RGB"), other)])
    with pytest.raises(PlateError, match=r"not clear.*--plate-layer.*albedo, diffuse") as caught:
        open_plates(path)
    assert caught.value.code == "plates.layer"


def test_many_layers_are_not_all_listed(tmp_path):
    """Of hundreds of layers a message names some and counts the rest."""
    channels = rgb(*(f"pass{number:02d}" for number in range(40)))
    path = write_image(tmp_path / "a.exr", np.zeros((4, 4, len(channels)), np.float32), channels=channels)
    with pytest.raises(PlateError, match=r"pass00.*and 16 more"):
        open_plates(path)


def test_grey_frames_among_colour_ones_are_read(tmp_path):
    """A PNG that its writer has made grey, because the frame is, is the same picture as its neighbours in colour."""
    grey = np.repeat(ramp(8, 6)[..., :1], 3, axis=2)
    write_image(tmp_path / "a.0001.png", grey, "uint8")
    write_image(tmp_path / "a.0002.png", grey[..., :1], "uint8")
    plates = open_plates(tmp_path)
    np.testing.assert_array_equal(plates.read(1).pixels_hwc, plates.read(2).pixels_hwc)
