"""One shot in two colour encodings is one shot."""

import numpy as np
import OpenImageIO

from engine.clips.drawn import UNSEEN_SEED, render_linear
from engine.media.matte_files import read_matte, write_exr

FRAMES, SIZE_HW = 4, (90, 160)


def _srgb_codes(linear):
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)
    return np.round(encoded * 255).astype(np.uint8)


def _write_png(path, codes):
    picture = OpenImageIO.ImageBuf(np.ascontiguousarray(codes))
    assert picture.write(str(path)), picture.geterror()


def test_a_linear_exr_and_its_srgb_png_give_one_alpha(mam2, tmp_path):
    """The alpha from scene-linear EXR plates and from their 8-bit sRGB twins differs by at most 2/255 on average."""
    clip = render_linear(UNSEEN_SEED + 77, kind="smoke", frames=FRAMES, size_hw=SIZE_HW)
    for name in ("exr", "png"):
        (tmp_path / name).mkdir()
    for number, plate in enumerate(np.clip(clip.plates_thwc, 0, 1), start=1):
        write_exr(
            tmp_path / "exr" / f"shot.{number:04d}.exr", dict(zip("RGB", np.moveaxis(plate, 2, 0), strict=True)), ""
        )
        _write_png(tmp_path / "png" / f"shot.{number:04d}.png", _srgb_codes(plate))
    x, y = clip.click_xy
    for name in ("exr", "png"):
        click = f"{x:.1f},{y:.1f}@1"
        said = mam2("matte", tmp_path / name, "-o", tmp_path / f"{name}_mattes", "--point", click, "--device", "cpu")
        assert said.code == 0, said.err
    pairs = [
        [read_matte(tmp_path / f"{name}_mattes" / f"shot_matte.{number:04d}.exr")["A"] for name in ("exr", "png")]
        for number in range(1, FRAMES + 1)
    ]
    assert max(first.max() for first, _ in pairs) > 0.2
    assert np.mean([np.abs(first - second) for first, second in pairs]) <= 2 / 255
