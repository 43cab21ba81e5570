"""What the stand-in for Nuke has, the real Nuke has."""

from __future__ import annotations

import inspect
import types

import pytest

from .nuke_surface import DOCUMENTED_NAMES, read_surface


@pytest.fixture(scope="module")
def surface():
    """The real Nuke's names."""
    return read_surface()


@pytest.fixture
def nuke(nuke_session):
    """The stand-in's module."""
    return nuke_session.nuke


def of_type(module, kind):
    """Give the module's public members of a type."""
    return {name: value for name, value in vars(module).items() if isinstance(value, kind) and not name.startswith("_")}


def misfits(names, ways):
    """Say how a callable of ours could be called that the real one could not; "" where there is no such way.

    Args:
        names: our arguments' names; None where ours takes anything.
        ways: the real one's argument names, `!` behind those without a default, `*` for arguments unnamed.
    """
    if any("*" in way.split() for way in ways):
        return ""
    if names is None:
        return "takes anything"
    complaints = []
    for way in ways:
        theirs = [word.rstrip("!") for word in way.split()]
        needed = {word[:-1] for word in way.split() if word.endswith("!")}
        if names != theirs[: len(names)]:
            complaints.append(f"takes {names}, not {theirs}")
        elif not needed <= set(names):
            complaints.append(f"lacks {needed - set(names)}")
        else:
            return ""
    return "; ".join(complaints)


def arguments(function):
    """Give a callable's argument names, `self` left out; None where it takes anything."""
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind in {p.VAR_POSITIONAL, p.VAR_KEYWORD} for p in parameters):
        return None
    return [p.name for p in parameters if p.name != "self"]


def test_functions_are_real(nuke, surface):
    """Every function takes arguments that the real one takes, by the same names in the same order."""
    wrong = {}
    for name, function in of_type(nuke, types.FunctionType).items():
        trouble = (
            misfits(arguments(function), surface.functions[name]) if name in surface.functions else "is not in Nuke"
        )
        if trouble:
            wrong[name] = trouble
    assert wrong == {}


def test_classes_are_real(nuke, surface):
    """Every class has the real one's bases, and methods with the real ones' arguments."""
    wrong = {}
    for name, cls in of_type(nuke, type).items():
        if name not in surface.methods:
            wrong[name] = "is not in Nuke"
            continue
        for method, function in inspect.getmembers(cls, callable):
            if method.startswith("_") or method in dir(Exception):
                continue
            ways = surface.method(name, method)
            trouble = "is not in Nuke" if ways is None else misfits(arguments(function), ways)
            if trouble:
                wrong[f"{name}.{method}"] = trouble
    assert wrong == {}


def test_bases_are_real(nuke, surface):
    """A knob is an instance of no class that the real one is not an instance of."""
    classes = of_type(nuke, type)

    def real_bases(name):
        return {name}.union(*(real_bases(base) for base in surface.bases.get(name, ())))

    wrong = {
        (name, other)
        for name, cls in classes.items()
        for other, base in classes.items()
        if issubclass(cls, base) and other not in real_bases(name)
    }
    assert wrong == set()


def test_constants_are_real(nuke, surface):
    """Every constant has the real one's value."""
    for name, value in of_type(nuke, (int, str)).items():
        assert name in surface.constants, name
        assert surface.constants[name] in {None, str(value)}, name


def test_nothing_else_is_there(nuke):
    """The module holds functions, classes and constants, `nodes` and `env`."""
    known = {*of_type(nuke, (types.FunctionType, type, int, str)), *DOCUMENTED_NAMES}
    assert {name for name in vars(nuke) if not name.startswith("_")} <= known


def test_the_environment_is_real(nuke, surface):
    """`nuke.env` has the real one's keys, and refuses others."""
    assert set(nuke.env.keys()) <= surface.env
    with pytest.raises(KeyError):
        nuke.env["nukeIsFun"]


def test_unknown_names_are_refused(nuke):
    """A name that Nuke does not have raises AttributeError, in the module and on nodes and knobs."""
    node = nuke.nodes.Blur()
    for thing in (nuke, node, node["size"], nuke.nodes):
        with pytest.raises(AttributeError):
            _ = thing.makeItSo


def test_misfits_are_seen():
    """The check sees an argument too many, one named otherwise, one that is needed, one in another place."""
    ways = ["a! b c"]
    assert misfits(["a", "b"], ways) == ""
    assert misfits(["a", "b", "c", "d"], ways)
    assert misfits(["a", "x"], ways)
    assert misfits([], ways)
    assert misfits(["b", "a"], ways)
    assert misfits(None, ways)
