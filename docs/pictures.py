"""Makes the pictures of these pages again, with our own tools and the weights that ship.

    python docs/pictures.py [nuke] [fusion] [sheet] [prompts] [transparent]

Without a name, all of them, which takes some minutes without a GPU. `images/demo.png` is made by `mam2 demo`,
`images/novm-p.jpg` by `python -m engine.clips.novm_p`; `images/frame.svg` is written by hand.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from prompt_study import EXAMPLES, FIRST, SIZE_HW, clip_of, matted, mattes, ways

from engine.cli.demo_shot import CLICK, NAME, Moment, paint
from engine.cli.demo_shot import FIRST as FIRST_OF_FOOTAGE
from engine.cli.matte.options import Given
from engine.cli.matte.request import MatteRequest
from engine.cli.matte.run import run_matte
from engine.clips.drawn import UNSEEN_SEED, render_linear
from engine.evaluation.metrics import mad
from engine.media.colour import DisplayTransform
from engine.media.pictures import eight_bit

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
Picture = NDArray[np.float32]
Codes = NDArray[np.uint8]


def nuke() -> None:
    """Have the tests of the panel save what they look at."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "tests/nuke_plugin/test_panel.py", "-k", "not pyside_2"],
            cwd=ROOT,
            env={**os.environ, "MAM2_TEST_SCREENSHOTS": folder},
            check=True,
        )
        for name in ("empty", "done"):
            picture = _load(Path(folder) / f"nuke-panel-{name}.png")
            used = np.flatnonzero(np.ptp(picture, axis=(1, 2)) > 16)  # nothing lies below the last row that varies
            _save(f"nuke-panel-{name}.png", picture[: used[-1] + 12])


def fusion() -> None:
    """Look at a frame through the Fuse before and after its track, in the stand-in for Fusion, by a real engine."""
    sys.path += [str(ROOT / "tests" / "hosts" / "fusion"), str(ROOT / "tests" / "service")]
    from fusion_host import FusionHost
    from running_engine import RunningEngine

    clip = render_linear(UNSEEN_SEED, kind="fire", frames=4, size_hw=SIZE_HW)
    height, width = SIZE_HW
    plates = [np.concatenate((plate, np.ones_like(plate[..., :1])), 2).astype(np.float16) for plate in clip.plates_thwc]
    with tempfile.TemporaryDirectory(prefix="m2") as folder, pytest.MonkeyPatch.context() as variables:
        engine = RunningEngine(Path(folder), variables)
        try:
            engine.start().close()
            host = FusionHost(FIRST, FIRST + len(plates) - 1)
            tool = host.add_tool()
            tool.connect(lambda frame: plates[frame - FIRST])
            host.comp.CurrentTime = FIRST
            tool.press("AddPoint")
            tool["Point1"] = (clip.click_xy[0] / width, 1 - clip.click_xy[1] / height)
            tool["Transfer"], tool["PostMultiply"] = 1, 0  # linear, and colour as it is
            before = tool.look(FIRST).pixels
            tool.press("TrackBoth")
            host.run_scripts()
            after = tool.render(FIRST).pixels
        finally:
            engine.process.kill()
    shown = {"before the track": before, "after the track": after}
    columns = [_labelled(_display(picture[..., :3]), label) for label, picture in shown.items()]
    alpha = eight_bit(np.repeat(after[..., 3:].astype(np.float32), 3, axis=2))
    _save("fusion-viewer.png", np.concatenate([*columns, _labelled(alpha, "alpha")], axis=1))


def sheet() -> None:
    """Keep the preview sheet that `mam2 matte --preview sheet` writes of the demonstration's footage."""
    click = (Given("object_", NAME), Given("point", f"{CLICK[0]:g},{CLICK[1]:g}@{FIRST_OF_FOOTAGE}"))
    plates = ROOT / "engine" / "starter" / "footage" / f"{NAME}.####.jpg"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "mattes"
        span = (FIRST_OF_FOOTAGE, FIRST_OF_FOOTAGE + 3)
        run_matte(MatteRequest(str(plates), out, prompts=click, range=span, model="starter", preview="sheet"))
        (found,) = [path for path in out.iterdir() if path.suffix == ".png"]
        _save("sheet.jpg", _wide(_load(found), 1200))


def prompts() -> None:
    """Matte clips by prompts of several kinds, and write above each how far its mattes are from the exact ones."""
    for name, kind, seed, shown in EXAMPLES:
        clip = clip_of(kind, seed)
        given = ways(clip)
        plate = _display(clip.plates_thwc[0])
        columns = [_labelled(plate, f"{kind}, frame {FIRST}")]
        for way in shown:
            alpha = matted(clip, given[way])
            said = f"{way}: MAD {1000 * float(mad(alpha, clip.alpha_thw).mean()):.0f}"
            columns.append(_labelled(_prompted(_over(plate, alpha[0]), given[way]), said))
        exact = _over(plate, clip.alpha_thw[0])
        rows = [[columns[0], _labelled(exact, "exact alpha")], columns[1:]]
        _save(f"prompts-{name}.png", np.concatenate([np.concatenate(row, axis=1) for row in rows]))


def transparent() -> None:
    """Matte smoke and glass from one click each, with what `mam2 demo` paints of a shot."""
    for kind in ("smoke", "glass"):
        clip = render_linear(UNSEEN_SEED, kind=kind, frames=12, size_hw=SIZE_HW)
        layers = mattes(clip, ways(clip)["middle"], ("alpha", "trimap"))
        moments = [
            Moment(
                f"frame {FIRST + t}",
                DisplayTransform(None, "scene-linear").apply(clip.plates_thwc[t]),
                layers["trimap"][t],
                layers["alpha"][t],
                clip.alpha_thw[t],
                clip.click_xy if t == 0 else None,
            )
            for t in (0, 5, 11)
        ]
        picture = paint(f"{kind}: one click on frame {FIRST}, 12 frames", moments)
        _save(f"{kind}.jpg", _wide(eight_bit(picture), 1100))


def _display(plate_hwc: Picture) -> Codes:
    return eight_bit(DisplayTransform(None, "scene-linear").apply(np.asarray(plate_hwc, np.float32)))


def _over(plate_hwc: Codes, alpha_hw: Picture) -> Codes:
    """Lay the plate over a flat green, as a keyer's artist would look at it; (H, W, 3) sRGB codes."""
    alpha = alpha_hw[..., None]
    return np.asarray(plate_hwc * alpha + np.array([40, 120, 70], np.float32) * (1 - alpha), np.uint8)


def _prompted(picture: Codes, prompts: tuple[Given, ...]) -> Codes:
    """Draw points as rings, points on what is not the object as crosses, boxes as boxes."""
    picture = picture.copy()
    for one in prompts:
        numbers = [round(float(number)) for number in one.value.partition("@")[0].split(",")]
        if one.option == "box":
            cv2.rectangle(picture, tuple(numbers[:2]), tuple(numbers[2:]), (255, 115, 25), 2)
        elif one.option == "point":
            cv2.circle(picture, tuple(numbers), 7, (255, 255, 255), 4, cv2.LINE_AA)
            cv2.circle(picture, tuple(numbers), 7, (255, 115, 25), 2, cv2.LINE_AA)
        else:
            cv2.drawMarker(picture, tuple(numbers), (255, 255, 255), cv2.MARKER_TILTED_CROSS, 14, 4, cv2.LINE_AA)
            cv2.drawMarker(picture, tuple(numbers), (220, 30, 30), cv2.MARKER_TILTED_CROSS, 14, 2, cv2.LINE_AA)
    return picture


def _labelled(picture: Codes, text: str) -> Codes:
    head = np.full((26, picture.shape[1], 3), 23, np.uint8)
    cv2.putText(head, text, (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (235, 235, 235), 1, cv2.LINE_AA)
    joined = np.concatenate((head, picture))
    return np.pad(joined, ((0, 0), (0, 6), (0, 0)), constant_values=23)


def _wide(picture: Codes, most: int) -> Codes:
    scale = min(1.0, most / picture.shape[1])
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _load(path: Path) -> Codes:
    return np.asarray(cv2.imread(str(path)), np.uint8)[..., ::-1]


def _save(name: str, picture: Codes) -> None:
    options = [cv2.IMWRITE_JPEG_QUALITY, 88] if name.endswith(".jpg") else []
    cv2.imwrite(str(IMAGES / name), picture[..., ::-1], options)


PICTURES = {one.__name__: one for one in (nuke, fusion, sheet, prompts, transparent)}

if __name__ == "__main__":
    for wanted in sys.argv[1:] or PICTURES:
        PICTURES[wanted]()
