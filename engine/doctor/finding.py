"""What one check says."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from engine.doctor.facts import Machine

OK, WARNING, FAULT = "ok", "warning", "fault"


@dataclass(frozen=True)
class Finding:
    """One line of a report.

    Attributes:
        subject: one word: what was looked at.
        state: `ok`, `warning` (works, but not as it could) or `fault` (something will not work).
        says: what was found. Paths stand in single quotes, so that they can be taken out.
        cure: what to do; empty when nothing has to be done.
    """

    subject: str
    state: str
    says: str
    cure: str = ""


Check = Callable[[Machine], Iterable[Finding]]
