"""The benchmark `unseen`: clips like those of training, drawn from seeds that training never uses."""

from collections.abc import Iterator, Sequence

from engine.clips.drawn import KINDS, UNSEEN_SEED, make_clip
from engine.clips.truth import TrueClip

USUAL_FRAMES = 24
_CLIPS = 1000  # seeds do not end; a number of them has to


class Unseen:
    """Drawn clips, kinds in turn; the same numbers are the same clips everywhere.

    Args:
        frames: a clip.
        size: width and height in pixels.
    """

    def __init__(self, frames: int = USUAL_FRAMES, size: tuple[int, int] = (320, 180)) -> None:
        self.name = f"unseen, {frames} frames"
        self._frames, self._size = frames, size

    def __len__(self) -> int:
        return _CLIPS

    @property
    def kinds(self) -> Sequence[str]:
        """The kind of every clip."""
        return [KINDS[number % len(KINDS)] for number in range(_CLIPS)]

    def clip(self, number: int) -> TrueClip:
        """Draw one clip."""
        kind = KINDS[number % len(KINDS)]
        clip = make_clip(UNSEEN_SEED + number, kind=kind, frames=self._frames, size_hw=self._size[::-1])
        return TrueClip(
            f"{kind}-{number:03}",
            kind,
            held_out=False,
            plates_thwc=clip.plates_thwc,
            alpha_thw=clip.alpha_thw,
            distractor_thw=clip.distractor_thw if clip.distractor_thw.any() else None,
        )

    def clips(self) -> Iterator[TrueClip]:
        """Draw every clip."""
        return (self.clip(number) for number in range(_CLIPS))
