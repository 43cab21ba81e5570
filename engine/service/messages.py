"""What the service and its processes say to each other: JSON, a line each, through the process's standard streams.

Messages are what lies on the wire; their types say what stands in each. `do` tells orders apart, `is` a worker's news.
To the viewer go `do`, the `id` of its answer, and what it is about (see `viewer.loop`); `stop` names what to leave;
from it come `id` with `ok`, `error` as `EngineError.to_json`, or `progress`, which comes before either.
"""

import json
from typing import Any, Literal, TypeAlias, TypedDict

MOST_NAMED = 10_000  # frames in one message: what does not fit into a pipe's line ends its reader


class Prepare(TypedDict):
    """Load a model: a job is to be expected."""

    do: Literal["prepare"]
    model: str


class Work(TypedDict):
    """Do a job, `preview`, `track` or `batch`; `frame` and `width` are of a preview, `direction` of a track."""

    do: Literal["job"]
    id: str
    shot: str
    kind: str
    frame: int | None
    width: int | None
    direction: str | None


class Watch(TypedDict):
    """Somebody looks at a frame: encode its plate while there is nothing else to do."""

    do: Literal["watch"]
    shot: str
    frame: int


class Cancel(TypedDict):
    """Leave a job."""

    do: Literal["cancel"]
    id: str


class Poke(TypedDict):
    """Look again: the frame's plate is new; without one, the declaration is."""

    do: Literal["poke"]
    shot: str
    frame: int | None


class Forget(TypedDict):
    """The shot is gone."""

    do: Literal["forget"]
    shot: str


Order: TypeAlias = Prepare | Work | Watch | Cancel | Poke | Forget
"""To a worker."""

Ready = TypedDict("Ready", {"is": Literal["ready"], "device": str, "name": str, "pid": int})
"""The process is there; `name` is the hardware's own."""
Refused = TypedDict("Refused", {"is": Literal["refused"], "error": dict[str, Any]})
"""The process cannot work on its device, and ends; `error` as `EngineError.to_json`."""
Alive = TypedDict("Alive", {"is": Literal["alive"], "busy": float})
"""A sign of life; `busy`: seconds since the process has begun what it is doing, 0 while it waits."""
Started = TypedDict("Started", {"is": Literal["started"], "id": str, "total": int})
"""A job has begun, or begun anew, and will give so many frames."""
FrameDone = TypedDict(
    "FrameDone", {"is": Literal["frame"], "id": str, "frame": int, "kept": bool, "quality": dict[str, int]}
)
"""A frame's mattes are on disk; `kept`: they were there and right before."""
Waiting = TypedDict("Waiting", {"is": Literal["waiting"], "id": str, "missing": list[int]})
"""A job waits for plates: the first of them, for of a long shot the list would be long."""
Failed = TypedDict("Failed", {"is": Literal["failed"], "id": str, "error": dict[str, Any]})
"""A job is over; `error` as `EngineError.to_json`."""
Ended = TypedDict("Ended", {"is": Literal["done", "cancelled"], "id": str})
"""A job is over."""

JobNews: TypeAlias = Started | FrameDone | Waiting | Failed | Ended
News: TypeAlias = Ready | Refused | Alive | JobNews
"""From a worker."""
Message: TypeAlias = dict[str, Any]
"""To the viewer, or from it."""


def to_line(message: Order | News | Message) -> bytes:
    """Give a message as one line."""
    return json.dumps(message).encode() + b"\n"


def from_line(line: bytes) -> Any:
    """Read a message, of whichever kind its reader expects; `to_line` is the inverse.

    Raises:
        ValueError: it is none.
    """
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError(f"{message!r} is no message")  # noqa: TRY004 - a bad line, whatever its type
    return message
