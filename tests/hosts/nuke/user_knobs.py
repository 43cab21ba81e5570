"""`addUserKnob {type name ...}`: the kinds by their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import choice_knobs, constants, layout_knobs, number_knobs, string_knobs, tcl
from .array_knobs import Array_Knob

if TYPE_CHECKING:
    from .knob_base import Knob

_BY_NUMBER: dict[int, type[Knob]] = {
    1: string_knobs.String_Knob,
    2: string_knobs.File_Knob,
    3: number_knobs.Int_Knob,
    4: choice_knobs.Enumeration_Knob,
    6: number_knobs.Boolean_Knob,
    7: number_knobs.Double_Knob,
    8: number_knobs.Double_Knob,
    10: choice_knobs.ChannelMask_Knob,
    11: choice_knobs.Channel_Knob,
    12: number_knobs.XY_Knob,
    13: number_knobs.XYZ_Knob,
    14: number_knobs.WH_Knob,
    15: number_knobs.BBox_Knob,
    17: choice_knobs.Format_Knob,
    18: number_knobs.Color_Knob,
    19: number_knobs.AColor_Knob,
    20: layout_knobs.Tab_Knob,
    22: string_knobs.PyScript_Knob,
    26: string_knobs.Text_Knob,
    28: string_knobs.Multiline_Text,
    30: number_knobs.UV_Knob,
    32: string_knobs.Script_Knob,
    35: choice_knobs.Pulldown_Knob,
    41: layout_knobs.Link_Knob,
    42: number_knobs.Scale_Knob,
    43: string_knobs.Multiline_Eval_String_Knob,
    52: string_knobs.PyCustom_Knob,
    61: string_knobs.Password_Knob,
    68: choice_knobs.CascadingEnumeration_Knob,
    80: number_knobs.Disable_Knob,
}
_FLAGS = {"STARTLINE": constants.STARTLINE, "INVISIBLE": constants.INVISIBLE, "DISABLED": constants.DISABLED}


def make(definition: str) -> Knob:
    """Make the knob that a definition describes.

    Raises:
        RuntimeError: the kind, an option or a flag is not known.
    """
    number, *rest = tcl.split(definition)
    name = rest.pop(0) if rest else ""
    knob = _new(int(number), name, rest)
    while rest:
        word = rest.pop(0)
        if word[0] in "+-" and word[1:].isupper():
            _flag(knob, word)
        elif word == "l":
            knob._label = rest.pop(0)
        elif word == "t":
            knob._tooltip = rest.pop(0)
        elif word == "R":
            knob.setRange(float(rest.pop(0)), float(rest.pop(0)))
        elif word in {"T", "M", "n"}:
            knob._define(word, rest.pop(0))
        else:
            raise RuntimeError(f"addUserKnob {name}: {word!r} is not known")
    return knob


def _new(number: int, name: str, words: list[str]) -> Knob:
    if number == 20 and "n" in words:
        kind = int(words[words.index("n") + 1])
        if kind == constants.TABENDGROUP:
            return layout_knobs.EndTabGroup_Knob(name)
        if kind in {constants.TABBEGINGROUP, constants.TABBEGINCLOSEDGROUP}:
            return layout_knobs.BeginTabGroup_Knob(name)
    if number in {9, 78}:
        return Array_Knob(name, None, *[0.0] * int(words[words.index("n") + 1] if "n" in words else 1))
    if number not in _BY_NUMBER:
        raise RuntimeError(f"addUserKnob {name}: the stand-in for Nuke knows no kind {number}")
    return _BY_NUMBER[number](name)


def _flag(knob: Knob, word: str) -> None:
    on, name = word[0] == "+", word[1:]
    if name == "HIDDEN":
        knob._hidden = on
    elif name not in _FLAGS:
        raise RuntimeError(f"addUserKnob {knob._name}: the flag {name} is not known")
    elif on:
        knob.setFlag(_FLAGS[name])
    else:
        knob.clearFlag(_FLAGS[name])
