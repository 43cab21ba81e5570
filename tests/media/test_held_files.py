import numpy as np
import pytest

from engine.contract.errors import PromptError
from engine.contract.held import HeldMask
from engine.media.masks import read_held
from engine.media.matte_files import write_exr

SIZE = (20, 12)


def ramp() -> np.ndarray:
    """Give values of 0 to 1, in eighths so that half floats hold them."""
    return (np.arange(SIZE[0] * SIZE[1], dtype=np.float32).reshape(SIZE[::-1]) % 9) / 8


def write(path, **channels):
    """Write an EXR of these channels."""
    write_exr(path, {name.replace("_", "."): channel for name, channel in channels.items()}, "")


def test_any_channel_of_any_frame(tmp_path):
    """A mask comes from a frame's own file: its alpha, a layer, or a channel by its full name, inverted on request."""
    other = 1 - ramp()
    write(tmp_path / "roto.0007.exr", R=other, G=other, B=other, A=ramp(), cup_alpha=other, two_a=ramp(), two_b=other)
    pattern = str(tmp_path / "roto.####.exr")
    expected = {None: ramp(), "cup": other, "cup.alpha": other, "two.a": ramp(), "R": other}
    for layer, values in expected.items():
        np.testing.assert_array_equal(read_held(HeldMask("core", pattern, layer=layer), 7, SIZE), values)
    np.testing.assert_array_equal(read_held(HeldMask("core", pattern, invert=True), 7, SIZE), other)


def test_values_are_bounded(tmp_path):
    """Values beyond 0 and 1, as filters leave them, count as 0 and 1."""
    write(tmp_path / "m.exr", A=4 * ramp() - 1)
    found = read_held(HeldMask("garbage", str(tmp_path / "m.exr")), 1, SIZE)
    np.testing.assert_array_equal(found, np.clip(4 * ramp() - 1, 0, 1))


@pytest.mark.parametrize(
    ("held", "frame", "size", "code"),
    [
        (HeldMask("core", "{}/m.####.exr"), 8, SIZE, "prompt.mask_unreadable"),
        (HeldMask("core", "{}/m.####.exr", layer="cap"), 7, SIZE, "prompt.mask_unreadable"),
        (HeldMask("core", "{}/m.####.exr"), 7, (30, 12), "prompt.mask_size"),
    ],
)
def test_what_does_not_fit_is_said(tmp_path, held, frame, size, code):
    """A missing frame, an unknown layer and another shape are told with their own codes."""
    write(tmp_path / "m.0007.exr", A=ramp())
    with pytest.raises(PromptError) as raised:
        read_held(HeldMask(held.kind, held.path.format(tmp_path), layer=held.layer), frame, size)
    assert raised.value.code == code
    assert "core" in raised.value.message


def test_a_mask_of_another_size_is_scaled(tmp_path):
    """A mask of the plate's shape at half its size is what it would be at the whole, values between kept."""
    write(tmp_path / "m.exr", A=np.full((SIZE[1] // 2, SIZE[0] // 2), 0.25, np.float32))
    found = read_held(HeldMask("core", str(tmp_path / "m.exr")), 1, SIZE)
    np.testing.assert_array_equal(found, np.full(SIZE[::-1], 0.25, np.float32))
