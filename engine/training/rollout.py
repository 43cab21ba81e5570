"""A model walking through a batch of clips as a session does, with gradients."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from engine.model.mam2 import MAM2, siamese
from engine.model.tensors import Features, FrameMemory, FramePrompt, Mask, Memory

Correct = Callable[[Tensor, FramePrompt | None], FramePrompt]
"""Given a mask's logits (N, 1, S/4, S/4) and the prompt that it came from, None on a tracked frame, prompts anew."""

HORIZON = 24  # frames that a training clip pretends to have: SAM 2 scales pointer distances by the clip's length


@dataclass(frozen=True)
class Walk:
    """What a walk gives.

    Attributes:
        masks: pass 1's mask of each frame.
        trimaps: trimap logits (N, 3, S/4, S/4) of each frame; empty when only masks were asked for.
        corrections: the last frame's mask after each corrective click.
    """

    masks: list[Mask]
    trimaps: list[Tensor]
    corrections: list[Mask]


def walk(
    model: MAM2,
    plates_btchw: Tensor,
    clip_n: Tensor,
    prompt: FramePrompt,
    mode: str | None,
    correct: Correct | None = None,
    corrections: int = 0,
) -> Walk:
    """Track every object of a batch of clips from a prompt on its first frame; a plate is encoded once for all.

    Args:
        model: in training mode.
        plates_btchw: (B, T, 3, S, S) display-referred sRGB in 0..1.
        clip_n: (N,) the clip of each object.
        prompt: on frame 0, of N objects.
        mode: row of the ablation; None: masks alone, without pass 2.
        correct: makes the prompt of a correction of the last frame; None for no corrections.
        corrections: how many corrective clicks the last frame gets, one after another.
    """
    batch, frames = plates_btchw.shape[:2]
    encoded = model.encode(plates_btchw.flatten(0, 1)).map(lambda x: x.unflatten(0, (batch, frames))[clip_n])
    walked = Walk([], [], [])
    memories: dict[int, FrameMemory] = {}
    for t in range(frames):
        features, said = _frame(encoded, t), prompt if t == 0 else None
        recalled = model.recall(features, _recall(memories, t))
        if mode is None:
            mask = model.decode_mask(features, recalled, said)
        else:
            mask, trimap = siamese(model, mode, features, model.without_memory(features), recalled, said)
            walked.trimaps.append(trimap)
        walked.masks.append(mask)
        if t < frames - 1:
            memories[t] = model.remember(features, mask, prompted=said is not None)
    if correct is None:
        return walked
    for _ in range(corrections):
        said = correct(mask.logits_b1hw.detach(), said)
        mask = model.decode_mask(features, recalled, said)
        walked.corrections.append(mask)
    return walked


def _frame(encoded: Features, t: int) -> Features:
    return encoded.map(lambda tensor_bt: tensor_bt[:, t])


def _recall(memories: dict[int, FrameMemory], t: int) -> Memory:
    if t == 0:
        return Memory(0, HORIZON)
    recent = {i: kept for i, kept in memories.items() if t - 6 <= i < t and i > 0}
    return Memory(t, HORIZON, prompted={0: memories[0]}, recent=recent)
