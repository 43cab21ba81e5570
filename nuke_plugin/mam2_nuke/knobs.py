"""The node's knobs as one table: what makes them also says what reads them.

Kinds are Nuke's knob types by the numbers of `nuke.KnobType`, as `addUserKnob` takes them in a script's text. All
knobs stand on one page, for a handle is in the viewer only while its page is open; the prompts' rows come last, because
Nuke adds a knob at a page's end. A row is made when a prompt needs it, so that a script holds none that nobody uses.
"""

from dataclasses import dataclass
from typing import Any

from .contract import CORRECTIONS, MODES

KINDS = {
    "string": 1, "file": 2, "int": 3, "choice": 4, "switch": 6, "number": 7, "xy": 12, "box": 15, "tab": 20,
    "group": 20, "end": 20, "button": 22, "text": 26, "link": 41,
}  # fmt: skip
POSITIVE, NEGATIVE, BOX = "positive", "negative", "box"
MODELS = ("auto", "starter", "sam2.1-t", "sam2.1-s", "sam2.1-b+", "sam2.1-l")
VIEWS = ("alpha", "matte on grey", "overlay", "trimap", "mask")
FROM_SCRIPT, BY_NAME = "from the script", "by name"
COLOURSPACES = (FROM_SCRIPT, "Linear Rec.709 (sRGB)", "ACEScg", "sRGB - Texture", "ACEScct", "ADX10", BY_NAME)
QUALITIES = ("full", "half")
ALL = "all"
NO_FRAME = -1_000_000


@dataclass(frozen=True)
class Knob:
    """One knob of the node.

    Attributes:
        name: in Nuke.
        kind: a key of `KINDS`.
        label: what the artist sees.
        use: what it is for: `request` (the engine is told), `graph` (a node inside the Group reads it), `setting` (the
            plug-in reads it), `button`, `state` (notes, saved with the script and seen by nobody), `show`.
        default: its value in a new node, as a script's text has it; of a button, what it does.
        tip: its tooltip.
        menu: the words of a `choice`.
        span: lowest and highest value of a slider.
        line: whether it begins a new line of the panel.
        to: the inner node's knob that a `link` shows.
    """

    name: str
    kind: str
    label: str = ""
    use: str = "request"
    default: str = ""
    tip: str = ""
    menu: tuple[str, ...] = ()
    span: tuple[float, float] = (0.0, 1.0)
    line: bool = True
    to: str = ""


def _button(name: str, label: str, tip: str = "", *, line: bool = False, action: str = "") -> Knob:
    return Knob(name, "button", label, "button", action or name, tip, line=line)


def _state(name: str, kind: str, default: str = "") -> Knob:
    return Knob(name, kind, "", "state", default, line=False)


def _choice(name: str, label: str, default: str, menu: tuple[str, ...], tip: str, **more: Any) -> Knob:
    return Knob(name, "choice", label, default=default, menu=menu, tip=tip, **more)


def slot(number: int, part: str) -> str:
    """Give the name of a prompt's knob: rows count from 1."""
    return f"p{number:02d}_{part}"


def number_of(knob_name: str) -> int:
    """Give the row that a knob belongs to; 0 for any other knob."""
    head, _, _ = knob_name.partition("_")
    return int(head[1:]) if head[:1] == "p" and head[1:].isdigit() else 0


_PLACE = (
    "Drag it in the viewer. It can be animated, or linked to a Tracker: right click > Edit expression, "
    "Tracker1.tracks.1.track_x and _y. Then it is sampled over the whole range."
)
_KIND = "A click on the object, a click on what is not the object, or a box around it."


def prompt_row(number: int) -> tuple[Knob, ...]:
    """Give the knobs of one prompt: a line that describes it, and its place in the plate below."""
    return (
        Knob(slot(number, "on"), "switch", str(number), default="false", tip="Whether this prompt counts."),
        _state(slot(number, "used"), "switch", "false"),
        _choice(slot(number, "kind"), "", POSITIVE, (POSITIVE, NEGATIVE, BOX), _KIND, line=False),
        Knob(slot(number, "object"), "string", "of", default="subject", tip="The object that it is of.", line=False),
        Knob(slot(number, "frame"), "int", "frame", default="1", tip="Where it holds.", line=False),
        _button(slot(number, "remove"), "remove", action="remove_prompt"),
        Knob(slot(number, "xy"), "xy", tip=_PLACE, default="0 0"),
        Knob(slot(number, "box"), "box", tip=_PLACE, default="0 0 1 1"),
    )


_ERRORS = ("error", "black", "checkerboard", "nearest frame")
_PIXELS = "In pixels of a plate 1080 lines high, so that a proxy and the full plate look alike."
# fmt: off
TABLE: tuple[Knob, ...] = (
    Knob("MAM2", "tab", "MAM2", "show"),
    Knob("status", "text", "", "show", "Connect a plate, then add a prompt."),
    Knob("divider_1", "text", "", "show"),
    Knob("object", "string", "object", "setting", "subject",
         "What the next prompts are of: a letter, then letters, digits or '_'. Each object gets a matte and a layer."),
    _button("add_positive", "+ point", line=True,
            tip="A click on the object: where the viewer was last sampled (Ctrl+click), or in the plate's middle."),
    _button("add_negative", "- point", "A click on what is not the object."),
    _button("add_box", "+ box", "A box around it: what the viewer samples (Ctrl+Shift+drag), else the plate's middle."),
    _button("previous_prompt", "|<", "Go to the previous frame with a prompt."),
    _button("next_prompt", ">|", "Go to the next frame with a prompt."),
    _button("move_prompts", "move here", "Move this object's prompts of the nearest prompted frame to this frame."),
    _button("preview", "Preview this frame", line=True, tip="Matte the current frame alone, ahead of whatever else the "
            "engine does. A preview is for the eye: a render and a save end it."),
    _button("track_backward", "< Track", line=True),
    _button("track_both", "< Track >"),
    _button("track_forward", "Track >"),
    _button("stop", "Stop", "Mattes that are done stay."),
    Knob("first", "int", "range", default="1", tip="First frame that is tracked."),
    Knob("last", "int", default="100", tip="Last frame that is tracked.", line=False),
    _button("set_range", "from input", "Take over the plate's own range."),
    Knob("Tracking", "group", "How to track", "show"),
    _choice("direction", "direction", "both", ("both", "forward", "backward"),
            "Which way to track from the first prompted frame (backward: from the last). The buttons set it too."),
    _choice("model", "model", "auto", MODELS,
            "auto: the best that is ready. The starter ships with the engine; others: mam2 weights pull recommended."),
    _choice("mode", "mode", "pdd+mss", MODES[::-1], line=False, tip="How the trimap is made; pdd+mss is the paper's "
            "own and keeps transparent things from turning solid."),
    _choice("quality", "quality", "full", QUALITIES,
            "Half: plates go to the engine at half their size, and mattes are enlarged again. Faster, softer."),
    _choice("corrections", "later points", "refine", CORRECTIONS, line=False, tip="Refine: points on a later frame "
            "correct what was tracked there and change nothing before it. Independent: they describe the object anew "
            "and serve every frame."),
    Knob("sample_every", "int", "sample tracked every", default="10", tip="Animated and linked prompts are given to "
         "the engine on every Nth frame, counted from their own frame."),
    Knob("mask_on", "switch", "mask input is a prompt", default="false",
         tip="The alpha of the mask input says where the object is, on the frames named beside."),
    Knob("mask_object", "string", "of", default="subject", tip="The object that the mask is of.", line=False),
    Knob("mask_frames", "string", "on frames", tip="Frames and ranges: 1001, 1040 or 1001-1100x10.", line=False),
    Knob("held_object", "string", "core and garbage of", tip="The object that is held to the alpha of the core input "
         "(surely in) and of the garbage input (surely out), on every frame; empty: every object."),
    _choice("colourspace", "plate is", FROM_SCRIPT, COLOURSPACES,
            "Colour space of the plate as it comes into this node; from the script: its working space."),
    Knob("colourspace_name", "string", line=False, tip="Any name of the OpenColorIO configuration (mam2 colourspaces), "
         "where 'by name' is chosen."),
    Knob("views", "string", "views", tip="In a stereo script, the views to track; empty: all of them."),
    Knob("tracking_ends", "end", use="show"),
    Knob("Matte", "group", "Matte", "show"),
    _choice("view", "view", "alpha", VIEWS, "For the eye: a render and a save set it to alpha.", use="graph"),
    _choice("matte_of", "matte of", ALL, (ALL,), "All objects together, or one.", use="graph"),
    Knob("output", "link", "output channel", "graph", to="Result.to0",
         tip="Where the matte goes. Every object also has its own layer."),
    Knob("foreground", "switch", "foreground colour", default="false", tip="Every object's own colour in its layer: "
         "NAME.red, .green, .blue, straight, scene-linear. Track again: nothing is tracked anew for it."),
    Knob("premultiplied", "switch", "premultiplied RGB", default="false", line=False, tip="In the place of the plate's "
         "colours: the foreground of all objects times their alphas. Finesse works on alpha alone."),
    Knob("cryptomatte", "switch", "Cryptomatte in the files", default="false", tip="IDs of all objects, as layers "
         "CryptoObject00 to 02 and a manifest in the mattes' files. Bake, and connect a Cryptomatte node to the Read."),
    Knob("shrink_grow", "number", "shrink / grow", "graph", "0", _PIXELS, span=(-20.0, 20.0)),
    Knob("blur", "number", "blur", "graph", "0", _PIXELS, span=(0.0, 50.0)),
    Knob("gamma", "number", "gamma", "graph", "1", "Above 1 the edge gets fuller.", span=(0.2, 4.0)),
    _choice("missing", "missing mattes", "black", _ERRORS, use="graph", tip="What the viewer shows of a frame without "
            "a matte. In a render it is an error."),
    _choice("stale", "stale mattes in renders", "refuse", ("refuse", "warn"), use="setting",
            tip="Refuse: a render that reads a frame whose matte is missing or out of date ends with an error."),
    Knob("matte_ends", "end", use="show"),
    Knob("Cache", "group", "Cache", "show"),
    Knob("cache_folder", "file", "folder", "setting", tip="Where mattes are kept; empty: $MAM2_CACHE, else a folder of "
         "this user. A relative one starts in the project's folder."),
    Knob("cache_size", "text", "size", "show", "nothing yet"),
    _button("clear", "Clear", "Delete this node's mattes and plates; what a saved script reads stays.", line=True),
    _button("bake", "Bake", "Copy the mattes beside the script, into plain nodes that need neither plug-in nor cache."),
    Knob("cache_ends", "end", use="show"),
    *(_state(name, kind, default) for name, kind, default in (
        ("mam2", "string", "2"), ("uid", "string", ""), ("result", "file", ""), ("has_matte", "int", "0"),
        ("matte_scale", "int", "1"), ("previewed", "int", str(NO_FRAME)), ("preview_scale", "int", "1"),
        ("rendering", "int", "0"),
    )),
    Knob("Prompts", "text", "<b>Prompts</b>", "show", " "),
)
# fmt: on
