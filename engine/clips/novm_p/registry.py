"""Which clips there are: their seeds."""

from __future__ import annotations

from typing import NamedTuple

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
