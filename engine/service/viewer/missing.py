"""The error of a picture of what is not there."""

from engine.contract.errors import ServiceError
from engine.service.store import StoredShot


def missing(stored: StoredShot, frame: int) -> ServiceError:
    """Say that a frame's plate or matte is not there."""
    return ServiceError("matte.missing", f"Frame {frame} of '{stored.name}' is not there yet.", "Track the shot first.")
