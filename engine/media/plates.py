"""Open the plates of a shot, whatever they are: numbered images, a folder of them, one image, or a movie."""

from pathlib import Path

from engine.contract.errors import PlateError

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
