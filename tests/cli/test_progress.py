"""The bar in a terminal."""

import io

from rich.console import Console

from engine.cli.matte.progress import FrameProgress, bar_for


def test_a_terminal_gets_a_bar_with_pace_and_time_left():
    """In a terminal the bar shows count, frames per second and time left, and prints no lines of its own."""
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=100)
    with bar_for(console) as bar:
        progress = FrameProgress(console, bar)
        progress.wait_for("loading")
        progress.begin(3)
        for frame in (7, 8, 9):
            progress.advance(frame)
        bar.refresh()
    shown = text.getvalue()
    assert "3/3" in shown
    assert "frames/s" in shown
    assert "left" in shown
    assert "frame 7: 1 of 3" not in shown
    assert progress.done == 3
