"""Layers in linear light: premultiplied colour and alphas that travel, blur, lie over one another and are filmed."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import av
import cv2
import numpy as np

from engine.clips.drawn.motion import Bytes, Camera, Floats, Matrix

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


MOST_SUB_FRAMES = 8
_STEP = 1.0  # pixels of travel that one sub-frame may cover

Move = Callable[[float], Matrix]
"""From a picture's pixels to the output's, (2, 3), at a time in frames. Whole numbers are pixel corners."""


@dataclass(frozen=True)
class Layer:
    """A picture a frame, and how it travels.

    Attributes:
        pictures: (H, W, 3 + N) float32 for each frame: linear RGB, and N alphas in 0..1. A still is the same array.
        move: how it travels.
        mirrors: beyond its edges it goes on as in a mirror; otherwise there is nothing.
    """

    pictures: Sequence[Floats]
    move: Move
    mirrors: bool

    def render(self, frame: int, shutter: float, size: int) -> Floats:
        """Give one frame, (size, size, 3 + N) float32.

        Averaging premultiplied sub-frames gives the exact alpha of what moves while the shutter is open.

        Args:
            frame: which.
            shutter: share of a frame's time that it is open, 0 for none.
            size: of the output in pixels.
        """
        picture = self.pictures[frame]
        times = self._times(frame, shutter, picture.shape[:2])
        return np.asarray(sum(self._warp(picture, self.move(time), size) for time in times) / np.float32(len(times)))

    def _times(self, frame: int, shutter: float, size_hw: tuple[int, ...]) -> list[float]:
        corners = np.array([[0, 0, 1], [size_hw[1], 0, 1], [0, size_hw[0], 1], [size_hw[1], size_hw[0], 1]], float).T
        opened, closed = (self.move(frame + side * shutter / 2) @ corners for side in (-1, 1))
        travel = np.hypot(*(closed - opened)).max()
        count = int(np.clip(np.ceil(travel / _STEP), 1, MOST_SUB_FRAMES))
        return [frame + shutter * ((part + 0.5) / count - 0.5) for part in range(count)]

    def _warp(self, picture: Floats, matrix: Matrix, size: int) -> Floats:
        # OpenCV counts from pixel centres.
        centred = matrix.copy()
        centred[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
        border = cv2.BORDER_REFLECT_101 if self.mirrors else cv2.BORDER_CONSTANT

        def warp(planes: Floats) -> Floats:
            return cv2.warpAffine(planes, centred, (size, size), flags=cv2.INTER_LINEAR, borderMode=border)

        return _by_planes(warp, picture)


def premultiplied(plate: Bytes, alpha_hw: Bytes, grade: Grade) -> Floats:
    """Give (H, W, 4) float32, premultiplied linear RGB and alpha in 0..1, of a foreground."""
    picture = np.empty((*alpha_hw.shape, 4), np.float32)
    picture[..., 3] = alpha_hw * np.float32(1 / 255)
    np.multiply(grade.apply(plate), picture[..., 3:], out=picture[..., :3])
    return picture


def opaque(plate: Bytes, alpha_nhw: Bytes, grade: Grade) -> Floats:
    """Give (H, W, 3 + N) float32, linear RGB and N alphas in 0..1, of a whole picture."""
    return np.dstack([grade.apply(plate), *(alpha * np.float32(1 / 255) for alpha in alpha_nhw)])


def shrunk(picture: Floats, move: Move, scale: float) -> tuple[Floats, Move]:
    """Make a picture smaller by averaging, where it will be shown smaller: sampling it as it is would miss pixels.

    Args:
        picture: (H, W, C) float32.
        move: of the picture.
        scale: of the output to the picture; 1 and more changes nothing.

    Returns:
        The smaller picture and the move that fits it.
    """
    height, width = picture.shape[:2]
    to_w, to_h = (max(1, round(side * min(1.0, scale))) for side in (width, height))
    if (to_w, to_h) == (width, height):
        return picture, move
    small = _by_planes(lambda planes: cv2.resize(planes, (to_w, to_h), interpolation=cv2.INTER_AREA), picture)
    return small, Stretched(move, width / to_w, height / to_h)


@dataclass(frozen=True)
class Stretched:
    """A move of a picture that was made smaller by a factor in x and in y."""

    move: Move
    x: float
    y: float

    def __call__(self, time: float) -> Matrix:
        """Give the matrix at a time in frames."""
        matrix = self.move(time).copy()
        matrix[:, 0] *= self.x
        matrix[:, 1] *= self.y
        return matrix


def _by_planes(operate: Callable[[Floats], Floats], picture_hwc: Floats) -> Floats:
    """Apply what OpenCV does to four channels at most to any number of them."""
    if picture_hwc.shape[2] <= 4:
        return operate(picture_hwc)
    parts = range(0, picture_hwc.shape[2], 4)
    return np.dstack([operate(np.ascontiguousarray(picture_hwc[..., part : part + 4])) for part in parts])


def over(front_hw4: Floats, back_hwc: Floats) -> Floats:
    """Lay premultiplied RGBA over colour and alphas (H, W, 3 + N): all that is behind is seen through 1 - alpha."""
    return np.dstack([front_hw4[..., :3], np.zeros_like(back_hwc[..., 3:])]) + back_hwc * (1 - front_hw4[..., 3:4])


def merged(front_hw4: Floats, back_hw4: Floats) -> Floats:
    """Make one foreground of two, both premultiplied RGBA: its alpha is 1 - (1 - a)(1 - b)."""
    return front_hw4 + back_hw4 * (1 - front_hw4[..., 3:4])


_CODEC = 0.15


@dataclass(frozen=True)
class Composite:
    """A clip before it is filmed.

    Attributes:
        plates_thwc: (T, S, S, 3) float32, linear light in 0..1.
        alpha_nthw: (N, T, S, S) float32 in 0..1: what is seen of each object, those of the back layer first.
    """

    plates_thwc: Floats
    alpha_nthw: Floats


def compose(back: Layer, objects: Sequence[Sequence[Layer]], *, frames: int, size: int, shutter: float) -> Composite:
    """Lay objects over a picture.

    Args:
        back: opaque, with any number of alphas of its own.
        objects: back to front; each of one or more premultiplied layers, which are merged into one.
        frames: of the clip.
        size: of the output in pixels.
        shutter: share of a frame's time that it is open.
    """
    shown = []
    for frame in range(frames):
        seen = back.render(frame, shutter, size)
        for layers in objects:
            front, *others = (layer.render(frame, shutter, size) for layer in layers)
            for other in others:
                front = merged(other, front)
            seen = np.dstack([over(front, seen), front[..., 3:]])
        shown.append(seen)
    clip = np.stack(shown)
    return Composite(clip[..., :3], np.ascontiguousarray(np.moveaxis(clip[..., 3:], -1, 0)))


def film(linear_thwc: Floats, rng: np.random.Generator) -> Bytes:
    """Give a clip as a camera and its file would, (T, H, W, 3) uint8 sRGB: drift, softness, grain, compression.

    Half of all clips are only encoded as sRGB.
    """
    seed, plain, coded = int(rng.integers(1 << 31)), rng.random() < 0.5, rng.random() < _CODEC
    if plain:
        return to_srgb(linear_thwc)
    camera = Camera(seed, linear_thwc.shape[1:3])
    plates = np.stack([camera.compress(to_srgb(camera.expose(frame, t))) for t, frame in enumerate(linear_thwc)])
    return through_codec(plates, coarseness=int(rng.integers(2, 16))) if coded else plates
