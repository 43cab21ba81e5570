"""Bad uses of shot files and options: each gets one sentence that names what is wrong, and changes no file."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

from engine.media.atomic import FolderLock
from engine.media.matte_files import write_exr

CLICK = ("--point", "32,24@1001")
POINT = {"kind": "point", "frame": 1001, "x": 3, "y": 3}
WHOLE = {"version": 1, "range": [1001, 1002], "size": [64, 48]}


@dataclass(frozen=True)
class Use:
    """A bad use of `mam2 matte`, or of another verb.

    Attributes:
        what: it is, in a few words.
        says: words of the sentence.
        options: of `mam2 matte`.
        file: what the shot file holds beside an object that is right.
        thing: what that object has besides.
        verb: in place of `mam2 matte`; FOLDER stands for the test's folder.
    """

    what: str
    says: str
    options: tuple[str, ...] = ()
    file: dict | None = None
    thing: dict | None = None
    verb: tuple[str, ...] = ()


BAD_USES = (
    Use("a misspelt key", "has a key 'rnage'", file={"rnage": [1001, 1002]}),
    Use("a range without a version", "'range' counts in a whole shot alone", file={"range": [1001, 1002]}),
    Use("a size without a version", "'size' counts in a whole shot alone", file={"size": [64, 48]}),
    Use("settings without a version", "'settings' counts in a whole shot alone", file={"settings": {"mode": "pdd"}}),
    Use("a misspelt setting", "settings has a key 'directon'", file={**WHOLE, "settings": {"directon": "both"}}),
    Use("a model that is no name", "'model' is 3", file={"model": 3}),
    Use("a model that there is not", "no model 'nonsense'", file={"model": "nonsense"}),
    Use("misspelt finesse", "Finesse has no 'sofen'", file={**WHOLE, "settings": {"finesse": {"sofen": 2}}}),
    Use("finesse out of reach", "'gamma' cannot be 0", file={**WHOLE, "settings": {"finesse": {"gamma": 0}}}),
    Use("a misspelt key of an object", "An object has a key 'promts'", thing={"promts": []}),
    Use("a misspelt key of a prompt", "unknown keys: colour", thing={"prompts": [{**POINT, "colour": "red"}]}),
    Use(
        "a misspelt key of a mask",
        "unknown keys: inverted",
        thing={"held": [{"kind": "core", "path": "a", "inverted": 1}]},
    ),
    Use("both ways at once", "--shrink and --grow undo each other", ("--shrink", "1", "--grow", "1")),
    Use("less than nothing", "--shrink cannot be -2", ("--shrink", "-2")),
    Use("gamma of nothing", "'gamma' cannot be 0", ("--gamma", "0")),
    Use("blur beyond reason", "'soften' cannot be 9999", ("--soften", "9999")),
    Use("a part of a pixel", "Invalid value for '--remove-specks'", ("--remove-specks", "1.5")),
    Use("a preview that there is not", "'gif' is not a --preview", ("--preview", "gif")),
    Use(
        "a preview of a stage",
        "--stage does not go together with --preview",
        ("--stage", "alpha", "--preview", "sheet"),
    ),
    Use("plates that the shell spelt out", "extra argument", ("plates/shot.1002.exr", "plates/shot.1003.exr")),
    Use(
        "a mask of another shape",
        "'square.exr' is 32x32 pixels, but the plate is 64x48",
        ("--mask", "FOLDER/square.exr"),
    ),
    Use(
        "a core of another shape",
        "'square.exr' is 32x32 pixels, but the plate is 64x48",
        ("--core", "FOLDER/square.exr"),
    ),
    Use("a batch with such a preview", "'gif' is not a --preview", verb=("batch", "FOLDER", "--preview", "gif")),
    Use("mattes without their truth", "beside their truth", verb=("evaluate", "--pred", "FOLDER/plates")),
    Use(
        "mattes that are not there",
        "There is no folder",
        verb=("evaluate", "--pred", "FOLDER/no", "--gt", "FOLDER/plates"),
    ),
    Use("a shot that is not there", "no.json", verb=("submit", "FOLDER/no.json")),
)


def _everything(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("use", BAD_USES, ids=[use.what for use in BAD_USES])
def test_a_bad_use_is_told_and_changes_nothing(use, mam2, matte, tmp_path):
    """The sentence says what is wrong, the exit status is 2, and every file is as it was."""
    write_exr(tmp_path / "square.exr", {"A": np.ones((32, 32), np.float32)}, "")
    thing = {"name": "cup", "prompts": [POINT], **(use.thing or {})}
    (tmp_path / "shot.json").write_text(json.dumps({"objects": [thing], **(use.file or {})}))
    before = _everything(tmp_path)
    words = [word.replace("FOLDER", str(tmp_path)) for word in (*use.options, *use.verb)]
    if use.verb:
        said = mam2(*words)
    elif use.options:
        said = matte(*CLICK, *words)
    else:
        said = matte("--prompts", tmp_path / "shot.json", "--model", "auto")
    assert said.code == 2, said.out + said.err
    assert use.says in said.error
    assert said.out == ""
    assert _everything(tmp_path) == before


def test_there_are_two_dozen():
    """The list is as long as it was promised to be, and no use stands in it twice."""
    assert len({use.what for use in BAD_USES}) == len(BAD_USES) >= 24


def test_plates_that_the_shell_spelt_out_are_hinted_at(matte):
    """The hint is the folder, or the pattern, to give in place of all the names."""
    said = matte("plates/shot.1002.exr", "plates/shot.1003.exr", *CLICK)
    assert "give their folder 'plates', or 'plates/shot.####.exr'" in said.err


def test_two_runs_into_one_folder(matte, tmp_path):
    """While another run writes mattes of the name there, a second is refused and leaves the folder alone."""
    (tmp_path / "out").mkdir()
    lock = FolderLock(tmp_path / "out", "shot_matte")
    lock.take("another shot", alone=True)
    try:
        said = matte(*CLICK)
    finally:
        lock.release()
    assert "Another run is writing mattes called 'shot_matte'" in said.error
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_with_a_preview_is_measured(matte, mam2, tmp_path):
    """Our own output folder, preview and all, is measured as one clip, and the figures have units."""
    assert matte(*CLICK, "--preview", "sheet").code == 0
    said = mam2("evaluate", "--pred", tmp_path / "out", "--gt", tmp_path / "out")
    assert said.code == 0, said.err
    assert "x 1000" in said.out


def test_older_objects_are_told(matte, tmp_path):
    """PNGs of an object that this run has not are not mixed with its own in silence."""
    options = ("--format", "png16", "--range", "1001-1001")
    assert matte("--object", "cup", *CLICK, *options).code == 0
    said = matte("--object", "glass", *CLICK, *options)
    assert f"'{tmp_path / 'out'}' keeps older mattes of other objects or layers: cup.alpha" in said.err


@pytest.mark.parametrize("option", ["--mask", "--core"])
def test_a_mask_of_the_same_shape_is_scaled(matte, tmp_path, option):
    """A mask painted at half or twice the plate's size is one of the plate's."""
    for name, size in (("half", (24, 32)), ("twice", (96, 128))):
        mask = np.zeros(size, np.float32)
        mask[: size[0] // 2] = 1
        write_exr(tmp_path / f"{name}.exr", {"A": mask}, "")
        said = matte(*CLICK, option, tmp_path / f"{name}.exr", "--range", "1001-1001", out=tmp_path / name)
        assert said.code == 0, said.err
