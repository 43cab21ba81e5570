"""A model walking through a batch of clips as a session does, with gradients."""

from dataclasses import dataclass

import torch
from torch import Tensor

from engine.model.mam2 import MAM2
from engine.model.tensors import Features, FrameMemory, FramePrompt, Mask, Memory, Step

HORIZON = 24  # frames that a training clip pretends to have: SAM 2 scales pointer distances by the clip's length


@dataclass(frozen=True)
class Walk:
    """The steps of each frame, and one correction of the last frame's mask (None when none was made)."""

    steps: list[Step]
    correction: Mask | None
    prior_b1hw: Tensor | None


def walk(model: MAM2, plates_btchw: Tensor, prompt: FramePrompt, mode: str, correct: object = None) -> Walk:
    """Track every clip of a batch from a prompt on its first frame.

    Args:
        model: in training mode.
        plates_btchw: (B, T, 3, S, S) display-referred sRGB in 0..1.
        prompt: on frame 0.
        mode: row of the ablation.
        correct: given the last frame's logits (B, 1, S/4, S/4), makes a corrective prompt; None for no correction.
    """
    batch, frames = plates_btchw.shape[:2]
    encoded = model.encode(plates_btchw.flatten(0, 1)).map(lambda x: x.unflatten(0, (batch, frames)))
    steps: list[Step] = []
    memories: dict[int, FrameMemory] = {}
    recall = features = None
    for t in range(frames):
        features = encoded.map(lambda x, t=t: x[:, t])
        recall = Memory(
            t,
            HORIZON,
            prompted={0: memories[0]} if t else {},
            recent={i: kept for i, kept in memories.items() if 0 < i >= t - 6},
        )
        step = model(features, prompt if t == 0 else None, recall, mode)
        memories[t] = step.memory
        steps.append(step)
    if correct is None:
        return Walk(steps, None, None)
    prior = steps[-1].mask.logits_b1hw.detach()
    return Walk(steps, _corrected(model, features, recall, correct(prior)), prior)


def _corrected(model: MAM2, features: Features, recall: Memory, prompt: FramePrompt) -> Mask:
    return model.decode_mask(features, model.recall(features, recall), prompt)


def trimap_with_gradient(walked: Walk) -> Tensor:
    """Give the trimap logits of every frame, (T, B, 3, S/4, S/4)."""
    return torch.stack([step.trimap_b3hw for step in walked.steps])
