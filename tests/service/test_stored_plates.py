"""A stored shot's plates as a session sees them."""

import cv2
import numpy as np
import pytest
from running_engine import SIZE, write_plate

from engine.contract.errors import EngineError
from engine.media.matte_files import write_exr
from engine.service import stored_plates
from engine.service.declaration import Declaration
from engine.service.received import RawLayout
from engine.service.store import Store
from engine.service.stored_plates import PlateAwaited, PlateReplaced, StoredPlates


@pytest.fixture
def shot(tmp_path):
    """Give a shot of nine frames, of which none is there."""
    return Store(tmp_path / "store").declare("sh", Declaration(1, 9, *SIZE))


def _put(shot, frame, folder, picture):
    shot.put_plate(frame, write_plate(folder, picture), "exr")


def test_a_frame_stays_the_plate_that_was_read(shot, tmp_path):
    """Once a plate was read its hash is that of what was read, and another plate in its place is refused until told."""
    plates = StoredPlates(shot, SIZE, None)
    _put(shot, 3, tmp_path, 1)
    first, digest = plates.display(3), plates.digest(3)
    _put(shot, 3, tmp_path, 2)
    assert plates.digest(3) == digest
    assert plates.replaced() == [3]
    with pytest.raises(PlateReplaced):
        plates.display(3)
    plates.forget([3])
    assert not np.array_equal(plates.display(3), first)
    assert plates.digest(3) != digest
    assert plates.replaced([1, 3]) == []


def test_a_plate_is_awaited_until_it_is_there(shot, tmp_path):
    """A frame without a plate can be asked for again and again; when the plate has come it is given."""
    plates = StoredPlates(shot, SIZE, None)
    for _ in range(2):
        with pytest.raises(PlateAwaited):
            plates.display(3)
    _put(shot, 3, tmp_path, 1)
    assert plates.display(3).shape == (*SIZE[::-1], 3)


def test_a_file_of_another_size_is_refused_before_it_is_decoded(shot, tmp_path, monkeypatch):
    """Whatever size a file claims, no pixel of it is decoded unless it is the declared one."""
    _put(shot, 3, tmp_path, 1)
    monkeypatch.setattr(stored_plates, "read_rgb", lambda _: pytest.fail("it was decoded"))
    with pytest.raises(EngineError, match="64x48 pixels, but the shot was declared 32x32"):
        StoredPlates(shot, (32, 32), None).display(3)


@pytest.mark.parametrize("origin", ["top-left", "bottom-left"])
@pytest.mark.parametrize("channels", [3, 4])
def test_raw_pixels_that_are_no_numbers_become_some(shot, tmp_path, origin, channels):
    """NaN and infinity in raw half floats are black and the brightest there is, whichever way the rows lie."""
    rows = np.full((SIZE[1], SIZE[0], channels), 0.25, np.float16)
    rows[0, 0], rows[0, 1] = np.nan, np.inf
    raw = tmp_path / "plate.raw"
    rows.tofile(raw)
    shot.put_plate(2, raw, RawLayout(SIZE[1], SIZE[0], channels, "float16", origin))
    shown = StoredPlates(shot, SIZE, None).display(2)
    first = shown[0 if origin == "top-left" else -1]
    assert np.isfinite(shown).all()
    np.testing.assert_array_equal(first[0], 0)
    np.testing.assert_array_equal(first[1], first[2])


def test_the_layer_of_a_shot_does_not_change(shot, tmp_path):
    """A plate whose picture is another layer than that of the plates before it is refused by both frames."""
    _put(shot, 1, tmp_path, 1)
    layers = tmp_path / "layers.exr"
    write_exr(layers, {f"beauty.{name}": np.zeros(SIZE[::-1], np.float32) for name in "RGB"}, "")
    shot.put_plate(2, layers, "exr")
    plates = StoredPlates(shot, SIZE, None)
    plates.display(1)
    with pytest.raises(EngineError, match="frame 2 is layer beauty, but that of frame 1 is plain R, G, B"):
        plates.display(2)


def test_a_plate_s_tags_are_kept(shot, tmp_path):
    """The pixel aspect of a plate's file is known once it was read; raw pixels say nothing of theirs."""
    path = tmp_path / "plate.exr"
    write_exr(path, {name: np.zeros(SIZE[::-1], np.float32) for name in "RGB"}, "", tags={"pixel_aspect": 2.0})
    shot.put_plate(1, path, "exr")
    plates = StoredPlates(shot, SIZE, None)
    plates.display(1)
    assert plates.tags(1)["pixel_aspect"] == 2.0
    assert plates.tags(2) == {}


def test_plates_of_different_kinds_each_get_their_own_colours(shot, tmp_path):
    """Raw pixels are scene-linear also in a shot whose first plate was read as video, whichever is read first."""
    png = tmp_path / "plate.png"
    cv2.imwrite(str(png), np.full((*SIZE[::-1], 3), 128, np.uint8))
    shot.put_plate(1, png, "png")
    raw = tmp_path / "plate.raw"
    np.full((*SIZE[::-1], 3), 0.25, np.float32).tofile(raw)
    shot.put_plate(2, raw, RawLayout(SIZE[1], SIZE[0], 3, "float32"))
    forth, back = StoredPlates(shot, SIZE, None), StoredPlates(shot, SIZE, None)
    found = [forth.display(1), forth.display(2)]
    assert np.array_equal(back.display(2), found[1])
    assert np.array_equal(back.display(1), found[0])
