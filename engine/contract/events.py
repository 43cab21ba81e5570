"""A job's progress as it comes over the wire: server-sent events."""

import json
from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, Iterator, List

ENDINGS = ("done", "failed", "cancelled")


@dataclass(frozen=True)
class JobEvent:
    """One thing that happened to a job.

    Attributes:
        id: its number within the job, from 1.
        kind: `queued`, `started`, `frame` (its mattes are there), `waiting` (for plates), `done`, `failed` or
            `cancelled`; the last three end the job.
        data: what belongs to it: `frame`, `done`, `total`, `missing`, `error`.
    """

    id: int
    kind: str
    data: Dict[str, Any] = field(default_factory=dict)

    @property
    def ends(self) -> bool:
        """Whether the job is over with this."""
        return self.kind in ENDINGS


def event_to_lines(event: JobEvent) -> str:
    """Give an event as text of an event stream; `events_from_lines` is the inverse."""
    return "id: {}\nevent: {}\ndata: {}\n\n".format(event.id, event.kind, json.dumps(event.data))


def events_from_lines(lines: Iterable[str]) -> Iterator[JobEvent]:
    """Read events from the lines of a stream; comments and half an event at the end are passed over."""
    fields: Dict[str, List[str]] = {}
    for raw in lines:
        line = raw.rstrip("\r\n")
        if line:
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
        elif fields:
            if "id" in fields and "event" in fields:
                yield JobEvent(int(fields["id"][-1]), fields["event"][-1], json.loads("\n".join(fields["data"])))
            fields = {}
