"""A shot as a client declares it: what does not change with every click, and its objects."""

from dataclasses import dataclass, replace
from typing import Any

from engine.contract.errors import ShotError
from engine.contract.plan import plan_shot, visits
from engine.contract.shot import MOST_FRAMES, Settings, Shot, ShotObject
from engine.contract.shot_json import objects_from_json, objects_to_json, settings_from_json, settings_to_json


@dataclass(frozen=True)
class Declaration:
    """A shot in the store.

    Attributes:
        first, last: frame range, both included.
        width, height: of every plate in pixels.
        settings: how it is tracked; a job may choose another direction.
        model: as `mam2 matte --model` takes it.
        objects: with their prompts; there may be none yet.
        layers: what the mattes' files hold beside alpha, trimap and mask: `fg`, `despill`, `bg`, `cryptomatte`,
            `premult`, see `engine.media.further`.
    """

    first: int
    last: int
    width: int
    height: int
    settings: Settings = Settings()  # noqa: RUF009 - frozen
    model: str = "starter"
    objects: tuple[ShotObject, ...] = ()
    layers: tuple[str, ...] = ()

    def shot(self, direction: str | None = None) -> Shot:
        """Give what is tracked, checked: with this direction, or with the declared one.

        Raises:
            ShotError, PromptError: it does not hold together; without a prompt there is nothing to track.
        """
        settings = replace(self.settings, direction=direction) if direction else self.settings
        return Shot(self.first, self.last, self.width, self.height, self.objects, settings)

    def check(self) -> None:
        """Check what is there; objects may still be missing.

        Raises:
            ShotError, PromptError: as `Shot`.
        """
        if self.objects:
            self.shot()
            return
        if not 0 <= self.last - self.first < MOST_FRAMES or self.width < 1 or self.height < 1:
            raise ShotError(
                "shot.range",
                f"Frames {self.first}-{self.last} of {self.width}x{self.height} pixels are no shot.",
                f"Give a range of 1 to {MOST_FRAMES} frames and the plates' size.",
            )


def declaration_to_json(declaration: Declaration) -> dict[str, Any]:
    """Give a declaration as JSON data; `declaration_from_json` is the inverse."""
    return {
        "version": 1,
        "range": [declaration.first, declaration.last],
        "size": [declaration.width, declaration.height],
        "settings": settings_to_json(declaration.settings),
        "model": declaration.model,
        "objects": objects_to_json(declaration.objects),
        "layers": list(declaration.layers),
    }


def declaration_from_json(data: dict[str, Any]) -> Declaration:
    """Read a declaration.

    Raises:
        ShotError: `shot.version` for data of a newer engine, or as `Declaration.check`.
        PromptError: as `objects_from_json`.
    """
    if data.get("version") != 1:
        raise ShotError(
            "shot.version",
            f"The shot was written by another version of the engine (format {data.get('version')!r}).",
            "Use that version, or delete the shot and send it again.",
        )
    (first, last), (width, height) = data["range"], data["size"]
    settings, objects = settings_from_json(data.get("settings", {})), objects_from_json(data.get("objects", []))
    model, layers = data.get("model", "starter"), tuple(data.get("layers", ()))
    declaration = Declaration(first, last, width, height, settings, model, objects, layers)
    declaration.check()
    return declaration


def tracked_frames(shot: Shot) -> tuple[int, ...]:
    """Give the frames that tracking a shot from nothing gives mattes to, in the order in which they are done."""
    return tuple(visit.frame for visit in visits(plan_shot(shot), lambda *_: False, lambda _: False) if visit.deliver)
