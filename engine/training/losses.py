"""Loss terms, each a plain function; shapes and ranges in every docstring. Sums of named terms are built in `stages`.

Sources: SAM 2's training configuration (focal and dice on masks), MattePro (normalised focal on trimaps), MEMatte
(known and unknown l1, Laplacian pyramid, gradient penalty, router ratio).
"""

import torch
from torch import Tensor
from torch.nn import functional as F

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
