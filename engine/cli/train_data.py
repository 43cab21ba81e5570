"""The data sets of `mam2 train`: how they are named on the command line, and what is in them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.contract.errors import PlateError

if TYPE_CHECKING:
    from engine.training.run import Data
    from engine.training.stages import Stage

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
