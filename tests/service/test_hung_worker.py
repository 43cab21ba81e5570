"""A worker that hangs, or says what nobody understands, is replaced like one that has died."""

import asyncio
import os
import signal
import sys

import pytest
from running_engine import declare, write_plate

from engine.service.devices import Device
from engine.service.jobs import Job
from engine.service.store import Store
from engine.service.workers import WorkerProcess

_SAY = "import sys, time\ndef say(text):\n    sys.stdout.write(text + chr(10))\n    sys.stdout.flush()\n"
_ALIVE = """say('{"is": "alive", "busy": %s}')\n"""
_KINDS = {
    "never starts": "time.sleep(600)",
    "falls silent": _ALIVE % 0 + "time.sleep(600)",
    "is at one step for too long": "while True:\n    time.sleep(0.05)\n    " + _ALIVE % 1000,
    "says a line without end": "say('x' * 3_000_000)\ntime.sleep(600)",
    "says what is no message": "say('hello')\ntime.sleep(600)",
}


@pytest.mark.parametrize("kind", _KINDS)
def test_a_worker_that_does_nothing_more_is_replaced(tmp_path, kind):
    """Whatever a worker hangs at, it is ended, its job fails in words after more tries, and no process stays."""
    told = []
    seen = set()

    def heard(job, message):
        told.append(message)
        job.state = "failed"

    async def run():
        worker = WorkerProcess(Device("cpu"), Store(tmp_path), 1 << 30, 1.0, heard, timeout=1.0)
        worker._command = [sys.executable, "-c", _SAY + _KINDS[kind]]
        worker.submit(Job("1", "sh", "track"))
        while not told:
            await asyncio.sleep(0.02)
            seen.add(worker.device.pid)
        await worker.close()
        return worker.device.deaths

    assert asyncio.run(asyncio.wait_for(run(), 100)) >= 2
    assert told[0]["error"]["code"] == "engine.worker_died"
    for pid in seen - {None}:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_worker_that_works_long_is_left_alone(tmp_path):
    """A worker that gives signs of life and is at each step for less than its time is not ended."""
    script = _SAY + "for _ in range(60):\n    time.sleep(0.05)\n    " + _ALIVE % 0.5

    async def run():
        worker = WorkerProcess(Device("cpu"), Store(tmp_path), 1 << 30, 1.0, print, timeout=20.0)
        worker._command = [sys.executable, "-c", script + "\ntime.sleep(600)"]
        worker.submit(Job("1", "sh", "track"))
        await asyncio.sleep(3)
        deaths = worker.device.deaths
        await worker.close()
        return deaths

    assert asyncio.run(run()) == 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows stops no process")
def test_a_worker_that_stands_still_is_replaced_and_its_job_ends(make_engine, tmp_path):
    """A worker stopped in the middle of a job is replaced, and the job ends with all its mattes."""
    with make_engine(MAM2_WORKER_TIMEOUT="60").start() as client:
        declare(client, frames=3)
        for frame in (1001, 1002, 1003):
            client.put_plate("sh", frame, write_plate(tmp_path, frame))
        for event in client.events(client.track("sh")):
            if event.kind == "frame" and event.data["frame"] == 1001:
                os.kill(client.status()["devices"][0]["pid"], signal.SIGSTOP)
        assert event.kind == "done"
        assert client.status()["devices"][0]["deaths"] == 1
