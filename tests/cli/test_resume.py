"""`--resume` keeps what is valid and makes the rest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract.plan import dirty_frames
from engine.contract.shot import DIRECTIONS, Box, Point, Settings, Shot, ShotObject
from engine.media.matte_files import read_matte, write_exr
from engine.session.signature import signatures

FRAMES = range(1001, 1005)


def _times(folder):
    return {frame: (folder / f"shot_matte.{frame}.exr").stat().st_mtime_ns for frame in FRAMES}


def _changed(before, after):
    return [frame for frame in FRAMES if before[frame] != after[frame]]


@pytest.fixture
def done(matte, tmp_path):
    """A shot matted with one click; the times of its files."""
    assert matte("--point", "32,24@1001").code == 0
    return _times(tmp_path / "out")


def test_nothing_is_made_twice(matte, done, tmp_path):
    """When all is done and valid, nothing is written."""
    said = matte("--point", "32,24@1001", "--resume")
    assert said.code == 0
    assert "0 frames matted; 4 frames done before" in said.out
    assert _changed(done, _times(tmp_path / "out")) == []


def test_without_resume_all_is_made(matte, done, tmp_path):
    """The option, and nothing else, keeps old mattes."""
    assert matte("--point", "32,24@1001").code == 0
    assert _changed(done, _times(tmp_path / "out")) == list(FRAMES)


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:-50])])
def test_missing_and_damaged_mattes_are_made_again(matte, done, tmp_path, damage):
    """A matte that is gone or cut short is made, the others are kept."""
    damage(tmp_path / "out" / "shot_matte.1003.exr")
    said = matte("--point", "32,24@1001", "--resume")
    assert said.code == 0
    assert "1 frame matted" in said.out
    assert _changed(done, _times(tmp_path / "out")) == [1003]


def test_a_resumed_matte_is_the_one_that_was_there(matte, done, tmp_path):
    """A frame made again after tracking through kept frames has the same pixels."""
    path = tmp_path / "out" / "shot_matte.1004.exr"
    before = read_matte(path)
    path.unlink()
    assert matte("--point", "32,24@1001", "--resume").code == 0
    assert _changed(done, _times(tmp_path / "out")) == [1004]
    after = read_matte(path)
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_a_correction_spares_the_frames_before_it(matte, done, tmp_path):
    """A point added on a later frame makes that frame and what is tracked after it anew."""
    said = matte("--point", "32,24@1001", "--not-point", "5,5@1003", "--resume")
    assert said.code == 0
    assert _changed(done, _times(tmp_path / "out")) == [1003, 1004]


@pytest.mark.parametrize(
    "options",
    [
        ("--point", "31,24@1001"),
        ("--point", "32,24@1001", "--layers", "alpha,trimap"),
        ("--point", "32,24@1001", "--mode", "parallel"),
        ("--point", "32,24@1001", "--colourspace", "ACEScg"),
        ("--object", "cup", "--point", "32,24@1001"),
    ],
)
def test_another_question_has_no_old_answers(matte, done, tmp_path, options):
    """Other prompts, layers, settings or names make every frame anew."""
    assert matte(*options, "--resume").code == 0
    assert _changed(done, _times(tmp_path / "out")) == list(FRAMES)


@pytest.mark.parametrize(("frame", "anew"), [(1001, FRAMES), (1002, FRAMES[1:]), (1004, FRAMES[3:])])
def test_a_changed_plate_takes_what_was_tracked_after_it_along(matte, done, plates, tmp_path, write_plate, frame, anew):
    """A plate that was rendered again loses its matte, and so does every frame whose track has seen it."""
    write_plate(plates.parent / f"shot.{frame}.exr", value=0.3)
    checked = matte("--point", "32,24@1001", "--stage", "check")
    assert checked.code == 2
    assert f"{'frames' if len(anew) > 1 else 'frame'} {anew[0]}" in checked.error
    assert matte("--point", "32,24@1001", "--resume").code == 0
    assert _changed(done, _times(tmp_path / "out")) == list(anew)
    assert matte("--point", "32,24@1001", "--stage", "check").code == 0


def test_trimaps_of_a_changed_plate_are_refused(matte, plates, write_plate):
    """A farm's task does not matte from trimaps that were tracked through a plate that has changed since."""
    assert matte("--point", "32,24@1001", "--stage", "trimap").code == 0
    write_plate(plates.parent / "shot.1001.exr", value=0.3)
    said = matte("--point", "32,24@1001", "--stage", "alpha", "--frames", "1003-1004")
    assert said.error.startswith("There is no valid trimap of frames 1003-1004")


def test_a_changed_mask_file_counts_by_its_contents(matte, tmp_path):
    """The same path with other pixels, or another layer of it, is another prompt."""
    mask, left = tmp_path / "mask.exr", np.zeros((48, 64), np.float32)
    left[:, :32] = 1
    write_exr(mask, {"A": left, "top.A": left.T.repeat(2, axis=1)[:48, :64].copy()}, "")
    options = ("--mask", f"{mask}@1001", "--resume")
    assert "4 frames matted" in matte(*options).out
    assert "0 frames matted" in matte(*options).out
    assert "4 frames matted" in matte("--mask", f"{mask}:top@1001", "--resume").out
    write_exr(mask, {"A": 1 - left}, "")
    assert "4 frames matted" in matte(*options).out


class _Source:
    """Plates that never change."""

    def fingerprint(self, frame):
        return str(frame)


def _prompts():
    point = st.builds(Point, st.integers(1, 8), st.sampled_from([3.0, 4.0]), st.just(5.0), st.booleans())
    box = st.builds(Box, st.integers(1, 8), st.just(1.0), st.just(1.0), st.sampled_from([6.0, 7.0]), st.just(7.0))
    # One positive point first, so that the shot holds together whatever follows.
    return st.tuples(st.integers(1, 2), st.lists(st.one_of(point, box), max_size=4)).map(
        lambda pair: (Point(pair[0], 2.0, 2.0), *(p for p in pair[1] if p.frame >= pair[0]))
    )


@settings(max_examples=200)
@given(
    old=_prompts(),
    new=_prompts(),
    direction=st.sampled_from(DIRECTIONS),
    corrections=st.sampled_from(["refine", "independent"]),
)
def test_signatures_change_where_an_edit_changes_mattes(tmp_path_factory, old, new, direction, corrections):
    """Every frame that the session would track anew after an edit has another signature than before."""
    weights = tmp_path_factory.getbasetemp() / "weights.safetensors"
    weights.write_bytes(_WEIGHTS)
    how = Settings(direction=direction, corrections=corrections)
    shots = [Shot(1, 8, 9, 9, (ShotObject("cup", prompts),), how) for prompts in (old, new)]
    before, after = (signatures(shot, _Source().fingerprint, "sRGB", ("alpha",), (weights,)) for shot in shots)
    dirty = dirty_frames(shots[0].objects[0], shots[1].objects[0], shots[0])
    same = {frame for frame in shots[0].frames if before(frame) == after(frame)}
    assert not same & dirty
    if old == new:
        assert same == set(shots[0].frames)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_signature_covers_what_its_track_has_seen(tmp_path, direction):
    """Another plate changes the signatures of its own frame and of the frames tracked after it in its sweep alone."""
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(_WEIGHTS)
    cup = ShotObject("cup", (Point(4, 2.0, 2.0), Point(6, 3.0, 3.0)))
    shot = Shot(1, 8, 9, 9, (cup,), Settings(direction=direction))
    anchor = 6 if direction == "backward" else 4

    def signed(changed, order):
        sign = signatures(shot, lambda frame: f"{frame}{'new' * (frame == changed)}", "sRGB", ("alpha",), (weights,))
        return {frame: sign(frame) for frame in order}

    reached = {"forward": range(4, 9), "backward": range(1, 7), "both": range(1, 9)}[direction]
    old = signed(None, reached)
    assert signed(None, reversed(reached)) == old
    for changed in reached:
        new = signed(changed, reached)
        behind = range(changed, 9) if changed > anchor else range(1, changed + 1)
        expected = set(reached) if changed == anchor else set(behind) & set(reached)
        assert {frame for frame in reached if new[frame] != old[frame]} == expected


# The least that counts as a weights file: its hash stands in the header.
_HEADER = b'{"__metadata__": {"mam2.format": "1", "mam2.sha256": "abc"}}'
_WEIGHTS = len(_HEADER).to_bytes(8, "little") + _HEADER
