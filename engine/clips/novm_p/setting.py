"""What a scene's things are told of its backdrop, so that none stands out by its colour alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.clips.novm_p.exact import Colour, linear

if TYPE_CHECKING:
    from engine.clips.novm_p.draws import Draws


@dataclass(frozen=True)
class Setting:
    """A backdrop in a few words.

    Attributes:
        level: its typical linear light, 0..1.
        colours: those that it is painted with, scene-linear.
    """

    level: float
    colours: tuple[Colour, ...]

    def contrast(self, draws: Draws, *, spread: float) -> Colour:
        """Give a near-grey that can be seen before the backdrop: vapour of its own brightness could not."""
        bright = draws.between(0.45, 0.8) if self.level < 0.2 else draws.pick((0.03, 0.05, 0.8, 0.9))
        return _varied(draws, (bright, bright, bright), spread)

    def shared(self, draws: Draws) -> Colour:
        """Give a colour for a solid: as often as not one of the backdrop's own, a little off."""
        if draws.unit() < 0.5:
            return _varied(draws, draws.pick(self.colours), 0.35)
        return any_colour(draws)


def any_colour(draws: Draws, *, vivid: float = 0.7) -> Colour:
    """Give a random colour, from greyish to as vivid as asked."""
    value, grey = draws.between(0.2, 0.95), 1.0 - draws.between(0.15, vivid)
    parts = [1.0, draws.unit(), 0.0]
    first = draws.whole(0, 5)
    order = ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))[first]
    red, green, blue = (linear(value * (grey + (1.0 - grey) * parts[index])) for index in order)
    return red, green, blue


def scaled(colour: Colour, factor: float) -> Colour:
    """Give a colour brighter or darker."""
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


def _varied(draws: Draws, colour: Colour, spread: float) -> Colour:
    red, green, blue = (part * (1.0 + draws.around(spread)) for part in colour)
    return red, green, blue
