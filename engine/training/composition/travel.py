"""How layers are placed and travel over a clip: eased paths with pauses and a hand's tremble, and the view's own."""

from dataclasses import dataclass

import numpy as np

from engine.clips.drawn.motion import Gait, Matrix, Path, Point, to_pixels

_CALM = Gait(step=0.05, turn=0.03, zoom=0.04, tremble=0.003, rest=0.4)
_CAMERA = Gait(step=0.12, turn=0.05, zoom=0.1, tremble=0.004, rest=0.3)


@dataclass(frozen=True)
class View:
    """What part of a plate is seen, and how it is stretched to the model's square.

    Attributes:
        size: side of the square in pixels.
        aspect: width of the plate by its height.
        centre: of what is seen, as fractions of the plate.
        zoom: 1 for the whole plate, more for a closer look.
    """

    size: int
    aspect: float
    centre: Point = (0.5, 0.5)
    zoom: float = 1.0

    @property
    def plate_hw(self) -> tuple[int, int]:
        """Height and width of the whole plate: as many pixels as the square."""
        return round(self.size / self.aspect**0.5), round(self.size * self.aspect**0.5)

    def matrix(self) -> Matrix:
        """Give the matrix (3, 3) from the plate's pixels to the square's."""
        height, width = self.plate_hw
        x, y = self.size * self.zoom / width, self.size * self.zoom / height
        half = self.size / 2
        return np.array(
            [[x, 0, half - x * self.centre[0] * width], [0, y, half - y * self.centre[1] * height], [0, 0, 1]]
        )

    def towards(self, rng: np.random.Generator, spot: Point) -> "View":
        """Draw a closer look at a spot, given as fractions of the plate: it lands somewhere in the middle.

        The view stays on the plate.
        """
        zoom = float(rng.uniform(1.15, 2.4))
        room = 0.5 / zoom
        off = rng.uniform(-0.6, 0.6, 2) * room
        x, y = (float(np.clip(place + shift, room, 1 - room)) for place, shift in zip(spot, off, strict=True))
        return View(self.size, self.aspect, (x, y), zoom)


@dataclass(frozen=True)
class Travel:
    """The move of one picture: placed, turned and sheared once, then carried along a path.

    Attributes:
        anchor: of the picture, in its pixels: this point follows the path.
        placing: (2, 2): turn, shear, mirror.
        path: through the plate.
        unit: pixels of the plate to one pixel of the picture.
        view: of the plate.
    """

    anchor: Point
    placing: Matrix
    path: Path
    unit: float
    view: View

    def __call__(self, time: float) -> Matrix:
        """Give the matrix (2, 3) from the picture's pixels to the square's at a time in frames."""
        carried = to_pixels(self.path(time), self.unit, self.view.plate_hw)
        placed = np.column_stack([self.placing, -self.placing @ np.asarray(self.anchor)])
        whole = self.view.matrix() @ np.vstack([carried @ np.vstack([placed, [0, 0, 1]]), [0, 0, 1]])
        return np.asarray(whole[:2])


def draw_placing(rng: np.random.Generator) -> Matrix:
    """Draw how a foreground stands: mirrored or not, mostly upright, up to 30 degrees of turn and 10 of shear."""
    turn = np.deg2rad(rng.uniform(-30, 30)) * (rng.random() < 0.6)
    shear = np.tan(np.deg2rad(rng.uniform(-10, 10))) * (rng.random() < 0.5)
    cos, sin = np.cos(turn), np.sin(turn)
    mirror = np.diag([rng.choice([-1.0, 1.0]), 1.0])
    return np.asarray(np.array([[cos, -sin], [sin, cos]]) @ np.array([[1, shear], [0, 1]]) @ mirror)


def foreground_path(rng: np.random.Generator, frames: int, *, moves_itself: bool) -> Path:
    """Draw a foreground's path; what moves by itself, as in a clip, is carried little."""
    start = (float(rng.uniform(0.25, 0.75)), float(rng.uniform(0.3, 0.7)))
    gait = _CALM if moves_itself else Gait.draw(rng)
    return Path(rng, start, gait, float(frames), upright=True)


def camera_path(rng: np.random.Generator, frames: int, *, moves_itself: bool) -> Path:
    """Draw the path of a whole picture, as if the camera moved; one that moves by itself often stands still."""
    still = rng.random() < (0.7 if moves_itself else 0.2)
    gait = Gait(0, 0, 0, 0, 1) if still else _CALM if moves_itself else _CAMERA
    return Path(rng, (0.5, 0.5), gait, float(frames), upright=True)
