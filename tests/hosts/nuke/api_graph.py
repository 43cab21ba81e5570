"""The functions of the module that find, make and ask nodes."""

from __future__ import annotations

import re
from typing import Any

from . import constants, paths, tcl
from .current import police, session
from .expressions import Expression
from .formats import read_format
from .group import Group
from .node_table import CLASSES
from .scope import text_of


def toNode(s):
    return session().hand_out(session().find_node(s)) if s else None


def exists(s):
    from .scope import exists as is_there

    return is_there(session().this_node(), s)


def root():
    return session().root


def thisRoot():
    return session().root


def thisNode():
    return session().this_node()


def thisClass():
    return session().this_node().Class()


def thisKnob():
    return session().this_knob()


def thisGroup():
    return session().groups[-1]


def thisParent():
    return session().this_node().parent()


def thisView():
    return session().context.view


def allNodes(filter=None, group=None, recurseGroups=False):
    group = group or session().groups[-1]
    nodes = list(session().every_node(group)) if recurseGroups else group.nodes()
    return [node for node in nodes if filter is None or node.Class() == filter]


def selectedNodes(filter=None):
    nodes = session().groups[-1].selectedNodes()
    return [node for node in nodes if filter is None or node.Class() == filter]


def selectedNode():
    nodes = session().groups[-1].selectedNodes()
    if not nodes:
        raise ValueError("no node selected")
    return nodes[-1]


def createNode(node, args=None, inpanel=None):
    world = session()
    group = world.groups[-1]
    chosen = group.selectedNodes()
    if node not in CLASSES:
        return _from_gizmo(node, args)
    made = world.make_node(node, group)
    for other in chosen:
        other.setSelected(False)
    for index, source in enumerate(reversed(chosen)):
        if index < max(1, made._node_class.inputs) and made.canSetInput(index, source):
            world._plug(made, index, source)
    if args:
        world.reader().read_knobs(made, args)
    made.setSelected(True)
    world.created(made, by_user=True)
    if world.gui and inpanel is not False:
        made.showControlPanel()
    return made


def _from_gizmo(name: str, args: str | None) -> Any:
    world = session()
    path = world.plugin_paths.find(f"{name}.gizmo") or world.plugin_paths.find(f"{name}.nk")
    if path is None:
        raise RuntimeError(f"{name}: Unknown command")
    made = world.paste(path)
    if args:
        world.reader().read_knobs(made, args)
    return made


@police
class NodeConstructor:
    """`nuke.nodes.Blur`: makes a node without the selection and without a panel."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, **kwargs):
        world = session()
        made = world.make_node(self._name, world.groups[-1])
        for index, source in enumerate(kwargs.pop("inputs", ())):
            if source is not None and not made.canSetInput(index, source):
                world._detach(made)
                raise ValueError(f"{made.name()}: input {index} cannot be {source.name()}")
            if source is not None:
                world._plug(made, index, source)
        for name, value in kwargs.items():
            if name == "name":
                made.setName(value)
            elif isinstance(value, str):
                world.reader().read_knobs(made, tcl.quote(name) + " " + tcl.quote(value))
            else:
                made[name].setValue(value)
        world.created(made, by_user=False)
        return made


class Nodes:
    """`nuke.nodes`."""

    def __getattr__(self, name):
        if name not in CLASSES:
            raise AttributeError(f"there is no class of nodes {name!r}")
        return NodeConstructor(name)


def delete(n):
    session().delete(n)


def getNodeClassName():
    return session().this_node().Class()


def nodeTypes(force_plugin_load=False):
    return sorted(CLASSES)


def canCreateNode(name):
    return name in CLASSES or session().plugin_paths.find(f"{name}.gizmo") is not None


def dependencies(nodes, what=constants.INPUTS | constants.HIDDEN_INPUTS | constants.EXPRESSIONS):
    nodes = nodes if isinstance(nodes, (list, tuple)) else [nodes]
    return list(dict.fromkeys(source for node in nodes for source in node.dependencies(what)))


def dependentNodes(what=constants.INPUTS | constants.HIDDEN_INPUTS | constants.EXPRESSIONS, nodes=(), evaluateAll=True):
    nodes = nodes if isinstance(nodes, (list, tuple)) else [nodes]
    return list(dict.fromkeys(reader for node in nodes for reader in node.dependent(what)))


def inputs(n, i=None):
    return n.inputs()


def filename(node=None, i=None):
    node = node or session().this_node()
    if isinstance(node, Group):
        node = next((inner for inner in session().every_node(node) if inner.knob("file") is not None), node)
    knob = node.knob("file")
    if knob is None or not knob.value():
        return None
    name = session().callbacks.filter_filename(node, knob._evaluated())
    return paths.at(name, session().context) if i == constants.REPLACE else paths.technical(name)


def filenameFilter(filename):
    """Run a name through every filter.

    [V: https://learn.foundry.com/nuke/developers/130/pythondevguide/_autosummary/nuke.addFilenameFilter.html]
    """
    return session().callbacks.filter_filename(session().this_node(), filename)


def sample(n, c, x, y, dx=None, dy=None):
    return n.sample(c, x, y, dx, dy)


def frame(f=None):
    if f is not None:
        session().set_frame(f)
    return int(session().context.frame)


def value(knob, default=None):
    try:
        return text_of(session().this_node(), knob)
    except RuntimeError:
        if default is None:
            raise
        return default


def numvalue(knob, default=None):
    return float(value(knob, default))


def expression(s):
    world = session()
    return float(Expression(world.tcl.subst(s)).evaluate(lambda name: float(text_of(world.this_node(), name))))


def format():
    return session().root["format"].value()


def addFormat(s):
    made = read_format(s)
    if made.name() is None:
        raise RuntimeError(f"{s!r} has no name")
    session().formats = [known for known in session().formats if known.name() != made.name()] + [made]
    return made


def formats():
    return list(session().formats)


def layers(node=None):
    if node is None:
        return session().layers.names()
    return list(dict.fromkeys(name.partition(".")[0] for name in node.channels()))


def channels(n=None):
    return session().layers.channels() if n is None else n.channels()


def views():
    return session().view_names()


def addView(s):
    session().set_views([*session().view_names(), s])


def deleteView(s):
    session().set_views([name for name in session().view_names() if name != s])


def usingOCIO():
    return session().root["colorManagement"].value() == "OCIO"


def stripFrameRange(clipname):
    return re.sub(r"\s+-?\d+(?:-?-?\d+)?$", "", clipname)


def selectAll():
    for node in session().groups[-1]._children.values():
        node.setSelected(True)


def autoplace(n):
    n.autoplace()


def show(n=None, forceFloat=None):
    for node in [n] if n is not None else selectedNodes():
        node.showControlPanel()
