"""What the service costs over tracking in-process: the same shot, both ways, end to end.

    python benchmarks/overhead.py [--frames 100] [--size 1920 1080] [--rounds 1]

Each round tracks the shot in-process as `mam2 matte` does, twice through a running engine by a host of its own process
that knows nothing but the contract, and in-process again, so that whatever else the machine does meets both alike. The
model is loaded before in both. Prints the wall times, their ratio and whether the mattes are the same to the bit.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np

import engine
from engine.cli.shot_plates import ShotPlates
from engine.contract.launch import find_or_start
from engine.contract.plan import plan_shot, visits
from engine.contract.shot import Point, Settings, Shot, ShotObject
from engine.media.colour import DisplayTransform
from engine.media.matte_files import read_matte, write_exr
from engine.media.mattes import LAYERS, MatteWriter
from engine.media.plates import open_plates
from engine.model.checkpoints import load_model
from engine.model.mam2 import MAM2
from engine.session.session import ShotSession
from engine.training.procedural import UNSEEN_SEED, render_linear

FIRST = 1001
DRAWN = (360, 640)  # height and width at which the clip is drawn


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--size", type=int, nargs=2, default=(1920, 1080), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="m2over"))
    serve = [sys.executable, "-m", "engine", "serve"]
    os.environ.update(MAM2_RUNTIME=str(folder / "run"), MAM2_STORE=str(folder / "store"), MAM2_COMMAND=" ".join(serve))
    try:
        shot = draw(folder / "plates", options.frames, tuple(options.size))
        shutil.copytree(Path(engine.__file__).parent / "contract", folder / "host" / "mam2_contract")
        with find_or_start(serve) as client:
            pid = client.status()["pid"]
        model = load_model("starter")
        compare(model, shot, folder, options.rounds)
        os.kill(pid, signal.SIGTERM)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def compare(model: MAM2, shot: Shot, folder: Path, rounds: int) -> None:
    """Track the shot both ways in turn, and print what each took."""
    ways = {
        "in-process": lambda: in_process(model, shot, folder / "plates", folder / "in-process"),
        "service": lambda: through_service(shot, folder, folder / "service"),
    }
    warm = Shot(FIRST, FIRST, shot.width, shot.height, shot.objects, shot.settings)
    in_process(model, warm, folder / "plates", folder / "warm")
    through_service(warm, folder, folder / "warm")
    times: dict[str, list[float]] = {name: [] for name in ways}
    for name in ("in-process", "service", "service", "in-process") * rounds:
        times[name].append(ways[name]())
        print(f"{name:10s} {times[name][-1]:8.2f} s  {times[name][-1] / len(shot.frames):6.3f} s a frame", flush=True)
    middle = {name: sum(values) / len(values) for name, values in times.items()}
    print(f"the service takes {middle['service'] / middle['in-process']:.3f} times as long")
    pairs = ((folder / way / f"matte.{frame}.exr" for way in ways) for frame in shot.frames)
    same = all(_same(*pair) for pair in pairs)
    print("mattes are the same to the bit" if same else "mattes differ")


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


def in_process(model: MAM2, shot: Shot, plates: Path, out: Path) -> float:
    """Track a shot as `mam2 matte` does and give the seconds from the first plate to the last matte."""
    began = time.perf_counter()
    with open_plates(plates / "plate.####.exr") as source, tempfile.TemporaryDirectory() as scratch:
        writer = MatteWriter(out, "matte", width=shot.width, height=shot.height, layers=LAYERS, objects=["thing"])
        shown = ShotPlates(source, DisplayTransform(None, source.encoding))
        shown.follow([visit.frame for visit in visits(plan_shot(shot), lambda *_: False, lambda _: False)])
        with closing(shown), ShotSession(model, shot, shown, folder=Path(scratch)) as session:
            for mattes in session.track():
                writer.write(mattes.frame, mattes.complete(["thing"], shot.width, shot.height))
    return time.perf_counter() - began


def through_service(shot: Shot, folder: Path, out: Path) -> float:
    """Have a host track a shot through the engine and give the seconds from the first plate to the last matte."""
    out.mkdir(exist_ok=True)
    point = shot.objects[0].prompts[0]
    assert isinstance(point, Point)
    numbers = (shot.first, shot.last, shot.width, shot.height, point.x, point.y, f"shot{time.time_ns()}")
    program = Path(__file__).with_name("overhead_host.py")
    command = [sys.executable, program, folder / "host", folder / "plates", out, *numbers]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["end"] == "done"
    return float(found["seconds"])


def _same(one: Path, other: Path) -> bool:
    ours, theirs = read_matte(one), read_matte(other)
    return ours.keys() == theirs.keys() and all(np.array_equal(ours[name], theirs[name]) for name in ours)


if __name__ == "__main__":
    main()
