"""One training step a kind of stage: a batch in, a dict of named loss terms out; their sum is what trains."""

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.model.mam2 import MAM2
from engine.model.matter import ratio_loss
from engine.model.tensors import FramePrompt
from engine.training import losses
from engine.training.prompting import sample_correction, sample_prompt
from engine.training.rollout import Correct, Walk, walk
from engine.training.samples import ClipBatch
from engine.training.targets import mask_target, plate_size, trimap_target, worn_trimap

CORRECTED = 0.3  # share of steps that end with a corrective click
PROMPT_KINDS = (0.12, 0.3)  # a mask for the batch; a box an object otherwise
CLASS_WEIGHTS = (1.0, 1.0, 3.0)  # foreground is the rarest class, and the one that solids need
UNSURE = 0.4  # most that logits of unknown and foreground are shifted by in the tracker's trimaps that the matter meets
OWN_TRIMAPS = 0.75  # share of the last stage's steps that meet the tracker's own trimaps


def masks_step(model: MAM2, batch: ClipBatch, mode: str, generator: torch.Generator) -> dict[str, Tensor]:
    """Stage 0: masks, presence, and one correction."""
    del mode  # pass 1 is the same in every mode
    walked, masks, _ = _walk(model, batch, None, generator)
    return _mask_terms(walked, masks)


def trimaps_step(model: MAM2, batch: ClipBatch, mode: str, generator: torch.Generator) -> dict[str, Tensor]:
    """Stage 1: L_main = 1[VOS] L_mask + 1[VM or IM] L_trimap. A procedural clip has both labels: it is both."""
    walked, masks, alpha = _walk(model, batch, mode, generator)
    terms = _mask_terms(walked, masks)
    frames = len(walked.masks)
    classes = trimap_target(alpha.flatten(0, 1)).unflatten(0, (-1, frames))
    trimap = [
        losses.normalised_focal(logits, classes[:, t], weights=CLASS_WEIGHTS).mean()
        for t, logits in enumerate(walked.trimaps)
    ]
    terms["trimap"] = 2.0 * torch.stack(trimap).mean()
    return terms


def matter_step(model: MAM2, batch: ClipBatch, mode: str, generator: torch.Generator) -> dict[str, Tensor]:
    """Stage 2: the matter alone, on true trimaps worn in every way; with several frames also on the tracker's own."""
    plates, alphas = batch.plates_btchw[batch.clip_n], batch.alpha_nt1hw
    plate, truth = plates.flatten(0, 1).float() / 255, alphas.flatten(0, 1).float() / 255
    size = plate_size(plate.shape[-1], generator)
    own = alphas.shape[1] > 1 and torch.rand((), generator=generator) < OWN_TRIMAPS
    logits = _own_trimaps(model, batch, mode, generator) if own else None
    plate, truth = (
        F.interpolate(x, size, mode="bilinear", align_corners=False, antialias=True) for x in (plate, truth)
    )
    if logits is None:
        trimap = torch.cat([worn_trimap(one, generator) for one in truth.split(1)])
    else:
        shift = UNSURE * (2 * torch.rand(len(logits), 3, 1, 1, generator=generator) - 1).to(logits)
        likely = F.interpolate((logits + shift).softmax(1), size, mode="bilinear", align_corners=False)
        trimap = likely.argmax(1, keepdim=True).float() / 2
    output = model.matter.forward_detailed(plate, trimap)
    unknown = (trimap == 0.5).float()
    known = 1 - unknown
    # What the trimap wrongly calls known is beyond the matter: there it learns to agree.
    wanted = unknown * truth + known * trimap
    return {
        "l1": losses.alpha_l1(output.alpha, wanted, unknown),
        "laplacian": losses.laplacian(output.alpha, wanted),
        "gradient": losses.gradient(output.alpha, wanted),
        "ratio": ratio_loss(output.keeps),
    }


STEPS = {"masks": masks_step, "trimaps": trimaps_step, "matter": matter_step}


def _walk(model: MAM2, batch: ClipBatch, mode: str | None, generator: torch.Generator) -> tuple[Walk, Tensor, Tensor]:
    alpha = batch.alpha_nt1hw.float() / 255
    frames, size = alpha.shape[1], alpha.shape[-1]
    masks = mask_target(alpha.flatten(0, 1)).unflatten(0, (-1, frames))
    kinds = PROMPT_KINDS if frames > 1 else (0.0, PROMPT_KINDS[1])  # a mask alone leaves nothing to find
    prompt = sample_prompt(alpha[:, 0], masks[:, 0], generator, kinds)
    correct: Correct | None = None
    if torch.rand((), generator=generator) < CORRECTED:

        def correct(prior: Tensor) -> FramePrompt:
            return sample_correction(prior, masks[:, -1], size, generator)

    return walk(model, batch.plates_btchw.float() / 255, batch.clip_n, prompt, mode, correct), masks, alpha


def _mask_terms(walked: Walk, masks_bt1hw: Tensor) -> dict[str, Tensor]:
    predictions = [(mask, masks_bt1hw[:, t]) for t, mask in enumerate(walked.masks)]
    if walked.correction is not None:
        predictions.append((walked.correction, masks_bt1hw[:, -1]))
    focal, dice, present = [], [], []
    for mask, truth in predictions:
        there = (truth.flatten(1).sum(1) >= 3).float()
        if not mask.logits_b1hw.requires_grad:  # a mask prompt is its own answer
            continue
        focal.append((losses.focal(mask.logits_b1hw, truth) * there).mean())
        dice.append((losses.dice(mask.logits_b1hw, truth) * there).mean())
        present.append(losses.presence(mask.presence_b1, there).mean())
    return {
        "focal": 20 * torch.stack(focal).mean(),
        "dice": torch.stack(dice).mean(),
        "presence": 0.2 * torch.stack(present).mean(),
    }


def _own_trimaps(model: MAM2, batch: ClipBatch, mode: str, generator: torch.Generator) -> Tensor:
    """Give the tracker's trimap logits (N*T, 3, S/4, S/4) of every object's frames."""
    with torch.no_grad():
        model.tracker.eval()
        walked, _, _ = _walk(model, batch, mode, generator)
        model.tracker.train()
    return torch.stack(walked.trimaps, dim=1).flatten(0, 1)
