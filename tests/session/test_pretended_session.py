"""Whole sessions on a device that is only said to be there: nothing mixes devices, and mattes are those of the CPU."""

import re
from pathlib import Path

import pytest
import torchgen
from device_shots import DISC, SHOTS, alphas, near, session_on
from pretended_device import pretended

from engine.contract.shot import Point, ShotObject
from engine.session.matting import MatterLimits

LAST = 3
WAITS = {
    "model/ready/around_unknown.py cells_with download": 1,
    "model/ready/rooms.py _told download": 1,
    "session/transfer.py downloaded event": 1,
}
"""Where the processor waits for the device on a frame of one object, and how often. These may only fall."""


@pytest.mark.parametrize(
    ("said", "limits"), [*((said, MatterLimits()) for said in SHOTS), ("a point", MatterLimits(tile=64, overlap=16))]
)
def test_a_session_stays_on_its_device(said, limits, shot_of, plates):
    """Tracking and matting mix no devices and have no double precision, and the mattes are those of the CPU."""
    shot = shot_of(1, LAST, *SHOTS[said])
    with session_on("cpu", shot, plates, limits) as session:
        want = alphas(session.track())
    with pretended() as device, session_on("cuda", shot, plates, limits) as session:
        near(alphas(session.track()), want)
        assert device.asked.operators.total() > 1000
        assert not device.asked.doubles


def test_previews_and_corrections_stay_on_the_device(shot_of, plates):
    """A preview before tracking, a correction after it and the frames that it changes mix no devices."""
    corrected = ShotObject("disc", (DISC, Point(2, 70, 30, positive=False)))
    with pretended() as device, session_on("cuda", shot_of(1, LAST, *SHOTS["a point"]), plates) as session:
        session.preview(2)
        list(session.track())
        assert session.edit((corrected,))
        session.preview(2)
        assert [one.frame for one in session.track()]
        assert not device.asked.doubles


def test_a_second_gpu_works_alone(shot_of, plates):
    """A model on the second GPU asks nothing of the first: what is made on one mixes with nothing of the other."""
    shot = shot_of(1, 2, *SHOTS["a point"])
    with pretended(count=2), session_on("cuda:1", shot, plates) as session:
        assert len(list(session.track())) == 2


def test_a_model_for_the_processor_asks_nothing_of_a_gpu(shot_of, plates):
    """Loading a model for the CPU and matting with it touches no GPU that is there."""
    with pretended() as device, session_on("cpu", shot_of(1, 2, *SHOTS["a point"]), plates) as session:
        list(session.track())
        assert not device.asked.operators


def test_the_device_is_waited_for_no_more_often_than_before(shot_of, plates):
    """On a frame of one object the processor waits where it is known to, and nowhere else."""
    with pretended() as device, session_on("cuda", shot_of(1, 5, *SHOTS["a point"]), plates) as session:
        frames = session.track()
        for _ in range(3):
            next(frames)
        with device.counting() as asked:
            next(frames)
    found = {}
    for place, times in asked.waits.items():
        file, _, what = place.partition(" ")
        key = f"{file.partition(':')[0]} {what}"
        found[key] = found.get(key, 0) + times
    assert found == WAITS, dict(asked.waits)


def test_apple_has_every_operator_that_a_session_needs(shot_of, plates):
    """Every operator that a session asks of a GPU is in PyTorch's own table for Metal, or made of others that are."""
    table = operators_of_metal()
    # A GPU that multiplies no half precision is asked for what Apple's is.
    with (
        pretended(capability=(6, 1)) as device,
        session_on("cuda", shot_of(1, 2, *SHOTS["a point"]), plates) as session,
    ):
        assert len(list(session.track())) == 2
        asked = set(device.asked.operators)
    assert len(asked) > 40
    assert "linalg_eig" not in table
    assert asked <= table


def operators_of_metal():
    """The operators that torch's table has for Metal, or makes of others, by name."""
    table = Path(torchgen.__file__).parent / "packaged" / "ATen" / "native" / "native_functions.yaml"
    said = {re.match(r"[\w.]+", one)[0]: one for one in table.read_text(encoding="utf-8").split("\n- func: ")[1:]}

    def serves(one):
        other = re.search(r"structured_delegate: (\S+)", one)
        if other:
            return serves(said[other[1]])
        return "dispatch:" not in one or bool(re.search(r"^ +[^#\n]*(\bMPS\b|\bComposite\w+).*:", one, re.MULTILINE))

    return {name for name, one in said.items() if serves(one)}
