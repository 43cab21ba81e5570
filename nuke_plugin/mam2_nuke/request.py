"""The node and the graph around it, read once into what the engine is asked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Optional

import nuke

from .colourspace import colourspace
from .contract import MaskPrompt, PlateError, PromptError, Settings, Shot, ShotObject
from .coordinates import Frame
from .holding import HeldInput, read_held, with_held
from .knobs import QUALITIES
from .names import object_name
from .prompts import read_objects
from .upstream import Upstream, upstream_of

_MOST_FRAMES = 100_000
_LAYERS = {"foreground": "fg", "premultiplied": "premult", "cryptomatte": "cryptomatte"}
"""What the engine calls the layers that knobs ask for."""


@dataclass(frozen=True)
class TrackRequest:
    """All that a track depends on, for one view.

    Attributes:
        name: the shot's name in the engine.
        view: its name in Nuke; empty in a script of one view.
        shot: range, size, objects and settings; mask prompts have no file yet, see `with_masks`.
        model: name of the model.
        frame: the plate's geometry.
        mask_object: object that the mask input is a prompt of; empty: it is none.
        mask_frames: frames on which it is.
        plates: what lies upstream of the plate input, so far as it decides pixels.
        masks: the same of the mask input.
        held: the core and garbage inputs that are connected.
        layers: what the mattes' files hold besides, in the engine's words.
    """

    name: str
    view: str
    shot: Shot
    model: str
    frame: Frame
    mask_object: str
    mask_frames: tuple[int, ...]
    plates: Upstream
    masks: Upstream
    held: tuple[HeldInput, ...] = ()
    layers: tuple[str, ...] = ()

    def with_masks(self, paths: list[str], held: dict[str, str]) -> tuple[ShotObject, ...]:
        """Give the objects with the mask input's frames as files, in the order of `mask_frames`, and what holds them.

        Args:
            paths: of the mask input's frames.
            held: patterns of the core and garbage inputs' frames, by kind.
        """
        objects = _with_masks(self.shot.objects, self.mask_object, self.mask_frames, paths)
        return with_held(objects, self.held, held, self.shot.frames)


def read_requests(node: Any, before: Sequence["TrackRequest"] = ()) -> list[TrackRequest]:
    """Read the node, once a view.

    Args:
        node: the MAM2 node.
        before: an earlier reading whose graph still holds: walking through a large one at every drag of a point would
            be felt.

    Raises:
        PlateError: no plate, or one that cannot be tracked.
        PromptError, ShotError: what does not hold together, in the artist's words.
    """
    views = nuke.views()
    known = {request.view: request for request in before}
    if len(views) < 2:
        return [_read(node, "", None, known.get(""))]
    chosen = str(node["views"].value()).replace(",", " ").split() or views
    unknown = [view for view in chosen if view not in views]
    if unknown:
        raise PlateError("plates.view", f"The script has no view '{unknown[0]}'.", f"It has {', '.join(views)}.")
    return [_read(node, view, views.index(view) + 1, known.get(view)) for view in chosen]


def _read(node: Any, view: str, number: Optional[int], before: Optional[TrackRequest]) -> TrackRequest:
    plate = node.input(0)
    if plate is None:
        raise PlateError("plates.none", "There is no plate.", "Connect the node's first input to the plate.")
    frame = _frame(node, plate)
    first, last = int(node["first"].value()), int(node["last"].value())
    if last - first >= _MOST_FRAMES:
        raise PlateError("plates.range", f"The range {first}-{last} is too long.", "Press 'from input', or type it in.")
    span = range(first, last + 1)
    objects = read_objects(node, frame, span, number)
    mask_object, mask_frames = _mask(node)
    # Checked as a whole before anything is rendered: a file's name is all that is still unknown.
    objects = _with_masks(objects, mask_object, mask_frames, ["mask"] * len(mask_frames))
    shot = Shot(first, last, *frame.size, objects, _settings(node))
    if before is not None:
        above = before.plates, before.masks
    else:
        masks = upstream_of(node.input(1), mask_frames) if mask_object else Upstream()
        above = upstream_of(plate, span), masks
    uid = str(node["uid"].value())
    return TrackRequest(
        "nuke-{}{}".format(uid, "-" + view if view else ""),
        view,
        shot,
        str(node["model"].value()),
        frame,
        mask_object,
        mask_frames,
        *above,
        read_held(node, objects, span, None if before is None else before.held),
        tuple(layer for knob, layer in _LAYERS.items() if node[knob].value()),
    )


def _frame(node: Any, plate: Any) -> Frame:
    found = plate.format()
    shrunk = 1 + QUALITIES.index(node["quality"].value())
    frame = Frame(int(found.width()), int(found.height()), shrunk)
    if frame.width % shrunk or frame.height % shrunk:
        raise PlateError(
            "plates.odd",
            f"A plate of {frame.width}x{frame.height} pixels cannot be halved.",
            "Choose full quality, or reformat the plate to an even size.",
        )
    return frame


def _mask(node: Any) -> tuple[str, tuple[int, ...]]:
    if not node["mask_on"].value():
        return "", ()
    if node.input(1) is None:
        raise PromptError(
            "prompt.no_mask", "The mask input is to be a prompt, but nothing is connected to it.", "Connect a mask."
        )
    words = str(node["mask_frames"].value()).replace(",", " ").split()
    try:
        frames = tuple(sorted({int(frame) for word in words for frame in nuke.FrameRange(word)}))
    except (ValueError, RuntimeError):
        frames = ()
    if not frames:
        raise PromptError(
            "prompt.mask_frames",
            "'{}' names no frames for the mask.".format(node["mask_frames"].value()),
            "Write frames and ranges: 1001, 1040 or 1001-1100x10.",
        )
    return object_name(str(node["mask_object"].value())), frames


def _with_masks(
    objects: tuple[ShotObject, ...], name: str, frames: tuple[int, ...], paths: list[str]
) -> tuple[ShotObject, ...]:
    masks = tuple(MaskPrompt(frame, path) for frame, path in zip(frames, paths))
    if not masks:
        return objects
    if all(thing.name != name for thing in objects):
        return (*objects, ShotObject(name, masks))

    def own(thing: ShotObject) -> ShotObject:
        rest = tuple(prompt for prompt in thing.prompts if not isinstance(prompt, MaskPrompt))
        return replace(thing, prompts=(*rest, *masks)) if thing.name == name else thing

    return tuple(own(thing) for thing in objects)


def _settings(node: Any) -> Settings:
    return Settings(
        direction=str(node["direction"].value()),
        mode=str(node["mode"].value()),
        corrections=str(node["corrections"].value()),
        colourspace=colourspace(node),
    )
