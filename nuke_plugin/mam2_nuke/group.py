r"""The Group as text of a script: what an artist opens, and what a machine without this plug-in renders.

Mask, Core, Garbage > MaskOf > MaskCrop > MaskScale > MaskWrite*
Plate > PlateCrop > PlateScale > PlateWrite*                        (*: disabled but while tracking)
|
|   MatteRead > MatteScale \
|   PreviewRead > PreviewScale > Source > MatteCrop > Pick > ShrinkGrow > Soften > Fuller > Result (Copy into the plate)
+-----------------------------------------------------------------> Ready > View > Guard > Output

`Pick` gives the chosen object its places: alpha in alpha, trimap in red, mask in green; other layers pass as they are.

`Guard` is an Assert: outside the window, and in the window while a Write is rendered, a frame that must not go out is
an error wherever in the graph it is read. Previews and views are for the window alone. Both need no Python.
"""

from collections.abc import Iterable

from .knobs import KINDS, TABLE, Knob

VERSION = "14.0 v1"
_NOT_HERE = "'MAM2 is not available here: %s. The mattes that are done render without it.' % problem"
_CALL = (
    "try:\n import mam2_nuke.callbacks as callbacks\nexcept Exception as problem:\n"
    f" if not hasattr(nuke, 'mam2_said'):\n  nuke.mam2_said = nuke.tprint({_NOT_HERE})\nelse:\n callbacks.ACTION()"
)
_PRESS = (
    "try:\n import mam2_nuke.buttons as buttons\nexcept Exception as problem:\n "
    f"(nuke.message if nuke.GUI else nuke.tprint)({_NOT_HERE})\nelse:\n buttons.press('ACTION')"
)

Values = Iterable[tuple[str, str]]


def group_text(name: str = "MAM2") -> str:
    """Give the text of a new node, to be pasted."""
    lines = ["set cut_paste_input [stack 0]", "version " + VERSION, "push $cut_paste_input", "Group {"]
    lines += [
        " name " + name,
        " tile_color 0x2f6f6fff",
        " help " + quoted("MAM2: click anything in the plate, track, and its matte is in the alpha."),
        " knobChanged " + quoted(call_text("knob_changed")),
        " onCreate " + quoted(call_text("created")),
        " onDestroy " + quoted(call_text("destroyed")),
        " updateUI " + quoted(call_text("updated")),
    ]
    for knob in TABLE:
        lines += _user_knob(knob)
    return "\n".join([*lines, "}", *_INSIDE, "end_group"]) + "\n"


def call_text(name: str) -> str:
    """Give the Python of a callback's knob; it says once, and raises never, that the plug-in cannot be had."""
    return _CALL.replace("ACTION", name)


def press_text(action: str) -> str:
    """Give the Python of a button."""
    return _PRESS.replace("ACTION", action)


_ESCAPED = str.maketrans({"\n": "\\n", **{character: "\\" + character for character in '\\"[]${}'}})


def quoted(text: str) -> str:
    """Give a value as a script's text holds it, so that nothing in it is taken for Tcl."""
    return '"' + text.translate(_ESCAPED) + '"'


_LABELLED = ("switch", "choice", "text", "box", "xy", "int")  # without a label of its own Nuke shows the knob's name
_VALUED = ("string", "file", "int", "choice", "switch", "number")


def _user_knob(knob: Knob) -> list[str]:
    words = [str(KINDS[knob.kind]), knob.name]
    words += ["l", quoted(knob.label)] if knob.label or knob.kind in _LABELLED else []
    words += ["t", quoted(knob.tip)] if knob.tip else []
    words += _details(knob)
    if KINDS[knob.kind] != KINDS["tab"]:
        words.append("+STARTLINE" if knob.line else "-STARTLINE")
    # A knob that is shown later must be +HIDDEN: no setVisible undoes +INVISIBLE.
    words += ["+INVISIBLE"] if knob.use == "state" else []
    lines = [f" addUserKnob {{{' '.join(words)}}}"]
    if knob.kind in _VALUED and knob.default:
        lines.append(f" {knob.name} {quoted(knob.default)}")
    return lines


def _details(knob: Knob) -> list[str]:
    if knob.kind == "button":
        return ["T", quoted(press_text(knob.default))]
    if knob.kind in ("group", "end"):
        return ["n", "2" if knob.kind == "group" else "-1"]  # 2: it is closed at first
    if knob.kind == "link":
        return ["T", knob.to]
    if knob.kind == "text":
        return ["T", quoted(knob.default)] if knob.default else []
    if knob.kind == "choice":
        return ["M", f"{{{' '.join(quoted(word) for word in knob.menu)}}}"]
    return ["R", f"{knob.span[0]:g}", f"{knob.span[1]:g}"] if knob.kind == "number" else []


def _node(kind: str, name: str, place: tuple[int, int], *values: tuple[str, str], inputs: int = 1) -> list[str]:
    lines = [f" {kind} {{"]
    lines += [f"  inputs {inputs}"] if inputs != 1 else []
    lines += [f"  {knob} {value}" for knob, value in values]
    return [*lines, "  name " + name, f"  xpos {place[0]}", f"  ypos {place[1]}", " }"]


def _expression(text: str) -> str:
    return "{{{" + text + "}}}" if " " in text else "{{" + text + "}}"


_TO_ENGINE = (("file_type", "exr"), ("datatype", '"16 bit half"'), ("compression", "none"), ("raw", "true"))
_WHOLE_FRAME = (("box", "{0 0 {input.width} {input.height}}"), ("reformat", "false"), ("crop", "true"))
_HALF = (("type", "scale"), ("scale", "0.5"), ("disable", _expression("parent.quality==0")))
_MATTES = (("raw", "true"), ("before", "black"), ("after", "black"))
_PICK = (("from0", "rgba.alpha"), ("to0", "rgba.alpha"))
_OTHERS = (("from1", "rgba.red"), ("to1", "rgba.red"), ("from2", "rgba.green"), ("to2", "rgba.green"))
_PREVIEWED = "parent.previewed==frame&&$gui"


def _back(scale: str) -> Values:
    return (("type", "scale"), ("scale", _expression(scale)), ("disable", _expression(scale + "==1")))


def _finesse(kind: str, name: str, y: int, knob: str, text: str) -> list[str]:
    return _node(kind, name, (200, y), ("channels", "all"), (knob, _expression(text)))


def _painted(red: str, green: str, blue: str) -> Values:
    return (("expr0", quoted(red)), ("expr1", quoted(green)), ("expr2", quoted(blue)))


_INSIDE: list[str] = [
    *_node("Input", "Garbage", (-600, -300), ("number", "3"), inputs=0),
    *_node("Input", "Core", (-500, -300), ("number", "2"), inputs=0),
    *_node("Input", "Mask", (-400, -300), ("number", "1"), inputs=0),
    *_node("Switch", "MaskOf", (-400, -260), ("which", "0"), inputs=3),
    *_node("Crop", "MaskCrop", (-400, -220), *_WHOLE_FRAME),
    *_node("Reformat", "MaskScale", (-400, -180), *_HALF),
    *_node("Write", "MaskWrite", (-400, -120), *_TO_ENGINE, ("channels", "alpha"), ("disable", "true")),
    *_node("Input", "Plate", (0, -300), inputs=0),
    " set Nplate [stack 0]",
    *_node("Crop", "PlateCrop", (-200, -220), *_WHOLE_FRAME),
    *_node("Reformat", "PlateScale", (-200, -180), *_HALF),
    *_node("Write", "PlateWrite", (-200, -120), *_TO_ENGINE, ("channels", "rgb"), ("disable", "true")),
    *_node("Read", "PreviewRead", (320, -300), *_MATTES, ("on_error", "black"), inputs=0),
    *_node("Reformat", "PreviewScale", (320, -220), *_back("parent.preview_scale")),
    *_node(
        "Read",
        "MatteRead",
        (200, -300),
        *_MATTES,
        ("on_error", _expression("$gui&&!parent.rendering?parent.missing:0")),
        inputs=0,
    ),
    *_node("Reformat", "MatteScale", (200, -220), *_back("parent.matte_scale")),
    *_node("Switch", "Source", (200, -160), ("which", _expression(_PREVIEWED)), inputs=2),
    *_node("Crop", "MatteCrop", (200, -120), *_WHOLE_FRAME),  # else a matte that ends at the edge goes on in overscan
    " set Nsource [stack 0]",
    " push $Nsource",
    *_node("Copy", "Pick", (200, -100), *_PICK, *_OTHERS, inputs=2),
    " set Npick [stack 0]",
    *_node("Expression", "MaskView", (520, 120), *_painted("g", "g", "g")),
    " push $Npick",
    *_node("Expression", "TrimapView", (400, 120), *_painted("r", "r", "r")),
    " push $Npick",
    *_finesse("Dilate", "ShrinkGrow", -60, "size", "parent.shrink_grow*input.height/1080"),
    *_finesse("Blur", "Soften", -20, "size", "parent.blur*input.height/1080"),
    *_finesse("Gamma", "Fuller", 20, "value", "parent.gamma"),
    " set Nmatte [stack 0]",
    " push $Nplate",
    *_node("Copy", "OverPlate", (280, 120), *_PICK, inputs=2),
    " set Nover [stack 0]",
    *_node("Expression", "Overlay", (280, 180), *_painted("r*(1-0.5*a)+0.5*a", "g*(1-0.5*a)", "b*(1-0.5*a)")),
    " push $Nover",
    *_node("Expression", "OnGrey", (160, 180), *_painted("r*a+0.18*(1-a)", "g*a+0.18*(1-a)", "b*a+0.18*(1-a)")),
    " push $Nmatte",
    " push $Nplate",
    *_node("Copy", "Result", (0, 120), *_PICK, inputs=2),
    " push $Nplate",
    *_node("Switch", "Ready", (0, 180), ("which", _expression("parent.has_matte||" + _PREVIEWED)), inputs=2),
    *_node("Switch", "View", (0, 260), ("which", _expression("parent.view*$gui")), inputs=5),
    *_node("Assert", "Guard", (0, 300), ("expression", "1")),
    *_node("Output", "Output1", (0, 360)),
]
