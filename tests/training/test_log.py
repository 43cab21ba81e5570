"""Promises of a run's log."""

import csv

import pytest

from engine.training.trainer import Log


def _write(folder, steps):
    log = Log(folder, "masks-256")
    for step in steps:
        log.write(step, {"focal": 1 / step, "dice": 0.5})
    log.close()


def test_a_log_gone_on_with_is_one_table(tmp_path):
    """A run that was stopped goes on in the same CSV file, which has one heading and every step once."""
    _write(tmp_path, [10, 20])
    _write(tmp_path, [30])
    with (tmp_path / "masks-256.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["step"], row["focal"]) for row in rows] == [("10", "0.1"), ("20", "0.05"), ("30", "0.0333333")]


def test_tensorboard_shows_every_term(tmp_path):
    """Where TensorBoard is installed, it finds each loss term with its steps, over a stop and a second run."""
    reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    _write(tmp_path, [10, 20])
    _write(tmp_path, [30])
    events = reading.EventAccumulator(str(tmp_path / "events" / "masks-256"))
    events.Reload()
    assert sorted(events.Tags()["scalars"]) == ["dice", "focal"]
    assert [(one.step, round(one.value, 6)) for one in events.Scalars("focal")] == [
        (10, 0.1),
        (20, 0.05),
        (30, 0.033333),
    ]
