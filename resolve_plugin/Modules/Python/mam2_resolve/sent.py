"""Which plates the tool found to be others than it had sent: what its Lua module of the same name writes down."""

from pathlib import Path
from typing import Any


def has_changed(engine: Any, shot: str) -> bool:
    """Tell whether a plate of a shot has changed upstream since it was sent; False for a shot that is not there."""
    if shot not in engine.status()["shots"]:
        return False
    file = Path(engine.shot(shot)["inbox"]) / "sent.fusion.txt"
    lines = file.read_text().splitlines() if file.is_file() else []
    changed = {}
    for words in map(str.split, lines):
        if len(words) == len(("frame", "word", "mark")):  # a line may be half written at this moment
            changed[words[0]] = words[1:] == ["changed", "1"]  # the last line of a frame counts
    return any(changed.values())
