"""The language of expressions on knobs: arithmetic, comparison, `a ? b : c`, functions, names of knobs."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_$][\w$]*(?:\.[\w$]+)*)"
    r"|(?P<op>\*\*|==|!=|<=|>=|&&|\|\||[-+*/%^()<>!?:,]))"
)

FUNCTIONS: dict[str, Callable[..., float]] = {
    "abs": abs,
    "min": min,
    "max": max,
    "sqrt": lambda v: math.sqrt(v) if v >= 0 else math.nan,
    "pow": pow,
    "exp": math.exp,
    "log": math.log,
    "log10": math.log10,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "atan2": math.atan2,
    "hypot": math.hypot,
    "radians": math.radians,
    "degrees": math.degrees,
    "floor": math.floor,
    "ceil": math.ceil,
    "rint": lambda v: float(math.floor(v + 0.5)),
    "int": math.trunc,
    "trunc": math.trunc,
    "fmod": math.fmod,
    "sign": lambda v: (v > 0) - (v < 0),
    "isnan": lambda v: float(math.isnan(v)),
    "clamp": lambda v, low=0.0, high=1.0: min(max(v, low), high),
    "lerp": lambda a, b, t: a + (b - a) * t,
    "mix": lambda a, b, t: a + (b - a) * t,
    "step": lambda a, v: float(v >= a),
    "smoothstep": lambda a, b, v: _smooth(min(max((v - a) / (b - a), 0.0), 1.0)),
}


def _smooth(t: float) -> float:
    return t * t * (3 - 2 * t)


CONSTANTS = {"pi": math.pi, "e": math.e, "true": 1.0, "false": 0.0}


class ExpressionError(RuntimeError):
    """An expression that cannot be read, or names something that is not there."""


class CircleError(ExpressionError):
    """An expression that needs its own value."""


class Expression:
    """One expression, read once.

    Args:
        text: what stands between the braces.

    Raises:
        ExpressionError: the text is not an expression.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = _tokens(text)
        self._at = 0
        self._tree = self._ternary()
        if self._at < len(self._tokens):
            raise ExpressionError(f"syntax error at {self._tokens[self._at][1]!r} in {text!r}")

    def evaluate(self, name: Callable[[str], Any], call: Callable[[str, list[Any]], Any] | None = None) -> Any:
        """Give the value.

        Args:
            name: looks a name up; a number comes back, or an array of pixels.
            call: calls what is no function of the language: a knob at another frame, a channel at another place.
        """
        return _evaluate(self._tree, name, call)

    def names(self) -> set[str]:
        """Every name that the expression looks up, functions left out."""
        return {value for kind, value in self._tokens if kind == "name" and value not in FUNCTIONS}

    def _peek(self, *values: str) -> str | None:
        if self._at < len(self._tokens) and self._tokens[self._at] in [("op", value) for value in values]:
            return self._tokens[self._at][1]
        return None

    def _take(self, *values: str) -> str | None:
        found = self._peek(*values)
        if found is not None:
            self._at += 1
        return found

    def _ternary(self) -> tuple[Any, ...]:
        condition = self._binary(0)
        if self._take("?"):
            yes = self._ternary()
            self._need(":")
            return ("?", condition, yes, self._ternary())
        return condition

    def _need(self, value: str) -> None:
        if self._take(value) is None:
            raise ExpressionError(f"{value!r} is missing in {self.text!r}")

    _LEVELS = (("||",), ("&&",), ("==", "!="), ("<", ">", "<=", ">="), ("+", "-"), ("*", "/", "%"))

    def _binary(self, level: int) -> tuple[Any, ...]:
        if level == len(self._LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while (op := self._take(*self._LEVELS[level])) is not None:
            left = ("op", op, left, self._binary(level + 1))
        return left

    def _unary(self) -> tuple[Any, ...]:
        op = self._take("-", "+", "!")
        if op is not None:
            return ("unary", op, self._unary())
        base = self._atom()
        if self._take("**", "^"):
            return ("op", "**", base, self._unary())
        return base

    def _atom(self) -> tuple[Any, ...]:
        if self._take("("):
            inside = self._ternary()
            self._need(")")
            return inside
        if self._at >= len(self._tokens) or self._tokens[self._at][0] == "op":
            raise ExpressionError(f"a value is missing in {self.text!r}")
        kind, value = self._tokens[self._at]
        self._at += 1
        if kind == "number":
            return ("number", float(value))
        if self._take("("):
            arguments = []
            while not self._peek(")"):
                arguments.append(self._ternary())
                if not self._take(","):
                    break
            self._need(")")
            return ("call", value, arguments)
        return ("name", value)


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ExpressionError(f"syntax error at {text[at:]!r} in {text!r}")
        kind = match.lastgroup or "op"
        found.append((kind, match.group(kind)))
        at = match.end()
    if not found:
        raise ExpressionError("an empty expression")
    return found


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if not _is_zero(b) else math.copysign(math.inf, a) if a else math.nan,
    "%": lambda a, b: a % b,
    "**": lambda a, b: a**b,
    "==": lambda a, b: (a == b) * 1.0,
    "!=": lambda a, b: (a != b) * 1.0,
    "<": lambda a, b: (a < b) * 1.0,
    ">": lambda a, b: (a > b) * 1.0,
    "<=": lambda a, b: (a <= b) * 1.0,
    ">=": lambda a, b: (a >= b) * 1.0,
}


_UNARY: dict[str, Callable[[Any], Any]] = {"-": lambda v: -v, "+": lambda v: v, "!": lambda v: (v == 0) * 1.0}


def _is_zero(value: Any) -> bool:
    return isinstance(value, (int, float)) and value == 0


def _evaluate(tree: tuple[Any, ...], name: Callable[[str], Any], call: Callable[[str, list[Any]], Any] | None) -> Any:
    kind = tree[0]

    def inner(part: tuple[Any, ...]) -> Any:
        return _evaluate(part, name, call)

    if kind == "number":
        value = tree[1]
    elif kind == "name":
        value = CONSTANTS[tree[1]] if tree[1] in CONSTANTS else name(tree[1])
    elif kind == "unary":
        value = _UNARY[tree[1]](inner(tree[2]))
    elif kind == "?":
        value = _choose(inner(tree[1]), lambda: inner(tree[2]), lambda: inner(tree[3]))
    elif kind == "call":
        value = _call(tree[1], [inner(argument) for argument in tree[2]], call)
    elif tree[1] in {"&&", "||"}:
        left = bool(inner(tree[2]))
        value = float(bool(inner(tree[3])) if left == (tree[1] == "&&") else left)
    else:
        value = _OPERATORS[tree[1]](inner(tree[2]), inner(tree[3]))
    return value


def _choose(condition: Any, yes: Callable[[], Any], no: Callable[[], Any]) -> Any:
    if getattr(condition, "ndim", 0):
        chosen = condition != 0
        return yes() * chosen + no() * (1 - chosen)
    return yes() if condition else no()


def _call(function: str, arguments: list[Any], call: Callable[[str, list[Any]], Any] | None) -> Any:
    if function in FUNCTIONS:
        return FUNCTIONS[function](*arguments)
    if call is not None:
        return call(function, arguments)
    raise ExpressionError(f"{function}: no such function")
