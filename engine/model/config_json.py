"""Frozen configs to JSON values and back: a weights file says by itself which structure its tensors fill."""

from dataclasses import asdict, is_dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

_Config = TypeVar("_Config")


def config_to_json(config: object) -> dict[str, Any]:
    """Give a config's settings by name, nested configs as nested objects."""
    if not is_dataclass(config) or isinstance(config, type):
        raise TypeError(f"{config!r} is no config")
    return asdict(config)


def config_from_json(kind: type[_Config], data: object) -> _Config:
    """Build a config from what `config_to_json` gave, possibly by an older version: new settings take their default.

    Args:
        kind: the config's class.
        data: decoded JSON.

    Raises:
        KeyError: a setting that this version does not know; its name is the error's argument.
        TypeError: a setting of the wrong type, or one without a default is not there.
        ValueError: the settings contradict each other.
    """
    if not isinstance(data, dict):
        raise TypeError(f"{kind.__name__} is not an object")
    hints = get_type_hints(kind)
    for name in data:
        if name not in hints:
            raise KeyError(name)
    return kind(**{name: _value(hints[name], value, name) for name, value in data.items()})


def _value(hint: Any, value: Any, name: str) -> Any:
    if type(None) in get_args(hint):
        (hint,) = (one for one in get_args(hint) if one is not type(None))
        if value is None:
            return None
    if is_dataclass(hint):
        return config_from_json(hint, value)  # type: ignore[arg-type]
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise TypeError(f"{name} is not a list")
        inner = get_args(hint)
        kinds = inner[:1] * len(value) if inner[-1] is Ellipsis else inner
        if len(kinds) != len(value):
            raise TypeError(f"{name} has {len(value)} entries, not {len(kinds)}")
        return tuple(_value(one, entry, name) for one, entry in zip(kinds, value, strict=True))
    if type(value) is not hint and not (hint is float and type(value) is int):
        raise TypeError(f"{name} is not {hint.__name__}")
    return value
