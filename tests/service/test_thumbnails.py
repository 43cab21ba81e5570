"""Small pictures for the monitor come from a process of their own."""

import asyncio
import os
import signal

import pytest
from running_engine import CUP, SIZE, write_plate

from engine.contract.errors import ServiceError
from engine.service.declaration import Declaration
from engine.service.store import Store
from engine.service.thumbnails import Thumbnails


@pytest.fixture
def shot(tmp_path):
    """Give a stored shot whose first plate is there."""
    stored = Store(tmp_path / "store").declare("sh", Declaration(1001, 1004, *SIZE, objects=CUP))
    stored.put_plate(1001, write_plate(tmp_path, 1001), "exr")
    return stored


def test_a_plate_has_its_picture_and_what_is_missing_is_said(shot):
    """A plate that is there comes as a JPEG; where a plate or a matte is not, the error says so."""

    async def look():
        thumbnails = Thumbnails()
        found = [await thumbnails.get(shot, 1001, "plate")]
        for frame, of in ((1002, "plate"), (1001, "alpha"), (1001, "comp")):
            with pytest.raises(ServiceError) as caught:
                await thumbnails.get(shot, frame, of)
            assert caught.value.code == "matte.missing"
        found.append(await thumbnails.get(shot, 1001, "plate"))
        process = thumbnails._process
        thumbnails.close()
        await process.wait()
        return found

    first, second = asyncio.run(look())
    assert first == second
    assert first.startswith(b"\xff\xd8\xff")


def test_a_process_that_dies_is_replaced(shot):
    """When the process is killed the next picture comes from another, and at the end it leaves by itself."""

    async def look():
        thumbnails = Thumbnails()
        await thumbnails.get(shot, 1001, "plate")
        first = thumbnails._process
        os.kill(first.pid, signal.SIGKILL)
        await first.wait()
        assert (await thumbnails.get(shot, 1001, "plate")).startswith(b"\xff\xd8\xff")
        second = thumbnails._process
        thumbnails.close()
        assert await asyncio.wait_for(second.wait(), 60) == 0

    asyncio.run(look())
