"""A report as a picture: the profile's first metric over the frames of a clip, and by kind."""

from pathlib import Path

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from engine.evaluation.scores import Report, by_kind, columns, figures, held_out
from engine.media.atomic import atomic_file, make_folder

_COLOURS = 20  # of the map, for as many kinds
_DOTS_PER_INCH = 120
_INCHES = (14, 5)
_BOLD = {"trained kinds": "tab:blue", "held-out kinds": "tab:red", "all": "black"}
_MOST_BYTES = 1 << 20  # about what such a picture takes at most


def draw(report: Report, path: Path) -> None:
    """Draw a report, PNG, whole or not at all.

    Raises:
        OutputError: as `atomic_file`.
    """
    figure = Figure(figsize=_INCHES, layout="constrained")
    FigureCanvasAgg(figure)
    over_frames, kinds = figure.subplots(1, 2)
    _draw_frames(over_frames, report)
    _draw_kinds(kinds, report)
    figure.suptitle(", ".join([report.benchmark, report.profile.name, *report.settings.values()]))
    make_folder(path.parent)
    with atomic_file(path, _MOST_BYTES) as temporary:
        figure.savefig(temporary, dpi=_DOTS_PER_INCH)


def metric_of(report: Report) -> str:
    """Give the metric that is drawn: the profile's first."""
    return next(iter(report.profile.measures))


def _draw_frames(axes: Axes, report: Report) -> None:
    metric = metric_of(report)
    for index, (kind, some) in enumerate(by_kind(report.ours.clips).items()):
        axes.plot(columns(some, metric), linewidth=0.8, color=colormaps["tab20"](index % _COLOURS), label=kind)
    parts = {**held_out(report.ours.clips), "all": report.ours.clips}
    for label, some in parts.items():
        axes.plot(columns(some, metric), linewidth=2.5, color=_BOLD[label], label=label)
    for index, one in enumerate(report.baselines):
        axes.plot(columns(one.clips, metric), linestyle="--", color=f"C{index}", label=one.method)
    axes.set(xlabel="frame", ylabel=metric.upper(), title="over the frames")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize="x-small", loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0)  # beside the lines


def _draw_kinds(axes: Axes, report: Report) -> None:
    metric, width = metric_of(report), 0.8 / len(report.results)
    for index, one in enumerate(report.results):
        groups = by_kind(one.clips)
        values = [figures(some, report.profile)[metric] for some in groups.values()]
        colour = f"C{index - 1}" if index else "black"
        places = [place + index * width for place in range(len(groups))]
        axes.bar(places, values, width, color=colour, label=one.method)
    labels = [f"{kind}{' (held out)' if some[0].held_out else ''}" for kind, some in by_kind(report.ours.clips).items()]
    middle = (len(report.results) - 1) * width / 2
    axes.set_xticks([place + middle for place in range(len(labels))], labels, rotation=60, ha="right")
    axes.set(ylabel=metric.upper(), title="by kind")
    axes.legend(fontsize="x-small")
