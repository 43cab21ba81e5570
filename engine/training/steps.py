"""One training step a kind of stage: a batch walked through as a session does, named loss terms out.

Every term is a sum over objects divided by the batch's clips: the mean over processes that share a batch evenly is the
whole batch's term. The matter's are means over pixels of the whole batch, as MEMatte has them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.model.mam2 import MAM2, siamese
from engine.model.matter import Matter, MatterOutput, ratio_loss
from engine.model.tensors import Crop, Features, FrameMemory, FramePrompt, Mask, Memory
from engine.session.fit import part_to_square, to_square
from engine.session.trimap_from_picture import window_around
from engine.training import losses
from engine.training.crew import Crew
from engine.training.losses import mask_target, plate_size, trimap_target, worn_trimap
from engine.training.prompting import sample_correction, sample_prompt
from engine.training.samples import Chance, ClipBatch
from engine.training.worn_masks import worn_mask

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


Terms = dict[str, Tensor]

CORRECTED = (0.3, 0.5)  # shares of steps that end with corrective clicks: of clips, and of single pictures
MOST_CLICKS = 2
PROMPT_KINDS = (0.12, 0.3)  # a mask for the batch; a box an object otherwise
CLASS_WEIGHTS = (1.0, 1.0, 3.0)  # foreground is the rarest class, and the one that solids need
UNSURE = 0.4  # most that logits of unknown and foreground are shifted by in the tracker's trimaps that the matter meets
OWN_TRIMAPS = 0.75  # share of the last stage's steps that meet the tracker's own trimaps

# Looks at pictures:
LOOKS = 2  # masks that each object is worn in: a picture costs more to make than to look at
WHOLE = 0.1  # share of looks at the whole plate
SIDES = (0.5, 1.0)  # of the network's own side: plates are seen sharp and blurred, near and far
MARGINS = (0.05, 0.5)  # of the object's longer side
_GRID = 32  # pixels of the network's coarsest stride


@dataclass(frozen=True)
class Lesson:
    """What a step is given besides its batch.

    Attributes:
        mode: row of the paper's ablation.
        chance: source of the step's draws.
        crew: the processes that share the batch.
        teacher: a frozen matter whose backbone the trained one is to follow (MEMatte learns so from ViTMatte); None
            where it learns from alpha alone.
    """

    mode: str
    chance: Chance
    teacher: Matter | None = None
    crew: Crew = Crew()  # noqa: RUF009 - frozen


def masks_step(model: MAM2, batch: ClipBatch, lesson: Lesson) -> Terms:
    """Stage 0: masks, presence, and one correction."""
    walked, masks, _ = _walk(model, batch, None, lesson.chance)
    return _mask_terms(walked, masks, batch)


def trimaps_step(model: MAM2, batch: ClipBatch, lesson: Lesson) -> Terms:
    """Stage 1: L_main = 1[VOS] L_mask + (1[VM] + 1[IM]) L_trimap. A procedural clip has both labels: it is both."""
    walked, masks, alpha = _walk(model, batch, lesson.mode, lesson.chance)
    terms = _mask_terms(walked, masks, batch)
    frames = len(walked.masks)
    classes = trimap_target(alpha.flatten(0, 1)).unflatten(0, (-1, frames))
    trimap = [
        _sum(losses.normalised_focal(logits, classes[:, t], weights=CLASS_WEIGHTS), batch.teaches_n3[:, 1], batch)
        for t, logits in enumerate(walked.trimaps)
    ]
    terms["trimap"] = 2.0 * torch.stack(trimap).mean()
    return terms


def matter_step(model: MAM2, batch: ClipBatch, lesson: Lesson) -> Terms:
    """Stage 2: L_matter = 1[IM] L_alpha, on true trimaps worn in every way; of clips also on the tracker's own."""
    taught = batch.teaches_n3[:, 2]
    batch, chance = batch.that_teach_alpha(), lesson.chance.of_kept(taught)
    if lesson.crew.mean((~taught).all().float()):  # somebody has nothing to add, so nobody waits for what will not come
        return {}
    lesson = replace(lesson, chance=chance)
    plates, alphas = batch.plates_btchw[batch.clip_n], batch.alpha_nt1hw
    plate, truth = plates.flatten(0, 1).float() / 255, alphas.flatten(0, 1).float() / 255
    size = plate_size(plate.shape[-1], chance.shared)
    own = alphas.shape[1] > 1 and torch.rand((), generator=chance.shared) < OWN_TRIMAPS
    logits = _own_trimaps(model, batch, lesson) if own else None
    plate, truth = (
        F.interpolate(x, size, mode="bilinear", align_corners=False, antialias=True) for x in (plate, truth)
    )
    frames = [generator for generator in chance.objects for _ in range(alphas.shape[1])]
    if logits is None:
        trimap = torch.cat([worn_trimap(one, generator) for one, generator in zip(truth.split(1), frames, strict=True)])
    else:
        shift = UNSURE * torch.stack([2 * torch.rand(3, 1, 1, generator=one) - 1 for one in frames]).to(logits)
        likely = F.interpolate((logits + shift).softmax(1), size, mode="bilinear", align_corners=False)
        trimap = likely.argmax(1, keepdim=True).float() / 2
    output = model.matter.forward_detailed(plate, trimap, chance=frames)
    with torch.autocast(plate.device.type, enabled=False):  # a loss in bfloat16 has steps of a hundredth
        return _matter_terms(output, plate, truth, trimap, lesson)


def _matter_terms(output: MatterOutput, plate: Tensor, truth: Tensor, trimap: Tensor, lesson: Lesson) -> Terms:
    crew = lesson.crew
    unknown = (trimap == 0.5).float()
    known = 1 - unknown
    areas = crew.mean(unknown.sum()), crew.mean(known.sum())
    images = plate.new_tensor(len(plate))
    share = images / crew.mean(images)  # of this process, of the whole batch's means over images
    # What the trimap wrongly calls known is beyond the matter: there it learns to agree.
    wanted = unknown * truth + known * trimap
    terms = {
        "l1": losses.alpha_l1(output.alpha, wanted, unknown, areas),
        "laplacian": share * losses.laplacian(output.alpha, wanted),
        "gradient": share * losses.gradient(output.alpha, wanted),
        "ratio": ratio_loss([crew.mean(share * keep.float().mean()) for keep in output.keeps]),
    }
    if lesson.teacher is not None:
        with torch.no_grad():
            wanted_features = lesson.teacher.forward_detailed(plate, trimap).features
        terms["distillation"] = share * F.mse_loss(output.features.float(), wanted_features)
    return terms


def picture_step(model: MAM2, batch: ClipBatch, lesson: Lesson) -> Terms:
    """Stage `trimap-picture`: trimaps from crops around worn masks; objects without exact alpha teach nothing.

    Raises:
        ValueError: the model has no such network.
    """
    if model.trimap is None:
        raise ValueError("the model has no network of trimaps from pictures")
    kept = batch.teaches_n3[:, 2]
    chance, clips = lesson.chance.of_kept(kept), len(batch.plates_btchw)
    batch = batch.that_teach_alpha()
    share = SIDES[0] + (SIDES[1] - SIDES[0]) * float(torch.rand((), generator=chance.shared))
    side = max(1, round(share * model.trimap.side / _GRID)) * _GRID
    plates, alphas = batch.plates_btchw[:, 0].float() / 255, batch.alpha_nt1hw[:, 0].float() / 255
    looks = [
        _look(plates[clip][None], alpha[None], side, generator)
        for clip, alpha, generator in zip(batch.clip_n, alphas, chance.objects, strict=True)
        for _ in range(LOOKS)
    ]
    if not looks:
        return {}
    plate, mask, truth = (torch.cat(parts) for parts in zip(*looks, strict=True))
    logits = model.trimap(plate, mask).float()
    loss = losses.normalised_focal(logits, trimap_target(truth, stride=2))
    return {"picture": loss.sum() / (LOOKS * clips)}


STEPS = {"masks": masks_step, "trimaps": trimaps_step, "matter": matter_step, "picture": picture_step}


def _walk(model: MAM2, batch: ClipBatch, mode: str | None, chance: Chance) -> tuple[Walk, Tensor, Tensor]:
    alpha = batch.alpha_nt1hw.float() / 255
    frames, size = alpha.shape[1], alpha.shape[-1]
    masks = mask_target(alpha.flatten(0, 1)).unflatten(0, (-1, frames))
    kinds = PROMPT_KINDS if frames > 1 else (0.0, PROMPT_KINDS[1])  # a mask alone leaves nothing to find
    prompt = sample_prompt(alpha[:, 0], masks[:, 0], chance, kinds)
    clicks = 0
    if torch.rand((), generator=chance.shared) < CORRECTED[frames == 1]:
        clicks = 1 if frames > 1 else 1 + int(torch.randint(MOST_CLICKS, (), generator=chance.shared))

    def correct(logits: Tensor, before: FramePrompt | None) -> FramePrompt:
        return sample_correction(logits, masks[:, -1], size, chance, before)

    plates = batch.plates_btchw.float() / 255
    return walk(model, plates, batch.clip_n, prompt, mode, correct, clicks), masks, alpha


def _mask_terms(walked: Walk, masks_nt1hw: Tensor, batch: ClipBatch) -> Terms:
    predictions = [(mask, masks_nt1hw[:, t]) for t, mask in enumerate(walked.masks)]
    predictions += [(mask, masks_nt1hw[:, -1]) for mask in walked.corrections]
    focal, dice, present = [], [], []
    taught = batch.teaches_n3[:, 0]
    for mask, truth in predictions:
        there = truth.flatten(1).sum(1) >= 3
        if not mask.logits_b1hw.requires_grad:  # a mask prompt is its own answer
            continue
        focal.append(_sum(losses.focal(mask.logits_b1hw, truth), taught & there, batch))
        dice.append(_sum(losses.dice(mask.logits_b1hw, truth), taught & there, batch))
        present.append(_sum(losses.presence(mask.presence_b1, there.float()), taught, batch))
    return {
        "focal": 20 * torch.stack(focal).mean(),
        "dice": torch.stack(dice).mean(),
        "presence": 0.2 * torch.stack(present).mean(),
    }


def _sum(loss_n: Tensor, counts_n: Tensor, batch: ClipBatch) -> Tensor:
    return loss_n[counts_n].sum() / len(batch.plates_btchw)


def _own_trimaps(model: MAM2, batch: ClipBatch, lesson: Lesson) -> Tensor:
    """Give the tracker's trimap logits (N*T, 3, S/4, S/4) of every object's frames."""
    with torch.no_grad():
        model.tracker.eval()
        walked, _, _ = _walk(model, batch, lesson.mode, lesson.chance)
        model.tracker.train()
    return torch.stack(walked.trimaps, dim=1).flatten(0, 1)


def _look(plate_13ss: Tensor, alpha_11ss: Tensor, side: int, generator: torch.Generator) -> tuple[Tensor, ...]:
    """Give plate, mask in 0..1 and alpha around an object that is worn anew, each a square of `side`."""
    mask = worn_mask(alpha_11ss, generator)
    whole, margin, *sides = torch.rand(6, generator=generator).tolist()
    size = (plate_13ss.shape[-1], plate_13ss.shape[-2])
    part = plate = Crop(0, 0, *size)
    if whole >= WHOLE:
        around = window_around(mask, size, MARGINS[0] + (MARGINS[1] - MARGINS[0]) * margin)
        part = plate if around is None else _off_centre(around, sides).cut_to(plate)
    likely = part_to_square(mask, size, part, side).sigmoid()
    return to_square(plate_13ss[part.window], side), likely, to_square(alpha_11ss[part.window], side)


def _off_centre(crop: Crop, sides: list[float]) -> Crop:
    """Move each side of a crop a little, since trackers' masks do not end where objects end."""
    reach = 0.1 * max(crop.right - crop.left, crop.bottom - crop.top)
    left, top, right, bottom = (round(reach * (2 * draw - 1)) for draw in sides)
    return Crop(crop.left + left, crop.top + top, crop.right + right, crop.bottom + bottom)
