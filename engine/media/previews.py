"""Small movies for review."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from engine.contract.errors import OutputError

from .atomic import WriteFailedError, atomic_file
from .pictures import eight_bit
from .source import Pixels

_CODECS: tuple[tuple[str, dict[str, str]], ...] = (
    ("libx264", {"crf": "18", "preset": "veryfast"}),
    ("h264", {}),
    ("mpeg4", {"qscale": "3"}),
)
_BT709 = 1


def write_preview_movie(
    path: str | Path, frames: Iterable[Pixels], fps: float | Fraction, *, pixel_aspect: float = 1.0
) -> int:
    """Write a movie as its frames come, whole or not at all; only one frame is in memory.

    Args:
        path: `.mp4` or `.mov`.
        frames: (H, W, 3) float32 display-referred pictures of 0..1, all of one size; odd sizes gain a row or column.
        fps: frames a second.
        pixel_aspect: width of a pixel over its height, told to players.

    Returns:
        How many frames were written.

    Raises:
        OutputError: `output.no_frames`, else as `atomic_file`.
    """
    path = Path(path)
    rate = Fraction(fps).limit_denominator(1001)
    count = 0
    with atomic_file(path, 64 << 20) as temporary:
        try:
            with av.open(str(temporary), "w") as container:
                stream: Any = None
                for picture in frames:
                    codes = _even(eight_bit(picture))
                    stream = stream or _stream(container, rate, codes.shape[1], codes.shape[0], pixel_aspect)
                    container.mux(stream.encode(_frame(codes)))
                    count += 1
                if stream is None:
                    raise OutputError("output.no_frames", f"'{path.name}' would hold no frame.", "Give some frames.")
                container.mux(stream.encode())
        except av.error.FFmpegError as problem:
            raise WriteFailedError(problem.strerror or str(problem)) from problem
    return count


def _stream(container: Any, rate: Fraction, width: int, height: int, pixel_aspect: float) -> Any:
    name, options = next(pair for pair in _CODECS if pair[0] in av.codecs_available)
    stream = container.add_stream(name, rate=rate, options=dict(options))
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.codec_context.sample_aspect_ratio = Fraction(pixel_aspect).limit_denominator(255)
    stream.codec_context.color_range = ColorRange.MPEG
    for field in ("colorspace", "color_primaries", "color_trc"):
        setattr(stream.codec_context, field, _BT709)
    return stream


def _frame(codes: Any) -> Any:
    return av.VideoFrame.from_ndarray(codes, format="rgb24").reformat(
        format="yuv420p",
        src_colorspace=Colorspace.ITU709,
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
    )


def _even(codes: Any) -> Any:
    """Repeat the last row and column of an odd size: 4:2:0 pictures come in pairs of pixels."""
    height, width = codes.shape[:2]
    return np.pad(codes, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
