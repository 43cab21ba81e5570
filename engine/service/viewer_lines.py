"""What the service and the viewer say to each other: JSON, a line each, through the viewer's standard streams.

To the viewer: `do`, the `id` of its answer, and what it is about (see `viewer.loop`); `stop` names what to leave.
From it: `id` with `ok`, `error` as `EngineError.to_json`, or `progress`, which comes before either.
"""

import json
from typing import Any

Message = dict[str, Any]


def to_line(message: Message) -> bytes:
    """Give a message as one line; `from_line` is the inverse."""
    return json.dumps(message).encode() + b"\n"


def from_line(line: bytes) -> Message:
    """Read a message."""
    message: Message = json.loads(line)
    return message
