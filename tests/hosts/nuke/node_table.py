"""The classes of nodes and their knobs: name, kind, default, as in Nuke 15.

A line is `kind name [default] [: items]`. Kinds are the keys of `KINDS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import choice_knobs, layout_knobs, number_knobs, string_knobs, table_knob, tcl

if TYPE_CHECKING:
    from .knob_base import Knob

KINDS = {
    "double": number_knobs.Double_Knob,
    "int": number_knobs.Int_Knob,
    "bool": number_knobs.Boolean_Knob,
    "disable": number_knobs.Disable_Knob,
    "wh": number_knobs.WH_Knob,
    "xy": number_knobs.XY_Knob,
    "uv": number_knobs.UV_Knob,
    "bbox": number_knobs.BBox_Knob,
    "color": number_knobs.Color_Knob,
    "acolor": number_knobs.AColor_Knob,
    "chip": number_knobs.ColorChip_Knob,
    "string": string_knobs.String_Knob,
    "eval": string_knobs.EvalString_Knob,
    "text": string_knobs.Multiline_Eval_String_Knob,
    "file": string_knobs.File_Knob,
    "python": string_knobs.PythonKnob,
    "button": string_knobs.Script_Knob,
    "enum": choice_knobs.Enumeration_Knob,
    "open": choice_knobs.OpenEnumeration,
    "channel": choice_knobs.Channel_Knob,
    "mask": choice_knobs.ChannelMask_Knob,
    "format": choice_knobs.Format_Knob,
    "views": layout_knobs.ViewNames,
    "any": layout_knobs.AnyText,
    "table": table_knob.Table_Knob,
}

_COMMON = """
string name
bool selected false
int xpos 0
int ypos 0
text label
bool hide_input false
bool bookmark false
chip tile_color 0
chip gl_color 0
string note_font
double note_font_size 11
chip note_font_color 0
bool postage_stamp false
bool cached false
bool dope_sheet false
string icon
string indicators
string help
python onCreate
python onDestroy
python knobChanged
python updateUI
python autolabel
any panel
"""

_RENDER = """
python beforeRender
python beforeFrameRender
python afterFrameRender
python afterRender
python renderProgress
"""

_MIX = """
bool inject false
bool invert_mask false
channel maskChannelMask none
channel maskChannelInput none
channel maskChannel none
double mix 1
"""

_FILE_COLOUR = """
open colorspace default : default linear sRGB rec709 Cineon Gamma1.8 Gamma2.2 Gamma2.4 rec1886 raw
bool raw false
bool premultiplied false
"""

CLASSES: dict[str, NodeClass] = {}


@dataclass(frozen=True)
class NodeClass:
    """What there is to know of a class of nodes.

    Args:
        name: as `Node.Class()` gives it.
        inputs: the most that can be connected, the mask left out.
        mask: whether one more input takes a mask.
        lines: the knobs of its own, see the module.
        common: whether it can be disabled; Root, Viewer and notes cannot.
        lenient: the stand-in knows some of the knobs; others are kept as text.
        group: holds nodes of its own.
    """

    name: str
    inputs: int = 1
    mask: bool = False
    lines: str = ""
    disable: bool = True
    lenient: bool = False
    group: bool = False

    def make_knobs(self) -> list[Knob]:
        """Make a fresh set of knobs."""
        disable = "disable disable false" if self.disable else ""
        return [knob_of(line) for line in (self.lines + _COMMON + disable).splitlines() if line]


def knob_of(line: str) -> Knob:
    """Make the knob that a line describes, at its default."""
    head, _, items = line.partition(" : ")
    kind, name, *default = head.split(" ", 2)
    factory = KINDS[kind]
    if kind in {"enum", "open"}:
        knob = factory(name, None, tcl.split(items))
    elif kind in {"bool", "disable"}:
        return factory(name, None, default == ["true"])
    else:
        knob = factory(name)
    if default:
        knob._read(tcl.split(default[0])[0] if kind in {"enum", "open"} else default[0])
        if hasattr(knob, "_components"):
            knob.setDefaultValue([part.constant for part in knob._components])
        elif hasattr(knob, "_default"):
            knob._default = knob._value
    return knob


def define(name: str, inputs: int = 1, lines: str = "", *, mask: bool = False, **rest: bool) -> None:
    """Add a class to the table."""
    CLASSES[name] = NodeClass(name, inputs, mask, lines + (_MIX if mask else ""), **rest)


define(
    "Root",
    0,
    """
double frame 1
int first_frame 1
int last_frame 100
double fps 24
bool lock_range false
format format
bool proxy false
enum proxy_type scale : format scale
format proxy_format
double proxy_scale 0.5
enum colorManagement Nuke : Nuke OCIO
open OCIO_config nuke-default : nuke-default aces_1.2 fn-nuke_cg-config-v1.0.0_aces-v1.3_ocio-v2.1 custom
file customOCIOConfigPath
string defaultViewerLUT
string workingSpaceLUT linear
string monitorLut sRGB
string monitorOutLUT rec709
string int8Lut sRGB
string int16Lut sRGB
string logLut Cineon
string floatLut linear
any views
file project_directory
python onScriptLoad
python onScriptSave
python onScriptClose
"""
    + _RENDER,
    disable=False,
    group=True,
    lenient=True,
)
define("Group", 0, "", group=True)
define("Input", 0, "int number 0\n", disable=False)
define("Output", 1, "", disable=False)
define("Dot", 1, "", disable=False)
define("NoOp", 1)
define("StickyNote", 0, "", disable=False)
define(
    "BackdropNode",
    0,
    "double bdwidth 100\ndouble bdheight 80\nint z_order 0\nopen appearance Fill : Fill Border\ndouble border_width 2\n",
    disable=False,
)
define("Viewer", 10, "string frame_range 1-100\n", disable=False, lenient=True)
define(
    "Read",
    0,
    """
file file
file proxy
format format
int first 1
int last 1
enum before hold : hold loop bounce black
enum after hold : hold loop bounce black
enum frame_mode expression : expression {start at} offset
eval frame
int origfirst 1
int origlast 1
bool origset false
enum on_error error : error black checkerboard {nearest frame}
button reload
enum localizationPolicy {from auto-localization path} : on {from auto-localization path} {on demand} off
open file_type { } : { } exr png jpeg tiff dpx mov
bool auto_alpha false
string version
bool noprefix false
enum edge_pixels {plate detect} : {plate detect} {edge detect} repeat black
views view
"""
    + _FILE_COLOUR,
)
define(
    "Write",
    1,
    """
file file
file proxy
mask channels rgb
open file_type { } : { } exr png
bool reading false
bool checkHashOnRead true
bool create_directories false
bool use_limit false
int first 1
int last 1
double render_order 1
views views
int version 0
enum frame_mode expression : expression {start at} offset
eval frame
button Render
"""
    + _FILE_COLOUR
    + _RENDER,
)
define("Tracker4", 1, "table tracks\ndouble reference_frame 1\n", lenient=True)
define("Constant", 0, "mask channels rgb\nacolor color 0\nformat format\nint first 1\nint last 1\n")
define(
    "CheckerBoard2",
    0,
    "format format\nwh boxsize 64\nacolor color0 0.1\nacolor color1 0.5\nacolor color2 0.1\nacolor color3 0.5\n"
    "acolor linecolor 1\ndouble linewidth 0\nacolor centerlinecolor 1\ndouble centerlinewidth 3\n",
)
define("Switch", 99, "double which 0\n")
define(
    "Copy",
    2,
    "".join(f"channel from{i} {'rgba.alpha' if i == 0 else 'none'}\n" for i in range(4))
    + "".join(f"channel to{i} {'rgba.alpha' if i == 0 else 'none'}\n" for i in range(4))
    + "mask channels none\nenum bbox union : union {B side} {A side}\n",
    mask=True,
)
define(
    "Crop",
    1,
    "bbox box\ndouble softness 0\nbool reformat false\nbool intersect false\nbool crop true\n",
    mask=False,
)
define(
    "Merge2",
    2,
    "open operation over : over plus mask stencil multiply screen max min difference from in out under atop copy\n"
    "mask Achannels rgba\nmask Bchannels rgba\nmask output rgba\nopen also_merge none : none all\n"
    "enum bbox union : union intersection A B\nbool screen_alpha false\n",
    mask=True,
)
define("Keymix", 2, "mask channels all\nenum bbox union : union {B side} {A side}\n", mask=True)
define(
    "ChannelMerge",
    2,
    "channel A rgba.alpha\nchannel B rgba.alpha\nchannel output rgba.alpha\n"
    "open operation union : union plus multiply max min in out stencil mask\nenum bbox union : union {B side} {A side}\n",
    mask=True,
)
_SHUFFLE_WORDS = "red green blue alpha black white red2 green2 blue2 alpha2"
define(
    "Shuffle",
    1,
    "mask in rgba\nmask in2 none\nmask out rgba\nmask out2 none\n"
    + "".join(f"enum {name} {name} : {_SHUFFLE_WORDS}\n" for name in ("red", "green", "blue", "alpha")),
)
define(
    "Shuffle2",
    2,
    "any fromInput1\nany fromInput2\nmask in1 rgba\nmask in2 none\nmask out1 rgba\nmask out2 none\nany mappings\n",
)
define(
    "Remove",
    1,
    "enum operation remove : remove keep\n" + "mask channels all\nmask channels2 none\nmask channels3 none\n",
)
define("AddChannels", 1, "mask channels none\ncolor color 0\n")
_CHANNELS = "mask channels rgb\n"
define(
    "Grade",
    1,
    _CHANNELS
    + "acolor blackpoint 0\nacolor whitepoint 1\nacolor black 0\nacolor white 1\nacolor multiply 1\nacolor add 0\n"
    "acolor gamma 1\nbool reverse false\nbool black_clamp true\nbool white_clamp false\n",
    mask=True,
)
define("Gamma", 1, _CHANNELS + "acolor value 1\n", mask=True)
define("Multiply", 1, "mask channels all\nacolor value 1\n", mask=True)
define("Add", 1, "mask channels rgb\nacolor value 0\n", mask=True)
define(
    "Saturation",
    1,
    _CHANNELS + "double saturation 1\nenum mode {Rec 709} : {Rec 709} {Ccir 601} Average Maximum\n",
    mask=True,
)
define(
    "Clamp",
    1,
    _CHANNELS + "acolor minimum 0\nacolor maximum 1\nbool minimum_enable true\nbool maximum_enable true\n",
    mask=True,
)
define("Invert", 1, "mask channels all\nbool clamp false\n", mask=True)
define(
    "Blur",
    1,
    "mask channels all\nwh size 0\nopen filter gaussian : box triangle quadratic cubic gaussian\nbool crop true\nint quality 15\n",
    mask=True,
)
define("Dilate", 1, "mask channels all\nwh size 0\n", mask=True)
define(
    "FilterErode",
    1,
    "mask channels all\nwh size 0\nopen filter gaussian : box triangle quadratic cubic gaussian\n",
    mask=True,
)
define("Premult", 1, _CHANNELS + "channel alpha rgba.alpha\nbool invert false\n")
define("Unpremult", 1, _CHANNELS + "channel alpha rgba.alpha\nbool invert false\n")
define(
    "Reformat",
    1,
    "enum type {to format} : {to format} {to box} scale\nformat format\nint box_width 200\nint box_height 200\nbool box_fixed false\n"
    "double box_pixel_aspect 1\ndouble scale 1\nenum resize width : none width height fit fill distort\nbool center true\nbool flip false\n"
    "bool flop false\nbool turn false\nopen filter Cubic : Impulse Cubic Keys Simon Rifman Mitchell Parzen Notch Lanczos4\n"
    "bool clamp false\nbool black_outside false\nbool pbb false\n",
)
define("BlackOutside", 1, "")
define("AdjBBox", 1, "wh numpixels 25\n")
define("FrameHold", 1, "double firstFrame 1\nint increment 0\n")
define("TimeOffset", 1, "double time_offset 0\nbool reverse_input false\n")
define(
    "Expression",
    1,
    "".join(f"string temp_name{i}\nstring temp_expr{i}\n" for i in range(4))
    + "".join(
        f"mask channel{i} {channel}\nstring expr{i}\n"
        for i, channel in enumerate(("rgba.red", "rgba.green", "rgba.blue", "rgba.alpha"))
    ),
    mask=True,
)

# Knobs that a Write has only once it knows what kind of file it writes [R].
FILE_TYPE_KNOBS = {
    "exr": """
enum datatype {16 bit half} : {16 bit half} {32 bit float}
enum compression {Zip (1 scanline)} : none {Zip (1 scanline)} {Zip (16 scanlines)} {PIZ Wavelet (32 scanlines)} RLE B44 B44A DWAA DWAB
double dw_compression_level 45
bool autocrop false
bool write_hash true
open heroview main : main
open metadata {default metadata} : {no metadata} {default metadata} {default metadata and exr/*} {all metadata except input/*} {all metadata}
bool noprefix false
enum interleave {channels, layers and views} : {channels, layers and views} {channels and layers} channels
string first_part rgba
bool truncateChannelNames false
bool write_full_layer_names false
""",
    "png": "enum datatype {8 bit} : {8 bit} {16 bit}\nint compression 6\n",
}
