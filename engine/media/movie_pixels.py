"""Movie frames and float RGB, by the formulas of the video standards (ITU-R BT.601, BT.709, BT.2020); ProRes 4444."""

import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.sidedata.sidedata import Type
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from numpy.typing import NDArray

from .image_errors import unsupported
from .source import Pixels

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
_ORIENTATIONS = {
    (1, 0, 0, 1): 1,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}
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
    if kind.name.startswith("ya"):
        shown = shown.reformat(format="gray" if bits == 8 else "gray16le")  # without its alpha
    if kind.name.startswith(("gray", "ya")):
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


def orientation_of(shown: av.VideoFrame, path: Path) -> int:
    """Give how a frame is to be turned for viewing, 1 to 8 as in EXIF, from the display matrix in its side data.

    Raises:
        PlateError: `plates.unreadable` for an angle that is no quarter turn.
    """
    matrix = next((side for side in shown.side_data if side.type == Type.DISPLAYMATRIX), None)
    if matrix is None:
        return 1
    # Three rows of (a, b, u) in 16.16 fixed point: a point (x, y) of the stored picture is shown at (ax + cy, bx + dy).
    numbers = np.frombuffer(bytes(matrix), "<i4" if sys.byteorder == "little" else ">i4").astype(np.float64)
    linear = numbers[[0, 1, 3, 4]] / max(np.abs(numbers[[0, 1, 3, 4]]).max(), 1)
    turned = _ORIENTATIONS.get(tuple(np.rint(linear).astype(int).tolist()))
    if turned is None or np.abs(linear - np.rint(linear)).max() > 0.01:
        raise unsupported(path, "it is turned by an angle that is no quarter turn", "Export it upright.")
    return turned


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


_BT709 = 1  # of ISO/IEC 23091-2, for each of the three
_BITS = 65535


def prores_stream(movie: Any, rate: float, size_wh: tuple[int, int], pixel_aspect: float = 1.0) -> Any:
    """Add a ProRes 4444 stream with alpha to a movie that `av.open` has opened for writing.

    Args:
        movie: the container, `.mov`.
        rate: frames a second.
        size_wh: of its pictures.
        pixel_aspect: width of a pixel over its height, told to players.
    """
    stream = movie.add_stream("prores_ks", rate=Fraction(rate).limit_denominator(1001))
    (stream.width, stream.height), stream.pix_fmt = size_wh, "yuva444p10le"
    stream.options = {"profile": "4444", "alpha_bits": "16"}
    context = stream.codec_context
    context.sample_aspect_ratio = Fraction(pixel_aspect).limit_denominator(255)
    context.color_range = ColorRange.MPEG
    for field in ("colorspace", "color_primaries", "color_trc"):
        setattr(context, field, _BT709)
    return stream


def prores_frame(display_hwc: Pixels, alpha_hw: NDArray[np.float32], *, premultiplied: bool = False) -> av.VideoFrame:
    """Give a picture with alpha as ProRes takes it.

    Args:
        display_hwc: (H, W, 3) display-referred colours of 0..1.
        alpha_hw: (H, W) of 0..1.
        premultiplied: colours are multiplied by alpha as displayed, which is how editors mix them; else straight.
    """
    rgba = np.empty((*alpha_hw.shape, 4), np.uint16)
    alpha = np.clip(alpha_hw, 0, 1)
    colours = np.clip(display_hwc, 0, 1)
    rgba[..., :3] = np.rint((colours * alpha[..., None] if premultiplied else colours) * _BITS)
    rgba[..., 3] = np.rint(alpha * _BITS)
    # Without the matrix said, colours would be mixed as in standard definition, and shown as in high.
    frame = av.VideoFrame.from_ndarray(rgba, format="rgba64le").reformat(
        format="yuva444p10le",
        src_colorspace=Colorspace.ITU709,
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
    )
    for field in ("colorspace", "color_primaries", "color_trc"):
        if hasattr(frame, field):
            setattr(frame, field, _BT709)
    return frame
