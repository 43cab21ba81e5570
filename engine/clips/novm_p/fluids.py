"""Fluids: smoke, fog, fire, splashes and bubbles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.clips.novm_p.exact import Colour, Floats, as_floats, cosine, decays, ease, ramp, sine, sines, tint
from engine.clips.novm_p.layers import Stack
from engine.clips.novm_p.noise import billow, flow

if TYPE_CHECKING:
    from engine.clips.novm_p.layers import Grid, Pose, Setting
    from engine.clips.novm_p.noise import Draws


class Smoke:
    """Puffs let out at a source: they rise, slow down, widen and thin out; alpha by Beer-Lambert."""

    reach = 0.62
    whole = False

    def __init__(self, draws: Draws, setting: Setting) -> None:
        self._salt = draws.salt()
        self._life = draws.between(34.0, 60.0)
        self._wind = draws.around(0.3)
        self._curl = draws.between(0.03, 0.08)
        self._thick = draws.between(1.1, 2.6)
        self._puffs = [(draws.unit(), draws.around(0.12), draws.between(0.75, 1.25)) for _ in range(22)]
        self._tint = setting.contrast(draws, spread=0.1)

    def draw(self, grid: Grid, pose: Pose, time: float) -> tuple[Floats, Floats]:
        """Give smoke-coloured light and its density as alpha."""
        u, v = grid.local(pose)
        turn = time / self._life
        warp_u = billow(u * 3.2, v * 3.2 + 2.2 * turn, self._salt, 2, turn=0.5 * turn)
        warp_v = billow(u * 3.2 + 9.0, v * 3.2 + 2.2 * turn, self._salt + 7, 2, turn=0.5 * turn)
        bent_u, bent_v = u + self._curl * warp_u, v + self._curl * warp_v
        body = np.zeros_like(u)
        for birth, aside, size in self._puffs:
            age = (turn + birth) % 1.0
            rise = age * (1.7 - 0.7 * age)
            x, y = aside * (0.3 + age) + self._wind * age * age, 0.42 - 0.88 * rise
            radius = size * (0.07 + 0.24 * age)
            away = ((bent_u - x) * (bent_u - x) + (bent_v - y) * (bent_v - y)) * (1.0 / (radius * radius))
            puff = np.maximum(1.0 - away, 0.0)
            body += puff * puff * (min(age * 8.0, 1.0) * (1.0 - age) * (1.15 - 0.6 * age))
        detail = billow(
            as_floats(bent_u * 7.0), as_floats(bent_v * 7.0 + 5.0 * turn), self._salt + 19, 4, gain=0.6, turn=turn
        )
        alpha = 1.0 - decays(as_floats(body * np.maximum(0.62 + 0.8 * detail, 0.05) * self._thick))
        edge = 1.0 - ease(0.8 * self.reach, self.reach, as_floats(np.sqrt(u * u + v * v)))
        light = 0.85 + 0.3 * warp_u - 0.25 * detail
        return as_floats(tint(self._tint) * np.clip(light, 0.3, 1.6)), as_floats(alpha * edge)


class Fog:
    """A low bank that the wind carries: a soft-topped slab with lumps, thin at both ends."""

    reach = 0.85
    whole = False

    def __init__(self, draws: Draws, setting: Setting) -> None:
        self._salt = draws.salt()
        self._wind = draws.sign() * draws.between(0.012, 0.03)
        self._long, self._tall = draws.between(0.5, 0.75), draws.between(0.14, 0.24)
        self._thick = draws.between(1.1, 2.6)
        self._pitch = draws.between(2.2, 4.0)
        light = draws.between(0.5, 0.8) if setting.level < 0.4 else draws.pick((0.16, 0.85))
        self._tint: Colour = (light * 0.96, light, light * draws.between(1.0, 1.1))

    def draw(self, grid: Grid, pose: Pose, time: float) -> tuple[Floats, Floats]:
        """Give pale light and the bank's density as alpha."""
        u, v = grid.local(pose)
        drift, turn = self._wind * time, time * 0.006
        lump = billow((u - drift) * self._pitch, v * (1.4 * self._pitch), self._salt, 3, turn=turn)
        tall = v + 0.07 * lump
        across, down = u * (1.0 / self._long), tall * (1.0 / self._tall)
        body = np.maximum(1.0 - across * across, 0.0) * ease(1.15, 0.1, as_floats(np.abs(down)))
        wisp = billow((u - 1.6 * drift) * 6.0 + lump * 0.5, v * 15.0, self._salt + 31, 4, turn=2.0 * turn)
        alpha = 1.0 - decays(as_floats(body * np.maximum(0.75 + 0.45 * lump + 0.35 * wisp, 0.0) * self._thick))
        light = np.clip(1.0 + 0.12 * lump - 0.25 * down, 0.6, 1.4)
        return as_floats(tint(self._tint) * light), as_floats(alpha)


_FIRE: tuple[Colour, ...] = (
    (0.2, 0.015, 0.002),
    (0.85, 0.1, 0.008),
    (1.3, 0.36, 0.03),
    (1.6, 0.8, 0.16),
    (1.8, 1.45, 0.7),
)


class Fire:
    """Flamelets that leave a hearth, shrink as they rise and melt together where they are near; colour by heat."""

    reach = 0.6
    whole = False

    def __init__(self, draws: Draws, setting: Setting) -> None:
        del setting  # a flame's colour is its heat
        self._salt = draws.salt()
        self._life = draws.between(11.0, 18.0)
        self._wide, self._tall = draws.between(0.1, 0.26), draws.between(0.55, 0.8)
        self._lean = draws.around(0.2)
        self._flamelets = [(draws.unit(), draws.around(1.0), draws.between(0.7, 1.3)) for _ in range(26)]
        self._hot = draws.between(0.8, 1.15)

    def draw(self, grid: Grid, pose: Pose, time: float) -> tuple[Floats, Floats]:
        """Give the flame's own light, above 1 in its core, and how much it hides."""
        u, v = grid.local(pose)
        turn = time / self._life
        height = np.clip((0.4 - v) * 1.5, 0.0, 1.2)
        lick = billow(u * 4.0, v * 2.4 + 2.6 * turn, self._salt, 2, turn=turn)
        bent = u + (0.09 * lick - self._lean * height) * height
        heat = np.zeros_like(u)
        for birth, place, size in self._flamelets:
            age = (turn * size + birth) % 1.0
            x = self._wide * place * (1.0 - 0.65 * age) + 0.03 * sine(birth * 7.0 + 1.3 * turn)
            y = 0.36 - self._tall * age
            radius = size * self._wide * (0.85 - 0.6 * age) + 0.02
            across, down = (bent - x) * (1.0 / radius), (v - y) * (0.45 / radius)
            lobe = np.maximum(1.0 - across * across - down * down, 0.0)
            heat += lobe * lobe * (min(age * 6.0, 1.0) * (1.0 - age * age) * 0.42)
        torn = flow(as_floats(bent * 9.0), as_floats(v * 5.0 + 5.5 * turn), self._salt + 5, 1.5 * turn)
        heat = np.maximum(heat * self._hot - (0.3 + 0.35 * height) * np.maximum(0.55 + 0.9 * torn, 0.05), 0.0)
        heat *= ease(0.45, 0.38, v)
        alpha = ease(0.0, 0.9, as_floats(heat)) * 0.95
        return ramp(as_floats(heat * 0.72), _FIRE), as_floats(alpha)


_GRAVITY = 0.0026  # frame heights per frame and frame


class Splash:
    """Water thrown up again and again: a crown of jets that break into drops, thin within and dense at its rim."""

    reach = 0.75
    whole = True

    def __init__(self, draws: Draws, setting: Setting) -> None:
        self._salt = draws.salt()
        self._period = draws.between(30.0, 44.0)
        self._power = draws.between(0.85, 1.1)
        self._open = draws.between(0.5, 1.0)
        self._drops = [self._drop(draws) for _ in range(150)]
        cold = draws.between(0.85, 1.0)
        level = 0.75 if setting.level < 0.45 else draws.pick((0.2, 0.95))
        self._tint: Colour = (level * cold * 0.9, level * 0.97, level)

    def _drop(self, draws: Draws) -> tuple[float, float, float, float]:
        """Give a drop's birth (share of the period), speeds across and up, and radius."""
        spoke = draws.whole(0, 8) / 8.0 - 0.5 + draws.around(0.035)
        birth = draws.unit()
        speed = draws.between(0.35, 1.0)
        return birth, spoke * 0.028 * self._open * (0.5 + speed), speed * 0.062 * self._power, draws.between(0.4, 1.0)

    def draw(self, grid: Grid, pose: Pose, time: float) -> tuple[Floats, Floats]:
        """Give water's light and its rims and sheets as alpha."""
        field = np.zeros((grid.height, grid.width), np.float32)
        lit = np.zeros_like(field)
        for birth, across, up, size in self._drops:
            age = ((time / self._period + birth) % 1.0) * self._period
            u, v = across * age, 0.36 - up * age + 0.5 * _GRAVITY * age * age
            if v > 0.4:
                continue
            radius = size * (0.058 - 0.0011 * age) * pose.zoom
            x, y = pose.outwards(u, v)
            for behind in (0.0, 0.6, 1.2):  # drops are drawn out along their way
                back = max(age - behind, 0.0)
                tail = pose.outwards(across * back, 0.36 - up * back + 0.5 * _GRAVITY * back * back)
                _melt(field, grid, tail, radius * (1.0 - 0.25 * behind), 0.8)
            _melt(lit, grid, (x - 0.3 * radius, y - 0.35 * radius), 0.55 * radius, 0.8)
        for index in range(7):  # the disturbed surface that it all rises from
            x, y = pose.outwards((index - 3) * 0.055, 0.37 + 0.012 * sine(0.06 * time + 0.37 * index))
            _melt(field, grid, (x, y), 0.075 * pose.zoom, 0.9)
        return self._water(grid, pose, time, field, lit)

    def _water(self, grid: Grid, pose: Pose, time: float, field: Floats, lit: Floats) -> tuple[Floats, Floats]:
        u, v = grid.local(pose)
        ripple = billow(u * 13.0, v * 13.0 + 0.25 * time, self._salt, 2, turn=0.03 * time)
        depth = as_floats(field * (1.0 + 0.3 * ripple))
        body, rim = ease(0.1, 0.26, depth), ease(1.3, 0.25, depth)
        glint = ease(0.25, 0.7, as_floats(lit + 0.25 * ripple))
        alpha = body * np.minimum(0.16 + 0.45 * rim + 0.6 * glint + 0.15 * np.maximum(ripple, 0.0), 1.0)
        light = as_floats(tint(self._tint) * (0.55 + 0.45 * rim + 0.2 * ripple) + 0.8 * glint)
        return np.maximum(light, 0.0), as_floats(alpha * ease(0.43, 0.37, v))


def _melt(field: Floats, grid: Grid, centre: tuple[float, float], radius: float, weight: float) -> None:
    part = grid.around(*centre, radius)
    if part is None or radius <= 0.0:
        return
    dx, dy = (part.x_1w - centre[0]) * (1.0 / radius), (part.y_h1 - centre[1]) * (1.0 / radius)
    lobe = np.maximum(1.0 - dx * dx - dy * dy, 0.0)
    field[grid.within(part)] += lobe * lobe * weight


class Bubbles:
    """Soap bubbles that rise in a loose swarm: a dense rim, next to nothing within, a window's reflection."""

    reach = 0.6
    whole = True

    def __init__(self, draws: Draws, setting: Setting) -> None:
        del setting  # a film has the colours of its thickness
        count = draws.whole(3, 7)
        self._film = draws.between(0.5, 1.2)
        self._bubbles = []
        for index in range(count):
            angle, far = index / count + draws.around(0.06), (0.0 if index == 0 else draws.between(0.2, 0.36))
            place = (far * cosine(angle), far * sine(angle))
            self._bubbles.append((place, draws.between(0.08, 0.15), draws.between(0.02, 0.05), draws.unit()))

    def draw(self, grid: Grid, pose: Pose, time: float) -> tuple[Floats, Floats]:
        """Give the films' light, reflections above 1, and their alpha."""
        stack = Stack(grid)
        for (u, v), size, pace, phase in self._bubbles:
            sway = 0.03 * sine(pace * time + phase), 0.025 * cosine(1.4 * pace * time + phase)
            x, y = pose.outwards(u + sway[0], v + sway[1])
            radius = size * pose.zoom
            part = grid.around(x, y, 1.15 * radius)
            if part is None:
                continue
            stretch = 1.0 + 0.06 * sine(2.3 * pace * time + phase)
            nx = (part.x_1w - x) * (stretch / radius)
            ny = (part.y_h1 - y) * (1.0 / (stretch * radius))
            colour, alpha = self._one(as_floats(nx), as_floats(ny), part.pixel / radius, phase + 0.01 * time)
            stack.over(part, colour, alpha)
        return stack.straight()

    def _one(self, nx: Floats, ny: Floats, pixel: float, phase: float) -> tuple[Floats, Floats]:
        square = nx * nx + ny * ny
        away = np.sqrt(square)
        inside = np.clip((1.0 - away) / pixel + 0.5, 0.0, 1.0)
        rim = square * square * square
        film = self._film * square + 0.35 * ny + 0.12 * nx + phase
        bands = np.stack([sines(as_floats(film * pitch)) for pitch in (1.7, 2.05, 2.5)])
        # Four panes of a window, bent round the upper left, and its faint copy below.
        px, py = (nx + 0.42) * (1.0 + 0.5 * ny), (ny + 0.45) * (1.0 + 0.4 * nx)
        pane = _bar(px, 0.17, pixel) * _bar(py, 0.21, pixel) * (1.0 - 0.8 * _bar(px, 0.02, pixel))
        copy = _bar(nx - 0.4, 0.1, pixel) * _bar(ny - 0.5, 0.07, pixel) * 0.45
        shine = np.maximum(pane, copy)
        alpha = inside * np.minimum(0.05 + 0.72 * rim + 0.85 * shine, 1.0)
        film_light = (0.42 + 0.36 * bands) * (0.5 + 0.5 * rim)
        return as_floats(film_light * (1.0 - shine) + 1.05 * shine), as_floats(alpha)


def _bar(x: Floats, half: float, pixel: float) -> Floats:
    soft = math.sqrt(pixel * pixel + 0.0004)
    return as_floats(np.clip((half - np.abs(x)) / soft + 0.5, 0.0, 1.0))
