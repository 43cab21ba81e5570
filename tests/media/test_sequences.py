"""Which files are a shot's plates, by pattern, folder or single name."""

import numpy as np
import pytest
from picture_files import ramp, write_image

from engine.contract.errors import PlateError
from engine.contract.frames import spell_runs
from engine.media.plates import open_plates


def make(folder, names, size=(8, 6)):
    """Write small EXRs whose first value is their place in `names`."""
    for index, name in enumerate(names):
        write_image(folder / name, np.full((size[1], size[0], 3), index, np.float32))


@pytest.mark.parametrize("pattern", ["plate.####.exr", "plate.%04d.exr"])
def test_patterns_find_the_host_s_numbers(tmp_path, pattern):
    """Both ways of writing a pattern find the frames from 1001, with gaps, and each frame is its own file."""
    make(tmp_path, ["plate.1001.exr", "plate.1002.exr", "plate.1005.exr"])
    make(tmp_path, ["plate.left.1001.exr", "other.1003.exr", "plate.01003.exr"])
    (tmp_path / "plate.1003.exr.txt").write_text("no plate")
    plates = open_plates(tmp_path / pattern)
    assert plates.frames == (1001, 1002, 1005)
    assert (plates.first, plates.last, plates.padding, plates.name) == (1001, 1005, 4, "plate")
    assert plates.gaps(1001, 1005) == (range(1003, 1005),)
    assert plates.gaps(1000, 1003) == (range(1000, 1001), range(1003, 1004))
    assert plates.size == (8, 6)
    assert [plates.read(frame).pixels_hwc[0, 0, 0] for frame in plates.frames] == [0, 1, 2]
    assert plates.path_of(1005) == tmp_path / "plate.1005.exr"


def test_numbers_may_outgrow_their_padding(tmp_path):
    """`##` finds 98, 99, 100; the padding is what the pattern says."""
    make(tmp_path, ["p.98.exr", "p.99.exr", "p.100.exr"])
    assert open_plates(tmp_path / "p.##.exr").frames == (98, 99, 100)
    assert open_plates(tmp_path / "p.%d.exr").frames == (98, 99, 100)
    assert open_plates(tmp_path).frames == (98, 99, 100)


def test_frame_zero_and_inner_numbers(tmp_path):
    """Frame 0 counts, and the number may stand inside the name."""
    make(tmp_path, ["p_0000_beauty.exr", "p_0001_beauty.exr"])
    assert open_plates(tmp_path / "p_####_beauty.exr").frames == (0, 1)


@pytest.mark.parametrize("padded", ["-002", "-0002"])
def test_frames_before_zero_are_in_order(tmp_path, padded):
    """Frames before 0 come before 0, whichever way their minus is padded; a minus after a letter separates."""
    make(tmp_path, [f"sh.{padded}.exr", padded.replace("2", "1").join(("sh.", ".exr")), "sh.0000.exr", "sh.0001.exr"])
    for given in (tmp_path, tmp_path / "sh.####.exr", tmp_path / "sh.%04d.exr"):
        plates = open_plates(given)
        assert plates.frames == (-2, -1, 0, 1)
        assert [plates.read(frame).pixels_hwc[0, 0, 0] for frame in plates.frames] == [0, 1, 2, 3]
    assert open_plates(tmp_path / f"sh.-{'#' * (len(padded) - 1)}.exr").frames == (-2, -1)
    make(tmp_path / "dashes", ["sh-0001.exr", "sh-0002.exr"])
    assert open_plates(tmp_path / "dashes").frames == (1, 2)
    assert open_plates(tmp_path / "dashes" / "sh-####.exr").frames == (1, 2)


def test_dates_are_numbers_too(tmp_path):
    """Stills numbered by date and time open at once: what lies between them is never listed."""
    make(tmp_path, ["IMG_20240101101500.exr", "IMG_20250102101500.exr"])
    plates = open_plates(tmp_path)
    assert plates.frames == (20240101101500, 20250102101500)
    assert plates.gaps(*plates.frames) == (range(20240101101501, 20250102101500),)
    assert spell_runs(plates.gaps(*plates.frames)) == "20240101101501-20250102101499"


def test_extensions_in_either_case_are_one_sequence(tmp_path):
    """`.exr` and `.EXR` in one folder are one sequence; where a frame is there in both, the pattern decides."""
    make(tmp_path, ["p.0001.exr", "p.0002.EXR", "p.0003.exr"])
    for given in (tmp_path, tmp_path / "p.####.exr", tmp_path / "p.####.EXR"):
        assert open_plates(given).frames == (1, 2, 3)
    make(tmp_path, ["p.0002.exr"])
    assert open_plates(tmp_path / "p.####.exr").path_of(2).name == "p.0002.exr"
    with pytest.raises(PlateError, match="both frame 2"):
        open_plates(tmp_path)


def test_a_pattern_in_the_wrong_case_is_told(tmp_path):
    """A name typed in another case is not just missing: the hint says what is there."""
    make(tmp_path, ["PLATE.0001.EXR"])
    with pytest.raises(PlateError) as caught:
        open_plates(tmp_path / "plate.####.exr")
    assert "'PLATE.####.EXR'" in caught.value.hint


def test_accents_may_be_stored_apart(tmp_path):
    """A pattern finds files whose accents the system keeps apart from their letters."""
    make(tmp_path, ["cafe\u0301.0001.exr"])
    assert open_plates(tmp_path / "caf\u00e9.####.exr").frames == (1,)


@pytest.mark.parametrize(
    ("names", "pattern"),
    [
        (["p.0001_beauty.exr", "p.0002_beauty.exr"], "p.####_beauty.exr"),
        (["shot.1001.1920x1080.exr", "shot.1002.1920x1080.exr"], "shot.####.1920x1080.exr"),
        (["a.0001.exr", "b.0001.exr"], "a.####.exr"),
    ],
)
def test_the_hint_is_what_can_be_typed(tmp_path, names, pattern):
    """Where a folder is not clear, the pattern in the hint opens."""
    make(tmp_path, names)
    with pytest.raises(PlateError) as caught:
        open_plates(tmp_path)
    assert caught.value.hint.endswith(str(tmp_path / pattern))
    assert open_plates(tmp_path / pattern).frames


def test_folder_with_one_sequence(tmp_path):
    """A folder is its one sequence; hidden files, notes and sub-folders do not count."""
    make(tmp_path, ["v2.0099.exr", "v2.0100.exr", "v2.0103.exr", ".hidden.0001.exr", "sub/other.0001.exr"])
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "._v2.0099.exr").write_bytes(b"resource fork")
    plates = open_plates(str(tmp_path))
    assert plates.frames == (99, 100, 103)
    assert plates.name == "v2"
    assert plates.padding == 4


def test_folder_of_bare_numbers(tmp_path):
    """Files that are numbers alone take the folder's name."""
    make(tmp_path / "goat", ["00000.exr", "00001.exr"])
    plates = open_plates(tmp_path / "goat")
    assert (plates.frames, plates.name, plates.padding) == ((0, 1), "goat", 5)


def test_folder_with_several_things_is_ambiguous(tmp_path):
    """A folder with two sequences and a still names all three and says how to choose."""
    make(tmp_path, ["a.0001.exr", "a.0002.exr", "b.0001.exr", "still.exr"])
    with pytest.raises(PlateError, match=r"a\.####\.exr, b\.####\.exr, still") as caught:
        open_plates(tmp_path)
    assert caught.value.code == "plates.ambiguous"


def test_one_frame_twice_is_ambiguous(tmp_path):
    """Two files with one frame number are an error, not a lottery."""
    make(tmp_path, ["a.1.exr", "a.0001.exr"])
    with pytest.raises(PlateError, match="both frame 1") as caught:
        open_plates(tmp_path)
    assert caught.value.code == "plates.ambiguous"


@pytest.mark.parametrize(
    ("name", "frame"), [("plate.1001.exr", 1001), ("IMG_4032.exr", 4032), ("plate_v02.exr", 1), ("plate.exr", 1)]
)
def test_one_image_is_a_shot_of_one_frame(tmp_path, name, frame):
    """A single image is one frame, though it has neighbours; its number is the one after a separator, else 1."""
    make(tmp_path, [name, "plate.1002.exr", "plate.1003.exr"])
    plates = open_plates(tmp_path / name)
    assert plates.frames == (frame,)
    assert plates.read(frame).pixels_hwc[0, 0, 0] == 0


@pytest.mark.parametrize("name", ["nothing", "nothing.####.exr", "nothing.1001.exr", "no/where/a.%04d.exr"])
def test_nothing_there_is_told(tmp_path, name):
    """A path with nothing behind it is `plates.none`."""
    with pytest.raises(PlateError) as caught:
        open_plates(tmp_path / name)
    assert caught.value.code == "plates.none"


def test_empty_folder_is_told(tmp_path):
    """A folder without pictures is `plates.none`."""
    with pytest.raises(PlateError, match="no images") as caught:
        open_plates(tmp_path)
    assert caught.value.code == "plates.none"


def test_wrong_padding_is_told(tmp_path):
    """A pattern with too few digits says which file made one think otherwise."""
    make(tmp_path, ["a.00001.exr"])
    with pytest.raises(PlateError, match=r"a\.00001\.exr"):
        open_plates(tmp_path / "a.####.exr")


def test_missing_frame_is_told(tmp_path):
    """Reading a frame that is not there names its neighbours; a file that vanished is missing too."""
    make(tmp_path, ["a.1001.exr", "a.1002.exr", "a.1005.exr"])
    plates = open_plates(tmp_path / "a.####.exr")
    with pytest.raises(PlateError, match="1002 and 1005") as caught:
        plates.read(1003)
    assert caught.value.code == "plates.missing"
    (tmp_path / "a.1005.exr").unlink()
    with pytest.raises(PlateError) as caught:
        plates.read(1005)
    assert caught.value.code == "plates.missing"
    with pytest.raises(PlateError):
        plates.fingerprint(1005)


def test_mixed_sizes_are_told(tmp_path):
    """A frame of another size is an error that names both sizes and both frames."""
    make(tmp_path, ["a.1001.exr", "a.1002.exr"])
    make(tmp_path, ["a.1003.exr"], size=(10, 6))
    plates = open_plates(tmp_path)
    with pytest.raises(PlateError, match=r"1003.*10x6.*1001.*8x6") as caught:
        plates.read(1003)
    assert caught.value.code == "plates.size"


def test_opening_reads_one_header_alone(tmp_path):
    """Opening a sequence does not look into the other files: they may still be rendering."""
    make(tmp_path, ["a.0001.exr"])
    for number in range(2, 500):
        (tmp_path / f"a.{number:04d}.exr").write_bytes(b"")
    plates = open_plates(tmp_path)
    assert len(plates.frames) == 499
    with pytest.raises(PlateError) as caught:
        plates.read(300)
    assert caught.value.code == "plates.empty_file"


def test_fingerprints_follow_the_file(tmp_path):
    """A fingerprint stays while the file stays, and changes with its contents, its frame and the layer."""
    make(tmp_path, ["a.0001.exr", "a.0002.exr"])
    plates = open_plates(tmp_path)
    before = plates.fingerprint(1)
    assert before == open_plates(tmp_path).fingerprint(1)
    assert before != plates.fingerprint(2)
    write_image(tmp_path / "a.0001.exr", ramp(8, 6))
    assert before != plates.fingerprint(1)


def test_tiff_pages_are_not_layers(tmp_path):
    """A file that is no EXR has no layers, and says so."""
    write_image(tmp_path / "a.png", ramp(8, 6), "uint8")
    with pytest.raises(PlateError) as caught:
        open_plates(tmp_path / "a.png", layer="beauty")
    assert caught.value.code == "plates.layer"
