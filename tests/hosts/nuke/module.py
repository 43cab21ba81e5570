"""The module that `import nuke` gives: functions, classes, constants, `env`. What Nuke does not have, it has not."""

from __future__ import annotations

import types
from typing import Any

from . import (
    animation,
    api_graph,
    api_script,
    api_ui,
    array_knobs,
    choice_knobs,
    constants,
    execution,
    formats,
    frame_ranges,
    group,
    knob_base,
    layout_knobs,
    main_thread,
    menus,
    node,
    number_knobs,
    string_knobs,
    undo,
)
from .callbacks import BY_CLASS
from .current import policed, session

_FROM_ANY_THREAD = {"tprint", "executeInMainThread", "executeInMainThreadWithResult"}
_CLASSES = (
    "Knob", "Array_Knob", "Double_Knob", "Int_Knob", "Unsigned_Knob", "Boolean_Knob", "Disable_Knob", "XY_Knob",
    "XYZ_Knob", "UV_Knob", "WH_Knob", "BBox_Knob", "Color_Knob", "AColor_Knob", "Scale_Knob", "ColorChip_Knob",
    "Range_Knob", "String_Knob", "EvalString_Knob", "Multiline_Eval_String_Knob", "File_Knob", "Script_Knob",
    "PyScript_Knob", "PyCustom_Knob", "PythonKnob", "Password_Knob", "Text_Knob", "Enumeration_Knob",
    "Pulldown_Knob", "CascadingEnumeration_Knob", "Channel_Knob", "ChannelMask_Knob", "Format_Knob", "Tab_Knob",
    "BeginTabGroup_Knob", "EndTabGroup_Knob", "Link_Knob", "AnimationCurve", "AnimationKey", "Node", "Group", "Root",
    "Format", "Box", "Info", "Layer", "View", "OutputContext", "FrameRange", "FrameRanges", "Menu", "MenuBar",
    "MenuItem", "ToolBar", "ProgressTask", "Undo", "ViewerWindow",
)  # fmt: skip
_SOURCES = (
    knob_base, array_knobs, number_knobs, string_knobs, choice_knobs, layout_knobs, animation, node, group, formats,
    frame_ranges, menus, main_thread, undo, api_ui,
)  # fmt: skip


class Environment:
    """`nuke.env`: only the keys that Nuke has."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def __getitem__(self, key):
        return self._values[key]

    def __setitem__(self, key, value):
        if key not in self._values:
            raise KeyError(key)
        self._values[key] = value

    def __contains__(self, key):
        return key in self._values

    def __len__(self):
        return len(self._values)

    def keys(self):
        return list(self._values)

    def values(self):
        return list(self._values.values())

    def items(self):
        return list(self._values.items())

    def get(self, key, default=None):
        return self._values.get(key, default)


class CancelledError(Exception):
    """Raised by Nuke where something was cancelled."""


def make(world: Any) -> types.ModuleType:
    """Make the module of a session."""
    made = types.ModuleType("nuke", "A stand-in for Nuke's Python module.")
    major, minor, release = world.version_parts
    values: dict[str, Any] = {
        **{name: value for name, value in vars(constants).items() if name.isupper()},
        **{name: _class(name) for name in _CLASSES},
        **_callback_functions(),
        "env": Environment(_environment(world)),
        "nodes": api_graph.Nodes(),
        "CancelledError": CancelledError,
        "GUI": world.gui,
        "INTERACTIVE": True,
        "NUKE_VERSION_MAJOR": major,
        "NUKE_VERSION_MINOR": minor,
        "NUKE_VERSION_RELEASE": release,
        "NUKE_VERSION_STRING": world.version,
        "NUKE_VERSION_PHASE": "",
        "NUM_CPUS": 2,
        "THREADS": 2,
        "EXE_PATH": f"/opt/Nuke{world.version}/Nuke{major}.{minor}",
    }
    for source in (api_graph, api_script, api_ui, execution, main_thread):
        for name, function in vars(source).items():
            if isinstance(function, types.FunctionType) and function.__module__ == source.__name__ and name[0] != "_":
                values[name] = function if name in _FROM_ANY_THREAD else policed(function)
    vars(made).update(values)
    return made


def _class(name: str) -> type:
    return next(vars(source)[name] for source in _SOURCES if name in vars(source))


def _environment(world: Any) -> dict[str, Any]:
    major, minor, release = world.version_parts
    return {
        "64bit": True,
        "ExecutablePath": f"/opt/Nuke{world.version}/Nuke{major}.{minor}",
        "LINUX": True,
        "MACOS": False,
        "WIN32": False,
        "NukeVersionMajor": major,
        "NukeVersionMinor": minor,
        "NukeVersionRelease": release,
        "NukeVersionString": world.version,
        "NukeVersionPhase": "",
        "PluginExtension": "so",
        "assist": False,
        "gui": world.gui,
        "hiero": False,
        "indie": world.indie,
        "interactive": True,
        "nc": False,
        "nukex": False,
        "numCPUs": 2,
        "ple": False,
        "studio": False,
        "threads": 2,
    }


def _callback_functions() -> dict[str, Any]:
    """Make nuke.addOnCreate, nuke.removeOnCreate and all their like, with the signatures that Nuke gives them."""
    made: dict[str, Any] = {}
    for kind, node_class in BY_CLASS.items():
        made[f"add{kind}"] = policed(_adder(kind, node_class))
        # The real name of the one that takes addValidateFilename back.
        name = "removeFilenameValidate" if kind == "ValidateFilename" else f"remove{kind}"
        made[name] = policed(_remover(kind, node_class))

    def addKnobChanged(call, args=(), kwargs={}, nodeClass="*", node=None):  # noqa: B006 - Nuke's own signature
        session().callbacks.add("KnobChanged", call, args, kwargs, nodeClass, node)

    def removeKnobChanged(call, args=(), kwargs={}, nodeClass="*", node=None):  # noqa: B006 - Nuke's own signature
        session().callbacks.remove("KnobChanged", call, args, kwargs, nodeClass, node)

    return {**made, "addKnobChanged": policed(addKnobChanged), "removeKnobChanged": policed(removeKnobChanged)}


def _adder(kind: str, default: str) -> Any:
    def add(call, args=(), kwargs={}, nodeClass=default):  # noqa: B006 - Nuke's own signature
        session().callbacks.add(kind, call, args, kwargs, nodeClass)

    return add


def _remover(kind: str, default: str) -> Any:
    def remove(call, args=(), kwargs={}, nodeClass=default):  # noqa: B006 - Nuke's own signature
        session().callbacks.remove(kind, call, args, kwargs, nodeClass)

    return remove
