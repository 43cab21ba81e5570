"""Training clips drawn from nothing but a seed: plates with exact alpha for eight kinds of subject.

numpy and OpenCV only; every picture is a function of its seed. See `make_clip` and `render_linear`.
"""

from engine.clips.drawn.clip import (
    KINDS,
    TRANSLUCENT,
    UNSEEN_SEED,
    Clip,
    LinearClip,
    make_clip,
    render_linear,
)

__all__ = ["KINDS", "TRANSLUCENT", "UNSEEN_SEED", "Clip", "LinearClip", "make_clip", "render_linear"]
