"""The demonstration's real footage: frames of a butterfly that no model has learnt from, matted from one click."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.cli.demo_picture import Moment, paint
from engine.cli.matte.options import Given
from engine.cli.matte.request import MatteRequest
from engine.cli.matte.run import MatteResult, run_matte
from engine.media.atomic import make_folder
from engine.media.matte_files import read_matte
from engine.media.plates import open_plates

NAME, FIRST, LENGTH = "butterfly", 1001, 16
CLICK = (350.0, 258.0)
_SOURCE = Path(__file__).parents[1] / "starter" / "footage"
_SHOWN = 4  # frames in the picture: the drawn shot's rows are as high as these, which are wider


@dataclass(frozen=True)
class FootageResult:
    """What was made of the footage."""

    mattes: MatteResult
    plates: Path
    command: str
    picture_hwc: NDArray[np.float32]


def run_footage(out: Path, *, frames: int, model: str, device: str) -> FootageResult:
    """Matte the footage and paint it.

    Args:
        out: folder; plates go into `footage`, mattes into `footage_mattes`.
        frames: how many, `LENGTH` at most.
        model: as for `mam2 matte`.
        device: as for `mam2 matte`.

    Raises:
        EngineError: as `run_matte`.
        Interrupted: after Ctrl-C.
    """
    plates = _copy_plates(out / "footage")
    where = f"{CLICK[0]:g},{CLICK[1]:g}@{FIRST}"
    request = MatteRequest(
        plates=str(plates),
        out=out / "footage_mattes",
        prompts=(Given("object_", NAME), Given("point", where)),
        range=(FIRST, FIRST + min(frames, LENGTH) - 1),
        model=model,
        device=device,
        layers=("alpha", "trimap"),
        name=NAME,
    )
    result = run_matte(request)
    command = (
        f"mam2 matte {plates} -o {request.out} --object {NAME} --point {where} --layers alpha,trimap --name {NAME}"
    )
    return FootageResult(result, plates, command, _paint(plates, result))


def _copy_plates(folder: Path) -> Path:
    make_folder(folder)
    for frame in range(FIRST, FIRST + LENGTH):
        name = f"{NAME}.{frame}.jpg"
        shutil.copyfile(_SOURCE / name, folder / name)
    return folder / f"{NAME}.####.jpg"


def _paint(plates: Path, result: MatteResult) -> NDArray[np.float32]:
    count = len(result.frames)
    shown = sorted({round(step * (count - 1) / (_SHOWN - 1)) for step in range(_SHOWN)})
    moments = []
    with open_plates(plates) as sequence:
        for t in shown:
            frame = result.frames[t]
            matte = read_matte(Path(str(result.pattern).replace("####", f"{frame:04d}")))
            plate = sequence.read(frame).pixels_hwc
            alpha, trimap = matte[f"{NAME}.alpha"], matte[f"{NAME}.trimap"]
            moments.append(Moment(f"frame {frame}", plate, trimap, alpha, None, CLICK if frame == FIRST else None))
    return paint(f"real footage: one click on frame {FIRST}, {count} frames", moments)
