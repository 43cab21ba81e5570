"""nuke.Format, nuke.Box, nuke.Layer, nuke.View, nuke.OutputContext."""

from __future__ import annotations

import re
from typing import Any

from . import curves, tcl
from .current import police, session

_NUMBER = re.compile(r"-?\d+(\.\d*)?")


@police
class Format:
    """A picture's size in pixels, the part of it that is the image, and the shape of a pixel (width over height)."""

    def __init__(self, width=640, height=480, x=0, y=0, r=None, t=None, pixelAspect=1.0):
        self._size = (int(width), int(height))
        self._box = (int(x), int(y), int(width if r is None else r), int(height if t is None else t))
        self._aspect = float(pixelAspect)
        self._name: str | None = None

    def __repr__(self) -> str:
        return f"<Format object {self._name!r} {self._size[0]}x{self._size[1]} {self._aspect}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Format) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        return (self._size, self._box, self._aspect)

    def _script(self) -> str:
        numbers = [*self._size, *self._box, self._aspect]
        return " ".join([*(curves.number(n) for n in numbers), self._name or ""]).strip()

    def _scaled(self, scale: float) -> Format:
        if scale == 1:
            return self
        size = [max(1, round(n * scale)) for n in (*self._size, *self._box)]
        return Format(size[0], size[1], *size[2:], self._aspect)

    def name(self):
        return self._name

    def setName(self, name):
        self._name = name

    def width(self):
        return self._size[0]

    def height(self):
        return self._size[1]

    def setWidth(self, newWidth):
        self._size = (int(newWidth), self._size[1])

    def setHeight(self, newHeight):
        self._size = (self._size[0], int(newHeight))

    def x(self):
        return self._box[0]

    def y(self):
        return self._box[1]

    def r(self):
        return self._box[2]

    def t(self):
        return self._box[3]

    def pixelAspect(self):
        return self._aspect

    def setPixelAspect(self, aspectRatio):
        self._aspect = float(aspectRatio)

    def add(self, name):
        self._name = name
        session().formats.append(self)


def read_format(text: str) -> Format:
    """Read `w h x y r t aspect name`, `w h aspect name` or `w h name`.

    Raises:
        RuntimeError: the text is no format.
    """
    words = tcl.split(text)
    count = next((i for i, word in enumerate(words) if not _NUMBER.fullmatch(word)), len(words))
    numbers = [float(word) for word in words[:count]]
    name = " ".join(words[len(numbers) :]) or None
    if len(numbers) == 7:
        made = Format(*numbers[:6], pixelAspect=numbers[6])
    elif len(numbers) in {2, 3}:
        made = Format(*numbers[:2], pixelAspect=numbers[2] if len(numbers) == 3 else 1.0)
    else:
        raise RuntimeError(f"{text!r} is no format")
    made._name = name
    return made


class Box:
    """A box in pixels: left, bottom, right, top."""

    def __init__(self, x=0, y=0, r=1, t=1):
        self._sides = [x, y, r, t]

    def x(self):
        return self._sides[0]

    def y(self):
        return self._sides[1]

    def r(self):
        return self._sides[2]

    def t(self):
        return self._sides[3]

    def w(self):
        return self._sides[2] - self._sides[0]

    def h(self):
        return self._sides[3] - self._sides[1]


@police
class Info:
    """What `Node.bbox` gives: a corner, a width and a height. Not right and top."""

    def __init__(self, x: float, y: float, w: float, h: float) -> None:
        self._values = (x, y, w, h)

    def x(self):
        return self._values[0]

    def y(self):
        return self._values[1]

    def w(self):
        return self._values[2]

    def h(self):
        return self._values[3]


class View:
    """A view's name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def string(self):
        return self._name

    def value(self):
        return session().view_names().index(self._name) + 1


@police
class OutputContext:
    """A frame and a view to ask a knob at. Views count from 1; 0 stands for the default."""

    def __init__(self):
        self._frame = session().context.frame
        self._view = session().view_names().index(session().context.view) + 1

    def frame(self):
        return self._frame

    def setFrame(self, f):
        self._frame = float(f)

    def view(self):
        return self._view

    def setView(self, n):
        self._view = int(n)

    def viewcount(self):
        return len(session().view_names()) + 1

    def viewname(self, n):
        return "default" if n == 0 else session().view_names()[n - 1]

    def viewFromName(self, name):
        return session().view_names().index(name) + 1 if name in session().view_names() else -1


@police
class Layer:
    """A named set of channels."""

    def __init__(self, name="", channels=()):
        self._name = name
        for channel in channels:
            session().layers.add(channel if "." in channel else f"{name}.{channel}")

    def name(self):
        return self._name

    def setName(self, newName):
        session().layers.rename(self._name, newName)
        self._name = newName

    def channels(self):
        return session().layers.channels_of(self._name)

    def visible(self):
        return True
