"""The node's knobs as one table: what makes them also says what reads them.

Kinds are Nuke's knob types by the numbers of `nuke.KnobType`, as `addUserKnob` takes them in a script's text.
"""

from dataclasses import dataclass

from .contract import CORRECTIONS, MODES

SLOTS = 24
"""Prompts that one node can hold: their knobs exist from the start and are shown as they are needed."""

KINDS = {
    "string": 1,
    "file": 2,
    "int": 3,
    "choice": 4,
    "switch": 6,
    "number": 7,
    "xy": 12,
    "box": 15,
    "tab": 20,
    "button": 22,
    "text": 26,
    "link": 41,
}

POSITIVE, NEGATIVE, BOX = "positive", "negative", "box"
MODELS = ("starter", "sam2.1-t", "sam2.1-s", "sam2.1-b+", "sam2.1-l", "mam2-t", "mam2-s", "mam2-b+", "mam2-l")
VIEWS = ("alpha", "matte on grey", "overlay", "trimap", "mask")
FROM_SCRIPT, BY_NAME = "from the script", "by name"
COLOURSPACES = (FROM_SCRIPT, "Linear Rec.709 (sRGB)", "ACEScg", "sRGB - Texture", "ACEScct", "ADX10", BY_NAME)
QUALITIES = ("full", "half")
ALL = "all"


@dataclass(frozen=True)
class Knob:
    """One knob of the node.

    Attributes:
        name: in Nuke.
        kind: a key of `KINDS`.
        label: what the artist sees.
        use: what it is for: `request` (the engine is told), `graph` (a node inside the Group reads it), `button`,
            `state` (the plug-in's own notes, saved with the script), `show`.
        default: its value in a new node, as a script's text has it.
        tip: its tooltip.
        menu: the words of a `choice`.
        span: lowest and highest value of a slider.
        line: whether it begins a new line of the panel.
        hidden: whether it is not shown, at first or ever.
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
    hidden: bool = False
    to: str = ""


def slot(number: int, part: str) -> str:
    """Give the name of a prompt's knob: slots count from 1."""
    return f"p{number:02d}_{part}"


def prompt_rows(number: int) -> tuple[Knob, ...]:
    """Give the knobs of one prompt: a line that describes it, and its place in the plate below."""
    return (
        Knob(
            slot(number, "on"), "switch", str(number), default="false", line=True, hidden=True,
            tip="Whether this prompt counts.",
        ),
        Knob(slot(number, "used"), "switch", use="state", default="false", hidden=True, line=False),
        Knob(
            slot(number, "kind"), "choice", "", default=POSITIVE, menu=(POSITIVE, NEGATIVE, BOX), line=False,
            hidden=True, tip="A click on the object, a click on what is not the object, or a box around it.",
        ),
        Knob(
            slot(number, "object"), "string", "of", default="subject", line=False, hidden=True,
            tip="The object that it belongs to: a letter, then letters, digits or '_'.",
        ),
        Knob(slot(number, "frame"), "int", "frame", default="1", line=False, hidden=True, tip="Where it holds."),
        Knob(
            slot(number, "tracked"), "switch", "tracked", default="false", line=False, hidden=True,
            tip="Its place is animated or linked to a Tracker: it is sampled over the whole range.",
        ),
        Knob(
            slot(number, "remove"), "button", "remove", use="button", default="remove_prompt", line=False, hidden=True
        ),
        Knob(
            slot(number, "xy"), "xy", "", default="0 0", hidden=True,
            tip="Drag it in the viewer. It can be animated, or linked: right click > Edit expression, "
            "Tracker1.tracks.1.track_x and _y.",
        ),
        Knob(slot(number, "box"), "box", "", default="0 0 1 1", hidden=True, tip="Drag it in the viewer."),
    )  # fmt: skip


_PROMPTS = tuple(knob for number in range(1, SLOTS + 1) for knob in prompt_rows(number))

TABLE: tuple[Knob, ...] = (
    Knob("MAM2", "tab", "MAM2", use="show"),
    Knob("status", "text", "", use="show", default="Connect a plate, then add a prompt."),
    Knob("divider_1", "text", "", use="show"),
    Knob(
        "object", "string", "object", use="state", default="subject",
        tip="What the next prompts are of. Give another name for another object: each gets its own matte.",
    ),
    Knob("add_positive", "button", "+ point", use="button", default="add_positive", tip="Click on the object."),
    Knob(
        "add_negative", "button", "- point", use="button", default="add_negative", line=False,
        tip="Click on what is not the object.",
    ),
    Knob("add_box", "button", "+ box", use="button", default="add_box", line=False, tip="Draw a box around it."),
    *_PROMPTS,
    Knob(
        "sample_every", "int", "sample tracked every", default="10",
        tip="Tracked prompts are given to the engine on every Nth frame, counted from their own frame.",
    ),
    Knob(
        "mask_on", "switch", "mask input is a prompt", default="false",
        tip="The alpha of the mask input says where the object is, on the frames named beside.",
    ),
    Knob("mask_object", "string", "of", default="subject", line=False, tip="The object that the mask is of."),
    Knob("mask_frames", "string", "on frames", default="", line=False, tip="Frames with commas between: 1001, 1040."),
    Knob("divider_2", "text", "", use="show"),
    Knob("first", "int", "range", default="1", tip="First frame that is tracked."),
    Knob("last", "int", "", default="100", line=False, tip="Last frame that is tracked."),
    Knob(
        "set_range", "button", "from input", use="button", default="set_range", line=False,
        tip="Take over the plate's own range.",
    ),
    Knob(
        "direction", "choice", "direction", default="both", menu=("both", "forward", "backward"),
        tip="Which way to track from the first prompted frame (backward: from the last). The buttons set it too.",
    ),
    Knob(
        "preview", "button", "Preview this frame", use="button", default="preview",
        tip="Matte the current frame alone, ahead of whatever else the engine does.",
    ),
    Knob("track_backward", "button", "< Track", use="button", default="track_backward"),
    Knob("track_both", "button", "< Track >", use="button", default="track_both", line=False),
    Knob("track_forward", "button", "Track >", use="button", default="track_forward", line=False),
    Knob("stop", "button", "Stop", use="button", default="stop", line=False, tip="Mattes that are done stay."),
    Knob("divider_3", "text", "", use="show"),
    Knob(
        "model", "choice", "model", default="starter", menu=MODELS,
        tip="The starter ships with the engine and is small; the others want weights: mam2 weights import.",
    ),
    Knob(
        "mode", "choice", "mode", default="pdd+mss", menu=MODES[::-1], line=False,
        tip="How the trimap is made; pdd+mss is the paper's own and keeps transparent things from turning solid.",
    ),
    Knob(
        "quality", "choice", "quality", default="full", menu=QUALITIES,
        tip="Half: plates go to the engine at half their size, and mattes are enlarged again. Faster, softer.",
    ),
    Knob(
        "corrections", "choice", "later points", default="refine", menu=CORRECTIONS, line=False,
        tip="Refine: points on a later frame correct what was tracked there and change nothing before it. "
        "Independent: they describe the object anew and serve every frame.",
    ),
    Knob(
        "colourspace", "choice", "plate is", default=FROM_SCRIPT, menu=COLOURSPACES,
        tip="Colour space of the plate as it comes into this node; from the script: its working space.",
    ),
    Knob(
        "colourspace_name", "string", "", default="", line=False,
        tip="Any name of the engine's OpenColorIO configuration (mam2 colourspaces), where 'by name' is chosen.",
    ),
    Knob("Matte", "tab", "Matte", use="show"),
    Knob("view", "choice", "view", use="graph", default="alpha", menu=VIEWS, tip="Set it back to alpha to render."),
    Knob("matte_of", "choice", "matte of", use="graph", default=ALL, menu=(ALL,), tip="All objects together, or one."),
    Knob("output", "link", "output channel", use="graph", to="Result.to0", tip="Where the matte goes."),
    Knob(
        "shrink_grow", "number", "shrink / grow", use="graph", default="0", span=(-20.0, 20.0),
        tip="In pixels of a plate 1080 lines high, so that a proxy and the full plate look alike.",
    ),
    Knob(
        "blur", "number", "blur", use="graph", default="0", span=(0.0, 50.0),
        tip="In pixels of a plate 1080 lines high.",
    ),
    Knob("gamma", "number", "gamma", use="graph", default="1", span=(0.2, 4.0), tip="Above 1 the edge gets fuller."),
    Knob(
        "missing", "link", "missing mattes", use="graph", to="MatteRead.on_error",
        tip="What a frame without a matte does when it is read.",
    ),
    Knob(
        "stale", "choice", "stale mattes in renders", use="state", default="refuse", menu=("refuse", "warn"),
        tip="Refuse: a render ends with an error that names the frames whose mattes are missing or out of date.",
    ),
    Knob("Cache", "tab", "Cache", use="show"),
    Knob(
        "cache_folder", "file", "folder", use="state", default="",
        tip="Where mattes are kept; empty: $MAM2_CACHE, else a folder of this user. Bake to take them elsewhere.",
    ),
    Knob("cache_size", "text", "size", use="show", default="nothing yet"),
    Knob("clear", "button", "Clear", use="button", default="clear", tip="Delete this node's mattes and plates."),
    Knob(
        "bake", "button", "Bake", use="button", default="bake", line=False,
        tip="Copy the mattes beside the script, into a plain Read and Copy that need neither plug-in nor cache.",
    ),
    Knob("mam2", "string", use="state", default="1", hidden=True),
    Knob("uid", "string", use="state", hidden=True),
    Knob("result", "string", use="state", hidden=True),
    Knob("has_matte", "int", use="state", default="0", hidden=True),
    Knob("matte_scale", "int", use="state", default="1", hidden=True),
    Knob("previewed", "int", use="state", default="-1000000", hidden=True),
    Knob("preview_scale", "int", use="state", default="1", hidden=True),
)  # fmt: skip
