"""Nodes that change values pixel by pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .ops_masked import masked

if TYPE_CHECKING:
    from collections.abc import Callable

    from .image import Image
    from .renderer import Pull

_RGBA = ("rgba.red", "rgba.green", "rgba.blue", "rgba.alpha")


def _each(pull: Pull, change: Callable[[np.ndarray, int], Any], *, has_mask: bool = True) -> Image:
    """Change the channels of the `channels` knob; `change` gets a plane and the place in r, g, b, a."""
    source = pull.input()
    names = pull.channels("channels", source)

    def compute(name: str) -> np.ndarray:
        plane = source.plane(name)
        return change(plane, _RGBA.index(name) if name in _RGBA else 0) if name in names else plane

    made = source.with_(compute=compute)
    return masked(pull, source, made, 1) if has_mask else made


def grade(pull: Pull) -> Image:
    """Lift, gain, offset and gamma."""
    keys = ("blackpoint", "whitepoint", "black", "white", "multiply", "add", "gamma")
    k = {name: pull.values(name) for name in keys}

    def change(plane: np.ndarray, i: int) -> np.ndarray:
        slope = k["multiply"][i] * (k["white"][i] - k["black"][i]) / (k["whitepoint"][i] - k["blackpoint"][i])
        out = slope * plane + (k["add"][i] + k["black"][i] - slope * k["blackpoint"][i])
        out = np.maximum(out, 0) if pull.value("black_clamp") else out
        return _power(out, 1 / k["gamma"][i])

    return _each(pull, change)


def _power(plane: np.ndarray, exponent: float) -> np.ndarray:
    # Nuke leaves negative values alone.
    return plane if exponent == 1 else np.where(plane > 0, np.power(np.maximum(plane, 0), exponent), plane)


def gamma(pull: Pull) -> Image:
    """A power."""
    values = pull.values("value")
    return _each(pull, lambda plane, i: _power(plane, 1 / values[i]))


def multiply(pull: Pull) -> Image:
    """A factor."""
    values = pull.values("value")
    return _each(pull, lambda plane, i: plane * np.float32(values[i]))


def add(pull: Pull) -> Image:
    """A summand."""
    values = pull.values("value")
    return _each(pull, lambda plane, i: plane + np.float32(values[i]))


def clamp(pull: Pull) -> Image:
    """Between two values."""
    low, high = pull.values("minimum"), pull.values("maximum")
    no_low, no_high = not pull.value("minimum_enable"), not pull.value("maximum_enable")
    return _each(pull, lambda plane, i: np.clip(plane, -np.inf if no_low else low[i], np.inf if no_high else high[i]))


def invert(pull: Pull) -> Image:
    """One minus the value."""
    clip = bool(pull.value("clamp"))
    return _each(pull, lambda plane, _: np.clip(1 - plane, 0, 1) if clip else 1 - plane)


def saturation(pull: Pull) -> Image:
    """More or less colour around the luminance of Rec. 709."""
    source, amount = pull.input(), np.float32(pull.value("saturation", 0))
    names = pull.channels("channels", source)

    def compute(name: str) -> np.ndarray:
        if name not in names or name not in _RGBA[:3]:
            return source.plane(name)
        red, green, blue = (source.plane(channel) for channel in _RGBA[:3])
        luminance = 0.2125 * red + 0.7154 * green + 0.0721 * blue
        return luminance + (source.plane(name) - luminance) * amount

    return masked(pull, source, source.with_(compute=compute), 1)


def premultiply(pull: Pull) -> Image:
    """Colour times alpha."""
    return _by_alpha(pull, pull.value("invert"))


def unpremultiply(pull: Pull) -> Image:
    """Colour by alpha; where alpha is 0, colour stays."""
    return _by_alpha(pull, not pull.value("invert"))


def _by_alpha(pull: Pull, divide: bool) -> Image:
    source = pull.input()
    alpha = pull.node._knobs["alpha"]._channels()[0]

    def change(plane: np.ndarray, _: int) -> np.ndarray:
        by = source.plane(alpha)
        return np.divide(plane, by, out=plane.copy(), where=by != 0) if divide else plane * by

    return _each(pull, change, has_mask=False)


OPS = {
    "Grade": grade,
    "Gamma": gamma,
    "Multiply": multiply,
    "Add": add,
    "Clamp": clamp,
    "Invert": invert,
    "Saturation": saturation,
    "Premult": premultiply,
    "Unpremult": unpremultiply,
}
