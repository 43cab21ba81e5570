"""Prompts as an artist might give them, sampled from an exact alpha: drawn on the CPU, wherever the model is."""

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.model.tensors import FramePrompt
from engine.training.samples import Chance

KEPT_PRIORS = 0.5  # share of further clicks on a frame that come with the mask that they correct


def sample_prompt(alpha_b1ss: Tensor, mask_b1hw: Tensor, chance: Chance, kinds: tuple[float, float]) -> FramePrompt:
    """Draw one prompt for every object of a batch on one frame.

    Args:
        alpha_b1ss: (B, 1, S, S) in 0..1.
        mask_b1hw: (B, 1, S/4, S/4) the mask to be found.
        chance: of the step.
        kinds: chances of a mask for the whole batch, and of a box for each object otherwise; points take the rest.
    """
    batch, _, size, _ = alpha_b1ss.shape
    device, alpha_b1ss, mask_b1hw = alpha_b1ss.device, alpha_b1ss.cpu(), mask_b1hw.cpu()
    if torch.rand((), generator=chance.shared) < kinds[0]:
        mask = F.interpolate(mask_b1hw, size=(size, size), mode="bilinear", align_corners=False)
        return FramePrompt(mask_b1hw=(mask > 0.5).float()).to(device)
    points, labels = torch.zeros(batch, 2, 2), torch.full((batch, 2), -1, dtype=torch.int32)
    for i, generator in enumerate(chance.objects):
        if torch.rand((), generator=generator) < kinds[1]:
            points[i], labels[i] = _box(mask_b1hw[i, 0], generator), torch.tensor([2, 3], dtype=torch.int32)
        else:
            points[i, 0], labels[i, 0] = _click(alpha_b1ss[i, 0], generator), 1
    return FramePrompt(points, labels).to(device)


def sample_correction(
    logits_b1hw: Tensor, mask_b1hw: Tensor, size: int, chance: Chance, before: FramePrompt | None = None
) -> FramePrompt:
    """Draw one corrective click an object, positive where the mask misses, negative where it spills.

    A click that joins others on the same frame comes half of the time without the mask that they gave, as a session
    sends all points of a frame together.

    Args:
        logits_b1hw: (B, 1, h, w) the mask to be corrected; it becomes the prompt's prior.
        mask_b1hw: (B, 1, h, w) the mask to be found.
        size: S, the side of the model's square.
        chance: of the step.
        before: what was said on that frame already.
    """
    batch = len(logits_b1hw)
    points, labels = torch.zeros(batch, 1, 2), torch.full((batch, 1), -1, dtype=torch.int32)
    inside_bhw, wanted_bhw = (logits_b1hw[:, 0] > 0).cpu(), (mask_b1hw[:, 0] > 0.5).cpu()
    for i, generator in enumerate(chance.objects):
        wrong = inside_bhw[i] != wanted_bhw[i]
        inner = -F.max_pool2d(-wrong[None].float(), 3, stride=1, padding=1)[0] > 0
        cells = (inner if inner.any() else wrong).nonzero()
        if len(cells):
            row, column = cells[torch.randint(len(cells), (), generator=generator)]
            points[i, 0] = (torch.stack([column, row]) + 0.5) * (size / logits_b1hw.shape[-1])
            labels[i, 0] = int(wanted_bhw[i, row, column])
    prior: Tensor | None = logits_b1hw
    if before is not None and before.points_bp2 is not None and before.labels_bp is not None:
        points = torch.cat([before.points_bp2.cpu(), points], dim=1)
        labels = torch.cat([before.labels_bp.cpu(), labels], dim=1)
        prior = logits_b1hw if torch.rand((), generator=chance.shared) < KEPT_PRIORS else None
    return FramePrompt(points, labels, prior_b1hw=prior, anew=False).to(logits_b1hw.device)


def _click(alpha_ss: Tensor, generator: torch.Generator) -> Tensor:
    """Half of the clicks go well inside, as artists aim; the others anywhere that is clearly the object."""
    solid = (alpha_ss > 0.6 * alpha_ss.max()).float()
    if torch.rand((), generator=generator) < 0.5:
        rows = F.avg_pool2d(solid[None, None], (1, 21), stride=1, padding=(0, 10))  # along rows, then columns: faster
        depth = F.avg_pool2d(rows, (21, 1), stride=1, padding=(10, 0))[0, 0] * solid
        solid = (depth > 0.8 * depth.max()).float()
    cells = solid.nonzero()
    row, column = cells[torch.randint(len(cells), (), generator=generator)]
    return torch.stack([column, row]) + 0.5


def _box(mask_hw: Tensor, generator: torch.Generator) -> Tensor:
    cells = mask_hw.nonzero()
    if not len(cells):
        cells = torch.tensor([[0, 0], [mask_hw.shape[0] - 1, mask_hw.shape[1] - 1]])
    low, high = cells.amin(0).flip(0).float(), cells.amax(0).flip(0).float() + 1
    jitter = (torch.rand(2, 2, generator=generator) - 0.5) * 0.2 * (high - low)
    corners = (torch.stack([low, high]) + jitter).clamp(0, mask_hw.shape[0])
    return corners * 4
