from __future__ import annotations

import pytest
import stamp
from fake_machine import make_clone
from stamp import Stamp

READY = Stamp("abc", ("test",), {"torch": "2.15.0"}, ready=True, made_here=True)


def test_a_stamp_comes_back_as_it_was_written(tmp_path):
    """Writing and reading are inverse."""
    stamp.write(tmp_path, READY)
    assert stamp.read(tmp_path) == READY
    assert [path.name for path in tmp_path.iterdir()] == [stamp.NAME]


@pytest.mark.parametrize("content", ["", '{"digest": "abc", "ext', "[]", '{"digest": "abc"}', '{"extras": [], "x": 1}'])
def test_a_damaged_stamp_counts_as_none(tmp_path, content):
    """An environment with an unreadable stamp is set up again, not trusted."""
    (tmp_path / stamp.NAME).write_text(content, encoding="utf-8")
    assert stamp.read(tmp_path) is None


def test_the_same_clone_has_the_same_digest(clone):
    """Nothing but the pins, the steps, the project and the place counts."""
    before = stamp.digest(clone)
    (clone / "engine" / "__init__.py").write_text("changed")
    assert stamp.digest(clone) == before


@pytest.mark.parametrize("name", ["install/constraints.txt", "install/steps.py", "pyproject.toml"])
def test_what_is_installed_changes_the_digest(clone, name):
    """Each file that decides what is installed counts."""
    before = stamp.digest(clone)
    (clone / name).write_text("changed")
    assert stamp.digest(clone) != before


def test_another_place_has_another_digest(clone, tmp_path):
    """Two clones with the same files are told apart: each environment links to one place."""
    assert stamp.digest(make_clone(tmp_path / "other")) != stamp.digest(clone)
