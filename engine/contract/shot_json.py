"""A shot, its objects and its prompts as JSON data and back; each pair is an exact inverse."""

from difflib import get_close_matches
from typing import Any, Dict, List, Sequence, Tuple

from .errors import PromptError, ShotError
from .finesse import finesse_from_json, finesse_to_json
from .held import held_from_json, held_to_json
from .shot import Box, MaskPrompt, Point, Prompt, Settings, Shot, ShotObject

SHOT_KEYS = ("version", "range", "size", "objects", "settings")
FILE_KEYS = ("plates", "model")
"""What a shot file may hold besides: where its plates are, and what mattes it."""


def refuse_unknown(data: Dict[str, Any], known: Sequence[str], where: str) -> None:
    """Refuse a key that nobody would read: it is a slip, and its value would be missed in silence.

    Raises:
        ShotError: `shot.json`, naming the key and the one that was probably meant.
    """
    for key in data:
        if key not in known:
            near = get_close_matches(str(key), known, 1)
            raise ShotError(
                "shot.json",
                "{} has a key '{}' that means nothing here.".format(where, key),
                "Did you mean '{}'?".format(near[0]) if near else "Known: {}.".format(", ".join(known)),
            )


def prompt_to_json(prompt: Prompt) -> Dict[str, Any]:
    """Give a prompt as JSON data; `prompt_from_json` is the inverse."""
    if isinstance(prompt, Point):
        return {
            "kind": "point",
            "frame": prompt.frame,
            "x": prompt.x,
            "y": prompt.y,
            "positive": prompt.positive,
        }
    if isinstance(prompt, Box):
        corners = [prompt.x0, prompt.y0, prompt.x1, prompt.y1]
        return {"kind": "box", "frame": prompt.frame, "box": corners}
    return {"kind": "mask", "frame": prompt.frame, "path": prompt.path}


def prompt_from_json(data: Any) -> Prompt:
    """Read a prompt from JSON data.

    Raises:
        PromptError: an unknown kind, a missing or extra key, a value of the wrong type.
    """
    try:
        rest = dict(data)
        kind, frame = rest.pop("kind"), _integer(rest.pop("frame"))
        prompt: Prompt
        if kind == "point":
            positive = rest.pop("positive", True)
            if not isinstance(positive, bool):
                raise TypeError("'positive' is true or false")
            prompt = Point(frame, _number(rest.pop("x")), _number(rest.pop("y")), positive)
        elif kind == "box":
            x0, y0, x1, y1 = (_number(value) for value in rest.pop("box"))
            prompt = Box(frame, x0, y0, x1, y1)
        elif kind == "mask":
            path, layer = str(rest.pop("path")), rest.pop("layer", None)
            if "\0" in path:
                raise ValueError("the path has a zero byte in it")
            prompt = MaskPrompt(frame, path if layer is None else f"{path}:{layer}")
        else:
            raise ValueError(f"unknown kind {kind!r}")
        if rest:
            raise ValueError(f"unknown keys: {', '.join(sorted(rest))}")
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise PromptError(
            "prompt.json",
            f"A prompt in the JSON cannot be read: {problem}.",
            'Write {"kind": "point", "frame": 1, "x": 10, "y": 20} or kind "box" with "box", "mask" with "path".',
        ) from problem
    return prompt


def objects_to_json(objects: Tuple[ShotObject, ...]) -> List[Dict[str, Any]]:
    """Give objects as JSON data; `objects_from_json` is the inverse."""
    return [
        {
            "name": thing.name,
            "prompts": [prompt_to_json(prompt) for prompt in thing.prompts],
            **({"held": [held_to_json(held) for held in thing.held]} if thing.held else {}),
        }
        for thing in objects
    ]


def objects_from_json(data: Any) -> Tuple[ShotObject, ...]:
    """Read objects from JSON data: a list, or anything with such a list under `objects`."""
    try:
        rows = data["objects"] if isinstance(data, dict) else data
        for row in rows:
            refuse_unknown(row, ("name", "prompts", "held"), "An object")
        return tuple(
            ShotObject(
                str(row["name"]),
                tuple(prompt_from_json(item) for item in row["prompts"]),
                tuple(held_from_json(item) for item in row.get("held", ())),
            )
            for row in rows
        )
    except (AttributeError, KeyError, TypeError) as problem:
        raise PromptError(
            "prompt.json",
            f"The prompts' JSON has not the expected form ({problem!r}).",
            'Write {"objects": [{"name": "...", "prompts": [...]}]}.',
        ) from problem


def settings_to_json(settings: Settings) -> Dict[str, Any]:
    """Give settings as JSON data; `settings_from_json` is the inverse. Finesse that changes nothing is left out."""
    data = {name: value for name, value in vars(settings).items() if name != "finesse"}
    finesse = finesse_to_json(settings.finesse)
    return {**data, "finesse": finesse} if finesse else data


def settings_from_json(data: Any) -> Settings:
    """Read settings from JSON data.

    Raises:
        ShotError: an unknown key, or as `Settings` and `finesse_from_json`.
        AttributeError, TypeError: they are no object.
    """
    refuse_unknown(data, tuple(vars(Settings())), "The shot's settings")
    return Settings(**{**data, "finesse": finesse_from_json(data.get("finesse", {}))})


def shot_to_json(shot: Shot) -> Dict[str, Any]:
    """Give a shot as JSON data; `shot_from_json` is the inverse."""
    return {
        "version": 1,
        "range": [shot.first, shot.last],
        "size": [shot.width, shot.height],
        "objects": objects_to_json(shot.objects),
        "settings": settings_to_json(shot.settings),
    }


def shot_from_json(data: Any) -> Shot:
    """Read a shot from JSON data.

    Raises:
        ShotError: a version this engine does not know, a missing key, a value of the wrong type.
        PromptError: a prompt that cannot be read or does not fit the shot.
    """
    if isinstance(data, dict):
        refuse_unknown(data, SHOT_KEYS + FILE_KEYS, "The shot's JSON")
    try:
        if data["version"] != 1:
            raise ValueError(f"version {data['version']!r} is unknown to this engine")
        first, last = (_integer(value) for value in data["range"])
        width, height = (_integer(value) for value in data["size"])
        settings = settings_from_json(data.get("settings", {}))
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise ShotError(
            "shot.json",
            f"The shot's JSON cannot be read: {problem}.",
            "Compare it with the form in the README.",
        ) from problem
    return Shot(first, last, width, height, objects_from_json(data), settings)


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r} is not a whole number")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{value!r} is not a number")
    return float(value)
