"""The kinds of subject: how each is made, where it starts, how it moves, and whether training ever shows its like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.clips.novm_p import motion, solids
from engine.clips.novm_p.backdrops import PLACES
from engine.clips.novm_p.draws import Draws
from engine.clips.novm_p.fabric import Cloth, Lace
from engine.clips.novm_p.films import Film
from engine.clips.novm_p.foliage import Foliage
from engine.clips.novm_p.frost import Frost
from engine.clips.novm_p.fur import Fur
from engine.clips.novm_p.glass import Glass
from engine.clips.novm_p.grid import Pose
from engine.clips.novm_p.motion import Path
from engine.clips.novm_p.vapour import Fire, Fog, Smoke
from engine.clips.novm_p.water import Bubbles, Splash

if TYPE_CHECKING:
    from engine.clips.novm_p.layers import Drawn
    from engine.clips.novm_p.setting import Setting

_OUTDOORS = ("city", "wood", "shore", "night", "meadow")

Law = Callable[[Draws, Pose], Path]


@dataclass(frozen=True)
class Kind:
    """One kind of subject.

    Attributes:
        make: draws one.
        held_out: the training generator has no kind like it.
        law: how it moves from its first pose.
        area: how far from the frame's middle it may start, across and down, in frame heights.
        zoom: smallest and largest size factor.
        shutter: share of a frame's time that the shutter is open; 0 for what hardly moves in it.
        rooted: it leaves the frame because the camera turns away, not by itself.
        reach: half of what it takes of the frame's width, about, in frame heights.
        rival: the kind that crosses it, where nobody could say which of two of its own kind a pixel belongs to.
        places: the backdrops that it may have.
    """

    make: Callable[[Draws, Setting], Drawn]
    held_out: bool
    law: Law
    area: tuple[float, float] = (0.35, 0.08)
    zoom: tuple[float, float] = (0.85, 1.2)
    shutter: float = 0.0
    rooted: bool = False
    reach: float = 0.5
    rival: str = ""
    places: tuple[str, ...] = PLACES


def _still(draws: Draws, start: Pose) -> Path:
    return motion.loop(draws, start, 0.02)


def _roam(draws: Draws, start: Pose) -> Path:
    return draws.pick((motion.loop, motion.spring))(draws, start, draws.between(0.12, 0.3))


def _swing(draws: Draws, start: Pose) -> Path:
    return motion.pendulum(draws, start, draws.between(0.015, 0.045))


def _hurl(draws: Draws, start: Pose) -> Path:
    return motion.throw(draws, start, draws.between(0.045, 0.08))


def solid(draws: Draws, setting: Setting) -> Drawn:
    """Make a solid that may be thrown."""
    return solids.Solid(draws, setting, draws.pick((solids.star, solids.gear, solids.pill))(draws), reach=0.33)


def passer(draws: Draws, setting: Setting) -> Drawn:
    """Make what passes before the subject: somebody on foot, or a post that the camera passes."""
    if draws.unit() < 0.5:
        return solids.Solid(draws, setting, solids.walker(draws))
    return solids.Solid(draws, setting, solids.post(draws), reach=0.75)


KINDS: dict[str, Kind] = {
    "smoke": Kind(Smoke, False, _still, rooted=True, rival="cloth"),
    "fog": Kind(
        Fog, True, _still, area=(0.3, 0.2), zoom=(0.9, 1.2), rooted=True, reach=1.15, rival="hair", places=_OUTDOORS
    ),
    "fire": Kind(Fire, False, _still, area=(0.4, 0.05), rooted=True, rival="net"),
    "splash": Kind(Splash, True, _still, area=(0.35, 0.08), zoom=(1.0, 1.3), rooted=True, rival="bubbles"),
    "bubbles": Kind(Bubbles, False, _roam),
    "glass": Kind(Glass, False, _swing),
    "frost": Kind(Frost, True, _still, area=(0.5, 0.25), zoom=(0.7, 1.0), rooted=True, rival="foliage"),
    "hair": Kind(Fur, False, _roam),
    "foliage": Kind(Foliage, True, _swing, area=(0.4, 0.1), zoom=(0.8, 1.1), rooted=True),
    "net": Kind(Lace, False, _swing),
    "cloth": Kind(Cloth, True, _roam),
    "motion": Kind(solid, False, _hurl, area=(0.45, 0.1), zoom=(0.9, 1.3), shutter=0.85),
    "overlapping": Kind(Film, True, _roam, area=(0.25, 0.05), zoom=(0.85, 1.1)),
}
"""By the name that tables show."""
