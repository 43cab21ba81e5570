"""Every plate of a range, looked at before the first one is matted."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np

from engine.contract.errors import PlateError
from engine.contract.frames import spell_runs

from . import images
from .sequences import SequenceSource
from .source import PlateSource

READERS = 8  # opening files waits for disks and networks more than for processors
# In these, rows lie where they are found without decoding those before: the last one shows a file cut short.
_ROWS_APART = frozenset({".exr", ".sxr", ".dpx", ".tif", ".tiff"})


def check_plates(source: PlateSource, first: int, last: int, stop: Event) -> None:
    """Check that each plate exists, is a whole image and has the size of the first.

    Headers and, where that is cheap, the last row of pixels are read. Damage inside a file, and a PNG or JPEG cut
    short, come out when the frame is matted: the frames before it are done then, and stay.

    Raises:
        PlateError: as `PlateSource.read`, for the first frame that is not as it should be.
    """
    missing = source.gaps(first, last)
    if missing:
        alone = len(missing) == 1 and len(missing[0]) == 1
        raise PlateError(
            "plates.missing",
            f"Frame{'' if alone else 's'} {spell_runs(missing)} of '{source.name}' {'is' if alone else 'are'} missing.",
            f"The plates run {source.first}-{source.last}: render what is missing, or give a --range without it.",
        )
    if not isinstance(source, SequenceSource):
        return

    def check(frame: int) -> PlateError | None:
        return None if stop.is_set() else _problem(source, frame)

    with ThreadPoolExecutor(READERS) as readers:
        problem = next(filter(None, readers.map(check, range(first, last + 1))), None)
        if problem is not None:
            readers.shutdown(wait=False, cancel_futures=True)
            raise problem


def _problem(source: SequenceSource, frame: int) -> PlateError | None:
    path = source.path_of(frame)
    try:
        header = source.header(frame)
        if path.suffix.lower() in _ROWS_APART:
            _read_last_row(source, frame, header)
    except PlateError as problem:
        return problem
    return None


def _read_last_row(source: SequenceSource, frame: int, header: images.ImageHeader) -> None:
    path = source.path_of(frame)
    with images.open_image(path) as image:
        image.seek_subimage(header.choice.part, 0)
        spec = image.spec()
        low, high = min(header.choice.channels), max(header.choice.channels) + 1
        bottom = spec.y + spec.height
        if spec.tile_width:
            rows = (bottom - spec.y - 1) // spec.tile_height * spec.tile_height + spec.y
            columns = (spec.width - 1) // spec.tile_width * spec.tile_width + spec.x
            right = spec.x + spec.width
            row = image.read_tiles(header.choice.part, 0, columns, right, rows, bottom, 0, 1, low, high, "float")
        else:
            row = image.read_scanlines(header.choice.part, 0, bottom - 1, bottom, 0, low, high, "float")
        complaint = image.geterror()
    if row is None or complaint or not np.size(row):
        raise images.damaged(path, complaint)
