"""The header of a weights file: what it holds. Read without torch, so that a list of models costs nothing.

A weights file is a safetensors file whose metadata begins with `mam2.`: the format's version, the config's name,
the parts it holds (tracker, matter, the network of trimaps from pictures), every setting of these, and a hash of the
tensors.
"""

import json
from dataclasses import asdict, dataclass, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from engine.contract.errors import ModelError
from engine.model.config import (
    CONFIGS,
    MEMATTE_S,
    PICTURE_TRIMAP,
    STARTER_MATTER,
    VITMATTE_S,
    LoraSettings,
    MatterConfig,
    PictureTrimapConfig,
    TrackerConfig,
)

FORMAT_VERSION = 1
PARTS = ("tracker", "matter", "trimap")
RESERVED = "mam2."

MATTERS: dict[str, MatterConfig] = {
    "mematte-s": MEMATTE_S,
    "mematte-b": replace(MEMATTE_S, dim=768, heads=12),
    "vitmatte-s": VITMATTE_S,
    "vitmatte-b": replace(VITMATTE_S, dim=768, heads=12),
    "starter": STARTER_MATTER,
}
"""Matters by name, in the order in which one is chosen when nobody says which."""
TRIMAPS: dict[str, PictureTrimapConfig] = {"picture-trimap": PICTURE_TRIMAP}
"""Networks that make a trimap of a picture and any mask, by the name of a file that holds nothing else."""

_LENGTH = 8  # bytes of the safetensors header's own length, little-endian
_LONGEST = 100_000_000  # bytes; the limit that safetensors itself sets
_DIGITS = 9  # of the format's number
_LARGEST, _MOST_ENTRIES = 1 << 16, 64  # a setting and a list of them; what is far beyond would take all memory there is
_AGAIN = "Copy or import it again: what is there is not whole."

_Config = TypeVar("_Config")


@dataclass(frozen=True)
class Contents:
    """What a weights file holds.

    Attributes:
        name: the config: a key of `CONFIGS`, or of `MATTERS` or `TRIMAPS` for such a part alone.
        tracker: the tracker's structure; None when the file has no tracker.
        lora: the adapters that lie beside the encoder's weights; None when there are none or they are merged.
        trimap_from: `decoder` where the tracker has learnt trimaps; anything else for SAM 2.1's own weights.
        matter: the matter's structure; None when the file has no matter.
        trimap: that of the network of trimaps from pictures; None when the file has none.
    """

    name: str
    tracker: TrackerConfig | None = None
    lora: LoraSettings | None = None
    trimap_from: str = "decoder"
    matter: MatterConfig | None = None
    trimap: PictureTrimapConfig | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """Some of `PARTS`."""
        return tuple(part for part in PARTS if getattr(self, part) is not None)

    @property
    def part(self) -> str:
        """`model` for one that mattes, else the first of its parts."""
        return "model" if {"tracker", "matter"} <= set(self.parts) else self.parts[0]

    def only(self, *parts: str) -> "Contents":
        """Give what is left with these parts alone."""
        gone: dict[str, Any] = dict.fromkeys(part for part in PARTS if part not in parts)
        if "tracker" in gone:
            gone["lora"] = None
        return replace(self, **gone)

    def to_header(self) -> dict[str, str]:
        """Give the metadata that `from_header` reads."""
        settings: dict[str, Any] = {"trimap_from": self.trimap_from}
        for name in ("tracker", "lora", "matter"):
            config = getattr(self, name)
            settings[name] = None if config is None else config_to_json(config)
        if self.trimap is not None:  # else versions that know of no such part can read the file
            settings["trimap"] = config_to_json(self.trimap)
        return {
            "mam2.format": str(FORMAT_VERSION),
            "mam2.config": self.name,
            "mam2.parts": " ".join(self.parts),
            "mam2.matter": "" if self.matter is None else matter_name(self.matter),
            "mam2.settings": json.dumps(settings, sort_keys=True),
        }

    @classmethod
    def from_header(cls, header: dict[str, str], file: str) -> "Contents":
        """Read `to_header`'s metadata.

        Args:
            header: from `read_header`.
            file: the file's name, for the errors.

        Raises:
            ModelError: an unknown config, a setting of a newer version, or nonsense.
        """
        name = header.get("mam2.config", "")
        if name not in CONFIGS and name not in MATTERS and name not in TRIMAPS:
            raise ModelError(
                "model.config",
                f"{file} holds weights of '{name}', a model that this version does not know.",
                f"Update mam2, or use one of: {', '.join(CONFIGS)}.",
            )
        try:
            settings = json.loads(header["mam2.settings"])
            contents = cls(
                name,
                _optional(TrackerConfig, settings["tracker"]),
                _optional(LoraSettings, settings["lora"]),
                str(settings["trimap_from"]),
                _optional(MatterConfig, settings["matter"]),
                _optional(PictureTrimapConfig, settings.get("trimap")),
            )
        except KeyError as unknown:
            raise ModelError(
                "model.version",
                f"{file} has a setting {unknown} where this version expects others.",
                "Update mam2 to the version that wrote the file.",
            ) from unknown
        except (TypeError, ValueError, RecursionError) as wrong:
            raise ModelError("model.config", f"The settings in {file} make no sense: {wrong}.", _AGAIN) from wrong
        if not contents.parts or " ".join(contents.parts) != header.get("mam2.parts"):
            raise ModelError("model.config", f"The header of {file} contradicts itself on what it holds.", _AGAIN)
        return contents


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


def matter_name(config: MatterConfig) -> str:
    """Give the name of a matter's structure; `custom` when it is none of `MATTERS`."""
    return next((name for name, known in MATTERS.items() if known == config), "custom")


def read_header(path: Path) -> dict[str, str]:
    """Give the metadata of a weights file; the file's length is checked against what its header promises.

    Raises:
        ModelError: `model.missing`, `model.unreadable`, `model.corrupt`, `model.unknown` (no weights file of
            ours) or `model.version` (written by a newer version).
    """
    if not path.is_file():
        raise ModelError("model.missing", f"There is no weights file {path}.", "Check the path or the model's name.")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(_LENGTH + 1)
            length = int.from_bytes(start[:_LENGTH], "little")
            text = start[_LENGTH:] + file.read(min(max(length - 1, 0), _LONGEST))
    except OSError as error:
        raise ModelError(
            "model.unreadable", f"{path} cannot be read: {error.strerror}.", "Check its permissions."
        ) from error
    if size == 0:
        raise ModelError("model.corrupt", f"{path.name} is empty.", _AGAIN)
    if start[_LENGTH:] != b"{":
        raise ModelError(
            "model.unknown",
            f"{path.name} is not a weights file of mam2.",
            "Official .pt and .pth files are taken in with: mam2 weights import FILE.",
        )
    if length > min(size - _LENGTH, _LONGEST):
        raise ModelError("model.corrupt", f"{path.name} ends inside its own header.", _AGAIN)
    return _check_header(text[:length], size - _LENGTH - length, path)


def _check_header(text: bytes, data_size: int, path: Path) -> dict[str, str]:
    try:
        table = json.loads(text)
        header = {str(key): str(value) for key, value in table.pop("__metadata__", {}).items()}
        end = max((int(entry["data_offsets"][1]) for entry in table.values()), default=0)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise ModelError("model.corrupt", f"The header of {path.name} is damaged.", _AGAIN) from error
    if end != data_size:
        raise ModelError(
            "model.corrupt", f"{path.name} holds {data_size:,} bytes of weights instead of {end:,}.", _AGAIN
        )
    if "mam2.format" not in header:
        raise ModelError(
            "model.unknown",
            f"{path.name} holds tensors, but not in the format of mam2.",
            "Take official weights in with: mam2 weights import FILE.",
        )
    version = header["mam2.format"]
    if not version.isdecimal() or len(version) > _DIGITS:
        raise ModelError("model.corrupt", f"{path.name} names '{version[:40]}' as its format.", _AGAIN)
    if int(version) > FORMAT_VERSION:
        raise ModelError(
            "model.version",
            f"{path.name} was written by a newer mam2 (format {version}; this one reads {FORMAT_VERSION}).",
            "Update mam2 to use it.",
        )
    return header


def _optional(kind: type[_Config], data: object) -> _Config | None:
    return None if data is None else config_from_json(kind, data)


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
        if len(value) > _MOST_ENTRIES:
            raise ValueError(f"{name} has {len(value)} entries")
        inner = get_args(hint)
        kinds = inner[:1] * len(value) if inner[-1] is Ellipsis else inner
        if len(kinds) != len(value):
            raise TypeError(f"{name} has {len(value)} entries, not {len(kinds)}")
        return tuple(_value(one, entry, name) for one, entry in zip(kinds, value, strict=True))
    if type(value) is not hint and not (hint is float and type(value) is int):
        raise TypeError(f"{name} is not {hint.__name__}")
    if hint is int and abs(value) > _LARGEST:
        raise ValueError(f"{name} is larger than {_LARGEST}")
    return value
