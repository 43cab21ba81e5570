"""The data sets of `mam2 train`: how they are named on the command line, and what is in them."""

from collections.abc import Sequence
from pathlib import Path

from engine.contract.errors import PlateError


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

    from engine.training.data.check import check_data

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
