"""Which clips there are: the kinds of subject, how each is made and moves, and the seeds of its takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from engine.clips.novm_p import motion, solids
from engine.clips.novm_p.backdrops import PLACES, Foliage
from engine.clips.novm_p.fluids import Bubbles, Fire, Fog, Smoke, Splash
from engine.clips.novm_p.layers import Pose
from engine.clips.novm_p.motion import Path
from engine.clips.novm_p.noise import Draws
from engine.clips.novm_p.panes import Film, Frost, Glass
from engine.clips.novm_p.threads import Cloth, Fur, Lace

if TYPE_CHECKING:
    from engine.clips.novm_p.layers import Drawn, Setting


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


FRAMES = 24


class Entry(NamedTuple):
    """One clip: what it is of, what happens in it, and what it is drawn from."""

    kind: str
    take: str
    seed: int

    @property
    def name(self) -> str:
        """The clip's name: `smoke-passed`."""
        return f"{self.kind}-{self.take}"


CLIPS: tuple[Entry, ...] = (
    Entry("smoke", "alone", 1),
    Entry("smoke", "beside", 8),
    Entry("smoke", "passed", 15),
    Entry("smoke", "returning", 22),
    Entry("smoke", "crossed", 29),
    Entry("fog", "alone", 101),
    Entry("fog", "beside", 108),
    Entry("fog", "passed", 116),
    Entry("fog", "returning", 122),
    Entry("fog", "crossed", 129),
    Entry("fire", "alone", 201),
    Entry("fire", "beside", 208),
    Entry("fire", "passed", 215),
    Entry("fire", "returning", 222),
    Entry("fire", "crossed", 229),
    Entry("splash", "alone", 301),
    Entry("splash", "beside", 308),
    Entry("splash", "passed", 315),
    Entry("splash", "returning", 322),
    Entry("splash", "crossed", 329),
    Entry("bubbles", "alone", 401),
    Entry("bubbles", "beside", 408),
    Entry("bubbles", "passed", 415),
    Entry("bubbles", "returning", 422),
    Entry("bubbles", "crossed", 429),
    Entry("glass", "alone", 501),
    Entry("glass", "beside", 508),
    Entry("glass", "passed", 515),
    Entry("glass", "returning", 522),
    Entry("glass", "crossed", 529),
    Entry("frost", "alone", 601),
    Entry("frost", "beside", 608),
    Entry("frost", "passed", 615),
    Entry("frost", "returning", 622),
    Entry("frost", "crossed", 629),
    Entry("hair", "alone", 701),
    Entry("hair", "beside", 708),
    Entry("hair", "passed", 715),
    Entry("hair", "returning", 722),
    Entry("hair", "crossed", 729),
    Entry("foliage", "alone", 801),
    Entry("foliage", "beside", 808),
    Entry("foliage", "passed", 815),
    Entry("foliage", "returning", 822),
    Entry("foliage", "crossed", 829),
    Entry("net", "alone", 901),
    Entry("net", "beside", 908),
    Entry("net", "passed", 915),
    Entry("net", "returning", 922),
    Entry("net", "crossed", 929),
    Entry("cloth", "alone", 1001),
    Entry("cloth", "beside", 1008),
    Entry("cloth", "passed", 1016),
    Entry("cloth", "returning", 1022),
    Entry("cloth", "crossed", 1029),
    Entry("motion", "alone", 1103),
    Entry("motion", "beside", 1108),
    Entry("motion", "passed", 1115),
    Entry("motion", "returning", 1122),
    Entry("motion", "crossed", 1129),
    Entry("overlapping", "alone", 1201),
    Entry("overlapping", "beside", 1208),
    Entry("overlapping", "passed", 1215),
    Entry("overlapping", "returning", 1222),
    Entry("overlapping", "crossed", 1229),
)
