"""What the node's buttons do. Each says in the node what went wrong; none lets a traceback reach the artist."""

import traceback
from typing import Any, Callable

import nuke

from . import running
from .bake import bake
from .contract import EngineError, PromptError
from .host import Progress, say
from .knobs import BOX, NEGATIVE, POSITIVE, number_of
from .node import take_range
from .slots import add_prompt, move_prompts, prompted_frames, remove_prompt
from .standing import WATCH, tell
from .storage import clear, measure
from .waiting import Cancelled


def press(name: str) -> None:
    """Do what a button says, on the node that it belongs to.

    Raises:
        RuntimeError: in a terminal, what went wrong in words: a script that drives the node must not go on.
    """
    node = nuke.thisNode()
    try:
        _ACTIONS[name](node)
    except EngineError as problem:
        _tell(node, str(problem), problem)
    except Exception as problem:  # noqa: BLE001 - the last place before the artist
        nuke.tprint(traceback.format_exc())
        text = "MAM2 made a mistake of its own ({}). The terminal has the details: please report it."
        _tell(node, text.format(problem), problem)


def _tell(node: Any, text: str, problem: Exception) -> None:
    tell(node, text)
    if not nuke.GUI:
        raise RuntimeError(text) from problem


def _then_look(change: Callable[[Any], object]) -> Callable[[Any], None]:
    def changed(node: Any) -> None:
        change(node)
        WATCH.soon(node, whole=True)

    return changed


def _go(step: int) -> Callable[[Any], None]:
    def go(node: Any) -> None:
        now, frames = int(nuke.frame()), list(prompted_frames(node))
        there = [frame for frame in frames if (frame - now) * step > 0]
        if not there:
            which = "next" if step > 0 else "previous"
            raise PromptError(
                "prompt.no_other", f"There is no {which} frame with a prompt.", "'+ point' adds one here."
            )
        nuke.frame(min(there) if step > 0 else max(there))

    return go


def _track(direction: str) -> Callable[[Any], None]:
    def track(node: Any) -> None:
        node["direction"].setValue(direction)
        running.start(node)

    return track


def _clear(node: Any) -> None:
    clear(node)
    measure(node)


def _bake(node: Any) -> None:
    progress = Progress(f"MAM2: bake {node.name()}")
    try:
        made = bake(node, progress)
    except Cancelled:
        tell(node, "Stopped: nothing was baked.")
    else:
        say(f"Baked into {made}.")
    finally:
        progress.close()


_ACTIONS: dict[str, Callable[[Any], None]] = {
    "add_positive": _then_look(lambda node: add_prompt(node, POSITIVE)),
    "add_negative": _then_look(lambda node: add_prompt(node, NEGATIVE)),
    "add_box": _then_look(lambda node: add_prompt(node, BOX)),
    "remove_prompt": _then_look(lambda node: remove_prompt(node, number_of(nuke.thisKnob().name()))),
    "move_prompts": _then_look(move_prompts),
    "previous_prompt": _go(-1),
    "next_prompt": _go(1),
    "set_range": take_range,
    "preview": lambda node: running.start(node, preview=int(nuke.frame())),
    "track_forward": _track("forward"),
    "track_backward": _track("backward"),
    "track_both": _track("both"),
    "stop": lambda node: running.stop(str(node["uid"].value())),
    "clear": _then_look(_clear),
    "bake": _bake,
}
