"""Loss terms and their targets, each a plain function; shapes and ranges in every docstring.

Sources: SAM 2's training configuration (focal and dice on masks), MattePro (normalised focal on trimaps), MEMatte
(known and unknown l1, Laplacian pyramid, gradient penalty, router ratio).
"""

import torch
from torch import Tensor
from torch.nn import functional as F

MASK_ABOVE = 0.08  # a translucent pixel belongs to its object's mask from here on
MASK_SHARE = 0.2  # so does a cell with this share of such pixels: one thread of a net across it is enough
LOST_FOREGROUND = 0.5  # share of worn trimaps whose foreground is lost to the unknown, half of it or all
KNOWN_WITHIN = 2.5 / 255  # closer than this to 0 or 1 counts as known: the plates hold 8 bits and noise


def mask_target(alpha_b1hw: Tensor, stride: int = 4) -> Tensor:
    """Give the mask (B, 1, H/stride, W/stride), 0 or 1, of an alpha (B, 1, H, W) in 0..1."""
    inside = (alpha_b1hw > MASK_ABOVE).to(alpha_b1hw.dtype)
    return (F.avg_pool2d(inside, stride) >= MASK_SHARE).to(alpha_b1hw.dtype)


def trimap_target(alpha_b1hw: Tensor, stride: int = 4, grow: int = 1) -> Tensor:
    """Give trimap classes (B, H/stride, W/stride) int64, 0 background, 1 unknown, 2 foreground.

    A cell is known only when all of its pixels and those of the cells within `grow` are.

    Args:
        alpha_b1hw: (B, 1, H, W) in 0..1.
        stride: pixels a cell.
        grow: cells that the unknown region is widened by.
    """
    highest = F.max_pool2d(alpha_b1hw, stride)
    lowest = -F.max_pool2d(-alpha_b1hw, stride)
    if grow:
        highest = F.max_pool2d(highest, 2 * grow + 1, stride=1, padding=grow)
        lowest = -F.max_pool2d(-lowest, 2 * grow + 1, stride=1, padding=grow)
    classes = torch.ones_like(highest)
    classes[highest <= KNOWN_WITHIN] = 0
    classes[lowest >= 1 - KNOWN_WITHIN] = 2
    return classes.squeeze(1).long()


def rough_trimap(alpha_b1hw: Tensor, radius: int) -> Tensor:
    """Give a trimap (B, 1, H, W) of 0, 0.5, 1 whose unknown region is grown by `radius` pixels."""
    highest, lowest = _widest(alpha_b1hw, radius), -_widest(-alpha_b1hw, radius)
    trimap = torch.full_like(alpha_b1hw, 0.5)
    trimap[highest <= KNOWN_WITHIN] = 0.0
    trimap[lowest >= 1 - KNOWN_WITHIN] = 1.0
    return trimap


def _widest(image_b1hw: Tensor, radius: int) -> Tensor:
    """Give the highest value within a square of `radius` pixels; along rows, then columns: a wide square is slow."""
    rows = F.max_pool2d(image_b1hw, (1, 2 * radius + 1), stride=1, padding=(0, radius))
    return F.max_pool2d(rows, (2 * radius + 1, 1), stride=1, padding=(radius, 0))


def worn_trimap(alpha_11hw: Tensor, generator: torch.Generator) -> Tensor:
    """Give a trimap (1, 1, H, W) of one sample that is as imperfect as a small tracker's.

    Half are grown by 1 to 32 pixels; the others come in the tracker's coarse cells, and often with their foreground
    lost to the unknown, wholly or on one side of a line: then the matter has to see for itself what is solid.

    Args:
        alpha_11hw: (1, 1, H, W) in 0..1.
        generator: source of chance.
    """
    fair, grown, lost, turn, place = torch.rand(5, generator=generator).tolist()
    if fair < 0.5:
        trimap = rough_trimap(alpha_11hw, int(2 ** (5 * grown)))
    else:
        size = alpha_11hw.shape[-2:]
        coarse = F.interpolate(alpha_11hw, (64, 64), mode="area")
        grow = 1 + int(3 * grown)
        likely = F.one_hot(trimap_target(coarse, 1, grow), 3).permute(0, 3, 1, 2).to(alpha_11hw.dtype)
        likely = F.interpolate(likely, size, mode="bilinear", align_corners=False)
        trimap = likely.argmax(1, keepdim=True).to(alpha_11hw.dtype) / 2
    if lost < LOST_FOREGROUND:
        side = _side_of_line(trimap, turn, place) if lost < LOST_FOREGROUND / 2 else torch.ones_like(trimap)
        trimap = torch.where((trimap == 1) & (side > 0), 0.5, trimap)
    return trimap


def plate_size(side: int, generator: torch.Generator) -> tuple[int, int]:
    """Give height and width to stretch a square sample to, as the matter meets plates: of any shape, often 16:9."""
    chance, aspect = torch.rand(2, generator=generator).tolist()
    aspect = 16 / 9 if chance < 0.5 else 0.75 + 1.25 * aspect
    return round(0.94 * side / aspect**0.5), round(0.94 * side * aspect**0.5)


def _side_of_line(like_11hw: Tensor, turn: float, place: float) -> Tensor:
    """Give (H, W), positive on one side of a line across the picture."""
    rows, columns = (torch.linspace(-1, 1, n, device=like_11hw.device) for n in like_11hw.shape[-2:])
    angle = torch.tensor(2 * torch.pi * turn)
    return rows[:, None] * torch.sin(angle) + columns * torch.cos(angle) - (place - 0.5)


_EPS = 1e-6


def focal(logits: Tensor, target: Tensor, *, alpha: float = 0.5, gamma: float = 2.0) -> Tensor:
    """Sigmoid focal loss, mean over pixels, one value a sample.

    Args:
        logits: (B, 1, H, W).
        target: (B, 1, H, W) in 0..1.
        alpha: weight of positives against negatives.
        gamma: how much easy pixels are discounted.

    Returns:
        (B,).
    """
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    chance = torch.sigmoid(logits)
    miss = chance * (1 - target) + (1 - chance) * target
    balance = alpha * target + (1 - alpha) * (1 - target)
    return (balance * miss**gamma * entropy).flatten(1).mean(1)


def dice(logits: Tensor, target: Tensor) -> Tensor:
    """Soft dice loss: (B, 1, H, W) logits and 0..1 target to (B,)."""
    chance, truth = torch.sigmoid(logits).flatten(1), target.flatten(1)
    return 1 - (2 * (chance * truth).sum(1) + 1) / (chance.sum(1) + truth.sum(1) + 1)


def presence(logits: Tensor, present: Tensor) -> Tensor:
    """Binary cross entropy of the object's presence: (B, 1) logits, (B,) 0 or 1, to (B,)."""
    return F.binary_cross_entropy_with_logits(logits.squeeze(1), present, reduction="none")


def normalised_focal(
    logits: Tensor,
    classes: Tensor,
    *,
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0),
    alpha: float = 0.5,
    gamma: float = 2.0,
) -> Tensor:
    """Normalised focal loss per class on softmax probabilities, as MattePro applies to trimaps.

    The focal weights of a sample are scaled to a mean of one, so that confident samples still teach.

    Args:
        logits: (B, 3, H, W) background, unknown, foreground.
        classes: (B, H, W) int64, 0, 1 or 2.
        weights: what a pixel of each class counts.
        alpha: weight of a class's pixels against all others.
        gamma: how much easy pixels are discounted.

    Returns:
        (B,).
    """
    chance = torch.softmax(logits, dim=1)
    truth = F.one_hot(classes, 3).permute(0, 3, 1, 2).to(chance.dtype)
    right = torch.where(truth > 0, chance, 1 - chance)
    weight = (1 - right) ** gamma
    scale = weight.numel() / len(weight) / (weight.flatten(1).sum(1) + _EPS)
    balance = torch.where(truth > 0, alpha, 1 - alpha)
    counts = logits.new_tensor(weights)[classes].unsqueeze(1)
    terms = -(counts * balance * weight * torch.log(right + _EPS)).flatten(1).mean(1)
    return terms * scale.detach()


def alpha_l1(alpha: Tensor, truth: Tensor, unknown: Tensor, areas: tuple[Tensor, Tensor] | None = None) -> Tensor:
    """Mean absolute error in the unknown and in the known region, each over its own area; a scalar.

    Args:
        alpha: (B, 1, H, W) in 0..1.
        truth: (B, 1, H, W) in 0..1.
        unknown: (B, 1, H, W) 1 where the trimap is unknown.
        areas: of the unknown and of the known region, in pixels, where they are not this batch's own.
    """
    error, known = (alpha - truth).abs(), 1 - unknown
    inside, outside = areas or (unknown.sum(), known.sum())
    return (error * unknown).sum() / (inside + 1) + (error * known).sum() / (outside + 1)


def laplacian(alpha: Tensor, truth: Tensor, levels: int = 5) -> Tensor:
    """L1 between Laplacian pyramids, level l weighted 2^l, divided by the number of levels; a scalar.

    Args:
        alpha: (B, 1, H, W) in 0..1.
        truth: (B, 1, H, W) in 0..1.
        levels: of the pyramid.
    """
    whole = 2**levels
    height, width = alpha.shape[-2:]
    residual, total = F.pad(alpha - truth, (0, -width % whole, 0, -height % whole)), alpha.new_zeros(())
    for level in range(levels):
        smaller = F.avg_pool2d(residual, 2)
        band = residual - F.interpolate(smaller, scale_factor=2.0, mode="bilinear", align_corners=False)
        total = total + 2**level * band.abs().mean()
        residual = smaller
    return (total + 2**levels * residual.abs().mean()) / levels


def gradient(alpha: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute difference of Sobel gradients: (B, 1, H, W) twice, in 0..1, to a scalar."""
    kernel = alpha.new_tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 8
    kernels = torch.stack([kernel, kernel.T]).unsqueeze(1)
    return F.conv2d(F.pad(alpha - truth, (1, 1, 1, 1), mode="replicate"), kernels).abs().mean()
