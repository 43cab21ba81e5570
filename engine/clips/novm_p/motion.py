"""How things and the camera move: each law a function of time with its own constants, no knots between frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.clips.novm_p.exact import cosine, decay, eased, sine
from engine.clips.novm_p.layers import Pose

if TYPE_CHECKING:
    from engine.clips.novm_p.noise import Draws

Path = Callable[[float], Pose]
"""Where a thing is at a time in frames."""
Track = Callable[[float], tuple[float, float]]
"""Where the camera is at a time in frames, in frame heights."""


def loop(draws: Draws, start: Pose, reach: float) -> Path:
    """Give a Lissajous figure that passes the start, with a slow turn."""
    slow, fast = draws.between(0.012, 0.022), draws.between(0.02, 0.04)
    across, down, turn = reach * draws.sign(), 0.6 * reach * draws.sign(), draws.around(0.03)

    def pose(time: float) -> Pose:
        x, y = across * sine(slow * time), down * sine(fast * time)
        return Pose(start.x + x, start.y + y, start.angle + turn * sine(slow * time), start.zoom)

    return pose


def pendulum(draws: Draws, start: Pose, swing: float) -> Path:
    """Give a swing about a point high above."""
    pace, cord = draws.between(0.02, 0.035), draws.between(0.9, 1.6)
    phase = draws.unit()

    def pose(time: float) -> Pose:
        angle = swing * (sine(pace * time + phase) - sine(phase))
        return Pose(
            start.x - cord * sine(angle), start.y + cord * (cosine(angle) - 1.0), start.angle + angle, start.zoom
        )

    return pose


def spring(draws: Draws, start: Pose, jump: float) -> Path:
    """Give a rest, a push after some frames, and a damped swing about the new place."""
    when, pace, damping = draws.between(2.0, 7.0), draws.between(0.05, 0.09), draws.between(0.08, 0.16)
    way, rise = draws.sign() * jump, 0.4 * draws.around(jump)

    def pose(time: float) -> Pose:
        since = max(time - when, 0.0)
        share = 1.0 - decay(damping * since) * cosine(pace * since)
        return Pose(start.x + way * share, start.y + rise * share, start.angle + 0.04 * way * share, start.zoom)

    return pose


def throw(draws: Draws, start: Pose, speed: float) -> Path:
    """Give a ballistic path that bounces, with spin: fast enough to blur."""
    way, spin = draws.sign() * speed, draws.sign() * draws.between(0.03, 0.08)
    height, beat = draws.between(0.15, 0.35), draws.between(11.0, 17.0)
    phase, width = draws.unit(), draws.between(0.45, 0.6)

    def pose(time: float) -> Pose:
        x = _folded(start.x + way * time, width)
        hop = (time / beat + phase) % 1.0
        return Pose(x, start.y - height * 4.0 * (hop * (1.0 - hop) - phase * (1.0 - phase)), spin * time, start.zoom)

    return pose


def glide(start: tuple[float, float], velocity: tuple[float, float], zoom: float = 1.0, angle: float = 0.0) -> Path:
    """Give a straight line at constant speed."""
    return lambda time: Pose(start[0] + velocity[0] * time, start[1] + velocity[1] * time, angle, zoom)


def away(path: Path, distance: float, times: tuple[float, float, float, float]) -> Path:
    """Give a path with an excursion sideways: off between the first two times, back between the last two."""
    leave, gone, turn, back = times

    def pose(time: float) -> Pose:
        share = eased(leave, gone, time) - eased(turn, back, time)
        here = path(time)
        return Pose(here.x + distance * share, here.y, here.angle, here.zoom)

    return pose


def handheld(draws: Draws, amount: float) -> Track:
    """Give a camera that drifts and trembles."""
    pan, rise = amount * draws.sign(), 0.4 * amount * draws.sign()
    slow, quick, phase = draws.between(0.01, 0.02), draws.between(0.07, 0.12), draws.unit()

    def place(time: float) -> tuple[float, float]:
        tremble = 0.03 * amount * (sine(quick * time + phase) - sine(phase))
        return pan * sine(slow * time) + tremble, rise * sine(1.3 * slow * time) - tremble

    return place


def whip(track: Track, distance: float, times: tuple[float, float, float, float]) -> Track:
    """Give a camera that turns away and comes back."""
    leave, gone, turn, back = times

    def place(time: float) -> tuple[float, float]:
        x, y = track(time)
        return x + distance * (eased(leave, gone, time) - eased(turn, back, time)), y

    return place


def _folded(x: float, width: float) -> float:
    """Reflect a straight path at +-width."""
    share = ((x + width) / (4.0 * width)) % 1.0
    return width * (4.0 * share - 1.0 if share < 0.5 else 3.0 - 4.0 * share)
