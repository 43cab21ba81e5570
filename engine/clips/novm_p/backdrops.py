"""What lies behind: places painted in planes of depth, which a moving camera slides over one another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.clips.novm_p import places
from engine.clips.novm_p.exact import Floats, as_floats
from engine.clips.novm_p.layers import Grid, Pose

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.clips.novm_p.layers import Setting
    from engine.clips.novm_p.noise import Draws
    from engine.clips.novm_p.places import Painter

_PLACES: dict[str, Callable[[Draws], tuple[Setting, list[tuple[float, Painter]]]]] = {
    "city": places.city,
    "wood": places.wood,
    "pool": places.pool,
    "room": places.room,
    "shore": places.shore,
    "night": places.night,
    "wall": places.wall,
    "meadow": places.meadow,
}
PLACES = tuple(_PLACES)
"""Every backdrop there is."""


@dataclass(frozen=True)
class _Sheet:
    """One plane: how far it moves as the camera moves 1, its colour (3, h, w), its cover (h, w) if it has any."""

    depth: float
    margin: tuple[int, int]
    colour: Floats
    cover: Floats | None


class Backdrop:
    """A place on one frame size, painted once; each frame is a view of it."""

    def __init__(self, place: str, draws: Draws, size: tuple[int, int], room: tuple[float, float]) -> None:
        """Paint it.

        Args:
            place: one of PLACES.
            draws: what it is drawn from.
            size: width and height of a frame in pixels.
            room: how far the camera may go across and down, in frame heights.
        """
        self.setting, planes = _PLACES[place](draws)
        self._frame = Grid.frame(size)
        self._sheets = [self._paint(depth, painter, room) for depth, painter in planes]

    def _paint(self, depth: float, painter: Painter, room: tuple[float, float]) -> _Sheet:
        frame = self._frame
        across, down = (math.ceil(depth * reach / frame.pixel) + 2 for reach in room)
        sheet = Grid(-across, -down, frame.width + 2 * across, frame.height + 2 * down, frame.centre, frame.pixel)
        parts = [painter(*band.local(Pose(0.0, 0.0)), frame.pixel) for band in sheet.bands()]
        cover = [part[1] for part in parts if part[1] is not None]
        colour = np.concatenate([part[0] for part in parts], axis=1)
        return _Sheet(depth, (across, down), colour, np.concatenate(cover, axis=0) if cover else None)

    def view(self, camera: tuple[float, float]) -> Floats:
        """Give what the camera sees from a place: (3, H, W) scene-linear."""
        image: Floats | None = None
        for sheet in self._sheets:
            colour = self._slid(sheet, sheet.colour, camera)
            if image is None or sheet.cover is None:
                image = colour
            else:
                image += (colour - image) * self._slid(sheet, sheet.cover, camera)
        if image is None:
            raise ValueError("a place needs a plane")
        return image

    def _slid(self, sheet: _Sheet, picture: Floats, camera: tuple[float, float]) -> Floats:
        x, y = (
            sheet.depth * shift / self._frame.pixel + edge for shift, edge in zip(camera, sheet.margin, strict=True)
        )
        left, top = math.floor(x), math.floor(y)
        right_share, lower_share = x - left, y - top
        height, width = self._frame.height, self._frame.width
        part = picture[..., top : top + height + 1, left : left + width + 1]
        part = part[..., :-1, :] * (1.0 - lower_share) + part[..., 1:, :] * lower_share
        return as_floats(part[..., :-1] * (1.0 - right_share) + part[..., 1:] * right_share)
