"""Pictures for people."""

from fractions import Fraction

import av
import numpy as np
import pytest
from picture_files import ramp

from engine.contract.errors import OutputError
from engine.media.pictures import checker, contact_sheet, over_checker, write_picture
from engine.media.plates import open_plates
from engine.media.previews import write_preview_movie


def test_alpha_mixes_plate_and_background():
    """Alpha 1 is the plate, 0 the background, and between them a mixture."""
    plate = ramp(40, 30)
    alpha = np.zeros((30, 40), np.float32)
    alpha[:, 10:20], alpha[:, 20:30] = 1, 0.25
    seen = over_checker(plate, alpha)
    behind = checker(30, 40)
    np.testing.assert_array_equal(seen[:, 10:20], plate[:, 10:20])
    np.testing.assert_array_equal(seen[:, :10], behind[:, :10])
    np.testing.assert_allclose(seen[:, 20:30], plate[:, 20:30] * 0.25 + behind[:, 20:30] * 0.75, atol=1e-6)
    assert len(np.unique(behind)) == 2
    green = over_checker(plate, alpha, np.array([0, 1, 0], np.float32))
    np.testing.assert_array_equal(green[:, :10], np.broadcast_to([0, 1, 0], (30, 10, 3)))


def test_contact_sheet_holds_every_picture(tmp_path):
    """Every picture is on the sheet in its place, colour or grey, with a label above it; uneven rows are fine."""
    red = np.zeros((40, 80, 3), np.float32)
    red[..., 0] = 1
    grey = np.full((40, 40), 0.5, np.float32)
    sheet = contact_sheet([[("plate", red), ("alpha", grey)], [("mask", grey)]], cell_width=100)
    assert sheet.shape == (6 + 118 + 6 + 118 + 6, 6 + 106 + 106, 3)
    np.testing.assert_allclose(sheet[6 + 18 + 25, 6 + 50], (1, 0, 0), atol=1e-6)
    np.testing.assert_allclose(sheet[6 + 18 + 50, 112 + 50], 0.5, atol=1e-6)
    np.testing.assert_allclose(sheet[6 + 118 + 6 + 18 + 50, 6 + 50], 0.5, atol=1e-6)
    assert sheet[6 : 6 + 18, 6:106].max() > 0.8
    write_picture(tmp_path / "sheet.png", sheet)
    np.testing.assert_allclose(open_plates(tmp_path / "sheet.png").read(1).pixels_hwc, sheet, atol=0.51 / 255)
    with pytest.raises(ValueError, match="needs a picture"):
        contact_sheet([[]])


def test_grey_picture_is_written(tmp_path):
    """A (H, W) picture becomes a grey PNG, values outside 0..1 cut off."""
    write_picture(tmp_path / "a.png", np.array([[-1, 0.5, 2]], np.float32))
    seen = open_plates(tmp_path / "a.png").read(1).pixels_hwc
    np.testing.assert_allclose(seen[0, :, 1], (0, 128 / 255, 1), atol=1e-6)


def test_picture_that_cannot_be_written(tmp_path):
    """An unknown extension or a missing folder is an `OutputError`, and nothing is left behind."""
    for path, code in ((tmp_path / "a.what", "output.unwritable"), (tmp_path / "no" / "a.png", "output.not_a_folder")):
        with pytest.raises(OutputError) as caught:
            write_picture(path, ramp(4, 4))
        assert caught.value.code == code
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [(64, 48), (63, 47)])
def test_preview_movie_plays_back(tmp_path, size):
    """A preview has the frames, the rate and the colours that were given; odd sizes grow by one."""
    colours = [(0.8, 0.2, 0.1), (0.1, 0.7, 0.3), (0.2, 0.2, 0.9), (1, 1, 1)]
    frames = (np.broadcast_to(np.array(colour, np.float32), (size[1], size[0], 3)) for colour in colours)
    assert write_preview_movie(tmp_path / "a.mp4", frames, Fraction(24000, 1001)) == 4
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]
    with open_plates(tmp_path / "a.mp4") as plates:
        assert plates.frames == (1, 2, 3, 4)
        assert plates.size == (64, 48)
        seen = [plates.read(frame).pixels_hwc.mean(axis=(0, 1)) for frame in plates.frames]
    np.testing.assert_allclose(seen, colours, atol=0.03)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.streams.video[0].average_rate == Fraction(24000, 1001)


def test_failed_preview_leaves_nothing(tmp_path):
    """A preview whose frames fail half way, or that has none, leaves no file; a missing folder is told."""

    def broken():
        yield ramp(16, 16)
        raise KeyError

    with pytest.raises(KeyError):
        write_preview_movie(tmp_path / "a.mp4", broken(), 24)
    with pytest.raises(OutputError) as caught:
        write_preview_movie(tmp_path / "a.mp4", [], 24)
    assert caught.value.code == "output.no_frames"
    with pytest.raises(OutputError) as caught:
        write_preview_movie(tmp_path / "no" / "a.mp4", [ramp(16, 16)], 24)
    assert caught.value.code == "output.not_a_folder"
    assert list(tmp_path.iterdir()) == []


def test_a_preview_movie_keeps_the_pixel_aspect(tmp_path):
    """The movie of an anamorphic shot is shown in its own proportions."""
    write_preview_movie(tmp_path / "a.mp4", [ramp(64, 48)], 24, pixel_aspect=2.0)
    with open_plates(tmp_path / "a.mp4") as plates:
        assert plates.pixel_aspect == 2.0
