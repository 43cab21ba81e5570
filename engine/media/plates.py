"""Open the plates of a shot, whatever they are, and look at each of a range before the first one is matted."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np

from engine.contract.errors import PlateError
from engine.contract.frames import spell_runs

from . import images, movies
from .colour import DisplayTransform
from .movies import MovieSource
from .sequences import Sequence, SequenceSource, from_file, from_folder, from_pattern, is_pattern, patterns
from .source import Pixels, Plate, PlateSource

__all__ = ["DisplayPlates", "Plate", "PlateSource", "open_plates"]


class DisplayPlates:
    """Plates as a session sees them: a source's files through the shot's one display transform.

    Attributes:
        size: width and height in pixels.
    """

    def __init__(self, source: PlateSource, transform: DisplayTransform) -> None:
        self.size = source.size
        self._source, self._transform = source, transform

    def display(self, frame: int) -> Pixels:
        """Give a plate as (H, W, 3) float32 display-referred sRGB of 0..1, origin top-left.

        Raises:
            PlateError: as `PlateSource.read`.
        """
        return self._transform.apply(self._source.read(frame).stored_hwc)


def open_plates(path: str | Path, *, layer: str | None = None) -> PlateSource:
    """Open the plates of a shot; only the first header is read.

    Args:
        path: `name.####.exr` or `name.%04d.exr`; a folder with one sequence or one movie in it; one image, which is
            a shot of one frame even where it has numbered neighbours; or a movie file, whose frames count from 1.
        layer: in EXR files, the part or layer to take as the picture; by default as `layers.choose` says, of the
            first frame, and the same in all others.

    Raises:
        PlateError: `plates.none` if nothing is there, `plates.ambiguous` if a folder holds several sequences,
            `plates.layer` if the layer does not exist, else as `PlateSource.read`.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        return _open_folder(path, layer)
    if is_pattern(path):
        return SequenceSource(from_pattern(path), layer)
    if not path.exists():
        raise PlateError("plates.none", f"There is no '{path}'.", "Check the path; a sequence is 'name.####.exr'.")
    if _is_movie(path):
        return _open_movie(path, layer)
    return SequenceSource(from_file(path), layer)


def _open_folder(folder: Path, layer: str | None) -> PlateSource:
    sequences = from_folder(folder)
    clips = sorted(file for file in folder.iterdir() if file.is_file() and _is_movie(file))
    found: list[Sequence | Path] = [*sequences, *clips]
    if not found:
        raise PlateError(
            "plates.none",
            f"The folder '{folder}' holds no images and no movie.",
            f"Images end in one of: {', '.join(sorted(images.EXTENSIONS))}.",
        )
    if len(found) > 1:
        names = [*patterns(sequences), *(clip.name for clip in clips)]
        listed = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        what = "more than one thing to matte" if len(names) > 1 else "files that are numbered inside their names"
        raise PlateError(
            "plates.ambiguous", f"The folder '{folder}' holds {what}: {listed}.", f"Give e.g. {folder / names[0]}"
        )
    only = found[0]
    return _open_movie(only, layer) if isinstance(only, Path) else SequenceSource(only, layer)


def _open_movie(path: Path, layer: str | None) -> PlateSource:
    if layer is not None:
        raise PlateError("plates.layer", f"'{path.name}' is a movie and has no layers.", "Give no layer.")
    return MovieSource(path)


def _is_movie(path: Path) -> bool:
    return not path.name.startswith(".") and path.suffix[1:].lower() in movies.EXTENSIONS


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
