"""Movie files as plates, exact to the frame, through PyAV."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any

import av

from engine.contract.errors import PlateError

from .image_errors import check_name
from .image_header import time_code, upright
from .movie_pixels import orientation_of, rgb_of
from .source import Plate, PlateSource

EXTENSIONS = frozenset(
    {"mov", "mp4", "m4v", "mkv", "mxf", "avi", "webm", "mpg", "mpeg", "vob", "ts", "m2ts", "mts", "m2t", "3gp", "dv"}
)

_FIRST = 1
# Encoding by the transfer's number in ITU-T H.273; cameras, HDTV and what says nothing are graded for one display.
_ENCODINGS = {
    **dict.fromkeys((0, 1, 2, 3, 6, 7, 11, 12, 14, 15), "rec709"),
    4: "gamma 2.2",
    8: "scene-linear",
    13: "srgb",
    16: "pq",
    18: "hlg",
}
_TRANSFER_NAMES = {5: "gamma 2.8", 9: "logarithmic, 100:1", 10: "logarithmic, 316:1", 17: "digital cinema (SMPTE 428)"}
_TRIES = 3
_FIRST_TRANSPOSED = 5


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


class MovieSource(PlateSource):
    """Plates from the first video stream of a movie; the first frame is number 1, whatever its time code says.

    Frames are counted in the order in which they are shown, so a variable frame rate makes no difference. Reading
    in order decodes each frame once; any other frame is reached from the key frame before it and known by its time.
    One reader at a time holds the decoder; others wait. Pixels are turned as the file says that a viewer shows them.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        self.padding = 4
        self._path = path
        self._lock = Lock()
        # The place of the frame that the decoder gives next; None where it is not known.
        self._ready: int | None = None
        self._container, self._stream = _open(path)
        try:
            self._index, shown = self._probe()
        except BaseException:
            self._container.close()
            raise
        self.frames = tuple(range(_FIRST, _FIRST + self._index.count))
        try:
            self._turned = orientation_of(shown, path)
        except PlateError:
            self._container.close()
            raise
        lying = self._turned >= _FIRST_TRANSPOSED
        stored = (shown.width, shown.height)
        self.size = stored[::-1] if lying else stored
        self.remarks = ("turned upright as its header says",) if self._turned != 1 else ()
        aspect = float(self._stream.sample_aspect_ratio or 1)
        self.pixel_aspect = 1 / aspect if lying else aspect
        transfer = int(shown.color_trc)
        self.encoding = _ENCODINGS.get(transfer) or f"transfer: {_TRANSFER_NAMES.get(transfer, transfer)}"
        self._rate = self._stream.average_rate
        self._begin = {**self._container.metadata, **self._stream.metadata}.get("timecode", "")
        self._restart(None)

    def read(self, frame: int) -> Plate:  # noqa: D102 - said by PlateSource
        path = self.path_of(frame)
        with self._lock:
            try:
                shown = self._show(frame - _FIRST)
            except (av.error.FFmpegError, StopIteration) as problem:
                self._ready = None
                raise _damaged(path, frame, problem) from problem
        found = (shown.width, shown.height)
        self._check_size(found[::-1] if self._turned >= _FIRST_TRANSPOSED else found, frame)
        pixels = upright(rgb_of(shown), self._turned)
        return Plate(pixels, frame, (0, 0, *self.size), self.pixel_aspect, self.encoding)

    def tags(self, frame: int) -> Mapping[str, Any]:  # noqa: D102 - said by PlateSource
        code = time_code(self._begin, self._rate, frame - _FIRST) if self._rate else None
        return {"pixel_aspect": self.pixel_aspect, **({"timecode": code} if code else {})}

    def path_of(self, frame: int) -> Path:  # noqa: D102 - said by PlateSource
        if not _FIRST <= frame <= self.last:
            raise self._missing_plate(frame)
        return self._path

    def close(self) -> None:  # noqa: D102 - said by PlateSource
        with self._lock:
            self._container.close()

    def _probe(self) -> tuple[MovieIndex, Any]:
        try:
            index = index_of_header(self._stream)
            shown = next(self._container.decode(self._stream))
            self._container.seek(0)
            if index is None or shown.pts != index.times[0]:
                index = index_by_packets(self._container, self._stream)
        except (av.error.FFmpegError, StopIteration) as problem:
            raise _damaged(self._path, _FIRST, problem) from problem
        return index, shown

    def _restart(self, time: int | None) -> None:
        """Go to the key frame at or before a time; None is the start of the file."""
        if time is None:
            # Seeking to time 0 misses frames before it and fails in files without times: open anew.
            self._container.close()
            self._container, self._stream = _open(self._path)
        else:
            self._container.seek(time, stream=self._stream, backward=True, any_frame=False)
        self._decoder = self._container.decode(self._stream)
        self._ready = 0 if time is None else None

    def _show(self, index: int) -> Any:
        """Decode one frame by its place in the movie."""
        if not self._index.times:
            return self._count_to(index)
        time = self._index.times[index]
        starts = self._index.starts(time)
        if self._ready is not None and self._ready <= index:
            reached = self._index.times[self._ready]
            # Go on decoding unless a key frame lies between here and there.
            if index == self._ready or not starts or starts[0] <= reached:
                shown = self._decode_to(time)
                if shown is not None:
                    self._ready = index + 1
                    return shown
        # An open group of pictures may need one key frame more; a damaged frame needs no search through all of them.
        # Some containers, as transport streams, cannot be entered exactly: then from the beginning.
        for start in starts[:_TRIES] if self._index.stands_alone else (*starts[:_TRIES], None):
            self._restart(start)
            shown = self._decode_to(time)
            if shown is not None:
                self._ready = index + 1
                return shown
        raise StopIteration(index)

    def _decode_to(self, time: int) -> Any:
        """Decode until a time; None if it is not met whole, as with frames that need a picture before the key frame."""
        for shown in self._decoder:
            if shown.pts is None or shown.pts > time:
                return None
            if shown.pts == time:
                return None if shown.is_corrupt else shown
        return None

    def _count_to(self, index: int) -> Any:
        if self._ready is None or self._ready > index:
            self._restart(None)
        while True:
            shown = next(self._decoder)
            self._ready = (self._ready or 0) + 1
            if self._ready > index:
                return shown


def _open(path: Path) -> tuple[Any, Any]:
    check_name(path)
    try:
        # What people wrote into a file may be in any encoding.
        container = av.open(str(path), metadata_errors="replace")
    except av.error.FileNotFoundError as problem:
        raise PlateError("plates.missing", f"There is no file '{path}'.", "Check the path.") from problem
    except av.error.FFmpegError as problem:
        if path.exists() and path.stat().st_size == 0:
            raise PlateError(
                "plates.empty_file", f"'{path.name}' is empty (0 bytes).", f"Export or copy it again: {path}"
            ) from problem
        raise PlateError(
            "plates.unreadable",
            f"'{path.name}' cannot be read as a movie ({problem.strerror or 'unknown format'}).",
            "If its export or copy was cut short, make it again; else give an image sequence.",
        ) from problem
    pictures = [stream for stream in container.streams.video if not _is_cover(stream)]
    # A file cut short may announce a stream whose codec cannot be known.
    if not pictures or pictures[0].codec_context is None:
        container.close()
        raise PlateError(
            "plates.unreadable",
            f"'{path.name}' holds no video that can be decoded.",
            "Give a movie with pictures, or make its export or copy again if it was cut short.",
        )
    stream = pictures[0]
    stream.thread_type = "AUTO"
    return container, stream


def _is_cover(stream: Any) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _damaged(path: Path, frame: int, problem: Exception) -> PlateError:
    said = getattr(problem, "strerror", None) or "the movie ends before it"
    return PlateError(
        "plates.truncated",
        f"Frame {frame} of '{path.name}' cannot be decoded ({said}).",
        f"The movie is cut short or damaged: export or copy it again: {path}",
    )
