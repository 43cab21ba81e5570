"""Weights as the doctor sees them."""

from dataclasses import replace
from pathlib import Path

import pytest
from small_model import SMALL, lively

from engine.doctor.check_models import check_models, check_record
from engine.doctor.facts import FAULT, OK, WARNING
from engine.weights.models import save_model


@pytest.fixture
def folder(machine):
    """The empty weights folder of the machine."""
    place = Path(machine.environment["MAM2_WEIGHTS"])
    place.mkdir()
    return place


def test_the_starter_alone_is_ok(machine):
    """With nothing but the starter, that is said, with the way to see what else there is."""
    (found,) = check_models(machine)
    assert found.state == OK
    assert found.says == "whole and ready: starter; better on footage: mam2 weights pull recommended"


def test_damaged_weights_are_told_by_name(machine, folder):
    """Weights in which one number changed are a fault, and the way to get them again is named."""
    path = folder / "mam2-t.safetensors"
    save_model(lively(replace(SMALL, name="mam2-t")), path, metadata={})
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    (found,) = check_models(machine)
    assert (found.state, found.says) == (FAULT, "The weights of 'mam2-t' are damaged.")
    assert "mam2 weights remove mam2-t" in found.cure


def test_a_damaged_record_is_told(machine, folder):
    """A record of checksums that cannot be read is a warning; none at all is fine."""
    assert list(check_record(machine)) == []
    (folder / "pulled.json").write_text("{")
    (found,) = check_record(machine)
    assert (found.state, found.cure) == (WARNING, "Delete it: the next pull begins a new one.")
