"""One clip's scene: a backdrop under a camera, the subject, and what stands or passes behind and before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.clips.novm_p import motion
from engine.clips.novm_p.backdrops import Backdrop
from engine.clips.novm_p.exact import Floats, as_floats
from engine.clips.novm_p.layers import Drawn, Grid, Layer, Pose, draw
from engine.clips.novm_p.noise import Draws, hashed
from engine.clips.novm_p.registry import KINDS, Kind, passer

if TYPE_CHECKING:
    from engine.clips.novm_p.motion import Path, Track

TAKES = ("alone", "beside", "passed", "returning", "crossed")
"""What happens: nothing else; another of its kind beside it; something passes before it; it leaves the frame and comes
back; another thing crosses behind or before it."""
_EXCURSION = (4.0, 9.5, 12.5, 18.5)
_MEETING = 12.0  # frames after the first
_MOMENTS = 14


@dataclass(frozen=True)
class Frame:
    """A frame in scene-linear light, all float32 in 0..1.

    Attributes:
        plate_chw: (3, H, W) the composite, before grain.
        alpha_hw: (H, W) the subject's visible alpha.
        foreground_chw: (3, H, W) the subject's straight colour; 0 where it is not.
        distractor_hw: (H, W) visible alpha of everything else that is not backdrop.
    """

    plate_chw: Floats
    alpha_hw: Floats
    foreground_chw: Floats
    distractor_hw: Floats


@dataclass(frozen=True)
class _Actor:
    thing: Drawn
    path: Path
    shutter: float
    subject: bool = False

    def layer(self, grid: Grid, camera: Track, time: float) -> Layer | None:
        """Draw it as the camera sees it, over the time that the shutter is open."""
        count = _MOMENTS if self.shutter else 1
        moments = []
        for index in range(count):
            now = time + self.shutter * ((index + 0.5) / count - 0.5)
            pose, (x, y) = self.path(now), camera(now)
            moments.append((Pose(pose.x - x, pose.y - y, pose.angle, pose.zoom), now))
        return draw(self.thing, grid, moments)


class Scene:
    """A clip at one size, drawable frame by frame; the same seed gives the same scene at every size."""

    def __init__(self, kind: str, take: str, seed: int, size: tuple[int, int]) -> None:
        """Cast it and paint its backdrop."""
        self._grid = Grid.frame(size)
        self._seed = seed
        draws = Draws(seed, 1)
        family = KINDS[kind]
        track = motion.handheld(Draws(seed, 2), draws.between(0.01, 0.05) * (2.0 if take == "crossed" else 1.0))
        turned = take == "returning" and family.rooted
        way = 1.75 * draws.sign()
        self._camera = motion.whip(track, way, _EXCURSION) if turned else track
        room = (2.05 if turned else 0.2, 0.1)
        self._backdrop = Backdrop(draws.pick(family.places), Draws(seed, 3), size, room)
        start = Pose(
            draws.around(family.area[0]),
            draws.around(family.area[1]),
            0.0,
            draws.between(family.zoom[0], family.zoom[1]),
        )
        path = family.law(Draws(seed, 4), start)
        if take == "returning" and not turned:
            path = motion.away(path, way, _EXCURSION)
        subject = _Actor(self._made(family, 5), path, family.shutter, subject=True)
        behind, front = self._others(kind, take, start, path(_MEETING))
        self._actors = [*behind, subject, *front]
        self._grain = draws.between(0.006, 0.03)

    def _made(self, family: Kind, stream: int) -> Drawn:
        return family.make(Draws(self._seed, stream), self._backdrop.setting)

    def _others(self, kind: str, take: str, start: Pose, meeting: Pose) -> tuple[list[_Actor], list[_Actor]]:
        """Cast what is behind the subject and what is before it."""
        draws, family = Draws(self._seed, 6), KINDS[kind]
        behind: list[_Actor] = []
        front: list[_Actor] = []
        if kind == "overlapping":
            for index, (x, y) in enumerate(((0.3, 0.1), (-0.3, -0.08), (0.08, -0.28))):
                at = Pose(start.x + x + draws.around(0.08), start.y + y + draws.around(0.05), 0.0, start.zoom)
                actor = _Actor(self._made(family, 20 + index), family.law(draws, at), 0.0)
                (front if index == 0 else behind).append(actor)
        if take == "beside":
            side = -1.0 if start.x > 0.0 else 1.0
            at = Pose(
                start.x + side * (draws.between(0.1, 0.3) + family.reach),
                start.y + draws.around(0.1),
                0.0,
                0.8 * start.zoom,
            )
            behind.append(_Actor(self._made(family, 7), family.law(draws, at), family.shutter))
        elif take == "passed":
            way = draws.sign() * draws.between(0.07, 0.1)
            path = motion.glide((meeting.x - _MEETING * way, draws.around(0.04)), (way, 0.0), draws.between(1.0, 1.3))
            front.append(_Actor(passer(Draws(self._seed, 8), self._backdrop.setting), path, 0.5))
        elif take == "crossed":
            way = draws.sign() * draws.between(0.045, 0.06)
            path = motion.glide(
                (meeting.x - _MEETING * way, meeting.y + draws.around(0.1)), (way, 0.0), 0.75 * start.zoom
            )
            rival = KINDS[family.rival or kind]
            (front if draws.unit() < 0.5 else behind).append(_Actor(self._made(rival, 7), path, rival.shutter))
        return behind, front

    def frame(self, time: float) -> Frame:
        """Composite the scene at a time in frames."""
        plate = np.clip(self._backdrop.view(self._camera(time)), 0.0, 1.0)
        alpha = np.zeros(plate.shape[1:], np.float32)
        other, foreground = alpha.copy(), np.zeros_like(plate)
        for actor in self._actors:
            layer = actor.layer(self._grid, self._camera, time)
            if layer is None:
                continue
            rows, columns = layer.grid.inside
            # Light above 1 would be clipped in the plate, and then plate and foreground would disagree.
            colour, cover = np.clip(layer.colour_chw, 0.0, 1.0), layer.alpha_hw
            plate[:, rows, columns] += (colour - plate[:, rows, columns]) * cover
            alpha[rows, columns] *= 1.0 - cover
            other[rows, columns] *= 1.0 - cover
            if actor.subject:
                alpha[rows, columns] += cover
                foreground[:, rows, columns] = colour
            else:
                other[rows, columns] += cover
        return Frame(plate, alpha, foreground, other)

    def grained(self, light_chw: Floats, time: int) -> Floats:
        """Add the camera's grain, which grows with the square root of the light; alpha knows nothing of it."""
        columns = np.arange(self._grid.width)[None, :]
        rows = np.arange(self._grid.height)[:, None]
        grains = np.empty_like(light_chw)
        for channel in range(3):
            words = hashed(columns, rows, (self._seed * 97 + time) * 3 + channel)
            pair = (words & np.uint32(0xFFFF)).astype(np.float32) + (words >> np.uint32(16)).astype(np.float32)
            grains[channel] = pair * (1.0 / 65536.0) - 1.0
        return as_floats(light_chw + grains * (np.sqrt(light_chw) * self._grain + 0.05 * self._grain))
