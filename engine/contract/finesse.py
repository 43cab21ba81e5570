"""What is done to every finished alpha of a shot, as keyers have it: specks, holes, shrink or grow, blur, gamma."""

import math
from dataclasses import dataclass, replace
from typing import Any, Dict

from .errors import ShotError

_MOST = 500
"""Pixels that a matte grows or softens by at most."""


@dataclass(frozen=True)
class Finesse:
    """Matte finesse; what stands here changes nothing. It is done in this order, then masks hold the alpha.

    Sizes are pixels of the plate, areas numbers of them.

    Attributes:
        temporal: alpha that flickers where the plate does not is smoothed over the frames before and behind.
        remove_specks: separate pieces of alpha smaller than this area go.
        fill_holes: enclosed holes smaller than this area become solid.
        grow: alpha spreads so far, to the largest value in a square around each pixel; negative: it shrinks.
        soften: blur; the Gaussian's standard deviation is a third of it.
        gamma: above 1 the edge gets fuller: alpha ** (1 / gamma).

    Raises:
        ShotError: `shot.finesse`.
    """

    temporal: bool = False
    remove_specks: int = 0
    fill_holes: int = 0
    grow: float = 0.0
    soften: float = 0.0
    gamma: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.temporal, bool):
            raise _wrong("temporal", self.temporal, "true or false")
        for name, kind, least, most in (
            ("remove_specks", int, 0, math.inf),
            ("fill_holes", int, 0, math.inf),
            ("grow", (int, float), -_MOST, _MOST),
            ("soften", (int, float), 0, _MOST),
            ("gamma", (int, float), 0.01, 100),
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, kind) or not least <= value <= most:
                whole = "whole pixels" if kind is int else "a number"
                reach = f"{least} or more" if most == math.inf else f"{least} to {most}"
                raise _wrong(name, value, f"{whole}, {reach}")
            object.__setattr__(self, name, value if kind is int else float(value))

    @property
    def rests(self) -> bool:
        """Whether alpha stays as it is, but perhaps for `temporal`."""
        return replace(self, temporal=False) == NO_FINESSE


NO_FINESSE = Finesse()


def finesse_to_json(finesse: Finesse) -> Dict[str, Any]:
    """Give finesse as JSON data; `finesse_from_json` is the inverse. What changes nothing is left out."""
    rest = vars(NO_FINESSE)
    return {name: value for name, value in vars(finesse).items() if value != rest[name]}


def finesse_from_json(data: Any) -> Finesse:
    """Read finesse from JSON data.

    Raises:
        ShotError: `shot.finesse`: an unknown key, or a value that there is not.
    """
    if not isinstance(data, dict):
        raise _wrong("finesse", data, 'an object, as {"soften": 2}')
    for name in data:
        if name not in vars(NO_FINESSE):
            raise ShotError("shot.finesse", f"Finesse has no '{name}'.", f"It has: {', '.join(vars(NO_FINESSE))}.")
    return Finesse(**data)


def _wrong(name: str, value: object, wanted: str) -> ShotError:
    return ShotError("shot.finesse", f"'{name}' cannot be {value!r}.", f"Give {wanted}.")
