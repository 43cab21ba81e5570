"""Image files as mask prompts."""

import os
from pathlib import Path

import numpy as np
import pytest
from picture_files import write_image, write_multipart

from engine.contract.errors import PromptError
from engine.media.masks import read_mask
from engine.session.signature import file_digest

SIZE = (12, 10)


def disc():
    """Give a (H, W) mask, not symmetric in any direction."""
    mask = np.zeros((10, 12), np.float32)
    mask[2:6, 1:9] = 1
    return mask


@pytest.mark.parametrize(
    ("name", "kind"), [("m.png", "uint8"), ("m.exr", "half"), ("m.tif", "uint16"), ("m.tga", "uint8")]
)
def test_luma_above_half_is_the_object(tmp_path, name, kind):
    """Without an alpha, what is brighter than one half is the object."""
    values = 0.45 + 0.1 * disc()
    mask = read_mask(write_image(tmp_path / name, np.repeat(values[..., None], 3, axis=2), kind), SIZE)
    assert mask.dtype == bool
    np.testing.assert_array_equal(mask, disc() > 0)


def test_alpha_wins_over_colour(tmp_path):
    """An alpha that says something is the mask, whatever the colours are."""
    picture = np.concatenate([np.random.default_rng(0).random((10, 12, 3)), disc()[..., None]], axis=2)
    for name, kind in (("m.png", "uint8"), ("m.exr", "half")):
        mask = read_mask(write_image(tmp_path / name, picture.astype(np.float32), kind), SIZE)
        np.testing.assert_array_equal(mask, disc() > 0)


def test_opaque_alpha_says_nothing(tmp_path):
    """A black and white picture saved with an opaque alpha is read by its luma."""
    picture = np.repeat(disc()[..., None], 4, axis=2)
    picture[..., 3] = 1
    mask = read_mask(write_image(tmp_path / "m.png", picture, "uint8"), SIZE)
    np.testing.assert_array_equal(mask, disc() > 0)


@pytest.mark.parametrize("channel", ["A", "Y"])
def test_single_channel(tmp_path, channel):
    """A file with nothing but an alpha, or nothing but grey, is a mask."""
    path = write_image(tmp_path / "m.exr", disc()[..., None], channels=[channel])
    np.testing.assert_array_equal(read_mask(path, SIZE), disc() > 0)


def _layers(tmp_path, **channels):
    """Write an EXR of channels by name, `a__b` for `a.b`."""
    stacked = np.stack(list(channels.values()), axis=2).astype(np.float32)
    return write_image(tmp_path / "m.exr", stacked, channels=[name.replace("__", ".") for name in channels])


def _colours():
    return dict(zip("RGB", np.random.default_rng(0).random((3, 10, 12)), strict=True))


@pytest.mark.parametrize(
    "others",
    [
        _colours(),
        {**_colours(), "A": np.ones((10, 12))},
        {**dict.fromkeys("RGBA", np.zeros((10, 12))), "depth__Z": np.full((10, 12), 9.0)},
        {},
    ],
)
def test_the_only_layer_of_one_channel_is_the_mask(tmp_path, others):
    """Where the alpha says nothing, a roto in a layer of its own counts; a plate beside it does not."""
    np.testing.assert_array_equal(read_mask(_layers(tmp_path, **others, roto__alpha=disc()), SIZE), disc() > 0)


def test_a_mask_in_a_second_part_is_found(tmp_path):
    """An alpha in a part of its own counts, by itself and by its name."""
    black, mask = np.zeros((10, 12, 3), np.float32), disc()[..., None]
    path = write_multipart(tmp_path / "m.exr", [("rgb", tuple("RGB"), black), ("roto", ("A",), mask)])
    for given in (path, f"{path}:roto", f"{path}:A"):
        np.testing.assert_array_equal(read_mask(given, SIZE), disc() > 0)


def test_a_named_layer_is_the_mask(tmp_path):
    """`FILE:LAYER` takes that layer, part or channel, whatever else there is; an unknown one lists those there."""
    path = _layers(tmp_path, **_colours(), A=1 - disc(), roto__alpha=disc(), key__alpha=disc()[::-1])
    np.testing.assert_array_equal(read_mask(path, SIZE), disc() == 0)
    np.testing.assert_array_equal(read_mask(f"{path}:roto", SIZE), disc() > 0)
    np.testing.assert_array_equal(read_mask(f"{path}:key.alpha", SIZE), disc()[::-1] > 0)
    with pytest.raises(PromptError, match=r"'hair'.*key\.alpha, roto\.alpha") as caught:
        read_mask(f"{path}:hair", SIZE)
    assert caught.value.code == "prompt.mask_unreadable"


@pytest.mark.parametrize(
    "channels",
    [
        _colours(),
        {**_colours(), "A": np.ones((10, 12))},
        {"A": np.ones((10, 12)), "roto__alpha": disc(), "key__alpha": disc()},
        dict(zip("RGB", (disc(), 0 * disc(), 0 * disc()), strict=True)),
    ],
)
def test_what_is_no_mask_is_asked_about(tmp_path, channels):
    """A picture in colours is not taken for a mask by its luma, and of several layers none is guessed."""
    with pytest.raises(PromptError, match="which of its channels is the mask") as caught:
        read_mask(_layers(tmp_path, **channels), SIZE)
    assert "FILE:LAYER" in caught.value.hint


def test_a_colon_in_a_file_s_name_is_no_layer(tmp_path):
    """A file that is there is that file, however its name is written."""
    path = write_image(tmp_path / "m.png", disc()[..., None], "uint8").rename(tmp_path / "m.png:v2")
    np.testing.assert_array_equal(read_mask(path, SIZE), disc() > 0)


def test_data_window_is_honoured(tmp_path):
    """A mask whose data window is cropped to the object lies where it belongs."""
    path = write_image(tmp_path / "m.exr", np.ones((4, 8, 4), np.float32), display=(0, 0, 12, 10), data=(1, 2))
    np.testing.assert_array_equal(read_mask(path, SIZE), disc() > 0)


def test_a_mask_of_the_plates_shape_is_scaled(tmp_path):
    """A mask at half or twice the plate's size is scaled to it, since its shape is the plate's."""
    width, height = SIZE
    half = np.zeros((height // 2, width // 2, 3), np.float32)
    half[:, : width // 4] = 1
    path = write_image(tmp_path / "m.png", half, "uint8")
    mask = read_mask(path, SIZE)
    assert mask.shape == (height, width)
    assert mask[:, : width // 2 - 1].all()
    assert not mask[:, width // 2 + 1 :].any()


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda path: write_image(path, np.ones((9, 12, 3), np.float32), "uint8"), "prompt.mask_size"),
        (lambda path: write_image(path, np.zeros((10, 12, 3), np.float32), "uint8"), "prompt.mask_empty"),
        (lambda path: path.write_bytes(b""), "prompt.mask_unreadable"),
        (lambda path: path.write_text("no image"), "prompt.mask_unreadable"),
        (lambda _: None, "prompt.mask_unreadable"),
    ],
)
def test_useless_masks_are_told(tmp_path, make, code):
    """A mask of the wrong size, with nothing in it, or that cannot be read is a `PromptError` naming the file."""
    path = tmp_path / "mask.png"
    make(path)
    with pytest.raises(PromptError, match=r"mask\.png") as caught:
        read_mask(path, SIZE)
    assert caught.value.code == code


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_mask_is_a_plain_file(tmp_path):
    """A pipe or a device named as a mask is refused at once, by whoever reads it and by whoever hashes it."""
    pipe = tmp_path / "mask.png"
    os.mkfifo(pipe)
    for path in (pipe, "/dev/zero"):
        with pytest.raises(PromptError, match="pipe or a device"):
            read_mask(path, (64, 48))
        with pytest.raises(OSError, match="regular file"):
            file_digest(Path(path))
