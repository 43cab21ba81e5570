"""Promises of the error tree."""

import pickle

import pytest

from engine.contract.errors import EngineError, ModelError, PlateError, error_from_json


@pytest.mark.parametrize("kind", [EngineError, PlateError, ModelError])
def test_an_error_survives_the_wire(kind):
    """An error sent as JSON arrives as the same kind with the same code, sentence and hint."""
    sent = kind("area.what", "It happened.", "Do this.")
    got = error_from_json(sent.to_json())
    assert type(got) is kind
    assert (got.code, got.message, got.hint) == ("area.what", "It happened.", "Do this.")


def test_a_strange_error_is_still_an_error():
    """What an older client does not know arrives as a plain engine error."""
    assert type(error_from_json({"kind": "TimeTravelError", "code": "x.y"})) is EngineError


def test_words_hold_sentence_and_hint():
    """Printed, an error says what happened and what to do."""
    assert str(EngineError("a.b", "It happened.", "Do this.")) == "It happened. Do this."


def test_an_error_survives_another_process():
    """An error that comes back from another Python process is the same error."""
    sent = PlateError("area.what", "It happened.", "Do this.")
    got = pickle.loads(pickle.dumps(sent))  # noqa: S301 - our own bytes
    assert type(got) is PlateError
    assert (got.code, got.message, got.hint) == ("area.what", "It happened.", "Do this.")
