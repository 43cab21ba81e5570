"""Matte a benchmark's clips from one prompt each, and measure them, with simple methods beside on the same clips."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from engine.clips.truth import TrueClip
from engine.evaluation.alpha import Codes, to_codes
from engine.evaluation.baselines import band_alpha, first_alpha_held, grabcut, mask_as_alpha
from engine.evaluation.profiles import Profile
from engine.evaluation.prompts import prompt_for
from engine.evaluation.scores import ClipScores
from engine.evaluation.tracking import track
from engine.model.mam2 import MAM2

OURS = "mam2"
NOT_LEARNT = ("GrabCut", "first alpha held")
"""Baselines that use nothing of our model; both are told more of the truth than one prompt says."""


@dataclass(frozen=True)
class Examiner:
    """How clips are matted and measured.

    Attributes:
        model: on its device.
        profile: how mattes are measured.
        mode: row of the paper's ablation.
        prompt: `point`, `box` or `mask`.
        baselines: whether the simple methods matte the same clips.
        device: where metrics run; None: the CPU, with numpy.
    """

    model: MAM2
    profile: Profile
    mode: str
    prompt: str
    baselines: bool = False
    device: torch.device | None = None

    def examine(self, clip: TrueClip) -> Iterator[tuple[str, ClipScores]]:
        """Give (method, scores) of one clip: ours first.

        Raises:
            EngineError: `evaluate.empty` or `evaluate.prompt`.
        """
        for method, alpha_thw in self.mattes(clip).items():
            yield method, measure(clip, alpha_thw, self.profile, self.device)

    def mattes(self, clip: TrueClip) -> Mapping[str, Codes]:
        """Give every method's mattes of a clip, (T, H, W) uint8; before the prompted frame ours are empty."""
        prompt, mask_hw = prompt_for(clip, self.prompt)
        alphas, masks = (np.zeros(clip.alpha_thw.shape, np.float32) for _ in range(2))
        for frame, matte in track(self.model, clip.plates_thwc, prompt, mode=self.mode, mask_hw=mask_hw):
            alphas[frame], masks[frame] = matte.alpha_hw, matte.mask_hw
        if not self.baselines:
            return {OURS: to_codes(alphas)}
        truth = np.divide(clip.alpha_thw, 255, dtype=np.float32)
        return {
            OURS: to_codes(alphas),
            "mask alone": to_codes(mask_as_alpha(masks)),
            "fixed band": to_codes(band_alpha(self.model, clip.plates_thwc, masks)),
            "GrabCut": to_codes(grabcut(clip.plates_thwc, truth)),
            "first alpha held": to_codes(first_alpha_held(truth)),
        }


def measure(clip: TrueClip, predicted_thw: Codes, profile: Profile, device: torch.device | None = None) -> ClipScores:
    """Measure one method's mattes of a clip."""
    frames = profile.score(predicted_thw, clip.alpha_thw, trimap_thw=clip.trimap_thw, device=device)
    return ClipScores(clip.name, clip.kind, clip.held_out, frames)
