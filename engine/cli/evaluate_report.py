"""A report in the terminal, and in the files that were asked for."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.table import Table

from engine.contract.errors import EngineError
from engine.evaluation.report import Table as Words
from engine.evaluation.report import markdown, tables, units, verdict, write_json
from engine.evaluation.scores import Report
from engine.media.atomic import write_text


@dataclass(frozen=True)
class Files:
    """Where a report goes besides the terminal; None: not there.

    Attributes:
        json: every figure.
        markdown: the tables.
        plot: curves over frame positions and kinds, PNG.
    """

    json: Path | None
    markdown: Path | None
    plot: Path | None

    def check(self) -> None:
        """Find out before hours of work whether a plot can be drawn.

        Raises:
            EngineError: `evaluate.plot`: matplotlib is not there, or the file is to be no PNG.
        """
        if self.plot is None:
            return
        if self.plot.suffix.lower() != ".png":
            raise EngineError("evaluate.plot", f"'{self.plot}' is no PNG.", "Give a file that ends in .png.")
        if find_spec("matplotlib") is None:
            raise EngineError(
                "evaluate.plot",
                "Plots are drawn with matplotlib, which is not installed.",
                "Install mam2 with its extra 'evaluation', or leave out --plot.",
            )


def publish(report: Report, files: Files) -> None:
    """Show a report, and write the files that were asked for.

    Raises:
        OutputError: a file cannot be written.
    """
    console = Console()
    for table in tables(report):
        console.print(drawn(table))
    console.print(units(report), markup=False, highlight=False)
    console.print(verdict(report), markup=False, highlight=False)
    if files.json:
        write_json(report, files.json)
    if files.markdown:
        write_text(files.markdown, markdown(report))
    if files.plot:
        from engine.cli.evaluate_plot import draw

        draw(report, files.plot)


def drawn(words: Words) -> Table:
    """Give a table as the terminal shows it."""
    table = Table(title=words.title, title_justify="left")
    for index, head in enumerate(words.columns):
        table.add_column(head, justify="right" if index else "left")
    for section in words.sections:
        for row in section:
            table.add_row(*row)
        table.add_section()
    return table
