"""What a run says of itself: a CSV file that can be plotted, and TensorBoard's events where that is installed."""

import csv
import importlib.util
from pathlib import Path


class Log:
    """The log of one stage in a run's folder; going on appends to it."""

    def __init__(self, folder: Path, stage: str) -> None:
        self._path = folder / f"{stage}.csv"
        self._events = None
        if importlib.util.find_spec("tensorboard"):
            from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - an extra that need not be there

            self._events = SummaryWriter(str(folder / "events" / stage))

    def write(self, step: int, means: dict[str, float]) -> None:
        """Add the means of some steps, the last of which is `step`."""
        known = self._columns() or ["step", *means]
        with self._path.open("a", newline="") as file:
            writer = csv.DictWriter(file, known, restval="", extrasaction="ignore")
            if file.tell() == 0:
                writer.writeheader()
            writer.writerow({"step": step, **{name: f"{value:.6g}" for name, value in means.items()}})
        if self._events is not None:
            for name, value in means.items():
                self._events.add_scalar(name, value, step)

    def close(self) -> None:
        """Write out what is not yet on disk."""
        if self._events is not None:
            self._events.close()

    def _columns(self) -> list[str]:
        if not self._path.exists():
            return []
        with self._path.open(newline="") as file:
            return next(csv.reader(file), [])
