"""The benchmark as a program: folders of PNG files, a checked hash, contact sheets."""

import cv2
import numpy as np
import pytest

from engine.clips.novm_p import __main__ as program
from engine.clips.novm_p.benchmark import content, make, version
from engine.clips.novm_p.files import contact_sheet
from engine.clips.novm_p.registry import CLIPS

ENTRY = next(entry for entry in CLIPS if entry.name == "glass-beside")
SIZE = ["--size", "64x36"]


def test_clips_are_written_as_they_are(tmp_path):
    """Every clip becomes a folder of plates, alphas and foregrounds, pixel for pixel, and a contact sheet; no more."""
    assert program.main(["--write", str(tmp_path), "--only", ENTRY.name, *SIZE]) == 0
    clip = make(ENTRY, (64, 36))
    names = {f"{part}.{number:04}.png" for part in ("plate", "alpha", "foreground") for number in range(24)}
    assert {path.name for path in (tmp_path / ENTRY.name).iterdir()} == names
    assert {path.name for path in tmp_path.iterdir()} == {ENTRY.name, f"{ENTRY.name}.sheet.png"}
    plate = cv2.imread(str(tmp_path / ENTRY.name / "plate.0007.png"), cv2.IMREAD_UNCHANGED)
    alpha = cv2.imread(str(tmp_path / ENTRY.name / "alpha.0007.png"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(plate[..., ::-1], clip.plates_thwc[7])
    assert np.array_equal(alpha, clip.alpha_thw[7])


def test_a_contact_sheet_shows_plate_alpha_and_comp():
    """A sheet has six frames side by side, each as plate, alpha and comp."""
    assert contact_sheet(make(ENTRY, (64, 36), 8)).shape == (3 * 180, 6 * 320, 3)


@pytest.mark.parametrize(
    ("recorded", "status", "sentence"),
    [
        ("ours", 0, "as recorded"),
        ("another", 1, "This is not the recorded benchmark"),
        (None, 2, "No hash is recorded"),
    ],
)
def test_the_hash_is_checked(monkeypatch, caplog, recorded, status, sentence):
    """The program says whether what it made is the recorded benchmark, and its exit status says it too."""
    caplog.set_level("INFO")
    ours = version([content(make(ENTRY, (64, 36)))])
    monkeypatch.setattr(program, "CLIPS", (ENTRY,))
    monkeypatch.setattr(program, "VERSIONS", {"64x36": ours if recorded == "ours" else recorded} if recorded else {})
    assert program.main(SIZE) == status
    assert sentence in caplog.text


def test_two_processes_make_what_one_makes(caplog):
    """The clips and their order do not hang on how many are made at a time."""
    caplog.set_level("INFO")
    assert program.main(["--only", "glass-beside", "glass-alone", "--jobs", "2", *SIZE]) == 0
    said = [message.split()[1] for message in caplog.messages]
    assert said == ["glass-alone", "glass-beside"]
    assert caplog.messages[1].split()[0] == content(make(ENTRY, (64, 36)))


def test_a_size_is_asked_for_in_words(capsys):
    """A size that is none is refused with an example of one."""
    with pytest.raises(SystemExit):
        program.main(["--size", "large"])
    assert "512x288, not 'large'" in capsys.readouterr().err
