"""`mam2 demo`, short and with an untrained model: what it promises to leave behind."""

import numpy as np

from engine.clips.drawn import UNSEEN_SEED, render_linear
from engine.media.matte_files import read_matte
from engine.media.plates import open_plates


def test_the_demonstration(mam2, weights, tmp_path):
    """It leaves plates, mattes and one picture of footage and of an unseen shot, and prints the error of the latter."""
    said = mam2("demo", "-o", tmp_path, "--kind", "smoke", "--frames", "3", "--model", weights, "--device", "cpu")
    assert said.code == 0, said.err
    frames = (1001, 1002, 1003)
    with open_plates(tmp_path / "plates") as plates:
        assert plates.frames == frames
        assert plates.size == (448, 252)
        assert plates.encoding == "scene-linear"
        first = plates.read(1001).pixels_hwc
    clip = render_linear(UNSEEN_SEED, kind="smoke", frames=3, size_hw=(252, 448))
    np.testing.assert_allclose(first, clip.plates_thwc[0], rtol=1e-3, atol=1e-4)  # half precision

    alpha = np.stack([read_matte(tmp_path / "mattes" / f"smoke.{frame}.exr")["smoke.alpha"] for frame in frames])
    apart = alpha - clip.alpha_thw
    score = f"MAD {1000 * abs(apart).mean():.2f}  MSE {1000 * (apart**2).mean():.2f}"
    assert score in said.out
    with open_plates(tmp_path / "demo.png") as picture:
        assert picture.size[0] == 1600
        assert np.ptp(picture.read(1).pixels_hwc) > 0.5
        height = picture.size[1]
    assert read_matte(tmp_path / "footage_mattes" / "butterfly.1003.exr")["butterfly.alpha"].shape == (360, 640)
    assert height > 1600  # both shots, one under the other
    made = ("plates/smoke.####.exr", "mattes/smoke.####.exr", "footage_mattes/butterfly.####.exr", "demo.png")
    for path in (tmp_path / name for name in made):
        assert str(path) in said.out


def test_a_shorter_demonstration_ignores_an_older_one(mam2, weights, tmp_path):
    """Plates left by a longer run do not lengthen the shot."""
    call = ("demo", "-o", tmp_path, "--kind", "glass", "--model", weights, "--device", "cpu", "--frames")
    assert mam2(*call, "2").code == 0
    said = mam2(*call, "1")
    assert said.code == 0, said.err
    assert said.out.count("1 frame matted") == 2


def test_a_solid_subject_is_refused(mam2, tmp_path):
    """Only see-through subjects are shown, and the sentence names them."""
    said = mam2("demo", "-o", tmp_path / "demo", "--kind", "brick")
    assert said.code == 2
    assert "'brick'" in said.error
    assert "smoke" in said.err
    assert not (tmp_path / "demo").exists()
