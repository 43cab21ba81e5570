"""Pictures for the page and for hosts' panels come from a process of their own."""

import asyncio
import os
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest
from running_engine import CUP, SIZE, pixels, write_plate

from engine.contract.errors import ServiceError
from engine.media.matte_files import write_exr
from engine.service.declaration import Declaration
from engine.service.store import Store
from engine.service.viewer.pictures import Pictures
from engine.service.viewers import Viewer


@pytest.fixture
def store(tmp_path):
    """Give a store with a shot whose first plate is there."""
    store = Store(tmp_path / "store")
    store.declare("sh", Declaration(1001, 1004, *SIZE, objects=CUP)).put_plate(1001, write_plate(tmp_path, 1001), "exr")
    return store


@pytest.fixture
def shot(store):
    """Give the shot with a matte on its first frame: a slope from left to right."""
    shot = store.shot("sh")
    slope = np.broadcast_to(np.linspace(0, 1, SIZE[0], dtype=np.float32), SIZE[::-1])
    write_exr(shot.matte(1001), {"A": slope, "cup.alpha": slope}, "signature")
    return shot


def ask(viewer, layer="plate", frame=1001):
    """Ask for a picture 32 pixels wide."""
    return viewer.ask("picture", shot="sh", frame=frame, layer=layer, thing="", width=32, mark="", preview=False)


def picture(store, layer, width, thing=""):
    """Give a picture's pixels as a browser decodes them, (H, W, 3) RGB or (H, W, 4), 0..255."""
    found = Pictures(store).picture("sh", 1001, layer, thing, width, "", preview=False)
    return cv2.imread(found["path"], cv2.IMREAD_UNCHANGED)[..., [2, 1, 0, 3][: 4 if found["path"][-3:] == "png" else 3]]


def test_a_process_that_died_or_rested_is_replaced(store):
    """When the process is killed the next picture comes from another; one that rests leaves by itself."""

    async def look():
        viewer = Viewer(store)
        first = await ask(viewer)
        process = viewer._process
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
        assert await ask(viewer) == first
        second = viewer._process
        viewer.rest()
        assert await asyncio.wait_for(second.wait(), 60) == 0
        assert await ask(viewer) == first
        await viewer.close()

    asyncio.run(look())


def test_what_is_missing_is_said(store):
    """Where a plate or a matte is not there yet, the error says so."""
    for frame, layer in ((1002, "plate"), (1001, "alpha"), (1001, "comp"), (1001, "grey")):
        with pytest.raises(ServiceError) as caught:
            Pictures(store).picture("sh", frame, layer, "", 32, "", preview=False)
        assert caught.value.code == "matte.missing"


@pytest.mark.parametrize("kind", ["exr", "png"])
def test_a_small_picture_is_the_large_one_made_smaller(store, tmp_path, kind):
    """A plate shown at half its width looks as it does at full size, though it is made smaller before its colours."""
    across, down = np.meshgrid(*(np.linspace(0, 1, side, dtype=np.float32) for side in SIZE))
    path = tmp_path / f"smooth.{kind}"
    if kind == "exr":
        write_exr(path, {"R": across, "G": down, "B": across * down}, "")
    else:
        cv2.imwrite(str(path), np.rint(np.stack([across * down, down, across], 2) * 255).astype(np.uint8))
    store.shot("sh").put_plate(1001, path, kind)
    whole, half = (picture(store, "plate", width).astype(np.float32) for width in (64, 32))
    assert half.shape == (24, 32, 3)
    assert np.abs(cv2.resize(whole, (32, 24), interpolation=cv2.INTER_AREA) - half).mean() < 3


@pytest.mark.usefixtures("shot")
@pytest.mark.parametrize("thing", ["", "cup"])
def test_a_layer_is_the_alpha_of_a_white_picture(store, thing):
    """The picture of a layer is white all over, and its alpha is the layer, rounded."""
    found = picture(store, "alpha", 64, thing)
    assert (found[..., :3] == 255).all()
    assert np.abs(found[0, :, 3] - np.linspace(0, 255, 64)).max() < 0.6


@pytest.mark.usefixtures("shot")
def test_panels_get_mattes_and_comps_that_are_opaque(store):
    """A panel's alpha is grey from black to white; its comp is the plate at alpha 1, a checkerboard at 0."""
    grey, comp, plate = (picture(store, layer, 64).astype(int) for layer in ("grey", "comp", "plate"))
    assert np.abs(grey[0, :, 1] - np.linspace(0, 255, 64)).max() < 6
    assert np.abs(comp[:, -4:] - plate[:, -4:]).mean() < 12
    assert np.abs(comp[2:14, :4] - 0.55 * 255).mean() < 12


def test_a_picture_of_a_new_plate_is_new(store, tmp_path):
    """The mark of a picture changes with its plate; whoever has it gets no second one, and the older one goes."""
    pictures = Pictures(store)
    first = pictures.picture("sh", 1001, "plate", "", 32, "", preview=False)
    assert pictures.picture("sh", 1001, "plate", "", 32, first["mark"], preview=False) == {"mark": first["mark"]}
    codes = np.clip(pixels(1002) * 255, 0, 255).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "new.png"), codes)
    store.shot("sh").put_plate(1001, tmp_path / "new.png", "png")
    second = pictures.picture("sh", 1001, "plate", "", 32, first["mark"], preview=False)
    assert second["mark"] != first["mark"]
    assert not Path(first["path"]).exists()
