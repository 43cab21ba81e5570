"""What all runs of a shot share: its plates, and what the model's encoder made of them."""

from collections.abc import Iterable
from pathlib import Path

from engine.model.mam2 import MAM2
from engine.service.declaration import Declaration
from engine.service.store import StoredShot
from engine.service.stored_plates import StoredPlates
from engine.session.features import FeatureCache


class Footage:
    """A stored shot's plates and their features: each plate is encoded once, whichever way the shot is tracked.

    Args:
        stored: the shot.
        declaration: for its size and its plates' colour space.
        model: loaded.
        folder: an empty folder for the features.

    Attributes:
        model, plates, features: what a run needs.
    """

    def __init__(self, stored: StoredShot, declaration: Declaration, model: MAM2, folder: Path) -> None:
        self.model = model
        self._seen_as = _seen_as(declaration)
        self.plates = StoredPlates(stored, (declaration.width, declaration.height), declaration.settings.colourspace)
        self.features = FeatureCache(folder=folder)

    def serves(self, declaration: Declaration, model: MAM2) -> bool:
        """Tell whether features are what this model would make of these plates."""
        return model is self.model and _seen_as(declaration) == self._seen_as

    def renew(self, frames: Iterable[int] | None = None) -> bool:
        """Let go of what is known of plates that were replaced; tells whether there are any.

        Args:
            frames: those that may have been; None: any.
        """
        replaced = self.plates.replaced(frames)
        self.plates.forget(replaced)
        self.features.forget(replaced)
        return bool(replaced)

    def rest(self) -> None:
        """Let go of what is held ready in memory."""
        self.plates.rest()
        self.features.rest()

    def close(self) -> None:
        """Read no further; the folder is the caller's."""
        self.plates.close()


def _seen_as(declaration: Declaration) -> tuple[int, int, str | None]:
    return declaration.width, declaration.height, declaration.settings.colourspace
