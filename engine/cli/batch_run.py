"""Carrying out `mam2 batch`: shots one after another, one model for all, a row of the summary for each."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from engine.cli import report
from engine.cli.matte.request import MatteRequest, check_options
from engine.cli.matte.run import MatteResult, run_matte
from engine.cli.matte.stages import Load, load
from engine.contract.errors import EngineError
from engine.farm.shot_files import find_shots, mattes_beside, plates_of
from engine.weights.automatic import choose_model


@dataclass(frozen=True)
class Row:
    """What became of one shot.

    Attributes:
        shot: its file, relative to the folder of the batch.
        frames: frames that have mattes now; 0 after a failure.
        matted: how many of them were made this time.
        seconds: it took, without loading the model.
        state: `done`, `kept` when every matte was there already, or `failed`.
        reason: why it failed and what to do; else where the mattes are.
    """

    shot: str
    frames: int
    matted: int
    seconds: float
    state: str
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Give the row as JSON data."""
        return asdict(self)


@dataclass
class Batch:
    """The shots under a folder, and what has become of them so far.

    Attributes:
        folder: where the shot files are, at any depth.
        out: where the mattes go, in a folder for each shot; None: beside its file.
        layers, format, model, device, preview: as for `MatteRequest`.
        rows: the shots dealt with, in their order.
        advice: what would matte them better; empty where nothing would.
    """

    folder: Path
    out: Path | None
    layers: tuple[str, ...]
    format: str
    model: str
    device: str
    preview: str | None = None
    rows: list[Row] = field(default_factory=list)
    advice: str = ""

    def run(self, say: Callable[[str], None]) -> None:
        """Matte every shot, filling `rows`; a shot that fails becomes a row, and the next one follows.

        Args:
            say: told which shot begins.

        Raises:
            EngineError: there is no shot, or an option makes sense for none.
            Interrupted: after Ctrl-C.
        """
        check_options(MatteRequest("", self.out or self.folder, **self._options()))
        choose_model(self.model, self.device)
        shots = find_shots(self.folder)
        once: Load = cache(load)
        for number, shot in enumerate(shots, 1):
            say(f"shot {number} of {len(shots)}: {self._name(shot)}")
            self.rows.append(self._matte(shot, once))

    def table(self) -> str:
        """Give the rows to a person, in columns, and the sum."""
        cells = [("shot", "frames", "seconds", "state", "")]
        cells += [(row.shot, str(row.frames), f"{row.seconds:.1f}", row.state, row.reason) for row in self.rows]
        name, state = (max(len(row[column]) for row in cells) for column in (0, 3))
        lines = [f"{row[0]:<{name}}  {row[1]:>6}  {row[2]:>7}  {row[3]:<{state}}  {row[4]}".rstrip() for row in cells]
        failed = sum(row.state == "failed" for row in self.rows)
        return "\n".join([*lines, f"{len(self.rows) - failed} of {len(self.rows)} shots have their mattes"])

    def _matte(self, shot: Path, load_once: Load) -> Row:
        began = time.monotonic()
        name = self._name(shot)
        try:
            result = run_matte(self._request(shot), load_once)
        except EngineError as problem:
            return Row(name, 0, 0, time.monotonic() - began, "failed", str(problem))
        except Exception as problem:  # noqa: BLE001 - one shot's trouble must not keep a night's other shots from theirs
            report.show_bug(problem, ["mam2", "batch", str(shot)])
            return Row(name, 0, 0, time.monotonic() - began, "failed", f"a bug in mam2: {type(problem).__name__}")
        self.advice = result.advice
        return _row(name, result)

    def _request(self, shot: Path) -> MatteRequest:
        out = mattes_beside(shot)
        return MatteRequest(
            plates=str(plates_of(shot)),
            out=self.out / out.relative_to(self.folder) if self.out else out,
            prompts_file=shot,
            resume=True,
            **self._options(),
        )

    def _options(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("layers", "format", "model", "device", "preview")}

    def _name(self, shot: Path) -> str:
        return shot.relative_to(self.folder).as_posix()


def _row(name: str, result: MatteResult) -> Row:
    state = "done" if result.matted else "kept"
    lost = "".join(f"; '{thing}' may be lost from frame {frame}" for thing, frame in result.lost.items())
    shown = "".join(f"; preview {path}" for path in result.previews)
    return Row(name, len(result.frames), result.matted, result.seconds, state, f"{result.pattern}{shown}{lost}")
