"""Real image files and movies for the tests, written with the libraries that studios use."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import OpenImageIO
from numpy.typing import NDArray


def write_image(
    path: Path,
    pixels: NDArray,
    kind: str = "half",
    *,
    channels: Sequence[str] | None = None,
    display: tuple[int, int, int, int] | None = None,
    data: tuple[int, int] = (0, 0),
    **attributes: object,
) -> Path:
    """Write (H, W, C) pixels; `display` is x0, y0, width, height, `data` the pixels' own corner; `a__b` names `a:b`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    spec = _spec(pixels, kind, channels, attributes)
    spec.x, spec.y = data
    if display is not None:
        spec.full_x, spec.full_y, spec.full_width, spec.full_height = display
    output = OpenImageIO.ImageOutput.create(str(path))
    assert output.open(str(path), spec), output.geterror()
    assert output.write_image(np.ascontiguousarray(pixels)), output.geterror()
    assert output.close()
    return path


def write_multipart(path: Path, parts: Sequence[tuple[str, Sequence[str], NDArray]]) -> Path:
    """Write an EXR with several parts: name, channel names, (H, W, C) float32."""
    specs = []
    for name, channels, pixels in parts:
        spec = _spec(pixels, "half", channels, {})
        spec.attribute("oiio:subimagename", name)
        specs.append(spec)
    output = OpenImageIO.ImageOutput.create(str(path))
    assert output.open(str(path), tuple(specs)), output.geterror()
    for index, (_, _, pixels) in enumerate(parts):
        if index:
            assert output.open(str(path), specs[index], "AppendSubimage"), output.geterror()
        assert output.write_image(np.ascontiguousarray(pixels)), output.geterror()
    assert output.close()
    return path


def write_movie(
    path: Path,
    frames: Iterable[NDArray],
    *,
    codec: str = "libx264",
    layout: str = "yuv420p",
    given: str = "yuv420p",
    rate: int = 24,
    times: Sequence[int] | None = None,
    tags: dict[str, int] | None = None,
    gop: int = 8,
    options: dict[str, str] | None = None,
) -> Path:
    """Encode arrays that PyAV knows as `given`; `times` are in 1/240 s, `tags` are set on stream and frames."""
    with av.open(str(path), "w") as container:
        stream = None
        for index, array in enumerate(frames):
            frame = video_frame(array, given)
            if stream is None:
                stream = container.add_stream(codec, rate=rate, options=dict(options or {}))
                stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, layout
                stream.codec_context.gop_size = gop
                for name, value in (tags or {}).items():
                    setattr(stream.codec_context, name, value)
                if times is not None:
                    stream.codec_context.time_base = Fraction(1, 240)
            for name, value in (tags or {}).items():
                setattr(frame, name, value)
            frame.time_base = Fraction(1, 240) if times is not None else Fraction(1, rate)
            frame.pts = times[index] if times is not None else index
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def video_frame(array: NDArray, layout: str) -> av.VideoFrame:
    """Make a frame from what PyAV converts, or from (3, H, W) codes of a planar 4:4:4 layout."""
    if "444p" not in layout:
        return av.VideoFrame.from_ndarray(array, format=layout)
    frame = av.VideoFrame(array.shape[2], array.shape[1], layout)
    for plane, codes in zip(frame.planes, array, strict=True):
        rows = np.zeros((plane.height, plane.line_size // codes.itemsize), codes.dtype)
        rows[:, : codes.shape[1]] = codes
        plane.update(rows)
    return frame


def numbered_picture(number: int, width: int = 64, height: int = 48) -> NDArray:
    """Give a planar 4:2:0 picture, (H * 3 / 2, W) uint8, whose luma columns hold a number in eight bits."""
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    for bit in range(8):
        planes[:height, bit * width // 8 : (bit + 1) * width // 8] = 200 if number >> bit & 1 else 50
    return planes


def number_in(pixels_hwc: NDArray) -> int:
    """Read the number back from a picture's pixels."""
    width = pixels_hwc.shape[1]
    centres = [pixels_hwc[:, (2 * bit + 1) * width // 16, 1].mean() for bit in range(8)]
    return sum(1 << bit for bit, value in enumerate(centres) if value > 0.45)


def ramp(width: int, height: int, low: float = 0.0, high: float = 1.0) -> NDArray[np.float32]:
    """Give (H, W, 3) float32 in which no two pixels nor channels are alike."""
    values = np.linspace(low, high, width * height * 3, dtype=np.float32)
    return values.reshape(height, width, 3)


def _spec(pixels: NDArray, kind: str, channels: Sequence[str] | None, attributes: dict[str, object]) -> object:
    height, width, count = pixels.shape
    spec = OpenImageIO.ImageSpec(width, height, count, kind)
    if channels is not None:
        spec.channelnames = tuple(channels)
    for name, value in attributes.items():
        spec.attribute(name.replace("__", ":"), value)
    return spec
