"""Light of a plate: sRGB of 8 bits to linear and back, an exact pair; a foreground's grade; what a movie file does."""

import io
from dataclasses import dataclass

import av
import cv2
import numpy as np

from engine.clips.drawn.colour import Bytes, Floats

_CODES = np.arange(256) / 255
_LINEAR = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4)
_LUMA = np.array([0.2126, 0.7152, 0.0722])


@dataclass(frozen=True)
class Grade:
    """Changes of colour that keep alpha exact.

    Attributes:
        table_k3: (256, 3) float32: linear light of each code, a curve a channel.
        mix_33: (3, 3) float32, applied to linear light; being linear it serves premultiplied colour as well.
    """

    table_k3: Floats
    mix_33: Floats

    @classmethod
    def neutral(cls) -> "Grade":
        """Give the grade that changes nothing."""
        return cls(np.repeat(_LINEAR[:, None], 3, axis=1).astype(np.float32), np.eye(3, dtype=np.float32))

    @classmethod
    def draw(cls, rng: np.random.Generator, strength: float = 1.0) -> "Grade":
        """Draw a grade: exposure, white balance, contrast, saturation, at times another order of the channels."""
        gain = np.exp2(rng.normal(0, 0.35 * strength) + rng.normal(0, 0.12 * strength, 3))
        gamma = np.exp(rng.normal(0, 0.15 * strength))
        saturation = np.exp(rng.normal(0, 0.25 * strength))
        mix = saturation * np.eye(3) + (1 - saturation) * np.tile(_LUMA, (3, 1))
        if rng.random() < 0.25 * strength:
            mix = mix[rng.permutation(3)]
        curve = _LINEAR[:, None] ** gamma * gain
        return cls(np.clip(curve, 0, 1).astype(np.float32), mix.astype(np.float32))

    def apply(self, picture_hw3: Bytes) -> Floats:
        """Give the linear light, (H, W, 3) float32 in 0..1, of a picture (H, W, 3) uint8 sRGB."""
        linear = cv2.transform(cv2.LUT(np.ascontiguousarray(picture_hw3), self.table_k3[None]), self.mix_33)
        return np.clip(linear, 0, 1)


def to_srgb(linear: Floats) -> Bytes:
    """Encode linear light, clipped to 0..1, as 8-bit sRGB (IEC 61966-2-1)."""
    clipped = np.clip(linear, 0, 1)
    codes = np.where(clipped <= 0.0031308, clipped * 12.92, 1.055 * np.power(clipped, np.float32(1 / 2.4)) - 0.055)
    return (codes * 255 + 0.5).astype(np.uint8)


def through_codec(plates_thwc: Bytes, *, coarseness: int) -> Bytes:
    """Encode a clip as MPEG-4 and decode it.

    Args:
        plates_thwc: (T, H, W, 3) uint8 sRGB; H and W are even.
        coarseness: the quantiser: 2 looks untouched, 20 is blocky.
    """
    file = io.BytesIO()
    # x264 would be more like today's files, but of pictures of 32 pixels it makes other bits from run to run.
    options = {"qmin": str(coarseness), "qmax": str(coarseness), "threads": "1", "flags": "bitexact"}
    with av.open(file, "w", format="mp4") as movie:
        stream = movie.add_stream("mpeg4", rate=24, options=options)
        stream.height, stream.width = plates_thwc.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for plate in plates_thwc:
            movie.mux(stream.encode(av.VideoFrame.from_ndarray(plate, format="rgb24")))
        movie.mux(stream.encode())
    file.seek(0)
    with av.open(file) as movie:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in movie.decode(video=0)])
