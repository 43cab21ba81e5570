"""The places that backdrops are painted from: each gives its setting and its planes, far to near."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from engine.clips.novm_p.exact import Colour, Floats, as_floats, ease, fraction, ramp, sines, tint
from engine.clips.novm_p.layers import Setting, any_colour, scaled
from engine.clips.novm_p.noise import billow, cells, flow, lattice

if TYPE_CHECKING:
    from engine.clips.novm_p.noise import Draws

Painter = Callable[[Floats, Floats, float], tuple[Floats, Floats | None]]
"""From x, y (h, w) and a pixel's size in frame heights: colour (3, h, w), and cover (h, w) where it has holes."""
Place = tuple[Setting, list[tuple[float, Painter]]]


def _sky(draws: Draws, high: Colour, low: Colour) -> Painter:
    salt = draws.salt()

    def paint(x: Floats, y: Floats, pixel: float) -> tuple[Floats, None]:
        del pixel
        veil = ease(0.0, 0.7, billow(x * 1.3, y * 4.5, salt, 5)) * 0.5
        sky = ramp(as_floats(y + 0.5), (high, low))
        return as_floats(sky + (0.8 - sky) * veil), None

    return paint


def city(draws: Draws) -> Place:
    """Paint blocks of houses with windows, the farther the hazier."""
    low = draws.pick(((0.75, 0.6, 0.45), (0.6, 0.7, 0.8), (0.3, 0.3, 0.36)))
    walls = [any_colour(draws, vivid=0.35) for _ in range(3)]
    planes: list[tuple[float, Painter]] = [(0.15, _sky(draws, (0.2, 0.36, 0.6), low))]
    for index, wall in enumerate(walls):
        planes.append((0.35 + 0.25 * index, _blocks(draws, index, scaled(wall, 0.8), low)))
    return Setting(0.35, (*walls, low)), planes


def _blocks(draws: Draws, index: int, wall: Colour, haze: Colour) -> Painter:
    salt, pitch = draws.salt(), 5.5 - 1.5 * index
    share = 0.6 - 0.28 * index

    def paint(x: Floats, y: Floats, pixel: float) -> tuple[Floats, Floats]:
        column = np.floor(x * pitch)
        tall = lattice(column, np.zeros_like(column), salt)
        roof = -0.3 + 0.24 * index + 0.34 * (tall - 0.5)
        cover = np.clip((y - roof) / pixel + 0.5, 0.0, 1.0)
        floors = 26.0 - 5.0 * index
        across, down = fraction(x * pitch * 5.0), fraction((y - roof) * floors)
        lit = lattice(np.floor(x * pitch * 5.0), np.floor((y - roof) * floors), salt + 1)
        soft = pixel * floors
        pane = np.clip((0.28 - np.abs(across - 0.5)) / soft + 0.5, 0.0, 1.0)
        pane = pane * np.clip((0.26 - np.abs(down - 0.45)) / soft + 0.5, 0.0, 1.0)
        glow = np.where(lit > 0.75, 1.6, 0.25 + 0.3 * lit)
        grime = 0.8 + 0.5 * tall + 0.2 * billow(x * 7.0, y * 9.0, salt + 2, 4)
        stone = tint(wall) * (grime * (1.0 - pane) + glow * pane)
        return as_floats(stone + (tint(haze) - stone) * share), as_floats(cover)

    return paint


def wood(draws: Draws) -> Place:
    """Paint a canopy with light through it, trunks, and undergrowth in front."""
    green = draws.pick(((0.1, 0.22, 0.04), (0.16, 0.2, 0.05), (0.28, 0.16, 0.04)))
    salt = draws.salt()

    def canopy(x: Floats, y: Floats, pixel: float) -> tuple[Floats, None]:
        del pixel
        near, second, owner = cells(x * 16.0 + 0.3 * y, y * 16.0, salt)
        gap = ease(0.1, 0.6, billow(x * 2.5, y * 2.5, salt + 1, 3)) * (0.5 - y)
        leaf = (0.25 + 1.3 * owner * ease(0.7, 0.1, near)) * (0.7 + 0.6 * ease(0.0, 0.3, second - near))
        picture = tint(green) * leaf
        return as_floats(picture + (tint((0.75, 0.85, 0.6)) - picture) * np.clip(gap, 0.0, 0.85)), None

    return Setting(0.15, (green, (0.08, 0.06, 0.04), scaled(green, 2.0))), [
        (0.3, canopy),
        (0.6, _trunks(draws)),
        (1.0, _tufts(draws, scaled(green, 0.7), 0.3)),
    ]


def _trunks(draws: Draws) -> Painter:
    salt, pitch = draws.salt(), draws.between(1.6, 2.6)

    def paint(x: Floats, y: Floats, pixel: float) -> tuple[Floats, Floats]:
        x = as_floats(x + 0.02 * flow(y * 2.0 + 0.0 * x, x * 0.5, salt))
        column = np.floor(x * pitch)
        middle = 0.3 + 0.4 * lattice(column, np.zeros_like(column), salt + 1)
        half = 0.04 + 0.1 * lattice(column, np.ones_like(column), salt + 1)
        off = fraction(x * pitch) - middle
        cover = np.clip((half - np.abs(off)) / (pixel * pitch) + 0.5, 0.0, 1.0)
        bark = 0.6 + 0.5 * billow(x * 45.0, y * 9.0, salt + 2, 3) - 3.0 * off
        return as_floats(tint((0.12, 0.085, 0.06)) * np.clip(bark, 0.1, 2.0)), as_floats(cover)

    return paint


def _tufts(draws: Draws, colour: Colour, height: float) -> Painter:
    salt = draws.salt()

    def paint(x: Floats, y: Floats, pixel: float) -> tuple[Floats, Floats]:
        lean = as_floats(x + 0.25 * (y - 0.5) * flow(x * 6.0, y * 1.0, salt))
        blade = flow(lean * 55.0, y * 2.5, salt + 1)
        line = height + 0.07 * flow(x * 3.0, y * 0.0, salt + 2) - 0.06 * blade
        cover = np.clip((y - line) / (2.0 * pixel) + 0.5, 0.0, 1.0)
        light = 0.75 + 0.5 * blade + 0.35 * flow(x * 4.0, y * 4.0, salt + 3)
        return as_floats(tint(colour) * np.clip(light, 0.08, 2.0)), as_floats(cover)

    return paint


def pool(draws: Draws) -> Place:
    """Paint a tiled floor under water, with caustics over it."""
    water = draws.pick(((0.08, 0.38, 0.5), (0.1, 0.45, 0.42), (0.07, 0.22, 0.45)))
    salt, pitch = draws.salt(), draws.between(9.0, 15.0)

    def floor(x: Floats, y: Floats, pixel: float) -> tuple[Floats, None]:
        bent_x = as_floats(x + 0.015 * billow(x * 5.0, y * 5.0, salt, 2))
        bent_y = as_floats(y + 0.015 * billow(x * 5.0 + 7.0, y * 5.0, salt, 2))
        a, b = bent_x * pitch, bent_y * pitch
        joint = np.maximum(np.abs(fraction(a) - 0.5), np.abs(fraction(b) - 0.5))
        tone = 0.7 + 0.35 * lattice(np.floor(a), np.floor(b), salt + 1)
        tile = tone * (1.0 - 0.5 * np.clip((joint - 0.46) / (pixel * pitch) + 0.5, 0.0, 1.0))
        near, second, _ = cells(bent_x * 4.5, bent_y * 5.5, salt + 2)
        _, other, _ = cells(bent_x * 7.0 + 3.0, bent_y * 8.0, salt + 3)
        light = 0.55 + 1.1 * ease(0.25, 0.0, second - near) + 0.35 * ease(0.4, 1.1, other)
        return as_floats(tint(water) * (tile * light)), None

    return Setting(0.35, (water, scaled(water, 1.6), scaled(water, 0.5))), [(0.8, floor)]


def room(draws: Draws) -> Place:
    """Paint a papered wall lit from one side, and a shelf of books and boxes before it."""
    paper, pattern = any_colour(draws, vivid=0.4), any_colour(draws, vivid=0.5)
    salt, pitch = draws.salt(), draws.between(5.0, 9.0)

    def wall(x: Floats, y: Floats, pixel: float) -> tuple[Floats, None]:
        del pixel
        a, b = x * pitch, y * pitch
        motif = sines(as_floats(a)) * sines(as_floats(b)) + 0.5 * sines(as_floats(a + b)) * sines(as_floats(a - b))
        share = ease(0.15, 0.35, motif) * 0.6
        lamp = np.clip(1.1 - 0.5 * (x + 0.9) * (x + 0.9) - 0.4 * y, 0.25, 1.3) + 0.06 * billow(
            x * 9.0, y * 9.0, salt, 3
        )
        return as_floats((tint(paper) * (1.0 - share) + tint(pattern) * share) * lamp), None

    return Setting(0.3, (paper, pattern, (0.2, 0.1, 0.05))), [(0.5, wall), (0.75, _shelf(draws))]


def _shelf(draws: Draws) -> Painter:
    salt, level, stops = draws.salt(), draws.between(0.12, 0.28), tuple(any_colour(draws) for _ in range(4))

    def paint(x: Floats, y: Floats, pixel: float) -> tuple[Floats, Floats]:
        wide = 11.0
        column = np.floor(x * wide + 0.35 * sines(as_floats(np.floor(x * 3.0) * 0.17)))
        edge = fraction(as_floats(x * wide + 0.35 * sines(as_floats(np.floor(x * 3.0) * 0.17))))
        tall = 0.1 + 0.2 * lattice(column, np.zeros_like(column), salt)
        book = np.clip((y - level + tall) / pixel + 0.5, 0.0, 1.0) * (
            lattice(column, np.ones_like(column), salt) > 0.25
        )
        board = (y > level) & (y < level + 0.03)
        cover = np.where(y > level, np.clip((level + 0.03 - y) / pixel + 0.5, 0.0, 1.0), book)
        hue = ramp(lattice(column, np.full_like(column, 2.0), salt), stops)
        band = 0.75 + 0.5 * ease(0.02, 0.01, as_floats(np.abs(y - level + 0.6 * tall)))
        round_ = 0.6 + 1.6 * edge * (1.0 - edge)
        wood_ = 0.6 + 0.4 * billow(x * 3.0, y * 60.0, salt + 3, 3)
        return as_floats(np.where(board, tint((0.22, 0.12, 0.06)) * wood_, hue * band * round_)), as_floats(cover)

    return paint


def shore(draws: Draws) -> Place:
    """Paint sky, sea and pebbles."""
    stone = draws.pick(((0.45, 0.4, 0.34), (0.3, 0.3, 0.32), (0.5, 0.36, 0.25)))
    salt, horizon = draws.salt(), draws.between(-0.2, -0.05)

    def sea(x: Floats, y: Floats, pixel: float) -> tuple[Floats, Floats]:
        depth = np.maximum(y - horizon, 0.0) + 0.03
        swell = billow(x * 1.2 / depth, 1.5 / depth, salt, 3)
        glint = ease(0.35, 0.7, swell)
        cover = np.clip((y - horizon) / pixel + 0.5, 0.0, 1.0)
        return as_floats(tint((0.05, 0.16, 0.2)) * (1.0 + 0.5 * swell) + 0.5 * glint), as_floats(cover)

    def beach(x: Floats, y: Floats, pixel: float) -> tuple[Floats, Floats]:
        line = 0.12 + 0.03 * flow(x * 2.0, y * 0.0, salt + 1)
        near, second, owner = cells(x * 21.0, y * 30.0, salt + 2)
        pebble = (0.35 + 0.9 * owner) * ease(0.02, 0.25, second - near) * (1.15 - 0.6 * near)
        return as_floats(tint(stone) * pebble), as_floats(np.clip((y - line) / (3.0 * pixel) + 0.5, 0.0, 1.0))

    sky = _sky(draws, (0.25, 0.42, 0.7), draws.pick(((0.8, 0.75, 0.7), (0.85, 0.6, 0.4))))
    return Setting(0.45, (stone, (0.1, 0.25, 0.3), scaled(stone, 0.5))), [(0.1, sky), (0.3, sea), (0.9, beach)]


def night(draws: Draws) -> Place:
    """Paint out-of-focus lamps over a dark street, drawn out again on its wet ground."""
    lamps = tuple(any_colour(draws, vivid=0.9) for _ in range(4))
    salt, dim = draws.salt(), draws.between(0.5, 1.0)

    def street(x: Floats, y: Floats, pixel: float) -> tuple[Floats, None]:
        ground = y > 0.12
        height = np.where(ground, 0.12 - (y - 0.12) * 0.45, y)
        shiver = np.where(ground, 0.02 * flow(x * 8.0, y * 30.0, salt), 0.0)
        picture = ramp(as_floats(y + 0.5), ((0.012, 0.014, 0.03), (0.05, 0.04, 0.05), (0.02, 0.02, 0.025)))
        picture = picture * (1.0 + 0.5 * billow(x * 3.0, y * 5.0, salt + 4, 4))
        for index, pitch in enumerate((3.5, 6.0)):
            near, _, owner = cells(as_floats((x + shiver) * pitch), as_floats(height * pitch), salt + 1 + index)
            disc = np.clip((0.33 - near) / (pixel * pitch + 0.03) + 0.5, 0.0, 1.0)
            rim = 0.5 + 0.5 * ease(0.15, 0.33, near)
            on = (owner > 0.45) * disc * rim * np.where(ground, 0.3, 0.7) * dim
            picture = picture + ramp(as_floats(2.0 * owner - 0.9), lamps) * on
        return as_floats(picture), None

    return Setting(0.08, (*lamps, (0.03, 0.03, 0.04))), [(0.4, street)]


def wall(draws: Draws) -> Place:
    """Paint plaster with cracks, and bold letters-like strokes over it."""
    plaster, spray = any_colour(draws, vivid=0.3), any_colour(draws, vivid=0.9)
    salt = draws.salt()

    def paint(x: Floats, y: Floats, pixel: float) -> tuple[Floats, None]:
        bent_x = as_floats(x + 0.04 * billow(x * 6.0, y * 6.0, salt, 3))
        near, second, owner = cells(bent_x * 2.6, y * 2.6, salt + 1)
        crack = ease(0.025, 0.005, second - near) * 0.7
        stain = billow(x * 2.0, y * 1.2, salt + 2, 5)
        fine = billow(x * 30.0, y * 30.0, salt + 3, 3)
        body = tint(plaster) * ((0.75 + 0.3 * stain + 0.15 * fine + 0.15 * owner) * (1.0 - crack))
        stroke = as_floats(np.abs(flow(x * 2.1, y * 2.6, salt + 4)) - 0.02)
        paintwork = np.clip((0.07 - stroke) / (4.0 * pixel) + 0.5, 0.0, 1.0) * ease(
            0.42, 0.3, as_floats(np.abs(y + 0.02))
        )
        return as_floats(body + (tint(spray) * (0.8 + 0.2 * fine) - body) * (0.85 * paintwork)), None

    return Setting(0.3, (plaster, spray, scaled(plaster, 0.4))), [(0.7, paint)]


def meadow(draws: Draws) -> Place:
    """Paint hills in haze, a meadow with flowers, and tall grass in front."""
    grass = draws.pick(((0.14, 0.26, 0.05), (0.3, 0.28, 0.08), (0.1, 0.2, 0.08)))
    flower, salt = any_colour(draws, vivid=0.95), draws.salt()

    def hills(x: Floats, y: Floats, pixel: float) -> tuple[Floats, Floats]:
        line = -0.14 + 0.1 * billow(x * 1.1, y * 0.0, salt, 4)
        tone = 0.8 + 0.25 * billow(x * 14.0, y * 20.0, salt + 1, 3)
        return as_floats(tint((0.2, 0.27, 0.3)) * tone), as_floats(np.clip((y - line) / pixel + 0.5, 0.0, 1.0))

    def field(x: Floats, y: Floats, pixel: float) -> tuple[Floats, Floats]:
        depth = np.maximum(y + 0.1, 0.0) + 0.12
        a, b = x * 3.0 / depth, 1.6 / depth
        blade = billow(as_floats(a * 3.0), as_floats(b * 1.5), salt + 2, 4, gain=0.7)
        near, _, owner = cells(as_floats(a * 1.6), as_floats(b * 1.6), salt + 3)
        bloom = np.clip((0.16 - near) * 9.0, 0.0, 1.0) * (owner > 0.55)
        ground = tint(grass) * np.clip(0.8 + 0.7 * blade, 0.1, 2.0)
        cover = np.clip((y + 0.06 - 0.01 * blade) / (2.0 * pixel) + 0.5, 0.0, 1.0)
        return as_floats(ground + (tint(flower) - ground) * bloom), as_floats(cover)

    sky = _sky(draws, (0.3, 0.48, 0.75), (0.75, 0.8, 0.82))
    return Setting(0.35, (grass, flower, (0.2, 0.27, 0.3))), [
        (0.1, sky),
        (0.25, hills),
        (0.6, field),
        (1.0, _tufts(draws, scaled(grass, 0.8), 0.36)),
    ]
