"""What a report keeps to itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from engine.doctor.facts import FAULT, Finding, private


@pytest.fixture
def told(machine):
    """Give a sentence as a report for others has it."""
    machine = replace(machine, home=Path("/users/wanda"))

    def one(sentence, *, paths=False):
        cleaned = private(machine, paths=paths)(Finding("store", FAULT, sentence, sentence))
        assert cleaned.says == cleaned.cure
        return cleaned.says

    return one


@pytest.mark.parametrize(
    ("sentence", "without", "with_paths"),
    [
        ("'/users/wanda/a b/store' is full", "'~/…/store' is full", "'~/a b/store' is full"),
        ("'/users/wanda/store'", "'~/…/store'", "'~/store'"),
        ("'/jobs/secret film/store'", "'…/store'", "'/jobs/secret film/store'"),
        ("cannot open /jobs/secret/x.so: no", "cannot open …/x.so: no", "cannot open /jobs/secret/x.so: no"),
        (r"'D:\jobs\film\config.ocio' is gone", "'…/config.ocio' is gone", r"'D:\jobs\film\config.ocio' is gone"),
        (r"'\\server\share\config.ocio'", "'…/config.ocio'", r"'\\server\share\config.ocio'"),
        ("wanda on render-17", "USER on HOST", "wanda on render-17"),
        ("'/users/wanda-old/store'", "'…/store'", "'/users/wanda-old/store'"),
        ("render-17.studio.example", "HOST.studio.example", "render-17.studio.example"),
        ("wandas tool, 17 of 24 GB and/or ./MAM2", "wandas tool, 17 of 24 GB and/or ./MAM2", None),
        ("python3 install --torch cuda, 3.0/24", "python3 install --torch cuda, 3.0/24", None),
    ],
)
def test_names_and_paths_are_taken_out(told, sentence, without, with_paths):
    """Nobody is named and paths lose all but their last part, unless they are asked for; home is never named."""
    assert told(sentence) == without
    assert told(sentence, paths=True) == (with_paths or without)
