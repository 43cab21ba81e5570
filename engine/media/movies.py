"""Movie files as plates, exact to the frame, through PyAV."""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Interpolation
from numpy.typing import NDArray

from engine.contract.errors import PlateError

from .source import Pixels, Plate, PlateSource


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
    """Walk through the whole file without decoding it, and leave it at its start."""
    packets = [(packet.pts, packet.is_keyframe) for packet in container.demux(stream) if _shown(packet)]
    container.seek(0)
    if any(time is None for time, _ in packets):
        return MovieIndex((), (), len(packets))
    times = tuple(sorted(time for time, _ in packets))
    keys = tuple(sorted(time for time, key in packets if key))
    return MovieIndex(times if _ascends(times) else (), keys, len(times))


def _shown(packet: Any) -> bool:
    return packet.size > 0 and not packet.is_discard


def _ascends(times: tuple[int, ...]) -> bool:
    return all(early < late for early, late in pairwise(times))


# Weights of red and blue in luma, by the matrix number of ITU-T H.273.
_LUMA_WEIGHTS = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}
_BT709, _BT601, _HD_HEIGHT = 1, 6, 720
_PLANAR_RGB = {bits: f"gbrp{bits}le" for bits in (9, 10, 12, 14, 16)}


def rgb_of(shown: av.VideoFrame) -> Pixels:
    """Convert a decoded frame to (H, W, 3) float32 RGB: nominal black is 0, nominal white 1, at the source's precision.

    The stream's matrix and range are used as it states them. Where it states none: BT.709 from 720 lines up and
    BT.601 below; video ("limited") range for YUV and full range for RGB and grey. What a camera recorded above
    nominal white or below black is kept.
    """
    kind = shown.format
    bits = kind.components[0].bits
    if kind.is_rgb or kind.has_palette:
        return _rgb(shown, bits)
    if kind.name.startswith("gray"):
        grey = shown.to_ndarray() * np.float32(1 / (2**bits - 1))
        return np.repeat(grey[..., None].astype(np.float32), 3, axis=2)
    # Only the chroma is brought to full size here: swscale's own matrices are rounded for 8 bits.
    if kind.name.startswith("yuvj"):
        codes = np.moveaxis(_reformat(shown, "yuvj444p", ColorRange.JPEG), 0, -1) * np.float32(256)
        full = True
    else:
        codes = _reformat(shown, "yuv444p16le", ColorRange.MPEG).astype(np.float32)
        full = shown.color_range == ColorRange.JPEG
    matrix = _LUMA_WEIGHTS.get(int(shown.colorspace)) or _LUMA_WEIGHTS[_BT709 if shown.height >= _HD_HEIGHT else _BT601]
    rgb: Pixels = cv2.transform(codes, _from_codes(matrix, bits, full=full))
    return rgb


def _from_codes(weights: tuple[float, float], bits: int, *, full: bool) -> NDArray[np.float64]:
    """Give the 3x4 matrix from (Y, Cb, Cr, 1), codes shifted up to 16 bits, to RGB."""
    red, blue = weights
    green = 1 - red - blue
    to_rgb = np.array(
        [
            [1, 0, 2 - 2 * red],
            [1, -blue * (2 - 2 * blue) / green, -red * (2 - 2 * red) / green],
            [1, 2 - 2 * blue, 0],
        ]
    )
    largest = float(2**16 - 2 ** (16 - bits))
    scale = np.array([1 / largest] * 3 if full else [1 / (219 * 256), 1 / (224 * 256), 1 / (224 * 256)])
    zero = np.array([0.0 if full else 16 * 256, 2**15, 2**15])
    scaled = to_rgb * scale
    return np.column_stack([scaled, -scaled @ zero])


def _rgb(shown: av.VideoFrame, bits: int) -> Pixels:
    if bits > 16:
        return np.ascontiguousarray(_reformat(shown, "gbrpf32le", ColorRange.JPEG), np.float32)
    codes = _reformat(shown, _PLANAR_RGB.get(bits, "rgb24"), ColorRange.JPEG)
    rgb: Pixels = np.multiply(codes, np.float32(1 / (2 ** max(bits, 8) - 1)), dtype=np.float32)
    return rgb


def _reformat(shown: av.VideoFrame, layout: str, spread: ColorRange) -> NDArray[Any]:
    """Change the layout and nothing else: equal ranges on both sides leave the codes as they are."""
    same = shown.reformat(
        format=layout, src_color_range=spread, dst_color_range=spread, interpolation=Interpolation.BICUBIC
    )
    pixels: NDArray[Any] = same.to_ndarray()
    return pixels


EXTENSIONS = frozenset({"mov", "mp4", "m4v", "mkv", "mxf", "avi", "webm", "mpg", "mpeg", "ts", "m2ts"})

_FIRST = 1
_TRANSFER_LINEAR, _TRANSFER_SRGB = 8, 13
_TRIES = 3


class MovieSource(PlateSource):
    """Plates from the first video stream of a movie; the first frame is number 1, whatever its time code says.

    Frames are counted in the order in which they are shown, so a variable frame rate makes no difference. Reading
    in order decodes each frame once; any other frame is reached from the key frame before it and known by its time.
    One reader at a time holds the decoder; others wait. Pixels are in the stored orientation: a telephone's rotation
    flag is not applied.
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
        self.size = (shown.width, shown.height)
        aspect = self._stream.sample_aspect_ratio
        self.pixel_aspect = float(aspect) if aspect else 1.0
        self.encoding = {_TRANSFER_LINEAR: "scene-linear", _TRANSFER_SRGB: "srgb"}.get(int(shown.color_trc), "rec709")
        self._restart(None)

    def read(self, frame: int) -> Plate:  # noqa: D102 - said by PlateSource
        path = self.path_of(frame)
        with self._lock:
            try:
                shown = self._show(frame - _FIRST)
            except (av.error.FFmpegError, StopIteration) as problem:
                self._ready = None
                raise _damaged(path, frame, problem) from problem
        self._check_size((shown.width, shown.height), frame)
        window = (0, 0, shown.width, shown.height)
        return Plate(rgb_of(shown), frame, window, self.pixel_aspect, self.encoding)

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
    try:
        container = av.open(str(path))
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
