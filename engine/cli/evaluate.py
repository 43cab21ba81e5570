"""`mam2 evaluate`: how good mattes are, on a benchmark or in a folder, by the metrics that papers print."""

from pathlib import Path
from typing import Annotated

import typer

from engine.contract.errors import EngineError

_EXAMINED, _PART, _FIGURES = "What is examined", "A part of it", "How it is measured and where the figures go"

_MODEL = ("--model", "--mode", "--prompt", "--baselines", "--device")
_CLIPS = ("--clips", "--first", "--every", "--kinds")
_FILES = ("--json", "--markdown", "--plot")
_TAKEN_BY = {
    "unseen": (*_MODEL, "--frames", *_CLIPS, "--profile", "--average", *_FILES),
    "novm-p": (*_MODEL, "--size", *_CLIPS, "--profile", "--average", *_FILES),
    "--pred": ("--pred", "--gt", "--device", *_CLIPS, "--profile", "--average", *_FILES),
    "merge": _FILES,
    "pictures": (
        *("--pack", "--model", "--mode", "--device", "--baselines", "--saliency"),
        *("--only", "--tiers", "--limit", "--out", "--pictures", "--beside"),
    ),
}
"""Which options mean something to what."""
_TAKEN_BY_SETS = (*_MODEL, "--data", *_CLIPS, "--profile", "--average", *_FILES)


def evaluate(
    context: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[BENCHMARK]",
            help="unseen (the default), novm-p, pictures, youtubematte, videomatte, vm108, aim-500 or p3m-500-np; "
            "or 'merge' with the JSON files of parts behind it.",
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="Model name or weights file [starter]; for 'pictures' several, side by side.",
            rich_help_panel=_EXAMINED,
        ),
    ] = None,
    mode: Annotated[str, typer.Option(help="Row of the paper's ablation.", rich_help_panel=_EXAMINED)] = "pdd+mss",
    prompt: Annotated[
        str | None,
        typer.Option(
            metavar="point|box|mask|masks",
            help="The one prompt of a clip; 'masks': the true mask of each frame, without tracking.",
            rich_help_panel=_EXAMINED,
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.", rich_help_panel=_EXAMINED)] = "auto",
    baselines: Annotated[
        bool, typer.Option("--baselines", help="Simple methods on the same clips, too.", rich_help_panel=_EXAMINED)
    ] = False,
    size: Annotated[
        str, typer.Option(metavar="512x288|1920x1080", help="Of novm-p's plates.", rich_help_panel=_EXAMINED)
    ] = "512x288",
    data: Annotated[Path | None, typer.Option(help="Folder of a published set.", rich_help_panel=_EXAMINED)] = None,
    pack: Annotated[Path | None, typer.Option(help="Folder of the photographs.", rich_help_panel=_EXAMINED)] = None,
    saliency: Annotated[
        Path | None,
        typer.Option(metavar="FILE.onnx", help="U2-Net-p, beside 'pictures'.", rich_help_panel=_EXAMINED),
    ] = None,
    pred: Annotated[
        Path | None, typer.Option(help="Instead of a model: mattes, one folder a clip.", rich_help_panel=_EXAMINED)
    ] = None,
    gt: Annotated[Path | None, typer.Option(help="Their truth, laid out alike.", rich_help_panel=_EXAMINED)] = None,
    clips: Annotated[
        int | None, typer.Option(min=1, help="How many clips; of 'unseen' 40, else all.", rich_help_panel=_PART)
    ] = None,
    first: Annotated[int, typer.Option(min=0, help="Number of the first clip.", rich_help_panel=_PART)] = 0,
    every: Annotated[int, typer.Option(min=1, help="1 of how many clips.", rich_help_panel=_PART)] = 1,
    kinds: Annotated[str | None, typer.Option(help="Kinds, with commas between.", rich_help_panel=_PART)] = None,
    frames: Annotated[
        int | None, typer.Option(min=1, help="Frames a clip of 'unseen' [24].", rich_help_panel=_PART)
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(metavar="masks,composites,matter,clips", help="Parts of 'pictures' [all].", rich_help_panel=_PART),
    ] = None,
    tiers: Annotated[str, typer.Option(help="Licence tiers of 'pictures'.", rich_help_panel=_PART)] = "A,SA",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Most of each part of 'pictures'.", rich_help_panel=_PART)
    ] = None,
    profile: Annotated[
        str, typer.Option(metavar="rvm-lr|rvm-hr|maggie|dim", help="Whose metrics.", rich_help_panel=_FIGURES)
    ] = "rvm-lr",
    average: Annotated[
        str | None,
        typer.Option(
            metavar="clip|frame", help="How clips are averaged [the profile's way].", rich_help_panel=_FIGURES
        ),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write every figure.", rich_help_panel=_FIGURES)
    ] = None,
    markdown_file: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE", help="Write the tables.", rich_help_panel=_FIGURES)
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the report of 'pictures'.", rich_help_panel=_FIGURES)
    ] = None,
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Strips of the best and the worst, too.", rich_help_panel=_FIGURES)
    ] = False,
    beside: Annotated[
        list[Path] | None,
        typer.Option(metavar="report.json", help="Earlier 'pictures', not measured again.", rich_help_panel=_FIGURES),
    ] = None,
    plot_file: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE.png", help="Draw curves.", rich_help_panel=_FIGURES)
    ] = None,
) -> None:
    """Measure mattes: overall, per kind, per frame position.

    On a benchmark: mam2 evaluate novm-p --baselines. Of any tool: mam2 evaluate --pred DIR --gt DIR.
    """
    name, rest = _named(what, pred, gt)
    _refuse_others(context, name)
    if name == "pictures":
        from engine.cli.evaluate_pictures import PARTS, Wish, examine_pictures

        examine_pictures(
            Wish(
                _pack(pack),
                model or ["starter"],
                only.split(",") if only else PARTS,
                tiers.split(","),
                limit,
                mode,
                device,
                baselines,
                saliency,
                out,
                pictures,
                beside or (),
            )
        )
        return
    one_model = _one(model)
    from engine.cli import evaluate_benchmark as benchmark
    from engine.cli.evaluate_report import Files, publish
    from engine.evaluation.examination import Part
    from engine.evaluation.profiles import find_profile

    files = Files(json_file, markdown_file, plot_file)
    files.check()
    usual_clips = 40 if name == "unseen" else None
    part = Part(tuple(kinds.split(",")) if kinds else (), first, clips or usual_clips, every)
    if name == "merge":
        report = benchmark.merge([Path(one) for one in rest])
    elif pred is not None and gt is not None:
        report = benchmark.evaluate_folders(pred, gt, part, find_profile(profile, average), device)
    else:
        chosen = benchmark.open_benchmark(name, data, size, frames)
        how = benchmark.How(
            one_model,
            mode,
            prompt or benchmark.usual_prompt(name),
            device,
            baselines,
            find_profile(profile, average),
            size if name == "novm-p" else "",
        )
        report = benchmark.examine(chosen, part, how)
    publish(report, files)


def _named(what: list[str] | None, pred: Path | None, gt: Path | None) -> tuple[str, list[str]]:
    """Give what is to be examined, and what stands behind its name."""
    name, *rest = what or ["unseen"]
    if (pred is None) != (gt is None):
        raise EngineError(
            "evaluate.arguments",
            "Mattes can only be measured beside their truth.",
            "Give both folders: --pred DIR --gt DIR.",
        )
    if pred is not None:
        if what:
            raise EngineError(
                "evaluate.arguments",
                f"With --pred and --gt the benchmark '{name}' has no part in it.",
                "Give either a benchmark or the two folders.",
            )
        return "--pred", []
    if rest and name != "merge":
        raise EngineError("evaluate.arguments", f"'{rest[0]}' stands behind '{name}'.", "Name one benchmark.")
    return name, rest


def _one(models: list[str] | None) -> str:
    if models and len(models) > 1:
        raise EngineError(
            "evaluate.arguments", "Only 'pictures' takes several models.", "Give one --model, and run this for each."
        )
    return models[0] if models else "starter"


def _pack(folder: Path | None) -> Path:
    if folder is None:
        raise EngineError(
            "evaluate.data",
            "The photographs do not come with mam2.",
            "Give their folder with --pack; docs/training-data.md says what it holds.",
        )
    return folder


def _refuse_others(context: typer.Context, name: str) -> None:
    """Refuse options that would be ignored."""
    taken = _TAKEN_BY.get(name, _TAKEN_BY_SETS)
    given = (one for one in context.command.params if _stands_in_the_line(context, str(one.name)))
    useless = next((one.opts[0] for one in given if one.opts[0].startswith("--") and one.opts[0] not in taken), None)
    if useless:
        raise EngineError("evaluate.arguments", f"'{name}' takes no {useless}.", f"It takes {', '.join(taken)}.")


def _stands_in_the_line(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
