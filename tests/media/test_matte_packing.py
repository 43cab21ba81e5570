"""How a matte's EXR is packed: cropped to where its mattes are, colours compressed with loss, alpha never."""

import numpy as np
import OpenImageIO
import pytest

from engine.contract.errors import OutputError
from engine.media.further import check_packing
from engine.media.matte_files import read_matte, read_signature
from engine.media.mattes import MatteWriter, More, ObjectMatte

WIDTH, HEIGHT = 64, 48
ROWS, COLUMNS = slice(10, 30), slice(20, 44)


@pytest.fixture
def mattes():
    """Give one object's matte: soft values in a part of the plate, a trimap a little wider, a mask that is never 0."""
    rng = np.random.default_rng(1)
    alpha, trimap = np.zeros((2, HEIGHT, WIDTH), np.float32)
    alpha[ROWS, COLUMNS] = rng.uniform(0.01, 1, (20, 24))
    trimap[8:32, 18:46] = 0.5
    mask = np.where(alpha > 0, 0.9, 0.01).astype(np.float32)
    return {"cup": ObjectMatte(alpha, trimap, mask)}


def _write(folder, mattes, more=None, **options):
    out = MatteWriter(
        folder, "m", width=WIDTH, height=HEIGHT, objects=["cup"], layers=("alpha", "trimap", "mask"), **options
    )
    return out.write(1001, mattes, signature="signed", more=more)


def _data_window(path):
    spec = OpenImageIO.ImageInput.open(str(path)).spec()
    assert (spec.full_x, spec.full_y, spec.full_width, spec.full_height) == (0, 0, WIDTH, HEIGHT)
    return spec.x, spec.y, spec.width, spec.height


def test_a_cropped_matte_holds_what_is_seen_and_is_read_as_the_whole(tmp_path, mattes):
    """The data window is where alpha, trimap or mask are; read again, alpha and trimap are those of a whole file."""
    whole, cropped = _write(tmp_path / "a", mattes), _write(tmp_path / "b", mattes, crop=True)
    assert _data_window(whole) == (0, 0, WIDTH, HEIGHT)
    assert _data_window(cropped) == (18, 8, 28, 24)
    one, other = read_matte(whole), read_matte(cropped)
    assert one.keys() == other.keys()
    for name in set(one) - {"cup.mask"}:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    np.testing.assert_array_equal(one["cup.mask"] > 0.5, other["cup.mask"] > 0.5)
    assert read_signature(cropped) == "signed"


def test_a_frame_without_the_object_is_cropped_to_a_pixel(tmp_path):
    """EXR has no empty data window: one pixel of nothing stands for it."""
    nothing = np.zeros((HEIGHT, WIDTH), np.float32)
    path = _write(tmp_path, {"cup": ObjectMatte(nothing, nothing, nothing + 0.1)}, crop=True)
    assert _data_window(path) == (0, 0, 1, 1)
    assert not read_matte(path)["A"].any()


def test_dwaa_changes_colours_a_little_and_alpha_never(tmp_path, mattes):
    """Alpha, trimap and mask are those of ZIP to the bit, premultiplied colours nearly; 8.0 stays about 8.0."""
    rng = np.random.default_rng(2)
    colours = {name: (rng.random((HEIGHT, WIDTH)) * 8).astype(np.float16) for name in ("R", "G", "B", "cup.R")}
    more = More(colours, {})
    files = [_write(tmp_path / kind, mattes, more, compression=kind) for kind in ("zip", "dwaa")]
    kept, lossy = map(read_matte, files)
    for name in set(kept) - set(colours):
        np.testing.assert_array_equal(kept[name], lossy[name], err_msg=name)
    differs = [np.abs(kept[name] - lossy[name]).max() for name in colours]
    assert 0 < max(differs) < 0.5
    assert files[1].stat().st_size < files[0].stat().st_size


@pytest.mark.parametrize(
    ("layers", "options", "said"),
    [
        (("alpha", "cryptomatte"), {"crop": True}, "'cryptomatte' fills the plate"),
        (("alpha", "bg"), {"crop": True}, "'bg' fills the plate"),
        (("alpha",), {"compression": "dwaa"}, "in these files they hold alpha"),
        (("alpha", "cryptomatte"), {"compression": "dwaa", "premult": True}, "IDs of Cryptomatte"),
        (("alpha",), {"crop": True, "kind": "png16"}, "png16 is neither cropped"),
    ],
)
def test_what_would_be_lost_is_refused(layers, options, said):
    """What is everywhere is not cropped; alpha and IDs are not compressed with loss."""
    given = {"kind": "exr", "premult": False, "crop": False, "compression": "zip", **options}
    with pytest.raises(OutputError, match=said) as error:
        check_packing(layers, given.pop("kind"), **given)
    assert error.value.code == "output.packing"
    assert error.value.hint
