"""What the service and a worker say to each other: JSON, a line each, through the worker's standard streams."""

import json
from typing import Any

Message = dict[str, Any]

# To a worker, under `do`: `prepare` (model: of a job that is to be expected), `job` (id, shot, kind, frame or
# direction), `cancel` (id), `poke` (shot, frame: its plate is new; without one, prompts are), `forget` (shot). From a
# worker, under `is`: `ready` (device, pid), and of a job (id): `started` (total), `frame` (frame, kept, quality),
# `waiting` (missing), `done`, `failed` (error), `cancelled`.


def to_line(message: Message) -> bytes:
    """Give a message as one line."""
    return json.dumps(message).encode() + b"\n"


def from_line(line: bytes) -> Message:
    """Read a message; `to_line` is the inverse.

    Raises:
        ValueError: it is none.
    """
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError(f"{message!r} is no message")  # noqa: TRY004 - a bad line, whatever its type
    return message
