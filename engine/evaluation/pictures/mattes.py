"""Mattes of composites and clips from one click, and of the matting model alone with exact trimaps."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from engine.clips.truth import TrueClip
from engine.contract.shot import Prompt
from engine.evaluation.baselines import first_alpha_held, grabcut
from engine.evaluation.metrics import Codes, mad, to_codes
from engine.evaluation.pictures.methods import (
    CLOSED_FORM,
    SALIENCY,
    Clock,
    Methods,
    Solver,
    Spent,
    Watch,
    exact_trimap,
    have_closed_form,
)
from engine.evaluation.pictures.sections import Case, Measure, Section
from engine.evaluation.pictures.strips import strip
from engine.evaluation.pictures.studio import iou
from engine.evaluation.profiles import Average, Profile, find_profile
from engine.evaluation.tracking import ClipPlates, prompt_for, track
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
    return _alone("matter", "The matter alone, exact trimaps", clips, methods, solver, MEASURES)


def examine_matters_at_hd(clips: Iterable[TrueClip], methods: Methods, solver: Solver) -> Section:
    """Matte a few HD composites by their exact trimaps, and compare the seconds that one takes."""
    title = f"The matter alone at {HD[0]}x{HD[1]}, exact trimaps"
    measures = (
        Measure("mad", "MAD", 2),
        Measure("passed", "seconds a frame", 2),
        Measure("processor", "processor seconds a frame", 2),
    )
    return _alone("matter-hd", title, clips, methods, solver, measures)


def _alone(
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
            shown = _strip_alone(clip, alpha) if methods.strips else b""
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


def _strip_alone(clip: TrueClip, alpha_hw: Codes) -> bytes:
    truth, alpha = (np.divide(codes, 255, dtype=np.float32) for codes in (clip.alpha_thw[0], alpha_hw))
    return strip([(clip.plates_thwc[0], (), truth, alpha)])


EMPTY, GRABCUT, HELD = "empty", "GrabCut", "first held"

Matted = tuple[str, Codes, Spent | None]
"""A method, its mattes (T, H, W) uint8, and what they took where it is worth counting."""

_LEAST_SOLID = 0.0005  # share of a plate that must be more than half opaque for J to say something

_ALL = find_profile("rvm-lr").measures
PROFILE = Profile("pictures", {key: _ALL[key] for key in ("mad", "mse", "grad", "dtssd")}, Average.CLIP)
STILL_MEASURES = (Measure("mad", "MAD", 2, by_kind=True), Measure("mse", "MSE", 2), Measure("grad", "GRAD", 2))
CLIP_MEASURES = (
    Measure("j", "J", by_kind=True),
    Measure("j_first", "J of the first frame"),
    Measure("j_last", "J of the last frame"),
    Measure("mad", "MAD", 2, by_kind=True),
    Measure("mad_first", "MAD of the first frame", 2),
    Measure("mad_last", "MAD of the last frame", 2),
    Measure("dtssd", "dtSSD", 2),
)


def examine_composites(clips: Iterable[TrueClip], methods: Methods, solver: Solver) -> Section:
    """Matte composites from one click each."""

    def simple(clip: TrueClip) -> Iterator[Matted]:
        return _beside_composites(clip, methods, solver)

    return _section("composites", "Composites, one click", "composites", clips, methods, simple, STILL_MEASURES)


def examine_clips(clips: Iterable[TrueClip], methods: Methods) -> Section:
    """Matte clips from one click on their first frame."""
    return _section("clips", "Clips, one click on the first frame", "clips", clips, methods, _held, CLIP_MEASURES)


def score(clip: TrueClip, alpha_thw: Codes) -> dict[str, float]:
    """Give the figures of one method's mattes of a clip.

    MAD and MSE times 1000, GRAD by 1000, dtSSD times 100, as in the profile `rvm-lr`; J is the mean intersection over
    union of what is more than half opaque, over the frames on which the truth has such pixels. Without any, as in thin
    smoke, there is no J.
    """
    frames = PROFILE.score(alpha_thw, clip.alpha_thw)
    figures = {key: float(np.mean(values)) for key, values in frames.items()}
    figures |= {"mad_first": frames["mad"][0], "mad_last": frames["mad"][-1]}
    solid = clip.alpha_thw > 127
    j = {t: iou(alpha_thw[t] > 127, solid[t]) for t in range(len(solid)) if solid[t].mean() >= _LEAST_SOLID}
    if j:
        figures["j"] = float(np.mean(list(j.values())))
    return figures | {name: j[t] for name, t in (("j_first", 0), ("j_last", len(solid) - 1)) if t in j}


def digest_of(clip: TrueClip) -> bytes:
    """Give what tells whether another run saw the same clip."""
    return hashlib.sha256(clip.plates_thwc.tobytes() + clip.alpha_thw.tobytes()).digest()


def _section(
    key: str,
    title: str,
    unit: str,
    clips: Iterable[TrueClip],
    methods: Methods,
    simple: Callable[[TrueClip], Iterator[Matted]],
    measures: tuple[Measure, ...],
) -> Section:
    cases, clock, marks = [], Clock(), hashlib.sha256()
    for clip in clips:
        marks.update(digest_of(clip))
        prompt, _ = prompt_for(clip, "point")
        tracked = (_tracked(name, model, clip, prompt, methods.mode) for name, model in methods.models.items())
        for method, alphas, spent in chain(tracked, simple(clip)):
            if spent:
                clock.add(method, spent)
            found = score(clip, alphas)
            figures = {measure.key: found[measure.key] for measure in measures if measure.key in found}
            told = prompt if method in methods.models else None
            shown = _strip(clip, told, alphas) if methods.strips and (told or method == SALIENCY) else b""
            cases.append(Case(clip.name, clip.kind, method, figures, shown))
    more, models = measures[0].key == "j", tuple(methods.models)
    return Section(key, title, unit, measures, tuple(cases), models, more, clock.totals, marks.hexdigest()[:12])


def _held(clip: TrueClip) -> Iterator[Matted]:
    yield HELD, to_codes(first_alpha_held(_unit(clip))), None


def _beside_composites(clip: TrueClip, methods: Methods, solver: Solver) -> Iterator[Matted]:
    yield EMPTY, np.zeros_like(clip.alpha_thw), None
    if methods.baselines:
        watch = Watch()
        cut = grabcut(clip.plates_thwc, _unit(clip))
        yield GRABCUT, to_codes(cut), watch.spent()
        if have_closed_form():
            solved, spent = solver.solve(clip)
            yield CLOSED_FORM, solved[None], spent
    if methods.saliency:
        watch = Watch()
        seen = methods.saliency(clip.plates_thwc[0])
        yield SALIENCY, to_codes(seen[None]), watch.spent()


def _unit(clip: TrueClip) -> NDArray[np.float32]:
    truth: NDArray[np.float32] = np.divide(clip.alpha_thw, 255, dtype=np.float32)
    return truth


def _tracked(name: str, model: MAM2, clip: TrueClip, prompt: Prompt, mode: str) -> Matted:
    watch = Watch()
    alphas = np.zeros(clip.alpha_thw.shape, np.uint8)
    for frame, matte in track(model, clip.plates_thwc, prompt, mode=mode):
        alphas[frame] = to_codes(matte.alpha_hw)
    return name, alphas, watch.spent()


def _strip(clip: TrueClip, prompt: Prompt | None, alpha_thw: Codes) -> bytes:
    """Show a composite, or the first, the middle and the last frame of a clip below one another."""
    last = len(clip.plates_thwc) - 1
    frames = sorted({0, last // 2, last})
    return strip(
        [
            (
                clip.plates_thwc[t],
                [prompt] if prompt and prompt.frame == t else [],
                np.divide(clip.alpha_thw[t], 255, dtype=np.float32),
                np.divide(alpha_thw[t], 255, dtype=np.float32),
            )
            for t in frames
        ]
    )
