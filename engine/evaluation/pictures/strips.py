"""Strips to look at: plate with its prompts, truth, alpha, and the comp over a checker board, side by side."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.contract.shot import Box, Point, Prompt
from engine.evaluation.metrics import to_codes
from engine.evaluation.pictures.sections import Case, Section
from engine.media.atomic import atomic_file, make_folder

Codes = NDArray[np.uint8]

HEIGHT, SHOWN = 220, 3
"""Of a strip in pixels; how many of the best, the middle and the worst cases are shown."""

_GAP, _LINE, _QUALITY = 4, 22, 88
_LIGHT, _DARK, _SQUARE = 190, 110, 12
_ON, _OFF = (60, 220, 60), (240, 60, 50)
_WHITE = (255, 255, 255)


Frame = tuple[Codes, Sequence[Prompt], NDArray[np.float32], NDArray[np.float32]]
"""A plate (H, W, 3) uint8 sRGB, the prompts on it, and (H, W) truth and alpha in 0..1."""


def strip(frames: Sequence[Frame]) -> bytes:
    """Make a strip, as a JPEG: a row a frame."""
    rows = [_row(*frame, HEIGHT if len(frames) == 1 else HEIGHT * 3 // 5) for frame in frames]
    done, data = cv2.imencode(".jpg", np.vstack(rows)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return data.tobytes() if done else b""


def _row(
    plate_hwc: Codes,
    prompts: Sequence[Prompt],
    truth_hw: NDArray[np.float32],
    alpha_hw: NDArray[np.float32],
    height: int,
) -> Codes:
    width = round(height * plate_hwc.shape[1] / plate_hwc.shape[0])
    small, truth, alpha = (
        cv2.resize(one, (width, height), interpolation=cv2.INTER_AREA) for one in (plate_hwc, truth_hw, alpha_hw)
    )
    panels = [_prompted(small, prompts, width / plate_hwc.shape[1]), _grey(truth), _grey(alpha), _comp(small, alpha)]
    bordered = [np.pad(panel, ((0, _GAP), (0, _GAP), (0, 0)), constant_values=255) for panel in panels]
    return np.hstack(bordered)


def write_strips(section: Section, folder: Path) -> list[Path]:
    """Write the strips of the best, the middle and the worst cases of the model named last, every model's below it.

    Returns:
        The files: `KEY-best.png` and so on; none where no strips were made.

    Raises:
        OutputError: as `atomic_file`.
    """
    ranked = [case for case in section.ranked(section.models[-1]) if case.strip]
    if not ranked:
        return []
    make_folder(folder)
    middle = max(0, len(ranked) // 2 - SHOWN // 2)
    chosen = {"best": ranked[:SHOWN], "middle": ranked[middle : middle + SHOWN], "worst": ranked[::-1][:SHOWN]}
    files = []
    for label, cases in chosen.items():
        data = _sheet([_rows(section, case.name) for case in cases])
        file = folder / f"{section.key}-{label}.png"
        with atomic_file(file, len(data)) as temporary:
            temporary.write_bytes(data)
        files.append(file)
    return files


def _rows(section: Section, name: str) -> list[tuple[str, bytes]]:
    """Give (title, strip) of every method that has one of a case."""
    cases = (case for method in section.methods for case in section.of(method) if case.name == name and case.strip)
    return [(f"{_plain(name)}  {case.method}  {_figure(section, case)}", case.strip) for case in cases]


def _figure(section: Section, case: Case) -> str:
    """Give the first figure that a case has, with its name."""
    measure = next(one for one in section.measures if one.key in case.figures)
    return f"{measure.title} {case.figures[measure.key]:.{measure.digits}f}"


def _sheet(groups: Iterable[Sequence[tuple[str, bytes]]]) -> bytes:
    rows: list[Codes] = []
    for title, data in (row for group in groups for row in group):
        picture: Codes = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.uint8)
        line = np.full((_LINE, picture.shape[1], 3), 255, np.uint8)
        cv2.putText(line, title, (4, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.48, (20, 20, 20), 1, cv2.LINE_AA)
        rows += [line, picture]
    width = max(row.shape[1] for row in rows)
    whole = np.vstack([np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0)), constant_values=255) for row in rows])
    return bytes(cv2.imencode(".png", whole)[1].tobytes())


def _plain(name: str) -> str:
    return name.encode("ascii", "replace").decode()  # OpenCV's letters


def _prompted(plate_hwc: Codes, prompts: Sequence[Prompt], scale: float) -> Codes:
    picture: Codes = plate_hwc.copy()
    for prompt in prompts:
        if isinstance(prompt, Point):
            spot, colour = (round(prompt.x * scale), round(prompt.y * scale)), _ON if prompt.positive else _OFF
            cv2.circle(picture, spot, 6, _WHITE, -1, cv2.LINE_AA)
            cv2.circle(picture, spot, 4, colour, -1, cv2.LINE_AA)
        elif isinstance(prompt, Box):
            left, top, right, bottom = (round(side * scale) for side in (prompt.x0, prompt.y0, prompt.x1, prompt.y1))
            cv2.rectangle(picture, (left, top), (right, bottom), _ON, 2)
    return np.asarray(picture, np.uint8)


def _grey(layer_hw: NDArray[np.float32]) -> Codes:
    grey: Codes = np.repeat(to_codes(layer_hw)[..., None], 3, axis=2)
    return grey


def _comp(plate_hwc: Codes, alpha_hw: NDArray[np.float32]) -> Codes:
    y, x = np.mgrid[: plate_hwc.shape[0], : plate_hwc.shape[1]]
    board = np.where((x // _SQUARE + y // _SQUARE) % 2, _LIGHT, _DARK)[..., None]
    alpha = np.clip(alpha_hw, 0, 1)[..., None]
    comp: Codes = np.rint(plate_hwc * alpha + board * (1 - alpha)).astype(np.uint8)
    return comp
