import pytest

from engine.contract.errors import PromptError
from engine.contract.held import HeldMask, held_from_json, held_to_json
from engine.contract.plan import dirty_frames, held_frames
from engine.contract.shot import Point, Shot, ShotObject
from engine.contract.shot_json import shot_from_json, shot_to_json

CORE = HeldMask("core", "masks/core.####.exr", 3, 5, "body", invert=True)


def test_json_comes_back_whole():
    """A shot with masks to hold is the same after JSON; without any, its JSON says nothing of them."""
    thing = ShotObject("cup", (Point(1, 2, 3),), (CORE, HeldMask("garbage", "g.png"), HeldMask("trimap", "t.exr", 4)))
    shot = Shot(1, 9, 10, 10, (thing,))
    assert shot_from_json(shot_to_json(shot)) == shot
    assert held_from_json(held_to_json(CORE)) == CORE
    assert "held" not in shot_to_json(Shot(1, 9, 10, 10, (ShotObject("cup", (Point(1, 2, 3),)),)))["objects"][0]


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "core"},
        {"kind": "inside", "path": "a.png"},
        {"kind": "core", "path": ""},
        {"kind": "core", "path": "a.png", "range": [5, 3]},
        {"kind": "core", "path": "a.png", "range": [True, 3]},
        {"kind": "core", "path": "a.png", "invert": "yes"},
        {"kind": "core", "path": "a.png", "more": 1},
        ["core"],
    ],
)
def test_what_is_no_mask_is_refused(data):
    """Masks that say too little, too much or nonsense are refused with the same code."""
    with pytest.raises(PromptError) as raised:
        held_from_json(data)
    assert raised.value.code == "prompt.held"


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("a/b.####.exr", "a/b.0012.exr"),
        ("b.%03d.exr", "b.012.exr"),
        ("b.#.exr", "b.12.exr"),
        ("shot_%04d/b.png", "shot_%04d/b.png"),
        ("C:\\take#2\\b.##.png", "C:\\take#2\\b.12.png"),
        ("b.png", "b.png"),
    ],
)
def test_the_file_of_a_frame(path, file):
    """A pattern in the name stands for the frame's number, and one in a folder's name for itself."""
    assert HeldMask("core", path).file(12) == file


def test_a_mask_touches_its_own_frames_alone():
    """A mask that is added, moved or removed changes the mattes of its frames; nothing is tracked for it."""
    bare = ShotObject("cup", (Point(1, 2, 3),))
    with_core = ShotObject("cup", bare.prompts, (CORE,))
    moved = ShotObject("cup", bare.prompts, (HeldMask("core", CORE.path, 5, 7, CORE.layer, CORE.invert),))
    shot = Shot(1, 9, 10, 10, (bare,))
    assert held_frames(bare, with_core, shot) == held_frames(with_core, bare, shot) == {3, 4, 5}
    assert held_frames(with_core, moved, shot) == {3, 4, 6, 7}
    assert held_frames(None, with_core, shot) == held_frames(with_core, with_core, shot) == frozenset()
    assert not dirty_frames(bare, with_core, shot)
