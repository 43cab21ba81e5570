"""What `mam2 matte` costs by plate size: time a frame, and the most memory that the process takes.

    python benchmarks/matte_cost.py [--frames 12] [--model starter] [--device cpu] [--sizes 448x252 1280x720 1920x1080]

Each size is a process of its own with one thread. The shot is drawn smoke, enlarged, so that the matter has the same
share of the plate to do at every size. Two frames are matted before the clock starts. Reading plates and writing mattes
are included, and so is loading the model, in the processor time alone. Prints a row of docs/performance.md a size.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from outcome import most_memory

from engine.cli.matte_request import MatteRequest
from engine.cli.matte_run import run_matte
from engine.cli.prompt_options import Given
from engine.media.matte_files import write_exr
from engine.training.procedural import UNSEEN_SEED, render_linear

DRAWN_HW = (252, 448)


def main() -> int:
    """Measure one size here, or each of several in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--model", default="starter")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--sizes", nargs="+", default=["448x252", "1280x720", "1920x1080"], metavar="WIDTHxHEIGHT")
    options = parser.parse_args()
    if len(options.sizes) == 1:
        print(_row(options.sizes[0], options.frames, options.model, options.device), flush=True)
        return 0
    print(
        "| plates | frames | processor s/frame | wall s/frame | most memory MiB | GPU MiB |\n|---|---|---|---|---|---|"
    )
    ours = ["--frames", str(options.frames), "--model", options.model, "--device", options.device]
    return max(
        subprocess.run([sys.executable, __file__, *ours, "--sizes", size], check=False).returncode
        for size in options.sizes
    )


def _row(size: str, frames: int, model: str, device: str) -> str:
    torch.set_num_threads(1)
    width, height = (int(side) for side in size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        plates, prompt = _written(Path(folder), frames, width, height)

        def matte(last: int) -> float:
            out = Path(folder) / f"mattes{last}"
            return run_matte(
                MatteRequest(
                    plates=plates, out=out, prompts=(prompt,), range=(1, last), model=model, device=device, name="matte"
                )
            ).seconds

        matte(2)
        busy = time.process_time()
        seconds = matte(frames)
        busy = time.process_time() - busy
    memory = most_memory()
    on_gpu = f"{torch.cuda.max_memory_reserved() / 2**20:.0f}" if torch.cuda.is_available() else "-"
    return f"| {size} | {frames} | {busy / frames:.2f} | {seconds / frames:.2f} | {memory / 2**20:.0f} | {on_gpu} |"


def _written(folder: Path, frames: int, width: int, height: int) -> tuple[str, Given]:
    """Write the shot as half EXR; give its pattern and a click on it."""
    clip = render_linear(UNSEEN_SEED, kind="smoke", frames=frames, size_hw=DRAWN_HW)
    for index, small_hwc in enumerate(clip.plates_thwc):
        plate_hwc = cv2.resize(small_hwc, (width, height), interpolation=cv2.INTER_CUBIC)
        channels = {name: np.ascontiguousarray(plate_hwc[..., i]) for i, name in enumerate("RGB")}
        write_exr(folder / f"plate.{index + 1:04d}.exr", channels, "")
    x, y = clip.click_xy
    return str(folder / "plate.####.exr"), Given("point", f"{x * width / DRAWN_HW[1]:g},{y * height / DRAWN_HW[0]:g}@1")


if __name__ == "__main__":
    sys.exit(main())
