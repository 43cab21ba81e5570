"""Finesse in the engine: other finesse makes mattes anew and tracks nothing anew."""

import numpy as np
from running_engine import CUP, SIZE
from worker_bench import FRAMES

from engine.contract.finesse import Finesse
from engine.contract.shot import Settings
from engine.service.declaration import Declaration
from engine.session.finesse import softened
from engine.session.tracking import Tracking


def _finessed(one, finesse):
    settings = Settings(direction="forward", finesse=finesse)
    one.store.declare("sh", Declaration(FRAMES[0], FRAMES[-1], *SIZE, settings, objects=CUP))


def test_other_finesse_is_no_new_track(bench, monkeypatch):
    """A shot declared with other finesse has stale mattes; the next track makes them anew and looks for nothing."""
    one = bench()
    one.declare()
    one.begin("first")
    one.finish()
    plain = one.mattes()
    tracked = []
    track = Tracking.track
    monkeypatch.setattr(
        Tracking, "track", lambda self, *given, **how: tracked.append(given) or track(self, *given, **how)
    )
    _finessed(one, Finesse(soften=3))
    assert one.right() == []
    one.begin("second")
    one.finish()
    assert one.right() == list(FRAMES)
    assert tracked == []
    assert all(np.allclose(new, softened(old, 3), atol=2e-3) for new, old in zip(one.mattes(), plain, strict=True))


def test_smoothed_mattes_survive_interruptions(bench):
    """A track that is smoothed over time, left and begun again for a new plate, ends with every matte right."""
    one = bench()
    one.declare()
    _finessed(one, Finesse(temporal=True))
    one.begin("first")
    for _ in range(3):
        one.worker.work()
    one.put(1003, 77)
    one.poke(1003)
    one.finish()
    assert one.last("first")["is"] == "done"
    assert one.right() == list(FRAMES)
    before = one.mattes()
    one.put(1004, 78)
    one.begin("second")
    one.finish()
    assert one.frames("second", kept=True) == [1001, 1002]
    assert one.frames("second") == [1003, 1004]
    assert np.array_equal(one.mattes()[0], before[0])
