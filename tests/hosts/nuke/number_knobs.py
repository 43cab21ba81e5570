"""The kinds of numbers: plain, whole, yes or no, positions, boxes, colours."""

from __future__ import annotations

from typing import Any

from .array_knobs import Array_Knob
from .current import police


class Double_Knob(Array_Knob):
    """A number."""

    _type_code = 7


class Range_Knob(Array_Knob):
    """Two ends of a range."""

    _names = ("A", "B")
    _type_code = 37


@police
class Int_Knob(Array_Knob):
    """A whole number."""

    _type_code = 3

    def value(self):
        return int(self._evaluate(0))

    def setValue(self, val):
        return super().setValue(val)


@police
class Unsigned_Knob(Array_Knob):
    """A whole number from 0."""

    _type_code = 3

    def value(self):
        return int(self._evaluate(0))

    def setValue(self, val):
        return super().setValue(val)


@police
class Boolean_Knob(Array_Knob):
    """Yes or no."""

    _type_code = 6
    _starts_line = False

    def __init__(self, name: str = "", label: str | None = None, value: bool = False) -> None:
        super().__init__(name, label, float(value))

    def value(self):
        return bool(self._evaluate(0))

    def setValue(self, b):
        return super().setValue(b)

    def _text(self) -> str:
        part = self._components[0]
        if part.curve is None and part.expression is None:
            return "true" if part.constant else "false"
        return super()._text()


class Disable_Knob(Boolean_Knob):
    """Whether a node is passed by."""

    _type_code = 80


class _Named(Array_Knob):
    """Components that have methods by their names."""

    def _by_name(self, letter: str, oc: Any) -> float:
        return self._evaluate(self._names.index(letter), None if oc is None else oc.frame())


@police
class XY_Knob(_Named):
    """A position in pixels of the full-size format: origin bottom-left, y up, whole numbers are pixel corners."""

    _names = ("x", "y")
    _type_code = 12

    def names(self, n):
        return self._names[n]

    def value(self, n=None, oc=None):
        return self._give(n, None if oc is None else oc.frame())

    def x(self, oc=None):
        return self._by_name("x", oc)

    def y(self, oc=None):
        return self._by_name("y", oc)


class UV_Knob(Array_Knob):
    """A position from 0 to 1."""

    _names = ("u", "v")
    _type_code = 30


@police
class XYZ_Knob(_Named):
    """A position in space."""

    _names = ("x", "y", "z")
    _type_code = 13

    def value(self, n=None, oc=None):
        return self._give(n, None if oc is None else oc.frame())

    def x(self, oc=None):
        return self._by_name("x", oc)

    def y(self, oc=None):
        return self._by_name("y", oc)

    def z(self, oc=None):
        return self._by_name("z", oc)


@police
class WH_Knob(_Named):
    """A width and a height, one number while they are equal."""

    _names = ("w", "h")
    _may_be_single = True
    _type_code = 14

    def x(self, oc=None):
        return self._by_name("w", oc)

    def y(self, oc=None):
        return self._by_name("h", oc)


@police
class BBox_Knob(_Named):
    """A box: left, bottom, right, top in pixels, origin bottom-left. Right and top, not width and height."""

    _names = ("x", "y", "r", "t")
    _type_code = 15

    def x(self, oc=None):
        return self._by_name("x", oc)

    def y(self, oc=None):
        return self._by_name("y", oc)

    def r(self, oc=None):
        return self._by_name("r", oc)

    def t(self, oc=None):
        return self._by_name("t", oc)

    def setX(self, n):
        self.setValue(n, 0)

    def setY(self, n):
        self.setValue(n, 1)

    def setR(self, n):
        self.setValue(n, 2)

    def setT(self, n):
        self.setValue(n, 3)

    def toDict(self):
        return {name: self._evaluate(index) for index, name in enumerate(self._names)}

    def fromDict(self, box):
        self.setValue([box[name] for name in self._names])


class Color_Knob(Array_Knob):
    """Three numbers, one while they are equal."""

    _names = ("r", "g", "b")
    _may_be_single = True
    _type_code = 18


class AColor_Knob(Color_Knob):
    """Four numbers, one while they are equal."""

    _names = ("r", "g", "b", "a")
    _type_code = 19


@police
class Scale_Knob(Array_Knob):
    """A scale in x, y and z."""

    _names = ("w", "h", "z")
    _may_be_single = True
    _type_code = 42

    def value(self, n=None, oc=None):
        return self._give(n, None if oc is None else oc.frame())


@police
class ColorChip_Knob(Unsigned_Knob):
    """A colour as one number, 0xRRGGBBAA."""

    _type_code = 40
