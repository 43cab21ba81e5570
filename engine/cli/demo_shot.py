"""The demonstration: matte real footage and a drawn shot by the way of `mam2 matte`, measure, and paint one picture."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.cli.demo_footage import FootageResult, run_footage
from engine.cli.demo_picture import Moment, paint
from engine.cli.matte.options import Given
from engine.cli.matte.request import MatteRequest
from engine.cli.matte.run import MatteResult, run_matte
from engine.clips.drawn import TRANSLUCENT, UNSEEN_SEED, LinearClip, render_linear
from engine.contract.errors import ShotError
from engine.evaluation.metrics import mad, mse
from engine.media.atomic import make_folder
from engine.media.colour import DisplayTransform
from engine.media.matte_files import read_matte, write_exr
from engine.media.pictures import write_picture

SEED = UNSEEN_SEED
FIRST, SIZE_HW = 1001, (252, 448)
SHOWN = 5  # frames in the picture


@dataclass(frozen=True)
class DemoResult:
    """What the demonstration made, and how far its alpha is from the exact one (both x 1000, mean over frames)."""

    mattes: MatteResult
    plates: Path
    picture: Path
    command: str
    mad: float
    mse: float
    nothing_mad: float
    footage: FootageResult

    def summary(self) -> str:
        """Say it to a person."""
        footage = self.footage
        lines = [f"drawn shot, by hand: {self.command}", f"plates    {self.plates}", self.mattes.summary()]
        lines += [f"real footage, by hand: {footage.command}", f"plates    {footage.plates}", footage.mattes.summary()]
        lines.append(f"picture   {self.picture}")
        lines.append(
            f"MAD {self.mad:.2f}  MSE {self.mse:.2f}  (x 1000, against the exact alpha; "
            f"no matte at all would have MAD {self.nothing_mad:.2f})"
        )
        return "\n".join(lines)


def run_demo(out: Path, *, kind: str, frames: int, model: str, device: str) -> DemoResult:
    """Draw, matte, measure, paint.

    Raises:
        EngineError: what is wrong with the input.
        Interrupted: after Ctrl-C.
    """
    if kind not in TRANSLUCENT:
        known = ", ".join(sorted(TRANSLUCENT))
        raise ShotError("shot.kind", f"'{kind}' is not a see-through subject.", f"Choose one of: {known}.")
    clip = render_linear(SEED, kind=kind, frames=frames, size_hw=SIZE_HW)
    plates = _write_plates(clip, out / "plates", kind)
    x, y = clip.click_xy
    where = f"{x:g},{y:g}@{FIRST}"
    request = MatteRequest(
        plates=str(plates),
        out=out / "mattes",
        prompts=(Given("object_", kind), Given("point", where)),
        range=(FIRST, FIRST + frames - 1),  # plates of an earlier, longer demonstration may still be there
        model=model,
        device=device,
        layers=("alpha", "trimap"),
        name=kind,
    )
    result = run_matte(request)
    mattes = [read_matte(_file(result, frame)) for frame in result.frames]
    alpha = np.stack([matte[f"{kind}.alpha"] for matte in mattes])
    trimap = np.stack([matte[f"{kind}.trimap"] for matte in mattes])
    footage = run_footage(out, frames=frames, model=model, device=device)
    picture = out / "demo.png"
    write_picture(picture, np.concatenate([_paint(clip, alpha, trimap), footage.picture_hwc]))
    return DemoResult(
        result,
        plates,
        picture,
        f"mam2 matte {plates} -o {request.out} --object {kind} --point {where} --layers alpha,trimap --name {kind}",
        mad=1000 * float(mad(alpha, clip.alpha_thw).mean()),
        mse=1000 * float(mse(alpha, clip.alpha_thw).mean()),
        nothing_mad=1000 * float(mad(np.zeros_like(alpha), clip.alpha_thw).mean()),
        footage=footage,
    )


def _write_plates(clip: LinearClip, folder: Path, name: str) -> Path:
    """Write scene-linear half EXR plates and give their pattern."""
    make_folder(folder)
    for index, plate_hwc in enumerate(clip.plates_thwc):
        channels = {channel: plate_hwc[..., i] for i, channel in enumerate("RGB")}
        write_exr(folder / f"{name}.{FIRST + index}.exr", channels, "")
    return folder / f"{name}.####.exr"


def _file(result: MatteResult, frame: int) -> Path:
    return Path(str(result.pattern).replace("####", f"{frame:04d}"))


def _paint(clip: LinearClip, alpha: NDArray[np.float32], trimap: NDArray[np.float32]) -> NDArray[np.float32]:
    transform = DisplayTransform(None, "scene-linear")
    count = len(alpha)
    shown = sorted({round(step * (count - 1) / (SHOWN - 1)) for step in range(SHOWN)})
    moments = [
        Moment(
            f"frame {FIRST + t}",
            transform.apply(clip.plates_thwc[t]),
            trimap[t],
            alpha[t],
            clip.alpha_thw[t],
            clip.click_xy if t == 0 else None,
        )
        for t in shown
    ]
    return paint(f"{clip.kind}: one click on frame {FIRST}, {count} frames", moments)
