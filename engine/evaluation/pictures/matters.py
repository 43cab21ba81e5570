"""The matter alone, given exact trimaps: what the tracker's mistakes cannot spoil, beside closed-form matting."""

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from engine.clips.truth import TrueClip
from engine.evaluation.alpha import Codes, to_codes
from engine.evaluation.metrics import mad
from engine.evaluation.pictures.closed_form import CLOSED_FORM, Solver, exact_trimap, have_closed_form
from engine.evaluation.pictures.mattes import PROFILE, digest_of
from engine.evaluation.pictures.methods import Clock, Methods, Spent, Watch
from engine.evaluation.pictures.sections import Case, Measure, Section
from engine.evaluation.pictures.strips import strip
from engine.evaluation.tracking import ClipPlates
from engine.model.mam2 import MAM2
from engine.session.matting import matte_trimaps

HD, HD_COUNT = (1920, 1080), 3
"""Size and number of the composites on which seconds are compared."""
MEASURES = (
    Measure("mad", "MAD", 2, by_kind=True),
    Measure("mse", "MSE", 2),
    Measure("grad", "GRAD", 2),
    Measure("unknown", "MAD of unknown pixels", 2),
)

Layer = NDArray[np.float32]


def examine_matters(clips: Iterable[TrueClip], methods: Methods, solver: Solver) -> Section:
    """Matte composites by their exact trimaps."""
    return _section("matter", "The matter alone, exact trimaps", clips, methods, solver, MEASURES)


def examine_matters_at_hd(clips: Iterable[TrueClip], methods: Methods, solver: Solver) -> Section:
    """Matte a few HD composites by their exact trimaps, and compare the seconds that one takes."""
    title = f"The matter alone at {HD[0]}x{HD[1]}, exact trimaps"
    measures = (
        Measure("mad", "MAD", 2),
        Measure("passed", "seconds a frame", 2),
        Measure("processor", "processor seconds a frame", 2),
    )
    return _section("matter-hd", title, clips, methods, solver, measures)


def _section(
    key: str,
    title: str,
    clips: Iterable[TrueClip],
    methods: Methods,
    solver: Solver,
    measures: tuple[Measure, ...],
) -> Section:
    cases, clock, marks = [], Clock(), hashlib.sha256()
    for number, clip in enumerate(clips):
        marks.update(digest_of(clip))
        trimap = exact_trimap(clip.alpha_thw[0])
        if number == 0:  # what is allocated and compiled once does not count
            for model in methods.models.values():
                _by_matter(model, clip, trimap)
        for method, alpha, spent in _alphas(clip, trimap, methods, solver):
            clock.add(method, spent)
            found = {**_score(clip, alpha, trimap), **spent._asdict()}
            figures = {measure.key: found[measure.key] for measure in measures}
            shown = _strip(clip, alpha) if methods.strips else b""
            cases.append(Case(clip.name, clip.kind, method, figures, shown))
    models = tuple(methods.models)
    mark = marks.hexdigest()[:12]
    return Section(key, title, "composites", measures, tuple(cases), models, False, clock.totals, mark)


def _alphas(clip: TrueClip, trimap_hw: Layer, methods: Methods, solver: Solver) -> Iterator[tuple[str, Codes, Spent]]:
    for name, model in methods.models.items():
        watch = Watch()
        alpha = _by_matter(model, clip, trimap_hw)
        yield name, to_codes(alpha), watch.spent()
    if methods.baselines and have_closed_form():
        yield CLOSED_FORM, *solver.solve(clip)


def _by_matter(model: MAM2, clip: TrueClip, trimap_hw: Layer) -> Layer:
    """Matte a plate as a host's second stage does."""
    device = next(model.parameters()).device
    plate = ClipPlates(clip.plates_thwc).display(0)
    return matte_trimaps(model.matter, plate, {"subject": trimap_hw}, device)["subject"]


def _score(clip: TrueClip, alpha_hw: Codes, trimap_hw: Layer) -> dict[str, float]:
    codes = alpha_hw[None]
    figures = {key: values[0] for key, values in PROFILE.score(codes, clip.alpha_thw).items()}
    return figures | {"unknown": 1000 * float(mad(codes, clip.alpha_thw, (trimap_hw == 0.5)[None])[0])}


def _strip(clip: TrueClip, alpha_hw: Codes) -> bytes:
    truth, alpha = (np.divide(codes, 255, dtype=np.float32) for codes in (clip.alpha_thw[0], alpha_hw))
    return strip([(clip.plates_thwc[0], (), truth, alpha)])
