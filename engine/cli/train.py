"""`mam2 train`: run or resume a stage of the recipe, or show the data that it sees."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.contract.errors import PlateError

if TYPE_CHECKING:
    from engine.training.run import Data
    from engine.training.stages import Stage


def train(
    stage: Annotated[str, typer.Option(help="Stage of the recipe; see `mam2 train --list`.")] = "masks-128",
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the run: checkpoints and logs.")] = Path(
        "runs/starter"
    ),
    model: Annotated[
        str, typer.Option(help="starter, or mam2-t|s|b+|l, which begin from imported SAM 2.1.")
    ] = "starter",
    starts: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            help="Checkpoint of a stage before, or a weights file; again for the other part (tracker, matter).",
        ),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="SET=FOLDER", help="A data set and its folder; again for each. None: procedural clips."),
    ] = None,
    backgrounds: Annotated[
        list[str] | None, typer.Option(metavar="[SET=]FOLDER", help="What lies behind foregrounds; again for each.")
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="Learn from a pack of free photographs: the folder of its index.csv.")
    ] = None,
    pseudo: Annotated[
        Path | None, typer.Option(help="With --pictures: folder of the pseudo-masks of its photographs.")
    ] = None,
    check_data: Annotated[bool, typer.Option("--check-data", help="Show what the folders hold, and stop.")] = False,
    minutes: Annotated[float, typer.Option(help="Stop after this long; run again to go on.")] = 60.0,
    steps: Annotated[int, typer.Option(help="Length of the whole stage in steps.")] = 4000,
    mode: Annotated[str, typer.Option(help="Row of the ablation to train.")] = "pdd+mss",
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda|mps", help="What trains.")] = "auto",
    workers: Annotated[int, typer.Option(help="Processes that make samples.")] = 1,
    accumulate: Annotated[int, typer.Option(help="Parts that a batch is taken in, to save memory.")] = 1,
    recompute: Annotated[
        bool, typer.Option("--recompute", help="Make activations again instead of keeping them.")
    ] = False,
    teacher: Annotated[
        str | None, typer.Option(help="Model whose matter stage 2 also follows, as sam2.1-l:vitmatte-s.")
    ] = None,
    clips: Annotated[int, typer.Option(help="Procedural clips in the pool that the run learns from.")] = 2000,
    first_seed: Annotated[int, typer.Option(help="Seed of the pool's first clip; the others follow.")] = 0,
    export: Annotated[
        Path | None, typer.Option(help="Write what the --from checkpoints hold as a model's weights file, and stop.")
    ] = None,
    mean: Annotated[
        bool, typer.Option("--mean", help="With --export: write the mean of the --from weights files.")
    ] = False,
    teachers: Annotated[
        list[Path] | None,
        typer.Option(
            "--teacher-file",
            metavar="ONNX",
            help="Make pseudo-masks of --pictures in --pseudo with this U2-Net, and stop; again for a second opinion.",
        ),
    ] = None,
    look: Annotated[
        Path | None, typer.Option(help="Write a contact sheet of what the stage would see to this picture, and stop.")
    ] = None,
    list_stages: Annotated[bool, typer.Option("--list", help="Show the stages and stop.")] = False,
) -> None:
    """Train a model one stage at a time, resumable: on procedural clips, or on data sets in their published folders."""
    from engine.training import checkpoint
    from engine.training.run import Run, run
    from engine.training.sources import from_sets, photographs, procedural
    from engine.training.stages import STAGES
    from engine.weights.models import pick_device

    if list_stages:
        for known in STAGES.values():
            side = f"{known.size} px" if known.size else "the model's size"
            typer.echo(f"{known.name}: {known.kind}, {known.frames} frames of {side}, batch {known.batch}")
        return
    sets, behind = named_folders(data or []), named_folders(backgrounds or [], usual="backgrounds")
    if check_data:
        raise typer.Exit(0 if show_data(sets | behind) else 1)
    if mean and not (export and starts):
        raise typer.BadParameter(
            "name each weights file with --from, and with --export the file to write", param_hint="--mean"
        )
    if export:
        learnt = checkpoint.PHOTOGRAPHS if pictures else ", ".join(sets) or checkpoint.PROCEDURAL
        if mean:
            checkpoint.export_mean(starts or [], export, source=learnt)
        else:
            checkpoint.export(starts or [], export, name=model, source=learnt)
        typer.echo(f"wrote {export} ({export.stat().st_size / 1e6:.1f} MB)")
        return
    if stage not in STAGES:
        raise typer.BadParameter(f"there is no stage '{stage}'; `mam2 train --list` shows them", param_hint="--stage")
    if teachers:
        if pictures is None or pseudo is None:
            raise typer.BadParameter("name --pictures and --pseudo as well", param_hint="--teacher-file")
        make_pseudo_masks(pictures, teachers, pseudo)
        return
    data_source = (
        photographs(pictures, pseudo)
        if pictures
        else from_sets(sets, behind)
        if sets
        else procedural(out / "pool.npy", clips=clips, first_seed=first_seed, say=typer.echo)
    )
    if look is not None:
        show_samples(data_source, STAGES[stage], look)
        typer.echo(f"wrote {look}")
        return
    plan = Run(
        STAGES[stage],
        out,
        data_source,
        name=model,
        starts=starts or [],
        mode=mode,
        device=pick_device(device),
        steps=steps,
        minutes=minutes,
        workers=workers,
        accumulate=accumulate,
        recompute=recompute,
        teacher=teacher,
    )
    run(plan, typer.echo)


_SHOWN = 40  # samples on a contact sheet


def named_folders(words: Sequence[str], *, usual: str = "") -> dict[str, Path]:
    """Read `SET=FOLDER` words.

    Args:
        words: as typed.
        usual: the set of a word without a name; empty where every word needs one.

    Raises:
        PlateError: `data.unnamed`.
    """
    folders = {}
    for word in words:
        name, equals, folder = word.partition("=")
        if not equals and not usual:
            raise PlateError(
                "data.unnamed",
                f"'{word}' does not say which data set it is.",
                "Write SET=FOLDER, as am-2k=/data/AM-2k.",
            )
        folders[name if equals else usual] = Path(folder if equals else word)
    return folders


def show_data(folders: dict[str, Path]) -> bool:
    """Print what each folder holds, and what is wrong with it; give whether nothing is."""
    from rich.console import Console
    from rich.table import Table

    from engine.datasets.check import check_data

    rows = check_data(folders)
    table = Table("set", "split", "items", "frames", "objects")
    for row in rows:
        table.add_row(row.set, row.split or "-", str(row.items), str(row.frames), f"{row.objects:.1f}")
    console = Console()
    console.print(table)
    problems = [(row.set, problem) for row in rows for problem in row.problems]
    for name, problem in problems:
        console.print(f"{name}: {problem}", highlight=False, markup=False)
    return not problems


def show_samples(data: "Data", stage: "Stage", path: Path) -> None:
    """Write a contact sheet of the first samples that a stage would learn from."""
    from dataclasses import replace

    from engine.model.config import STARTER
    from engine.training.crew import Crew
    from engine.training.pictures.look import contact_sheet, write_sheet

    sized = replace(stage, size=stage.size or STARTER.tracker.image_size)
    write_sheet(contact_sheet(data(sized, Crew()), _SHOWN), path)


def make_pseudo_masks(pictures: Path, teachers: Sequence[Path], folder: Path) -> None:
    """Mask the photographs of a pack that nobody has masked, with a progress bar; what is there already stays.

    Args:
        pictures: folder of the pack.
        teachers: U2-Net files, the quick one first.
        folder: to write into.
    """
    from rich.progress import Progress

    from engine.training.pictures.stills import read_pack
    from engine.training.pictures.teacher import make_pseudo_masks, mirrored, open_teacher

    looks = [open_teacher(teacher) for teacher in teachers]
    looks.insert(1, mirrored(looks[0]))
    files = [picture.path for picture in read_pack(pictures, "train").of("background")]
    with Progress() as progress:
        task = progress.add_task("pseudo-masks", total=len(files))
        make_pseudo_masks(
            files,
            looks,
            folder,
            lambda kept, examined: progress.update(task, completed=examined, description=f"{kept} kept"),
        )
