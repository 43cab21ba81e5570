"""Masks that the artist holds a matte to: core, garbage, where to look again, and a trimap or a mask of his own."""

import re
from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple

from .errors import PromptError

KINDS = ("core", "garbage", "unknown", "trimap", "mask")
_NUMBERED = re.compile(r"%0?(\d*)d|#+")


@dataclass(frozen=True)
class HeldMask:
    """A mask of the plate's shape that an object's matte is held to.

    Attributes:
        kind: `core`: surely in, alpha is at least the mask. `garbage`: surely out, alpha is at most what the mask
            leaves. `unknown`: where the mask is above a half the matting model looks, whatever the trimap says.
            `trimap`: takes the trimap's place; below a quarter background, above three quarters foreground.
            `mask`: takes the place of tracking; above a half is the object, and where it is soft the matting model
            looks. An object with such a mask has no prompts, and an empty matte on frames without one.
        path: an image file, or `name.####.exr` or `name.%04d.exr`, a file a frame.
        first, last: the frames that it holds on, both included; None: all of the shot's to that side.
        layer: channel or layer of the file; None: its alpha if it has one that says anything, else its luma.
        invert: what the mask leaves out counts.
    """

    kind: str
    path: str
    first: Optional[int] = None
    last: Optional[int] = None
    layer: Optional[str] = None
    invert: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no mask.

        Raises:
            PromptError: `prompt.held`.
        """
        if self.kind not in KINDS:
            raise PromptError(
                "prompt.held", f"'{self.kind}' is no kind of mask to hold.", f"Choose one of: {', '.join(KINDS)}."
            )
        if not self.path:
            raise PromptError("prompt.held", f"A {self.kind} mask has no file.", "Name an image or name.####.exr.")
        if self.first is not None and self.last is not None and self.last < self.first:
            raise PromptError(
                "prompt.held",
                f"A {self.kind} mask ends on frame {self.last}, before it begins on {self.first}.",
                "Give its frames as FIRST-LAST.",
            )

    @property
    def asks_model(self) -> bool:
        """Whether the matting model starts from another trimap because of it."""
        return self.kind in {"unknown", "trimap"}

    def on(self, frame: int) -> bool:
        """Tell whether it holds on a frame."""
        return (self.first is None or frame >= self.first) and (self.last is None or frame <= self.last)

    def file(self, frame: int) -> str:
        """Give the file for a frame."""
        start = max(self.path.rfind("/"), self.path.rfind("\\")) + 1
        folder, name = self.path[:start], self.path[start:]
        found = _NUMBERED.search(name)
        if found is None:
            return self.path
        digits = int(found[1] or 1) if found[0].startswith("%") else len(found[0])
        return f"{folder}{name[: found.start()]}{frame:0{digits}d}{name[found.end() :]}"

    def frames(self, shot: range) -> Tuple[int, ...]:
        """Give the frames of a shot that it holds on, ascending."""
        return tuple(frame for frame in shot if self.on(frame))


def held_to_json(held: HeldMask) -> Dict[str, Any]:
    """Give a held mask as JSON data; `held_from_json` is the inverse. What is not said is left out."""
    data: Dict[str, Any] = {"kind": held.kind, "path": held.path}
    if held.first is not None or held.last is not None:
        data["range"] = [held.first, held.last]
    if held.layer is not None:
        data["layer"] = held.layer
    if held.invert:
        data["invert"] = True
    return data


def held_from_json(data: Any) -> HeldMask:
    """Read a held mask from JSON data.

    Raises:
        PromptError: a missing or unknown key, a value of the wrong type, or what `HeldMask` refuses.
    """
    try:
        rest = dict(data)
        first, last = rest.pop("range", (None, None))
        kind, path, layer = rest.pop("kind"), rest.pop("path"), rest.pop("layer", None)
        invert = rest.pop("invert", False)
        if "\0" in str(path):
            raise ValueError("the path has a zero byte in it")
        if rest:
            raise ValueError(f"unknown keys: {', '.join(sorted(rest))}")
        for value, wanted in ((kind, str), (path, str), (layer or "", str), (invert, bool)):
            if not isinstance(value, wanted):
                raise TypeError(f"{value!r} is not a {wanted.__name__}")
        for frame in (first, last):
            if frame is not None and (isinstance(frame, bool) or not isinstance(frame, int)):
                raise TypeError(f"{frame!r} is not a frame")
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise PromptError(
            "prompt.held",
            f"A mask to hold in the JSON cannot be read: {problem}.",
            'Write {"kind": "core", "path": "core.####.exr"}; "range", "layer" and "invert" may be added.',
        ) from problem
    return HeldMask(kind, path, first, last, layer, invert)
