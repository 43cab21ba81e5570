"""Smoke, fog and fire: rising puffs, drifting banks and flamelets, torn by flow noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.clips.novm_p.exact import Colour, Floats, as_floats, decays, ease, ramp, sine, tint
from engine.clips.novm_p.noise import billow, flow

if TYPE_CHECKING:
    from engine.clips.novm_p.draws import Draws
    from engine.clips.novm_p.grid import Grid, Pose
    from engine.clips.novm_p.setting import Setting


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
