"""Whose turn it is: previews before tracks before batches, shots in turn, a waiting job not at all."""

from dataclasses import dataclass

PRIORITIES = ("preview", "track", "batch")


@dataclass
class _Entry:
    job: str
    shot: str
    priority: int
    ready: bool = True


class Schedule:
    """The jobs of one worker. Asked between any two frames, so whatever is urgent waits for one frame at most."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}  # in the order of arrival
        self._served: dict[str, int] = {}
        self._turns = 0

    def __contains__(self, job: str) -> bool:
        return job in self._entries

    def add(self, job: str, shot: str, priority: str) -> None:
        """Put a job at the end of its line.

        Args:
            job: its id.
            shot: jobs of one shot are done one after another.
            priority: one of `PRIORITIES`.
        """
        self._entries[job] = _Entry(job, shot, PRIORITIES.index(priority))

    def remove(self, job: str) -> None:
        """Take a job out; nothing happens if it is not there."""
        self._entries.pop(job, None)

    def set_ready(self, job: str, *, ready: bool) -> None:
        """Say whether a job can go on, or waits for something."""
        if job in self._entries:
            self._entries[job].ready = ready

    def jobs_of(self, shot: str) -> list[str]:
        """Give the jobs of a shot, in the order of arrival."""
        return [entry.job for entry in self._entries.values() if entry.shot == shot]

    def next(self, turns: int) -> str | None:
        """Choose the job that does one frame now: of the most urgent, the one whose shot was served longest ago.

        Args:
            turns: how many shots take turns; those whose jobs came later wait for a place.
        """
        heads: dict[tuple[str, int], _Entry] = {}
        for entry in self._entries.values():
            heads.setdefault((entry.shot, entry.priority), entry)
        able = [entry for entry in heads.values() if entry.ready]
        if not able:
            return None
        urgent = min(entry.priority for entry in able)
        in_turn = [entry for entry in able if entry.priority == urgent][:turns]
        chosen = min(in_turn, key=lambda entry: self._served.get(entry.shot, 0))
        self._turns += 1
        self._served[chosen.shot] = self._turns
        return chosen.job
