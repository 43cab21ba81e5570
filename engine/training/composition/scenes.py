"""Scenes from pieces of data sets: which layer stands where, how it moves, what part is seen, what is unknown."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np

from engine.clips.drawn.motion import Bytes, Floats
from engine.datasets.items import Piece
from engine.training.composition.layers import Composite, Grade, Layer, Move, compose, opaque, premultiplied, shrunk
from engine.training.composition.travel import Travel, View, camera_path, draw_placing, foreground_path

_LARGEST, _AT = 29, 640  # of the kernels, in pixels of a picture whose shorter side has 640


def eroded_trimap(alpha_hw: Bytes, rng: np.random.Generator) -> Bytes:
    """Give a trimap (H, W) uint8 of 0, 128, 255 from an alpha (H, W) uint8.

    Foreground is where alpha is 1 and background where it is 0, to one code: what a translucent thing is made of is
    unknown by itself. Both are then eroded by an ellipse of a random size each; beyond the edges nothing erodes.
    """
    scale = min(alpha_hw.shape) / _AT
    trimap = np.full(alpha_hw.shape, 128, np.uint8)
    for value, known in ((0, alpha_hw <= 1), (255, alpha_hw >= 254)):
        side = max(1, round(rng.integers(1, _LARGEST + 1) * scale))
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        trimap[cv2.erode(known.astype(np.uint8), kernel).astype(bool)] = value
    return trimap


ASPECTS = (1.0, 1.0, 4 / 3, 16 / 9, 16 / 9, 2.0, 3 / 4)
_CLOSER = 0.5  # share of clips that look closer at an unknown region
_SHUTTERS, _SHARES = (0.0, 0.5, 0.9), (0.4, 0.4, 0.2)


def whole_scene(rng: np.random.Generator, piece: Piece, picks: Sequence[int], size: int) -> Composite:
    """Look at whole pictures, some of whose objects are labelled, with a camera that may move.

    Args:
        rng: source of chance.
        piece: the pictures.
        picks: the objects wanted.
        size: side of the square in pixels.
    """
    height, width = piece.plates[0].shape[:2]
    view = View(size, width / height)
    placing = np.diag([rng.choice([-1.0, 1.0]), 1.0])
    path = camera_path(rng, len(piece.places), moves_itself=_moves(piece))
    travel = Travel((width / 2, height / 2), placing, path, view.plate_hw[0] / height, view)
    travel = _closer(rng, travel, piece, int(rng.choice(picks)))
    grade = Grade.draw(rng, 0.6) if rng.random() < 0.6 else Grade.neutral()

    def picture(t: int) -> Floats:
        return opaque(piece.plates[t], piece.alpha_nthw[picks, t], grade)

    back = _layer(piece, picture, travel, mirrors=True)
    return compose(back, (), frames=len(piece.places), size=size, shutter=_shutter(rng))


def foreground_scene(
    rng: np.random.Generator, pieces: Sequence[Piece], back: Piece, size: int, *, merge: bool
) -> Composite:
    """Set foregrounds before a background.

    Args:
        rng: source of chance.
        pieces: of one object each, back to front; each shows it on its first frame.
        back: the background.
        size: side of the square in pixels.
        merge: make one object of all.
    """
    frames = len(back.places)
    view = View(size, ASPECTS[rng.integers(len(ASPECTS))] * rng.uniform(0.95, 1.05))
    travels = [_placed(rng, piece, view) for piece in pieces]
    looked_at = int(rng.integers(len(pieces)))
    view = _closer(rng, travels[looked_at], pieces[looked_at], 0).view
    layers = [
        _foreground(rng, piece, replace(travel, view=view)) for piece, travel in zip(pieces, travels, strict=True)
    ]
    objects = [layers] if merge else [[layer] for layer in layers]
    return compose(_background(rng, back, view), objects, frames=frames, size=size, shutter=_shutter(rng))


def _placed(rng: np.random.Generator, piece: Piece, view: View) -> Travel:
    rows, columns = (piece.alpha_nthw[0, 0] > 8).any(1).nonzero()[0], (piece.alpha_nthw[0, 0] > 8).any(0).nonzero()[0]
    extent = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    anchor = (float(columns[0] + columns[-1] + 1) / 2, float(rows[0] + rows[-1] + 1) / 2)
    unit = rng.uniform(0.35, 1.1) * min(view.plate_hw) / extent
    path = foreground_path(rng, len(piece.places), moves_itself=_moves(piece))
    return Travel(anchor, draw_placing(rng), path, float(unit), view)


def _foreground(rng: np.random.Generator, piece: Piece, travel: Travel) -> Layer:
    grade = Grade.draw(rng)

    def picture(t: int) -> Floats:
        return premultiplied(piece.plates[t], piece.alpha_nthw[0, t], grade)

    return _layer(piece, picture, travel, mirrors=False)


def _background(rng: np.random.Generator, piece: Piece, view: View) -> Layer:
    height, width = piece.plates[0].shape[:2]
    plate_h, plate_w = view.plate_hw
    unit = max(plate_h / height, plate_w / width) * rng.uniform(1.0, 1.6)
    path = camera_path(rng, len(piece.places), moves_itself=_moves(piece))
    travel = Travel((width / 2, height / 2), np.diag([rng.choice([-1.0, 1.0]), 1.0]), path, float(unit), view)
    grade = Grade.draw(rng, 0.6)

    def picture(t: int) -> Floats:
        return opaque(piece.plates[t], piece.alpha_nthw[:0, t], grade)

    return _layer(piece, picture, travel, mirrors=True)


def _layer(piece: Piece, picture: Callable[[int], Floats], travel: Travel, *, mirrors: bool) -> Layer:
    """Build the pictures of a layer at about the size that they are shown at, a still's once."""
    scale = travel.unit * travel.view.zoom * 1.2
    built: dict[int, tuple[Floats, Move]] = {}
    for t, place in enumerate(piece.places):
        if place not in built:
            built[place] = shrunk(picture(t), travel, scale)
    move = built[piece.places[0]][1]
    return Layer([built[place][0] for place in piece.places], move, mirrors)


def _closer(rng: np.random.Generator, travel: Travel, piece: Piece, number: int) -> Travel:
    """Look closer at an unknown region of an object in half of all clips."""
    if rng.random() > _CLOSER:
        return travel
    alpha = np.ascontiguousarray(piece.alpha_nthw[number, 0])
    unknown = eroded_trimap(alpha, rng) == 128
    # A hard mask may have nothing unknown: then at the object itself.
    rows, columns = (unknown if unknown.any() else alpha > 8).nonzero()
    pick = rng.integers(len(rows))
    x, y = travel(0.0) @ [columns[pick] + 0.5, rows[pick] + 0.5, 1.0] / travel.view.size
    return replace(travel, view=travel.view.towards(rng, (float(x), float(y))))


def _moves(piece: Piece) -> bool:
    return len(set(piece.places)) > 1


def _shutter(rng: np.random.Generator) -> float:
    return float(rng.choice(_SHUTTERS, p=_SHARES))
