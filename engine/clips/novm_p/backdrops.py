"""What lies behind, planes of depth which a moving camera slides over one another; and foliage in front."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.clips.novm_p import places
from engine.clips.novm_p.exact import Colour, Floats, as_floats, cosine, ease, sine, sines, tint
from engine.clips.novm_p.layers import Grid, Pose, Setting, Stack, scaled

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


class Foliage:
    """A branch with leaves: opaque leaves with veins that overlap and leave holes, on twigs that nod in the wind."""

    reach = 0.75
    whole = True

    def __init__(self, draws: Draws, setting: Setting) -> None:
        del setting  # leaves are green or turned, before woods and walls alike
        hue = draws.pick(((0.1, 0.3, 0.04), (0.06, 0.2, 0.05), (0.35, 0.3, 0.04), (0.4, 0.12, 0.03)))
        self._slim = draws.between(0.16, 0.34)
        self._pace, self._gust = draws.between(0.015, 0.035), draws.between(0.012, 0.035)
        self._twigs = []
        count = draws.whole(9, 12)
        self._heading = draws.pick((-0.04, 0.0, 0.04, 0.5))
        for index in range(count):
            at = (index + 0.6) / count
            way = 1.0 if index % 2 else -1.0
            leaves = [self._leaf(draws, hue) for _ in range(draws.whole(9, 14))]
            self._twigs.append((at, way * draws.between(0.1, 0.19), draws.between(0.16, 0.3) * (1.15 - at), leaves))

    @staticmethod
    def _leaf(draws: Draws, hue: Colour) -> tuple[float, float, Colour, float]:
        """Give a leaf's angle off its twig, length, colour and the phase of its flutter."""
        colour = scaled(hue, draws.between(0.55, 1.5))
        spotted = (colour[0] * draws.between(0.7, 1.4), colour[1], colour[2])
        return draws.around(0.25), draws.between(0.08, 0.14), spotted, draws.unit()

    def draw(self, grid: Grid, pose: Pose, time: float) -> tuple[Floats, Floats]:
        """Give the leaves' light and their cover."""
        stack = Stack(grid)
        u, v = -0.4 * cosine(self._heading), -0.4 * sine(self._heading)
        nod = self._gust * sine(self._pace * time)
        before = (u, v)
        for at, aside, long, leaves in self._twigs:
            here = self._heading + (nod - 0.03) * at
            u, v = (
                -0.4 * cosine(self._heading) + 0.8 * at * cosine(here),
                -0.4 * sine(self._heading) + 0.8 * at * sine(here),
            )
            _stick(stack, pose, before, (u, v), 0.008 * (1.2 - at))
            before = (u, v)
            twig = here + aside + 1.4 * nod * at
            _stick(stack, pose, (u, v), (u + cosine(twig) * long, v + sine(twig) * long), 0.003)
            for index, (off, size, colour, phase) in enumerate(leaves):
                share = (index + 0.7) / len(leaves) * long
                flutter = 0.6 * self._gust * sine(2.2 * self._pace * time + phase)
                angle = twig + off + (0.09 if index % 2 else -0.09) + flutter
                root = u + cosine(twig) * share, v + sine(twig) * share
                self._lay(stack, pose, root, angle, size, colour)
        return stack.straight()

    def _lay(
        self, stack: Stack, pose: Pose, root: tuple[float, float], angle: float, size: float, colour: Colour
    ) -> None:
        middle = root[0] + cosine(angle) * size / 2.0, root[1] + sine(angle) * size / 2.0
        x, y = pose.outwards(*middle)
        part = stack.grid.around(x, y, 0.55 * size * pose.zoom)
        if part is None:
            return
        px, py = pose.outwards(*root)
        a, b = part.local(Pose(px, py, angle + pose.angle, pose.zoom * size))
        pixel = part.pixel / (pose.zoom * size)
        b = b + 0.1 * a * (1.0 - a)  # leaves curl to one side
        half = self._slim * np.maximum(4.0 * a * (1.0 - a) * (1.15 - 0.5 * a), 0.0)
        cover = np.clip((half - np.abs(b)) / pixel + 0.5, 0.0, 1.0) * np.clip(a / pixel, 0.0, 1.0)
        cover = cover * np.clip((1.0 - a) / pixel, 0.0, 1.0)
        vein = ease(0.03, 0.008, np.abs(b)) + 0.5 * ease(0.75, 1.0, sines(as_floats(a * 5.0 - np.abs(b) * 6.0)))
        light = 0.85 + np.where(b > 0.0, 0.2, -0.15) + 0.3 * vein
        stack.over(part, as_floats(tint(colour) * light), as_floats(cover))


_BARK: Colour = (0.07, 0.045, 0.03)


def _stick(stack: Stack, pose: Pose, start: tuple[float, float], end: tuple[float, float], half: float) -> None:
    """Lay a straight twig between two points in own units."""
    ax, ay = pose.outwards(*start)
    bx, by = pose.outwards(*end)
    dx, dy = bx - ax, by - ay
    part = stack.grid.around((ax + bx) / 2.0, (ay + by) / 2.0, 0.5 * (abs(dx) + abs(dy)) + half + stack.grid.pixel)
    if part is None:
        return
    x, y = part.x_1w - ax, part.y_h1 - ay
    along = np.clip((x * dx + y * dy) * (1.0 / (dx * dx + dy * dy)), 0.0, 1.0)
    ex, ey = x - along * dx, y - along * dy
    away = np.sqrt(ex * ex + ey * ey)
    cover = np.clip((half * pose.zoom - away) * (1.0 / part.pixel) + 0.5, 0.0, 1.0)
    stack.over(part, _BARK, as_floats(cover))
