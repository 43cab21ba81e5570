"""Matte a benchmark's clips from one prompt each, a part of them if wished, and measure them beside simple methods."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from engine.clips.truth import Benchmark, TrueClip
from engine.contract.errors import EngineError
from engine.evaluation.baselines import band_alpha, first_alpha_held, grabcut, mask_as_alpha
from engine.evaluation.metrics import Codes, to_codes
from engine.evaluation.profiles import Profile
from engine.evaluation.scores import ClipScores
from engine.evaluation.tracking import matte_masks, outline, prompt_for, track
from engine.model.mam2 import MAM2
from engine.session.results import ObjectMatte


class Kind(Protocol):
    """Anything that is of a kind."""

    @property
    def kind(self) -> str:
        """What tables have a row for."""
        ...


OfKind = TypeVar("OfKind", bound=Kind)


@dataclass(frozen=True)
class Part:
    """Which clips of a benchmark are wanted.

    Attributes:
        kinds: of subject; empty: every kind.
        first: number of the first clip, counted from 0 among those of these kinds.
        count: how many; None: all that follow.
        every: 2 leaves out every other one of them, 3 two of three.
    """

    kinds: tuple[str, ...] = ()
    first: int = 0
    count: int | None = None
    every: int = 1

    def numbers(self, benchmark: Benchmark) -> Sequence[int]:
        """Give the numbers of the wanted clips in a benchmark.

        Raises:
            EngineError: `evaluate.part`: nothing is left of it.
        """
        listed = [_Listed(number, kind) for number, kind in enumerate(benchmark.kinds)]
        return [one.number for one in self.of(listed, benchmark.name)]

    def of(self, clips: Sequence[OfKind], name: str) -> Sequence[OfKind]:
        """Choose among clips of something that has a name.

        Raises:
            EngineError: `evaluate.part`: nothing is left.
        """
        chosen = [clip for clip in clips if not self.kinds or clip.kind in self.kinds]
        chosen = chosen[self.first :: self.every][: self.count]
        if not chosen:
            which = f" of the kinds {', '.join(self.kinds)}" if self.kinds else ""
            raise EngineError(
                "evaluate.part",
                f"{name} has {len(clips)} clips, and none{which} from number {self.first} on.",
                f"Clips count from 0. Its kinds are: {', '.join(dict.fromkeys(clip.kind for clip in clips))}.",
            )
        return chosen


@dataclass(frozen=True)
class _Listed:
    number: int
    kind: str


_NAME = "subject"


OURS = "mam2"
NOT_LEARNT = ("GrabCut", "first alpha held")
"""Baselines that use nothing of our model; both are told more of the truth than one prompt says."""
_UNKNOWN = (5, 250)  # alphas of 255 between these are truly neither background nor foreground


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
        tracked = self._tracked(clip)
        for method, alpha_thw in self._of_methods(clip, tracked).items():
            scores = measure(clip, alpha_thw, self.profile, self.device)
            yield method, replace(scores, solid=solid(clip, tracked.trimaps_thw)) if method == OURS else scores

    def mattes(self, clip: TrueClip) -> Mapping[str, Codes]:
        """Give every method's mattes of a clip, (T, H, W) uint8; before the prompted frame ours are empty."""
        return self._of_methods(clip, self._tracked(clip))

    def _tracked(self, clip: TrueClip) -> "_Tracked":
        tracked = _Tracked(*(np.zeros(clip.alpha_thw.shape, np.float32) for _ in range(3)))
        for frame, matte in self._matted(clip):
            tracked.alphas_thw[frame], tracked.masks_thw[frame] = matte.alpha_hw, matte.mask_hw
            tracked.trimaps_thw[frame] = matte.trimap_hw
        return tracked

    def _matted(self, clip: TrueClip) -> Iterator[tuple[int, ObjectMatte]]:
        if self.prompt == "masks":
            masks_thw = np.stack([outline(alpha_hw) for alpha_hw in clip.alpha_thw])
            return matte_masks(self.model, clip.plates_thwc, masks_thw)
        prompt, mask_hw = prompt_for(clip, self.prompt)
        return track(self.model, clip.plates_thwc, prompt, mode=self.mode, mask_hw=mask_hw)

    def _of_methods(self, clip: TrueClip, tracked: "_Tracked") -> Mapping[str, Codes]:
        ours = to_codes(tracked.alphas_thw)
        if not self.baselines:
            return {OURS: ours}
        truth = np.divide(clip.alpha_thw, 255, dtype=np.float32)
        return {
            OURS: ours,
            "mask alone": to_codes(mask_as_alpha(tracked.masks_thw)),
            "fixed band": to_codes(band_alpha(self.model, clip.plates_thwc, tracked.masks_thw)),
            "GrabCut": to_codes(grabcut(clip.plates_thwc, truth)),
            "first alpha held": to_codes(first_alpha_held(truth)),
        }


@dataclass(frozen=True)
class _Tracked:
    """Alphas, masks and trimaps (T, H, W) float32 of a clip, nothing before its prompted frame."""

    alphas_thw: NDArray[np.float32]
    masks_thw: NDArray[np.float32]
    trimaps_thw: NDArray[np.float32]


def measure(clip: TrueClip, predicted_thw: Codes, profile: Profile, device: torch.device | None = None) -> ClipScores:
    """Measure one method's mattes of a clip."""
    frames = profile.score(predicted_thw, clip.alpha_thw, trimap_thw=clip.trimap_thw, device=device)
    return ClipScores(clip.name, clip.kind, clip.held_out, frames, took_distractor(clip, predicted_thw))


def took_distractor(clip: TrueClip, predicted_thw: Codes) -> bool | None:
    """Tell whether mattes hold more of the distractor than of the subject, over the clip; None without a distractor."""
    if clip.distractor_thw is None:
        return None
    of_subject, of_distractor = (
        np.einsum("thw,thw->", predicted_thw, alpha_thw, dtype=np.float64)
        for alpha_thw in (clip.alpha_thw, clip.distractor_thw)
    )
    return bool(of_distractor > of_subject)


def solid(clip: TrueClip, trimaps_thw: NDArray[np.float32]) -> tuple[int, int, int, int]:
    """Count truly unknown pixels that trimaps call foreground, and all of them: on the first frame, then later."""
    unknown = (clip.alpha_thw > _UNKNOWN[0]) & (clip.alpha_thw < _UNKNOWN[1])
    called = unknown & (trimaps_thw == 1)
    return int(called[0].sum()), int(unknown[0].sum()), int(called[1:].sum()), int(unknown[1:].sum())
