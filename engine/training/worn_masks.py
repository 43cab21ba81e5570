"""Masks as trackers wear them, made from an exact alpha: what the network of trimaps from pictures learns to forgive.

A tracker's mask is coarse, a quarter of its square. It calls a glass or smoke foreground wholly, or only where that is
dense; it fills holes, loses what is thin and now and then a part, leaks into what looks alike, and its edge wobbles.
Some are soft, most know no doubt. Artists' and keyers' masks are as fine as the plate, and as wrong.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.training.losses import KNOWN_WITHIN, mask_target

CERTAIN = 10.0  # logits of a hard mask
_CELLS = (64, 256)  # of a worn mask's side: SAM 2 has 256, small trackers fewer, an object in a crop fewer still
_UNWORN = 0.15  # share of masks that are what the tracker is taught
_FINE = 0.15  # share that are as fine as the plate
_FILLED = 0.25  # share that bridge holes, up to this part of the side:
_BRIDGE = 0.08
_SPOTTED = 0.35  # share with holes or leaks
_LOST = 0.06  # share that have lost what lies beyond a line
_LEAST = 0.1  # of an unworn mask's area: with less than that nobody goes on to a matte
_HARD = 0.5  # share without doubt
_NOWHERE = 0.02  # less than this of an object, blurred, is nothing


@dataclass(frozen=True)
class _Draws:
    """Random numbers of one mask, where its alpha is."""

    generator: torch.Generator
    like: Tensor

    def number(self, low: float = 0.0, high: float = 1.0) -> float:
        """Draw evenly between two numbers."""
        return low + (high - low) * float(torch.rand((), generator=self.generator))

    def often(self, share: float) -> bool:
        """Say yes in this share of draws."""
        return self.number() < share

    def scale(self, low: float, high: float) -> float:
        """Draw between two positive numbers, each octave as often."""
        return low * (high / low) ** self.number()

    def field(self, cells: int, coarse: int) -> Tensor:
        """Draw a smooth field (1, 1, cells, cells) around 0, of about 1, with bumps of cells / coarse."""
        noise = torch.randn(1, 1, coarse, coarse, generator=self.generator).to(self.like)
        return F.interpolate(noise, (cells, cells), mode="bicubic", align_corners=False)


def worn_mask(alpha_11hw: Tensor, generator: torch.Generator) -> Tensor:
    """Give the logits (1, 1, h, w), square, of a mask of one object as a tracker might have it.

    Args:
        alpha_11hw: (1, 1, S, S) in 0..1, exact.
        generator: source of chance.

    Returns:
        Between -10 and 10; at least a tenth of what can be seen of the object is above 0.
    """
    draws, side = _Draws(generator, alpha_11hw), alpha_11hw.shape[-1]
    if draws.often(_UNWORN):
        return 2 * CERTAIN * mask_target(alpha_11hw) - CERTAIN
    fine = draws.often(_FINE)
    cells = side if fine else min(side, round(draws.scale(*_CELLS)))
    taken = _taken(alpha_11hw, draws)
    cover = F.interpolate(taken, (cells, cells), mode="area")
    if draws.often(_FILLED):
        cover = _bridged(cover, max(1, round(draws.scale(1 / cells, _BRIDGE) * cells)))
    blur = draws.scale(0.4, 0.02 * cells + 0.4)
    field = _blurred(cover, blur)
    if draws.often(0.7):
        field = field + draws.number(0.0, 0.3) * draws.field(cells, round(draws.scale(3, 0.15 * cells))) * _near(field)
    if draws.often(_SPOTTED):
        field = _spotted(field, draws)
    if draws.often(_LOST):
        field = field * _half_plane(cells, field, draws)
    # Below a half the mask is grown, above it shrunk and what is thin lost: by about as much as it is blurred.
    logits = draws.scale(5, 80) * (field - draws.number(0.2, 0.7))
    logits[field < _NOWHERE] = -CERTAIN  # doubt has an end
    if draws.often(_HARD):
        logits = CERTAIN * torch.where(logits > 0, 1.0, -1.0)
    unworn = mask_target(alpha_11hw)
    if (logits > 0).float().mean() < _LEAST * unworn.mean():
        logits = 2 * CERTAIN * unworn - CERTAIN
    return logits.clamp(-CERTAIN, CERTAIN)


def _taken(alpha_11hw: Tensor, draws: _Draws) -> Tensor:
    """Give what counts as the object, 0 to 1: all that can be seen of it, what is dense, its denser half, or alpha."""
    kind = draws.number()
    if kind < 0.5:
        return (alpha_11hw > draws.scale(0.015, 0.15)).to(alpha_11hw)
    if kind < 0.7:
        return (alpha_11hw > draws.number(0.2, 0.6)).to(alpha_11hw)
    if kind < 0.9:
        return (alpha_11hw > draws.number(0.6, 1.3) * alpha_11hw[alpha_11hw > KNOWN_WITHIN].mean()).to(alpha_11hw)
    return alpha_11hw


def _bridged(cover_11hw: Tensor, reach: int) -> Tensor:
    """Fill holes and gaps up to twice as wide as `reach` cells."""
    grown = _highest(cover_11hw, reach)
    return torch.maximum(cover_11hw, -_highest(-grown, reach))


def _highest(picture_11hw: Tensor, reach: int) -> Tensor:
    """Give the highest value within a square; along rows, then columns: a wide square is slow."""
    rows = F.max_pool2d(picture_11hw, (1, 2 * reach + 1), stride=1, padding=(0, reach))
    return F.max_pool2d(rows, (2 * reach + 1, 1), stride=1, padding=(reach, 0))


def _blurred(picture_11hw: Tensor, sigma: float) -> Tensor:
    """Blur by a Gaussian; beyond the edges the picture goes on as it ends."""
    reach = max(1, round(2.5 * sigma))
    places = torch.arange(-reach, reach + 1, device=picture_11hw.device, dtype=picture_11hw.dtype)
    weights = torch.exp(-((places / sigma) ** 2) / 2)
    weights = weights / weights.sum()
    padded = F.pad(picture_11hw, (reach, reach, reach, reach), mode="replicate")
    return F.conv2d(F.conv2d(padded, weights.view(1, 1, 1, -1)), weights.view(1, 1, -1, 1))


def _near(field_11hw: Tensor) -> Tensor:
    """Give 1 near an edge of the mask and less elsewhere: there a wobble moves the edge and makes no islands."""
    reach = max(1, field_11hw.shape[-1] // 24)
    return (_highest(field_11hw, reach) + _highest(-field_11hw, reach)).clamp(0, 1)


def _spotted(field_11hw: Tensor, draws: _Draws) -> Tensor:
    """Take out or add up to three round spots, around places where the object is or just beside it."""
    cells = field_11hw.shape[-1]
    places = (_highest(field_11hw, max(1, cells // 40))[0, 0] > 0.5).nonzero()
    if not len(places):
        return field_11hw
    rows, columns = (torch.arange(cells, device=field_11hw.device, dtype=field_11hw.dtype) for _ in range(2))
    for _ in range(1 + int(draws.number(0, 3))):
        y, x = places[int(draws.number() * len(places))].tolist()
        radius, aspect = draws.scale(0.015, 0.12) * cells, draws.scale(0.5, 2.0)
        apart = ((columns - x) / (radius * aspect)) ** 2 + ((rows[:, None] - y) * aspect / radius) ** 2
        spot = torch.sigmoid(4 * (1 - apart))
        field_11hw = field_11hw * (1 - spot) if draws.often(0.5) else torch.maximum(field_11hw, spot)
    return field_11hw


def _half_plane(cells: int, field_11hw: Tensor, draws: _Draws) -> Tensor:
    """Give 1 on one side of a line that leaves most of the object, and 0 on the other."""
    angle = torch.tensor(2 * torch.pi * draws.number())
    places = torch.linspace(-1, 1, cells, device=field_11hw.device, dtype=field_11hw.dtype)
    along = places * torch.cos(angle) + places[:, None] * torch.sin(angle)
    inside = along[field_11hw[0, 0] > 0.5]
    if not len(inside):
        return torch.ones_like(along)
    end = inside.sort().values[int((len(inside) - 1) * draws.number(0.5, 0.95))]
    return (along <= end).to(field_11hw)
