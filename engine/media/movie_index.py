"""When each frame of a movie is shown: the map between frame numbers and the times in the file."""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True)
class MovieIndex:
    """Times of display in the stream's own units.

    Attributes:
        times: of every frame, ascending; empty where the file has no trustworthy times.
        keys: those at which decoding can begin, ascending.
        count: number of frames.
    """

    times: tuple[int, ...]
    keys: tuple[int, ...]
    count: int

    @property
    def stands_alone(self) -> bool:
        """Whether every frame can be decoded by itself."""
        return self.keys == self.times

    def starts(self, time: int) -> tuple[int, ...]:
        """Give the times at which decoding can begin to reach `time`, the nearest first."""
        return self.keys[: bisect_right(self.keys, time)][::-1]


def index_of_header(stream: Any) -> MovieIndex | None:
    """Take the index from the file's header: only where every frame stands alone, as in ProRes or DNxHR.

    There the header's decode times are the display times, and a movie of any length opens at once.
    """
    entries = [(entry.timestamp, entry.is_keyframe) for entry in stream.index_entries if not entry.is_discard]
    times = tuple(time for time, _ in entries)
    if not times or len(entries) != stream.frames or not all(key for _, key in entries):
        return None
    return MovieIndex(times, times, len(times)) if _ascends(times) else None


def index_by_packets(container: Any, stream: Any) -> MovieIndex:
    """Walk through the whole file without decoding it, and leave it at its start.

    AVI has no times of display, nor has Matroska where it carries an AVI's stream. What is given for them there ascends
    from packet to packet, though the codec stores pictures in another order than they are shown: those are not trusted.
    """
    packets = [(packet.pts, packet.is_keyframe) for packet in container.demux(stream) if _shown(packet)]
    container.seek(0)
    if any(time is None for time, _ in packets):
        return MovieIndex((), (), len(packets))
    reordered = stream.codec_context.has_b_frames and not all(key for _, key in packets)
    if reordered and _ascends(tuple(time for time, _ in packets)):
        return MovieIndex((), (), len(packets))
    times = tuple(sorted(time for time, _ in packets))
    keys = tuple(sorted(time for time, key in packets if key))
    return MovieIndex(times if _ascends(times) else (), keys, len(times))


def _shown(packet: Any) -> bool:
    return packet.size > 0 and not packet.is_discard


def _ascends(times: tuple[int, ...]) -> bool:
    return all(early < late for early, late in pairwise(times))
