"""How far a shot has come: a bar in a terminal, plain lines in a log."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

SECONDS_BETWEEN_LINES = 2.0


class _Pace(ProgressColumn):
    """Frames per second."""

    def render(self, task: Task) -> Text:
        pace = task.finished_speed or task.speed
        return Text("" if pace is None else f"{pace:.2f} frames/s", style="progress.data.speed")


class FrameProgress:
    """Counts frames as they are done; may be told from any thread.

    Attributes:
        began: when counting began, by the monotonic clock.

    Args:
        console: where lines go.
        bar: where the bar is; it shows nothing unless the console is a terminal.
    """

    def __init__(self, console: Console, bar: Progress) -> None:
        self._console = console
        self._bar = bar
        self._task = self._bar.add_task("", total=None)
        self._total = self._done = 0
        self.began = self._said = time.monotonic()

    @property
    def done(self) -> int:
        """Frames finished."""
        return self._done

    def say(self, text: str) -> None:
        """Say one thing on a line of its own."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def begin(self, total: int) -> None:
        """Start counting to `total` frames."""
        self._total, self.began = total, time.monotonic()
        self._bar.reset(self._task, total=total, description="matting")

    def wait_for(self, what: str) -> None:
        """Say what happens before the first frame."""
        self._bar.update(self._task, description=what)
        if not self._console.is_terminal:
            self.say(what)

    def advance(self, frame: int) -> None:
        """Count one finished frame."""
        self._done += 1
        self._bar.update(self._task, advance=1, description=f"frame {frame}")
        now = time.monotonic()
        due = self._done in {1, self._total} or now - self._said >= SECONDS_BETWEEN_LINES
        if due and not self._console.is_terminal:
            self._said = now
            self.say(self._line(frame, max(now - self.began, 1e-6)))

    def _line(self, frame: int, seconds: float) -> str:
        pace = self._done / seconds
        left = round((self._total - self._done) / pace)
        minutes, rest = divmod(left, 60)
        return f"frame {frame}: {self._done} of {self._total}, {pace:.2f} frames/s, {minutes}:{rest:02d} left"


def bar_for(console: Console) -> Progress:
    """Make the bar: what is done, how many, frames per second, time left; nothing where there is no terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Pace(),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


@contextmanager
def show_progress() -> Iterator[FrameProgress]:
    """Show how far a shot has come on the standard error stream for as long as it takes."""
    console = Console(stderr=True)
    with bar_for(console) as bar:
        yield FrameProgress(console, bar)
