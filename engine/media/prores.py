"""ProRes 4444 movies with alpha, for editors: Rec.709 in matrix, primaries and transfer, and tagged so."""

from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from .source import Pixels

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
