"""The demonstration: real footage and a drawn shot, matted by the way of `mam2 matte`, measured, in one picture."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.cli.matte.options import Given
from engine.cli.matte.request import MatteRequest
from engine.cli.matte.run import MatteResult, run_matte
from engine.clips.drawn import TRANSLUCENT, UNSEEN_SEED, LinearClip, render_linear
from engine.contract.errors import ShotError
from engine.evaluation.metrics import mad, mse
from engine.media.atomic import make_folder
from engine.media.colour import DisplayTransform
from engine.media.matte_files import read_matte, write_exr
from engine.media.pictures import eight_bit, write_picture
from engine.media.plates import open_plates

Picture = NDArray[np.float32]
Codes = NDArray[np.uint8]

WIDTH = 1600
_MARGIN, _GAP, _LABELS, _TITLE, _HEADS = 20, 8, 96, 56, 24
_INK, _FAINT, _PAPER = 235, 155, 23
_WHITE, _CLICK = (255, 255, 255), (255, 115, 25)


@dataclass(frozen=True)
class Moment:
    """One frame: display sRGB plate (H, W, 3), and (H, W) trimap, alpha found and alpha exact, all 0..1.

    Attributes:
        label: what stands above it.
        exact_hw: None where nobody knows it, as of footage.
        click_xy: where the artist clicked, if on this frame.
    """

    label: str
    plate_hwc: Picture
    trimap_hw: Picture
    alpha_hw: Picture
    exact_hw: Picture | None
    click_xy: tuple[float, float] | None = None


def paint(title: str, moments: Sequence[Moment]) -> Picture:
    """Paint the picture, (H, W, 3) float32 sRGB 0..1, 1600 wide: a column a moment; plate, trimap, alpha, comp."""
    rows = [
        ("plate", [_clicked(one) for one in moments]),
        ("trimap", [_grey(one.trimap_hw) for one in moments]),
        ("alpha", [_grey(one.alpha_hw) for one in moments]),
        ("exact", [_grey(one.exact_hw) for one in moments if one.exact_hw is not None]),
        ("comp", [_comp(one) for one in moments]),
    ]
    rows = [(label, pictures) for label, pictures in rows if pictures]
    width = (WIDTH - 2 * _MARGIN - _LABELS - _GAP * (len(moments) - 1)) // len(moments)
    height = round(width * moments[0].plate_hwc.shape[0] / moments[0].plate_hwc.shape[1])
    total = _TITLE + _HEADS + len(rows) * (height + _GAP) + _MARGIN
    canvas = np.full((total, WIDTH, 3), _PAPER, np.uint8)
    _write(canvas, title, (_MARGIN, 38), 0.75, _INK)
    for column, one in enumerate(moments):
        left = _MARGIN + _LABELS + column * (width + _GAP)
        _write(canvas, one.label, (left, _TITLE + 14), 0.45, _FAINT)
    for number, (label, pictures) in enumerate(rows):
        top = _TITLE + _HEADS + number * (height + _GAP)
        _write(canvas, label, (_MARGIN, top + height // 2 + 5), 0.55, _INK)
        for column, picture in enumerate(pictures):
            left = _MARGIN + _LABELS + column * (width + _GAP)
            canvas[top : top + height, left : left + width] = _fitted(picture, width, height)
    return np.asarray(canvas / np.float32(255), np.float32)


def _comp(one: Moment) -> Codes:
    """Lay the plate, with its own colours, over stripes that show how much one sees through it."""
    height, width = one.alpha_hw.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    stripes = ((x + y) // (height / 9) % 2)[..., None]
    along = (x / width)[..., None]
    cold, warm = np.array([0.10, 0.30, 0.46], np.float32), np.array([0.55, 0.24, 0.30], np.float32)
    background = (cold * (1 - along) + warm * along) * (0.75 + 0.5 * stripes)
    alpha = one.alpha_hw[..., None]
    return eight_bit(one.plate_hwc * alpha + background * (1 - alpha))


def _clicked(one: Moment) -> Codes:
    picture = eight_bit(one.plate_hwc)
    if one.click_xy is not None:
        spot = (round(one.click_xy[0]), round(one.click_xy[1]))
        cv2.circle(picture, spot, 7, _WHITE, 3, cv2.LINE_AA)
        cv2.circle(picture, spot, 7, _CLICK, 2, cv2.LINE_AA)
        cv2.circle(picture, spot, 2, _CLICK, -1, cv2.LINE_AA)
    return picture


def _grey(layer_hw: Picture) -> Codes:
    return np.repeat(eight_bit(layer_hw)[..., None], 3, axis=2)


def _fitted(picture: Codes, width: int, height: int) -> Codes:
    method = cv2.INTER_AREA if picture.shape[1] > width else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (width, height), interpolation=method), np.uint8)


def _write(canvas: Codes, text: str, place: tuple[int, int], size: float, shade: int) -> None:
    # OpenCV 5 writes on 8-bit pictures only.
    cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, (shade,) * 3, 1, cv2.LINE_AA)


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
    return FootageResult(result, plates, command, _footage_picture(plates, result))


def _copy_plates(folder: Path) -> Path:
    make_folder(folder)
    for frame in range(FIRST, FIRST + LENGTH):
        name = f"{NAME}.{frame}.jpg"
        shutil.copyfile(_SOURCE / name, folder / name)
    return folder / f"{NAME}.####.jpg"


def _footage_picture(plates: Path, result: MatteResult) -> NDArray[np.float32]:
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
