"""A stored shot's plates as a session sees them: whatever came, through the shot's one display transform."""

import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import PlateError
from engine.media.colour import DisplayTransform
from engine.media.images import finite, read_rgb
from engine.service.raw import layout_of
from engine.service.store import StoredShot


class PlateAwaited(Exception):  # noqa: N818 - not an error: it may come any moment
    """A plate is not there yet."""

    def __init__(self, frame: int) -> None:
        super().__init__(f"plate {frame} is not there yet")
        self.frame = frame


class StoredPlates:
    """Display-referred plates of a stored shot.

    Args:
        shot: whose plates.
        size: declared width and height; every plate must have it.
        colourspace: of the plates; None: by file type.

    Attributes:
        size: width and height in pixels.
    """

    def __init__(self, shot: StoredShot, size: tuple[int, int], colourspace: str | None) -> None:
        self.size = size
        self._shot, self._colourspace = shot, colourspace
        self._transform: DisplayTransform | None = None

    def display(self, frame: int) -> NDArray[np.float32]:
        """Give a plate as (H, W, 3) float32 display-referred sRGB of 0..1, origin top-left.

        Raises:
            PlateAwaited: it is not there yet.
            PlateError: it is damaged or of another size.
        """
        path = self._shot.plate(frame)
        if path is None:
            raise PlateAwaited(frame)
        layout = layout_of(path.name)
        if layout is None:
            pixels, header = read_rgb(path)
            encoding = header.encoding
        else:
            rows = np.fromfile(path, layout.dtype).reshape(layout.height, layout.width, layout.channels)
            upright = rows[::-1] if layout.origin == "bottom-left" else rows
            pixels, encoding = finite(np.ascontiguousarray(upright[..., :3], np.float32)), "scene-linear"
        found = (pixels.shape[1], pixels.shape[0])
        if found != self.size:
            raise PlateError(
                "plates.size",
                f"The plate of frame {frame} is {found[0]}x{found[1]} pixels, but the shot was declared "
                f"{self.size[0]}x{self.size[1]}.",
                "All plates of a shot must have one size: send the odd one again, or declare the shot anew.",
            )
        if self._transform is None:
            self._transform = DisplayTransform(self._colourspace, encoding)
        return self._transform.apply(pixels)
