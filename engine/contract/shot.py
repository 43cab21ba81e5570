"""A shot: the one typed request. Built at the edge, checked once, frozen below.

Image coordinates are pixels of the plate: origin top-left, x right, y down; integers are pixel corners, so the
centre of the first pixel is (0.5, 0.5). Frames are the host's own numbers.
"""

import math
import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Dict, List, Optional, Tuple, Union

from .errors import PromptError, ShotError
from .finesse import NO_FINESSE, Finesse
from .held import HeldMask
from .object_names import check_names

DIRECTIONS = ("forward", "backward", "both")
MODES = ("parallel", "pdd", "pdd+mcs", "pdd+mss")
CORRECTIONS = ("refine", "independent")
MOST_FRAMES = 1_000_000
"""Eleven hours at 24 frames a second."""

# What follows an extension and a colon; a drive's colon follows none.
_LAYERED = re.compile(r"(?P<file>.+\.\w{2,5}):(?P<layer>[^/\\:]+)", re.DOTALL)


@dataclass(frozen=True)
class Point:
    """A click at (x, y) on `frame`: on the object, or with `positive=False` on what is not the object."""

    frame: int
    x: float
    y: float
    positive: bool = True


@dataclass(frozen=True)
class Box:
    """A rectangle around the object on `frame`: left, top, right, bottom; x0 < x1, y0 < y1."""

    frame: int
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True)
class MaskPrompt:
    """An image file of the plate's size on `frame`; above half is the object.

    Attributes:
        path: of the file; with `FILE:LAYER` the named layer, part or channel counts. Without one it is the alpha, else
            the only layer of one channel, else a black and white picture.
    """

    frame: int
    path: str

    @property
    def file(self) -> str:
        """The file alone."""
        match = _LAYERED.fullmatch(self.path)
        return match.group("file") if match else self.path

    @property
    def layer(self) -> Optional[str]:
        """The layer alone; None if none is named."""
        match = _LAYERED.fullmatch(self.path)
        return match.group("layer") if match else None

    def moved(self, file: str) -> "MaskPrompt":
        """Give the same prompt with the file elsewhere."""
        return replace(self, path=file if self.layer is None else f"{file}:{self.layer}")


Prompt = Union[Point, Box, MaskPrompt]


@dataclass(frozen=True)
class ShotObject:
    """One thing the artist wants a matte of: a name, its prompts in the order they were made, masks it is held to.

    It is tracked from its prompts, or has a mask a frame among those it is held to.
    """

    name: str
    prompts: Tuple[Prompt, ...]
    held: Tuple[HeldMask, ...] = ()

    def frames(self) -> Tuple[int, ...]:
        """Give the prompted frames in ascending order, each once."""
        return tuple(sorted(self._by_frame))

    def on(self, frame: int) -> Tuple[Prompt, ...]:
        """Give the prompts on one frame, in the order they were made."""
        return tuple(self._by_frame.get(frame, ()))

    @cached_property
    def _by_frame(self) -> Dict[int, List[Prompt]]:
        """The prompts by frame: sorted out once, for a tracked object may have one on every frame of a long shot."""
        found: Dict[int, List[Prompt]] = {}
        for prompt in self.prompts:
            found.setdefault(prompt.frame, []).append(prompt)
        return found

    def held_on(self, frame: int) -> Tuple[HeldMask, ...]:
        """Give the masks that the object is held to on one frame, in their order."""
        return tuple(held for held in self.held if held.on(frame))

    @property
    def masks(self) -> Tuple[HeldMask, ...]:
        """The masks that take the place of tracking; where several hold on a frame, the last counts."""
        return tuple(held for held in self.held if held.kind == "mask")


@dataclass(frozen=True)
class Settings:
    """How a shot is tracked, and its alphas finished.

    Attributes:
        direction: `forward` from the first prompted frame, `backward` from the last, or `both` ways from the first.
        mode: the path from plate to trimap, a row of the paper's ablation; `pdd+mss` is the paper's own.
        corrections: what points on a later frame of an object do. `refine`: they correct what was tracked there, and
            change nothing on the other side of it. `independent`: they describe the object anew, as a box or
            a mask always does, and serve every frame nearby as a second reference.
        colourspace: of the plates, in the OpenColorIO configuration or `NAME @ PATH` of one; None: by file type.
        finesse: what is done to every finished alpha.
    """

    direction: str = "both"
    mode: str = "pdd+mss"
    corrections: str = "refine"
    colourspace: Optional[str] = None
    finesse: Finesse = NO_FINESSE

    def __post_init__(self) -> None:
        for field, allowed in (("direction", DIRECTIONS), ("mode", MODES), ("corrections", CORRECTIONS)):
            value = getattr(self, field)
            if value not in allowed:
                raise ShotError(
                    f"shot.{field}", f"'{value}' is not a {field}.", f"Choose one of: {', '.join(allowed)}."
                )


@dataclass(frozen=True)
class Shot:
    """A frame range of plates with its prompts and settings; everything is checked on construction.

    Attributes:
        first, last: frame range, both included, of `MOST_FRAMES` at most.
        width, height: size of every plate in pixels (the display window).
        objects: one or more, names unique in any case.

    Raises:
        ShotError: an empty range, a bad size, names that repeat or cannot name a layer.
        PromptError: no prompt at all, or one outside the plate or the range.
    """

    first: int
    last: int
    width: int
    height: int
    objects: Tuple[ShotObject, ...]
    settings: Settings = Settings()

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ShotError(
                "shot.range", f"The range {self.first}-{self.last} holds no frame.", "Give it as FIRST-LAST."
            )
        if self.last - self.first >= MOST_FRAMES:
            raise ShotError(
                "shot.range",
                f"The range {self.first}-{self.last} holds {self.last - self.first + 1} frames.",
                f"A shot has {MOST_FRAMES} at most: are these dates, or other numbers that count no frames?",
            )
        if self.width < 1 or self.height < 1:
            size = f"{self.width}x{self.height}"
            raise ShotError("shot.size", f"A plate of {size} pixels is no image.", "Check the plates.")
        check_names([thing.name for thing in self.objects])
        if not any(thing.prompts or thing.masks for thing in self.objects):
            raise PromptError(
                "prompt.none",
                "Nothing says what to matte.",
                "Give at least one point, box or mask on a frame.",
            )
        for thing in self.objects:
            _check_said(thing)
            for prompt in thing.prompts:
                self._check_prompt(thing.name, prompt)

    @property
    def frames(self) -> range:
        """The host's frame numbers of the shot, ascending."""
        return range(self.first, self.last + 1)

    def with_objects(self, objects: Tuple[ShotObject, ...]) -> "Shot":
        """Give the same shot with other objects and prompts, checked anew."""
        return replace(self, objects=objects)

    def _check_prompt(self, name: str, prompt: Prompt) -> None:
        if not self.first <= prompt.frame <= self.last:
            raise PromptError(
                "prompt.outside_range",
                f"A prompt for '{name}' is on frame {prompt.frame}, but the shot runs {self.first}-{self.last}.",
                "Move the prompt into the range or widen the range.",
            )
        corners: Tuple[Tuple[float, float], ...] = ()
        if isinstance(prompt, Point):
            corners = ((prompt.x, prompt.y),)
        elif isinstance(prompt, Box):
            corners = ((prompt.x0, prompt.y0), (prompt.x1, prompt.y1))
            if not (prompt.x0 < prompt.x1 and prompt.y0 < prompt.y1):
                raise PromptError(
                    "prompt.empty_box",
                    f"The box for '{name}' on frame {prompt.frame} has no area.",
                    "Give it as left, top, right, bottom.",
                )
        for x, y in corners:
            inside = 0 <= x <= self.width and 0 <= y <= self.height
            if not (math.isfinite(x) and math.isfinite(y) and inside):
                raise PromptError(
                    "prompt.outside_plate",
                    f"A prompt for '{name}' on frame {prompt.frame} is at ({x:g}, {y:g}), "
                    f"outside the {self.width}x{self.height} plate.",
                    "Coordinates are pixels from the top-left corner.",
                )


def _check_said(thing: ShotObject) -> None:
    if not thing.prompts and not thing.masks:
        problem = f"The object '{thing.name}' has no prompt."
        raise PromptError("prompt.none", problem, "Give it a point, a box or a mask.")
    if thing.prompts and thing.masks:
        raise PromptError(
            "prompt.masks",
            f"The object '{thing.name}' has masks in the place of tracking, and prompts to track it from.",
            "Leave the prompts out; or give a frame's mask as a prompt, and it is tracked from there.",
        )
    if thing.masks:
        return
    first = thing.on(thing.frames()[0])
    if all(isinstance(prompt, Point) and not prompt.positive for prompt in first):
        raise PromptError(
            "prompt.only_negative",
            f"The first prompted frame of '{thing.name}' ({first[0].frame}) only says what is not the object.",
            "Add a positive point, a box or a mask on that frame.",
        )
