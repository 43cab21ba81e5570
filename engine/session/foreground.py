"""Foreground and background colours of a plate from its alpha, by least squares from coarse to fine.

A plate is I = a F + (1 - a) B. Where F and B are the same over a small window, the window's means of a a, a (1 - a),
(1 - a) (1 - a), a I and (1 - a) I say what both are: two equations for each channel. Windows grow twice as wide from
level to level; each level's answer is drawn towards that of the wider window, most of all where it cannot tell F from
B. The last level is one pixel: what it changes is the least that makes fg, bg and alpha give the plate again.

The pyramid of levels is that of multi-level estimation (Germer et al. 2020), and the last step is the one that
Forte and Pitie (2021) take after their blurs; neither blurs alone nor iterations with neighbours are as right on
smoke, glass and hair together (`benchmarks/foreground.py`).
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import astuple, dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.model.tensors import Crop
from engine.session.results import Layer

_COARSE = 3  # halvings of the plate up to which a level is solved for the whole of it
_CELL = 32  # a plate is padded to it, so that levels fall together
_TILE, _HALO = 256, 32  # pixels solved at once below that level, and around them what their windows see
_PULL, _LEAST, _MOST = 0.3, 0.01, 0.1  # towards the wider window: by change of alpha around a pixel, at least, at most
_LAST, _LAST_CLEAN = 1e-4, 1e-2  # the same at the last level; a clean plate's grain must not be amplified


@dataclass(frozen=True)
class Colours:
    """What a plate is mixed from, in the plate's light; straight, not premultiplied, not bounded by 0 and 1.

    Attributes:
        fg_13hw: (1, 3, H, W) the object's own colour: the plate where alpha is 1, smoothly extended where it is 0.
        bg_13hw: (1, 3, H, W) what is behind it: the plate where alpha is 0, smoothly extended where it is 1.
    """

    fg_13hw: Tensor
    bg_13hw: Tensor


@torch.inference_mode()
def foreground(plate_13hw: Tensor, alpha_11hw: Tensor, clean_13hw: Tensor | None = None) -> Colours:
    """Estimate the foreground's colour.

    Args:
        plate_13hw: (1, 3, H, W) float32 in linear light, of any range.
        alpha_11hw: (1, 1, H, W) float32 of 0..1, linear coverage.
        clean_13hw: the same plate without the object, where that is known: it is the background then.

    Returns:
        Colours with fg alpha + bg (1 - alpha) = plate, but for some ten thousandths of what the windows were off.
    """
    height, width = alpha_11hw.shape[-2:]
    clean = None if clean_13hw is None else _padded(clean_13hw)
    picture = _Picture(_padded(plate_13hw), _padded(alpha_11hw), clean, min(float(plate_13hw.min()), 0.0))
    coarse = picture.solve_from(_pooled(picture), None)
    fg, bg = (_enlarged(part, 1 << _COARSE) for part in (coarse[:, :3], coarse[:, 3:]))
    for tile in _tiles(picture.alpha_11hw):
        seen = tile.grown(_HALO).cut_to(Crop(0, 0, fg.shape[-1], fg.shape[-2]))
        found = picture.part(seen).solve_fine(coarse[_coarse(seen).window])[_within(tile, seen).window]
        fg[tile.window], bg[tile.window] = found[:, :3], found[:, 3:]
    fg, bg = fg[..., :height, :width], bg[..., :height, :width]
    if clean_13hw is not None:
        bg = clean_13hw
    return Colours(torch.where(alpha_11hw >= 1, plate_13hw, fg), torch.where(alpha_11hw <= 0, plate_13hw, bg))


def despill(plate_13hw: Tensor, alpha_11hw: Tensor, fg_13hw: Tensor) -> Tensor:
    """Give the correction that turns plate x alpha into fg x alpha, (1, 3, H, W), of any sign."""
    return (fg_13hw - plate_13hw) * alpha_11hw


def colour_channels(
    plate_hwc: Layer,
    alphas_hw: Mapping[str, Layer],
    layers: Container[str],
    *,
    premult: bool = False,
    clean_hwc: Layer | None = None,
) -> dict[str, npt.NDArray[np.float16]]:
    """Give the colour channels of a matte's file, (H, W) half floats by name, bounded by what those hold alone.

    Args:
        plate_hwc: (H, W, 3) float32 in linear light.
        alphas_hw: (H, W) float32 of 0..1 by object, in the shot's order.
        layers: `fg` gives `OBJECT.R`, `.G`, `.B`, `despill` layers `OBJECT_despill`, `bg` layers `OBJECT_bg`.
        premult: R, G and B too: the objects' colours times their alphas, summed.
        clean_hwc: the same plate without the objects, where that is known.
    """
    plate, clean = _tensor(plate_hwc), None if clean_hwc is None else _tensor(clean_hwc)
    together = torch.zeros_like(plate)
    channels: dict[str, npt.NDArray[np.float16]] = {}
    for name, alpha_hw in alphas_hw.items():
        alpha = torch.from_numpy(np.ascontiguousarray(alpha_hw))[None, None]
        colours = foreground(plate, alpha, clean)
        if "fg" in layers:
            channels |= _planes(f"{name}.", colours.fg_13hw)
        if "despill" in layers:
            channels |= _planes(f"{name}_despill.", despill(plate, alpha, colours.fg_13hw))
        if "bg" in layers:
            channels |= _planes(f"{name}_bg.", colours.bg_13hw)
        together += colours.fg_13hw * alpha
    return channels | (_planes("", together) if premult else {})


def _tensor(image_hwc: Layer) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(image_hwc.transpose(2, 0, 1)))[None]


def _planes(prefix: str, image_13hw: Tensor) -> dict[str, npt.NDArray[np.float16]]:
    most = torch.finfo(torch.float16).max
    planes = image_13hw[0].clamp(-most, most).half().numpy()
    return {f"{prefix}{name}": plane for name, plane in zip("RGB", planes, strict=True)}


@dataclass(frozen=True)
class _Picture:
    """A plate or a part of one, its sides whole cells."""

    plate_13hw: Tensor
    alpha_11hw: Tensor
    clean_13hw: Tensor | None
    floor: float  # of colours at all but the last level: there is no negative light but what the plate has itself

    def part(self, crop: Crop) -> "_Picture":
        clean = None if self.clean_13hw is None else self.clean_13hw[crop.window]
        return _Picture(self.plate_13hw[crop.window], self.alpha_11hw[crop.window], clean, self.floor)

    def means(self) -> Tensor:
        """Give (1, 10, H, W): alpha, a a, a b, b b, a I, b I with b = 1 - a; (1, 5, ...) with a clean plate."""
        a, b = self.alpha_11hw, 1 - self.alpha_11hw
        if self.clean_13hw is not None:
            return torch.cat([a, a * a, a * (self.plate_13hw - b * self.clean_13hw)], 1)
        aa, ab = a * a, a * b
        rest = a * self.plate_13hw
        return torch.cat([a, aa, ab, b * b, rest, self.plate_13hw - rest], 1)

    def solve_from(self, means: Tensor, prior: Tensor | None) -> Tensor:
        """Solve a level after those above it: F and B, (1, 6, h, w)."""
        if prior is None:
            prior = self.solve_from(_halved(means), None) if min(means.shape[-2:]) > 1 else _overall(means)
            prior = _enlarged(prior, 2)[..., : means.shape[-2], : means.shape[-1]]
        pull = (_PULL * _blurred(_change(means[:, :1]))).clamp_(_LEAST, _MOST)
        return _solved(_blurred(means[:, 1:]), prior, pull).clamp_(min=self.floor)

    def solve_fine(self, prior: Tensor) -> Tensor:
        """Solve the levels below the coarse ones, the last one included: (1, 6, H, W)."""
        levels = [self.means()]
        for _ in range(_COARSE - 1):
            levels.append(_halved(levels[-1]))
        for means in reversed(levels):
            prior = self.solve_from(means, _enlarged(prior, 2))
        return _solved(levels[0][:, 1:], prior, _LAST if self.clean_13hw is None else _LAST_CLEAN)


def _solved(means: Tensor, prior: Tensor, pull: Tensor | float) -> Tensor:
    """Solve each pixel's equations, drawn towards a prior: (1, 6, h, w)."""
    fg, bg = prior[:, :3], prior[:, 3:]
    if means.shape[1] == 4:  # a, b are known but for F
        return torch.cat([(means[:, 1:] + pull * fg) / (means[:, :1] + pull), bg], 1)
    aa, ab, bb = means[:, 0:1] + pull, means[:, 1:2], means[:, 2:3] + pull
    of_fg, of_bg = means[:, 3:6] + pull * fg, means[:, 6:9] + pull * bg
    scale = (aa * bb - ab * ab).reciprocal_()
    return torch.cat([(bb * of_fg - ab * of_bg).mul_(scale), (aa * of_bg - ab * of_fg).mul_(scale)], 1)


def _overall(means: Tensor) -> Tensor:
    """Give the colours of a whole plate, (1, 6, 1, 1): each the mean weighted by its share of a pixel."""
    mean = means.mean((-2, -1), keepdim=True)
    if means.shape[1] == 5:
        fg = mean[:, 2:5] / mean[:, 1:2].clamp_min(1e-6)
        return torch.cat([fg, torch.zeros_like(fg)], 1)
    fg = mean[:, 4:7] / mean[:, :1].clamp_min(1e-6)
    return torch.cat([fg, mean[:, 7:10] / (1 - mean[:, :1]).clamp_min(1e-6)], 1)


def _pooled(picture: _Picture) -> Tensor:
    """Give a picture's means at the finest of the coarse levels, a strip at a time: they are many planes."""
    height, width = picture.alpha_11hw.shape[-2:]
    strips = (Crop(0, top, width, min(top + _TILE, height)) for top in range(0, height, _TILE))
    return torch.cat([F.avg_pool2d(picture.part(strip).means(), 1 << _COARSE) for strip in strips], -2)


def _tiles(alpha_11hw: Tensor) -> Iterator[Crop]:
    """Give the tiles with pixels that are neither in nor out."""
    height, width = alpha_11hw.shape[-2:]
    for top, left in product(range(0, height, _TILE), range(0, width, _TILE)):
        tile = Crop(left, top, min(left + _TILE, width), min(top + _TILE, height))
        alpha = alpha_11hw[tile.window]
        if ((alpha > 0) & (alpha < 1)).any():
            yield tile


def _coarse(crop: Crop) -> Crop:
    return Crop(*(side >> _COARSE for side in astuple(crop)))


def _within(tile: Crop, seen: Crop) -> Crop:
    left, top = tile.left - seen.left, tile.top - seen.top
    return Crop(left, top, left + tile.right - tile.left, top + tile.bottom - tile.top)


def _padded(image: Tensor) -> Tensor:
    height, width = image.shape[-2:]
    return F.pad(image, (0, -width % _CELL, 0, -height % _CELL), mode="replicate")


def _halved(means: Tensor) -> Tensor:
    height, width = means.shape[-2:]
    return F.avg_pool2d(F.pad(means, (0, width % 2, 0, height % 2), mode="replicate"), 2)


def _enlarged(image: Tensor, times: int) -> Tensor:
    return F.interpolate(image, scale_factor=times, mode="bilinear", align_corners=False)


def _blurred(image: Tensor) -> Tensor:
    """Give the means of three by three pixels."""
    edged = F.pad(image, (1, 1, 1, 1), mode="replicate")
    across = edged[..., :-2] + edged[..., 1:-1] + edged[..., 2:]
    return (across[..., :-2, :] + across[..., 1:-1, :] + across[..., 2:, :]).div_(9)


def _change(alpha: Tensor) -> Tensor:
    """Give how much alpha differs from its four neighbours, summed."""
    total = torch.zeros_like(alpha)
    down = (alpha[..., 1:, :] - alpha[..., :-1, :]).abs()
    across = (alpha[..., 1:] - alpha[..., :-1]).abs()
    total[..., 1:, :] += down
    total[..., :-1, :] += down
    total[..., 1:] += across
    total[..., :-1] += across
    return total
