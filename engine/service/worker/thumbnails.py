"""`python -m engine.service.worker.thumbnails`: small pictures of a shot's frames, made without torch.

One line of JSON asks for a picture, one answers, until the standard input ends; `service.thumbnails` is the other side.
"""

import base64
import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engine.contract.errors import EngineError, ServiceError
from engine.media.matte_files import read_matte
from engine.media.pictures import eight_bit, over_checker
from engine.media.source import Pixels
from engine.service.store import StoredShot, store_unusable
from engine.service.stored_plates import PlateAwaited, StoredPlates

WIDTH = 304


def main() -> None:
    """Make the pictures that are asked for."""
    for line in sys.stdin:
        asked = json.loads(line)
        answer: dict[str, Any] = {}
        try:
            jpeg = thumbnail(StoredShot(Path(asked["shot"])), asked["frame"], asked["of"])
            answer["jpeg"] = base64.b64encode(jpeg).decode()
        except EngineError as problem:
            answer["error"] = problem.to_json()
        except OSError as problem:
            answer["error"] = store_unusable(problem).to_json()
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def thumbnail(stored: StoredShot, frame: int, of: str) -> bytes:
    """Make a JPEG.

    Args:
        stored: the shot.
        frame: the host's number.
        of: `plate`, `alpha` (of all objects together) or `comp` (the plate by its alpha over a checkerboard).

    Raises:
        ServiceError: `matte.missing` when plate or matte is not there.
        PlateError: it cannot be read.
    """
    path = stored.matte(frame)
    if of != "plate" and not path.is_file():
        raise _missing(stored, frame)
    if of == "alpha":
        alpha = _small(read_matte(path)["A"])
        picture = np.repeat(alpha[..., None], 3, axis=2)
    else:
        declaration = stored.declaration()
        plates = StoredPlates(stored, (declaration.width, declaration.height), declaration.settings.colourspace)
        try:
            plate = _small(plates.display(frame))
        except PlateAwaited:
            raise _missing(stored, frame) from None
        picture = plate if of == "plate" else over_checker(plate, _small(read_matte(path)["A"]))
    _, jpeg = cv2.imencode(".jpg", eight_bit(picture)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    return jpeg.tobytes()


def _small(image: Pixels) -> Pixels:
    height = max(1, round(image.shape[0] * WIDTH / image.shape[1]))
    method = cv2.INTER_AREA if image.shape[1] > WIDTH else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (WIDTH, height), interpolation=method), np.float32)


def _missing(stored: StoredShot, frame: int) -> ServiceError:
    return ServiceError("matte.missing", f"Frame {frame} of '{stored.name}' is not there yet.", "Track the shot first.")


if __name__ == "__main__":
    main()
