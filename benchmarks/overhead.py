"""What the service costs over tracking in-process: the same shot, both ways, end to end.

    python benchmarks/overhead.py [--frames 100] [--size 1920 1080] [--chunk 10]

The shot is tracked in chunks, each in-process as `mam2 matte` does and through a running engine by a host of its own
process that knows nothing but the contract, the two in turn first, so that whatever else the machine does meets both
alike. The model is loaded before in both. Prints wall times, processor times of all that took part, their ratios, and
whether the mattes are the same to the bit.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import psutil
from own_engine import SERVE, own_engine

import engine
from engine.clips.drawn import UNSEEN_SEED, render_linear
from engine.contract.shot import Point, Settings, Shot, ShotObject
from engine.media.colour import DisplayTransform
from engine.media.matte_files import read_matte, write_exr
from engine.media.mattes import LAYERS, MatteWriter
from engine.media.plates import DisplayPlates, open_plates
from engine.model.mam2 import MAM2
from engine.session.session import ShotSession
from engine.weights.models import load_model

FIRST = 1001
DRAWN = (360, 640)  # height and width at which the clip is drawn


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--size", type=int, nargs=2, default=(1920, 1080), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--chunk", type=int, default=10, help="frames; as many as --frames: the shot as a whole")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="m2over") as name:
        folder = Path(name)
        shot = draw(folder / "plates", options.frames, tuple(options.size))
        shutil.copytree(Path(engine.__file__).parent / "contract", folder / "host" / "mam2_contract")
        with own_engine(folder, MAM2_COMMAND=" ".join(SERVE)) as (_, process):
            compare(load_model("starter"), shot, folder, options.chunk, process)


def compare(model: MAM2, shot: Shot, folder: Path, chunk: int, engine_process: psutil.Process) -> None:
    """Track the shot both ways in turn, and print what each took."""

    def directly(part: Shot, out: str = "in-process") -> None:
        in_process(model, part, folder / "plates", folder / out)

    def by_host(part: Shot, out: str = "service") -> None:
        through_service(part, folder, folder / out)

    def measured(way: Callable[[Shot], None], part: Shot) -> tuple[float, float]:
        began, busy = time.perf_counter(), _processor_seconds(engine_process)
        way(part)
        return time.perf_counter() - began, _processor_seconds(engine_process) - busy

    warm = _part(shot, FIRST, FIRST)
    directly(warm, "warm")
    by_host(warm, "warm")
    rows = []
    for number, first in enumerate(range(shot.first, shot.last + 1, chunk)):
        part = _part(shot, first, min(first + chunk - 1, shot.last))
        ways = (directly, by_host) if number % 2 == 0 else (by_host, directly)
        took = {way: measured(way, part) for way in ways}
        rows.append((*took[directly], *took[by_host]))
        print(
            "frames {}-{}: in-process {:6.2f} s ({:6.2f} s busy), service {:6.2f} s ({:6.2f} s busy)".format(
                part.first, part.last, *rows[-1]
            ),
            flush=True,
        )
    wall, busy, service_wall, service_busy = (sum(column) for column in zip(*rows, strict=True))
    middle = statistics.median(row[2] / row[0] for row in rows)
    print(f"wall time: {service_wall / wall:.3f} times as long by the service; median of chunks {middle:.3f}")
    print(f"processor time: {service_busy / busy:.3f} times as much")
    pairs = ((folder / way / f"matte.{frame}.exr" for way in ("in-process", "service")) for frame in shot.frames)
    print("mattes are the same to the bit" if all(_same(*pair) for pair in pairs) else "mattes differ")


def _part(shot: Shot, first: int, last: int) -> Shot:
    """Give a stretch of the shot as a shot, clicked where the shot is clicked."""
    (thing,) = shot.objects
    prompts = tuple(replace(prompt, frame=first) for prompt in thing.prompts)
    return replace(shot, first=first, last=last, objects=(ShotObject(thing.name, prompts),))


def _processor_seconds(engine_process: psutil.Process) -> float:
    """Give what this process, programs that it has run, and an engine with its workers have computed so far."""
    processes = [engine_process, *engine_process.children()]
    own = os.times()
    return (
        own.user
        + own.system
        + own.children_user
        + own.children_system
        + sum(sum(process.cpu_times()[:2]) for process in processes)
    )


def draw(folder: Path, frames: int, size: tuple[int, int]) -> Shot:
    """Draw a clip, enlarge it, give it grain and write it as half EXR; give the shot with one click."""
    folder.mkdir()
    clip = render_linear(UNSEEN_SEED, kind="smoke", frames=frames, size_hw=DRAWN)
    for index, plate in enumerate(clip.plates_thwc):
        large = cv2.resize(plate, size, interpolation=cv2.INTER_CUBIC)
        grain = np.random.default_rng(index).normal(0, 0.004, large.shape).astype(np.float32)
        channels = {name: np.ascontiguousarray((large + grain)[..., i]) for i, name in enumerate("RGB")}
        write_exr(folder / f"plate.{FIRST + index}.exr", channels, "")
    x, y = (clip.click_xy[axis] * size[axis] / DRAWN[1 - axis] for axis in (0, 1))
    thing = ShotObject("thing", (Point(FIRST, x, y),))
    return Shot(FIRST, FIRST + frames - 1, *size, (thing,), Settings(direction="forward"))


def in_process(model: MAM2, shot: Shot, plates: Path, out: Path) -> None:
    """Track a shot as `mam2 matte` does."""
    with open_plates(plates / "plate.####.exr") as source, tempfile.TemporaryDirectory() as scratch:
        writer = MatteWriter(out, "matte", width=shot.width, height=shot.height, layers=LAYERS, objects=["thing"])
        shown = DisplayPlates(source, DisplayTransform(None, source.encoding))
        with ShotSession(model, shot, shown, folder=Path(scratch)) as session:
            for mattes in session.track():
                writer.write(mattes.frame, mattes.complete(["thing"], shot.width, shot.height))


def through_service(shot: Shot, folder: Path, out: Path) -> None:
    """Have a host track a shot through the engine."""
    out.mkdir(exist_ok=True)
    point = shot.objects[0].prompts[0]
    assert isinstance(point, Point)
    numbers = (shot.first, shot.last, shot.width, shot.height, point.x, point.y, f"shot{time.time_ns()}")
    program = Path(__file__).with_name("overhead_host.py")
    command = [sys.executable, program, folder / "host", folder / "plates", out, *numbers]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["end"] == "done"


def _same(one: Path, other: Path) -> bool:
    ours, theirs = read_matte(one), read_matte(other)
    return ours.keys() == theirs.keys() and all(np.array_equal(ours[name], theirs[name]) for name in ours)


if __name__ == "__main__":
    main()
