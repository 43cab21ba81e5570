"""Scores of clips, and what they come to: overall, per kind, per place in the clip."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.evaluation.metrics import Scores
from engine.evaluation.profiles import Average, ByFrame, Over, Profile

PLACES = {"first": 0.0, "first quarter": 0.25, "half": 0.5, "third quarter": 0.75, "last": 1.0}
"""Frame positions that tables have a row for: share of the way through a clip."""

Figures = Mapping[str, float]
"""Metric name -> one number."""


@dataclass(frozen=True)
class ClipScores:
    """How one clip went.

    Attributes:
        name, kind, held_out: of the clip, as in `TrueClip`.
        frames: metric name -> one number a frame.
        took_distractor: the mattes hold more of the distractor than of the subject; None where there is none.
        solid: truly unknown pixels that our trimaps call foreground, and all of them: on the first frame, then later;
            None where there are no trimaps.
    """

    name: str
    kind: str
    held_out: bool
    frames: ByFrame
    took_distractor: bool | None = None
    solid: tuple[int, int, int, int] | None = None

    @property
    def length(self) -> int:
        """How many frames were measured."""
        return len(next(iter(self.frames.values())))


@dataclass(frozen=True)
class Result:
    """How one method did.

    Attributes:
        method: its name in tables.
        clips: in the benchmark's order.
    """

    method: str
    clips: tuple[ClipScores, ...]


@dataclass(frozen=True)
class Report:
    """One evaluation.

    Attributes:
        benchmark: name with version.
        profile: how it was measured.
        ours: the method that is judged.
        baselines: others on the same clips.
        settings: what the figures depend on, for people: model, mode, prompt.
    """

    benchmark: str
    profile: Profile
    ours: Result
    baselines: tuple[Result, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def results(self) -> tuple[Result, ...]:
        """Ours, then the baselines."""
        return self.ours, *self.baselines


def clip_figures(clip: ClipScores, profile: Profile) -> Figures:
    """Give one clip's numbers."""
    return {name: _over(np.array(clip.frames[name]), one.over) for name, one in profile.measures.items()}


def figures(clips: Sequence[ClipScores], profile: Profile, average: Average | None = None) -> Figures:
    """Give the numbers of several clips together.

    Args:
        clips: at least one.
        profile: what they were measured with.
        average: None: the profile's own.
    """
    if (average or profile.average) is Average.CLIP:
        each = [clip_figures(clip, profile) for clip in clips]
        return {name: float(np.mean([one[name] for one in each])) for name in profile.measures}
    return {name: _over(columns(clips, name), one.over) for name, one in profile.measures.items()}


def columns(clips: Sequence[ClipScores], metric: str) -> Scores:
    """Give for every frame position the mean over the clips that reach it: (longest clip's frames,)."""
    longest = max(clip.length for clip in clips)
    return np.array([np.mean([c.frames[metric][t] for c in clips if t < c.length]) for t in range(longest)])


def at_places(clips: Sequence[ClipScores], profile: Profile) -> Mapping[str, Figures]:
    """Give the numbers of single frames on the way through the clips; of stills only the first."""
    places = PLACES if any(clip.length > 1 for clip in clips) else {"first": 0.0}
    return {
        place: {
            name: float(np.mean([clip.frames[name][round(share * (clip.length - 1))] for clip in clips]))
            for name in profile.measures
        }
        for place, share in places.items()
    }


def by_kind(clips: Iterable[ClipScores]) -> Mapping[str, tuple[ClipScores, ...]]:
    """Sort clips by kind, trained kinds first, each in alphabetical order."""
    ordered = sorted(clips, key=lambda clip: (clip.held_out, clip.kind))
    return {kind: tuple(c for c in ordered if c.kind == kind) for kind in dict.fromkeys(c.kind for c in ordered)}


def held_out(clips: Iterable[ClipScores]) -> Mapping[str, tuple[ClipScores, ...]]:
    """Give the clips of trained and of held-out kinds apart; nothing where no kind is held out."""
    both = {False: "trained kinds", True: "held-out kinds"}
    parts = {label: tuple(c for c in clips if c.held_out is held) for held, label in both.items()}
    return parts if all(parts.values()) else {}


_WAYS: Mapping[Over, Callable[[Scores], float]] = {
    Over.FRAMES: lambda scores: float(scores.mean()),
    Over.CHANGES: lambda scores: float(scores[1:].mean()) if len(scores) > 1 else 0.0,
    Over.TOTAL: lambda scores: float(np.sqrt(np.square(scores).sum())),
}


def _over(scores: Scores, over: Over) -> float:
    return _WAYS[over](scores)
