"""From Nuke's pixels to the engine's: the one place where y turns round.

Nuke counts from the bottom-left of the format, the engine from the top-left of the plate; for both, integers are pixel
corners, so a pixel's centre stays at its half. A pixel aspect changes neither: both count stored pixels.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Frame:
    """The plate as the engine gets it.

    Attributes:
        width, height: of Nuke's format, in pixels.
        shrunk: how many of its pixels make one of the engine's, along each side: 1 or 2.
    """

    width: int
    height: int
    shrunk: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the engine's plate."""
        return self.width // self.shrunk, self.height // self.shrunk

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Give a point of Nuke's, x to the right and y up, as the engine's, y down."""
        return x / self.shrunk, (self.height - y) / self.shrunk

    def box(self, x: float, y: float, r: float, t: float) -> tuple[float, float, float, float]:
        """Give a box of Nuke's (left, bottom, right, top) as the engine's (left, top, right, bottom), cut to the plate.

        A box that was drawn from the other corner is the same box.
        """
        left, right = sorted((min(max(x, 0.0), self.width), min(max(r, 0.0), self.width)))
        bottom, top = sorted((min(max(y, 0.0), self.height), min(max(t, 0.0), self.height)))
        (x0, y0), (x1, y1) = self.point(left, top), self.point(right, bottom)
        return x0, y0, x1, y1

    def holds(self, x: float, y: float) -> bool:
        """Tell whether a point of Nuke's lies in the format."""
        return 0 <= x <= self.width and 0 <= y <= self.height
