"""The one tree of errors: a stable code, a sentence for the artist, what to do next."""

import errno
from typing import Any, Dict, Type

DISK_FULL = frozenset(getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG") if hasattr(errno, name))
"""The system's ways to say that a file has no room: the disk's, the user's share of it where there is such, the file's
own limit."""


class EngineError(Exception):
    """Something the artist or the pipeline can act on.

    Args:
        code: stable machine name, `area.what`, e.g. `plates.missing`. Never changes once released.
        message: one sentence that says what happened and why.
        hint: one sentence that says what to do next.
    """

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(code, message, hint)  # what pickling makes it again from
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}"

    def to_json(self) -> Dict[str, str]:
        """Give the error as it crosses the wire: `kind`, `code`, `message`, `hint`."""
        return {"kind": type(self).__name__, "code": self.code, "message": self.message, "hint": self.hint}


class ShotError(EngineError):
    """The shot as declared does not hold together: range, size, names, settings."""


class PromptError(EngineError):
    """A prompt is missing, outside the plate, outside the range or unreadable."""


class PlateError(EngineError):
    """A plate is missing, damaged, or does not fit the others."""


class ColourError(EngineError):
    """A colour space or configuration is unknown or cannot be used."""


class ModelError(EngineError):
    """A model, its weights or its device cannot be used."""


class OutputError(EngineError):
    """A matte cannot be written."""


class ServiceError(EngineError):
    """The engine cannot be reached, or refuses what was asked of it: unknown shot or job, no permission, no room."""


_KINDS: Dict[str, Type[EngineError]] = {
    kind.__name__: kind
    for kind in (EngineError, ShotError, PromptError, PlateError, ColourError, ModelError, OutputError, ServiceError)
}


def error_from_json(data: Dict[str, Any]) -> EngineError:
    """Rebuild an error from `EngineError.to_json`; an unknown kind becomes a plain `EngineError`."""
    kind = _KINDS.get(str(data.get("kind", "")), EngineError)
    return kind(
        str(data.get("code", "engine.unknown")),
        str(data.get("message", "The engine reported an error without a message.")),
        str(data.get("hint", "Look at the engine's log.")),
    )
