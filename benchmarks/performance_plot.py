"""The picture of docs/performance.md: shares of a frame's time by stage, and growth."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

_GROWS = {"length": "frames in the shot", "objects": "objects", "prompts": "prompts"}


def draw(results: dict[str, dict[str, Any]], picture: Path) -> bool:
    """Draw what was measured by `stages` and `growth` as a PNG, renamed into place; False when one of them was not.

    Args:
        results: by benchmark, what it wrote as JSON.
        picture: file to make.
    """
    if not {"stages", "growth"} <= results.keys():
        return False
    figure, (shares, growth) = plt.subplots(1, 2, figsize=(12, 4.5), layout="constrained")
    _draw_shares(shares, results["stages"]["rows"])
    _draw_growth(growth, results["growth"]["rows"])
    made = picture.with_name(f"new-{picture.name}")
    figure.savefig(made, dpi=110)
    plt.close(figure)
    made.replace(picture)
    return True


def _draw_shares(axes: Any, rows: list[dict[str, Any]]) -> None:
    """Draw one bar for each model and size, cut into stages."""
    subjects = list(dict.fromkeys(_subject(row) for row in rows))
    left = dict.fromkeys(subjects, 0.0)
    colours = plt.get_cmap("tab20").colors
    for index, stage in enumerate(dict.fromkeys(row["stage"] for row in rows)):
        found = {_subject(row): row["share_percent"] for row in rows if row["stage"] == stage}
        widths = [found[name] for name in subjects]
        axes.barh(subjects, widths, left=list(left.values()), color=colours[index % len(colours)], label=stage)
        left = {name: left[name] + found[name] for name in subjects}
    axes.invert_yaxis()
    axes.set(xlabel="share of a frame's time, %", xlim=(0, 100), title="Where a frame's time goes")
    axes.legend(ncols=4, fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.13))


def _draw_growth(axes: Any, rows: Iterable[dict[str, Any]]) -> None:
    """Draw processor time a frame against what is counted, each of its first value."""
    rows = list(rows)
    for kind, label in _GROWS.items():
        mine = [row for row in rows if row["grows"] == kind]
        if mine:
            values = [int(row["value"]) for row in mine]
            times = [row["processor_s"] / mine[0]["processor_s"] for row in mine]
            axes.plot(values, times, marker="o", label=label)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set(ylabel="processor time a frame, of the first value's", title="How cost grows")
    axes.legend()


def _subject(row: dict[str, Any]) -> str:
    return f"{row['model']}\n{row['plates']}"
