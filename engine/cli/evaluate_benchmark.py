"""What `mam2 evaluate` does on a benchmark, on two folders, or with reports of parts: each gives a report."""

from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track

from engine.clips.truth import Benchmark
from engine.contract.errors import EngineError
from engine.contract.shot import MODES
from engine.evaluation.benchmarks import RealSet, find_layout
from engine.evaluation.examination import Examiner, Part
from engine.evaluation.folders import pair_folders
from engine.evaluation.profiles import Profile
from engine.evaluation.report import join, read_json
from engine.evaluation.scores import ClipScores, Report, Result
from engine.evaluation.tracking import KINDS
from engine.weights.models import load_model, pick_device

_SIZES = {"512x288": (512, 288), "1920x1080": (1920, 1080)}


@dataclass(frozen=True)
class How:
    """How a model is examined.

    Attributes:
        model: name or weights file.
        mode: row of the paper's ablation.
        prompt: `point`, `box` or `mask`.
        device: what runs the model, and the metrics that can.
        baselines: whether simple methods matte the same clips.
        profile: how mattes are measured.
        size: of novm-p's plates; empty: the set's own.
    """

    model: str
    mode: str
    prompt: str
    device: str
    baselines: bool
    profile: Profile
    size: str = ""

    def __post_init__(self) -> None:
        for what, value, allowed in (("mode", self.mode, MODES), ("prompt", self.prompt, KINDS)):
            if value not in allowed:
                raise EngineError(
                    f"evaluate.{what}", f"'{value}' is no {what}.", f"Choose one of: {', '.join(allowed)}."
                )


def open_benchmark(name: str, data: Path | None, size: str, frames: int | None = None) -> Benchmark:
    """Find a benchmark.

    Args:
        name: as on the command line.
        data: the folder of a published set.
        size: of novm-p's plates.
        frames: of a clip of `unseen`; None: as many as it usually has.

    Raises:
        EngineError: there is no such benchmark, size or folder.
    """
    if name == "novm-p":
        from engine.clips.novm_p import NovmP

        if size not in _SIZES:
            raise EngineError("evaluate.size", f"novm-p has no size '{size}'.", f"Choose one of: {', '.join(_SIZES)}.")
        chosen: Benchmark = NovmP(size=_SIZES[size])
        return chosen
    if name == "unseen":
        from engine.evaluation.benchmarks import USUAL_FRAMES, Unseen

        return Unseen(frames or USUAL_FRAMES)
    layout = find_layout(name)
    if data is None:
        raise EngineError(
            "evaluate.data",
            f"{name} does not come with mam2.",
            f"Give its folder with --data. Expected is {layout.looks}.",
        )
    return RealSet(name, data)


def usual_prompt(name: str) -> str:
    """Give the prompt of a benchmark's clips when nobody says one."""
    return "point" if name in {"novm-p", "unseen"} else find_layout(name).prompt


def examine(benchmark: Benchmark, part: Part, how: How) -> Report:
    """Matte and measure a part of a benchmark, with a bar."""
    numbers = part.numbers(benchmark)
    model = load_model(how.model, device=how.device)
    examiner = Examiner(model, how.profile, how.mode, how.prompt, how.baselines, _device(how.device))
    found: dict[str, list[ClipScores]] = {}
    for number in track(numbers, "Examining", console=_console()):
        for method, scores in examiner.examine(benchmark.clip(number)):
            found.setdefault(method, []).append(scores)
    ours, *others = (Result(method, tuple(clips)) for method, clips in found.items())
    settings = {"model": Path(how.model).name.removesuffix(".safetensors"), "mode": how.mode, "prompt": how.prompt}
    if how.size:
        settings["size"] = how.size
    return Report(benchmark.name, how.profile, ours, tuple(others), settings)


def evaluate_folders(predicted: Path, true: Path, part: Part, profile: Profile, device_name: str) -> Report:
    """Measure mattes of any tool beside their truth; what is left out is said on the standard error stream."""
    device = _device(device_name)
    pair = pair_folders(predicted, true, part)
    for note in pair.notes:
        _console().print(note, markup=False, highlight=False, soft_wrap=True)
    scores = [
        ClipScores(clip.name, clip.kind, held_out=False, frames=profile.score(*clip.read(), device=device))
        for clip in track(pair.clips, "Measuring", console=_console())
    ]
    return Report(pair.name, profile, Result(predicted.resolve().name, tuple(scores)))


def merge(files: list[Path]) -> Report:
    """Join the reports of parts."""
    if len(files) < 2:
        raise EngineError(
            "evaluate.arguments",
            "There is nothing to merge.",
            "Name the JSON files of two parts or more: mam2 evaluate merge A.json B.json --json ALL.json.",
        )
    return join([read_json(path) for path in files])


def _device(name: str) -> torch.device | None:
    """Give where metrics run: numpy is the quicker on a CPU."""
    device = pick_device(name)
    return None if device.type == "cpu" else device


def _console() -> Console:
    return Console(stderr=True)
