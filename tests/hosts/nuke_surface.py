"""Reads `tests/data/nuke/surface.txt`: the names that the real Nuke has, and how it names its arguments."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

SURFACE = Path(__file__).resolve().parent.parent / "data" / "nuke" / "surface.txt"

_ADD_COMMAND = "name! command shortcut icon tooltip index readonly shortcutContext tag tagTarget nodeClass"
# What documentation says of the real Nuke beyond the dump: name -> arguments. [D]
DOCUMENTED = {
    "scriptOpen": ["filename"],
    "scriptClose": ["*"],
    "formats": [""],
    "allNodes": ["filter group recurseGroups"],
    "Node.sample": ["c! x! y! dx dy frame"],
    # The dump's last argument here was repaired by hand; the other menus' is taken.
    "ToolBar.addCommand": [_ADD_COMMAND],
    "Menu.addMenu": ["name! icon tooltip index"],
    "Menu.addSeparator": ["index"],
    "MenuBar.addMenu": ["name! icon tooltip index"],
    "MenuBar.addSeparator": ["index"],
    "ToolBar.addMenu": ["name! icon tooltip index"],
    "ToolBar.addSeparator": ["index"],
}
DOCUMENTED_NAMES = {"nodes", "env"}


@dataclass
class Surface:
    """The real Nuke: each callable has the ways in which it may be called, as texts of names."""

    functions: dict[str, list[str]] = field(default_factory=dict)
    bases: dict[str, list[str]] = field(default_factory=dict)
    methods: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    constants: dict[str, str | None] = field(default_factory=dict)
    env: set[str] = field(default_factory=set)

    def method(self, owner: str, name: str) -> list[str] | None:
        """Give the ways to call a method, its own or its base's; None where there is none."""
        if f"{owner}.{name}" in DOCUMENTED:
            return DOCUMENTED[f"{owner}.{name}"]
        if name in self.methods.get(owner, {}):
            return self.methods[owner][name]
        found = (self.method(base, name) for base in self.bases.get(owner, []))
        return next((ways for ways in found if ways is not None), None)


def read_surface() -> Surface:
    """Read the file."""
    surface, owner = Surface(), ""
    for line in SURFACE.read_text(encoding="utf-8").splitlines():
        kind, _, rest = line.partition(" ")
        name, _, rest = rest.partition(" ")
        ways = [way.strip() for way in rest.split("|")]
        if kind == "function":
            surface.functions[name] = DOCUMENTED.get(name, ways)
        elif kind == "class":
            owner = name
            surface.bases[name], surface.methods[name] = rest.removeprefix(": ").split(), {}
        elif kind == "":
            surface.methods[owner][name] = ways
        elif kind == "constant":
            surface.constants[name] = rest or None
        else:
            surface.env.add(name)
    surface.functions.update({name: ways for name, ways in DOCUMENTED.items() if "." not in name})
    return surface
