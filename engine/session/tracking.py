"""Tracking one frame: encode the plate, recall, decode mask and trimap, remember; the matter then makes the alpha.

Here and in `mam2` stands a frame's whole way; its order says `session`, what is at the same time `pipeline`.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from engine.contract.plan import Visit
from engine.contract.shot import Shot
from engine.model.mam2 import MAM2
from engine.model.ready.half import tracker_precision
from engine.model.tensors import Features, FramePrompt, Memory, Step
from engine.session import fit
from engine.session.held import Held
from engine.session.matting import MatterLimits, mattes_of
from engine.session.memory import Memories
from engine.session.pipeline import Pipeline
from engine.session.prompts import ReadMask, frame_prompt
from engine.session.record import Found, KeptAlpha, Record
from engine.session.results import FrameMattes
from engine.session.trimap_from_picture import trimap_from_picture


class Tracking:
    """Finds a shot's objects on its frames.

    Args:
        model: in evaluation mode, on its device.
        shot: as it is declared now.
        pipeline: gives plates (1, 3, H, W) and their features, perhaps ahead of time.
        record: keeps what was found.
        memories: what frames recall.
        read_mask: how mask prompts are read from files.
    """

    def __init__(
        self,
        model: MAM2,
        shot: Shot,
        pipeline: Pipeline[Any, Tensor, Features],
        record: Record,
        memories: Memories,
        read_mask: ReadMask | None,
    ) -> None:
        self._model, self._shot, self._pipeline = model, shot, pipeline
        self._device = next(model.parameters()).device
        self._record, self._memories, self._read_mask = record, memories, read_mask

    @torch.inference_mode()
    def step(self, visit: Visit) -> dict[str, Found]:
        """Track the objects of one visit through its frame, side by side on one encoder pass.

        Returns: what was found of those that were not tracked there before; it is being recorded.
        """
        found = {}
        with precision(self._model):
            for name in visit.objects:
                # An independent frame may have been decoded already, when an earlier frame recalled it.
                if not self._record.has(name, visit.frame):
                    step = self.track(name, visit.frame, backward=visit.backward)
                    self._memories.remember(name, visit.frame, step.memory, backward=visit.backward)
                    found[name] = Found.of(step)
        return found

    def track(self, name: str, frame: int, *, backward: bool = False) -> Step:
        """Find one object on one frame with what it recalls there, and have it recorded."""
        memory = self._memories.recall(name, frame, self.track, backward=backward)
        step = self.look(name, frame, memory)
        self._record.keep(name, frame, step)
        return step

    def look(self, name: str, frame: int, memory: Memory) -> Step:
        """Find one object on one frame, with what is said of it there and what may be recalled."""
        features = self._pipeline.features(frame).map(lambda tensor: tensor.to(self._device))
        prompt, recalled = self._prompt(name, frame), None
        if prompt and not self._memories.is_independent(name, frame):
            recalled = self._model.recall(features, memory)
            prompt = prompt.refining(self._model.decode_mask(features, recalled, None).logits_b1hw, anew=False)
        step: Step = self._model(features, prompt, memory, self._shot.settings.mode, recalled)
        if self._model.config.trimap_from != "picture" or self._model.trimap is None:
            return step
        trimap, covers = trimap_from_picture(self._model.trimap, self._pipeline.plate(frame), step.mask.logits_b1hw)
        return replace(step, trimap_b3hw=trimap, covers=covers)

    def matting(
        self,
        frame: int,
        found: Mapping[str, Found],
        kept: Mapping[str, KeptAlpha],
        limits: MatterLimits,
        held: Mapping[str, Held],
        *,
        width: int | None = None,
        finish: bool = True,
    ) -> Callable[[], FrameMattes]:
        """Give what is left to do of a frame: mattes of what was found on it; any thread may do it.

        With a width they are of a plate no wider than that; without `finish` alphas are the network's own.
        """
        plate = fit.narrowed(self._pipeline.plate(frame), width)
        finesse = self._shot.settings.finesse if finish else None
        return partial(mattes_of, self._model.matter, plate, frame, found, limits, kept, held, finesse)

    def _prompt(self, name: str, frame: int) -> FramePrompt | None:
        said = next(thing for thing in self._shot.objects if thing.name == name).on(frame)
        size = (self._shot.width, self._shot.height)
        return frame_prompt(said, size, self._model.image_size, self._device, self._read_mask) if said else None


@torch.inference_mode()
def encode(model: MAM2, plate_13hw: Tensor) -> Features:
    """Encode a plate (1, 3, H, W) of display-referred sRGB in 0..1, stretched to the model's square."""
    with precision(model):
        return model.encode(fit.to_square(plate_13hw, model.image_size))


def precision(model: MAM2) -> AbstractContextManager[object]:
    """Give the tracker's precision. The matter looks after its own: a soft alpha must not band."""
    kind = tracker_precision(model)
    return nullcontext() if kind is None else torch.autocast(next(model.parameters()).device.type, kind)
