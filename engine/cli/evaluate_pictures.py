"""`mam2 evaluate pictures`: models side by side on a pack of photographs, and what they cannot be seen on otherwise."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from engine.contract.errors import EngineError
from engine.contract.shot import MODES

if TYPE_CHECKING:
    from rich.console import Console

    from engine.evaluation.pictures.methods import Methods
    from engine.evaluation.pictures.sections import Section
    from engine.training.pictures.stills import Pack

T = TypeVar("T")

NAME = "pictures"
PARTS = ("masks", "composites", "matter", "clips")


@dataclass(frozen=True)
class Wish:
    """What is to be measured.

    Attributes:
        pack: folder of the pack of pictures.
        models: names or weights files; the first is what the others are compared with.
        parts: of `PARTS`.
        tiers: of licences whose pictures are taken.
        limit: most pictures of a part; None: all.
        mode: row of the paper's ablation.
        device: what runs the models.
        baselines: whether simple methods are measured, too.
        saliency: file of U2-Net-p; None: it is left out.
        out: folder for the report; None: it is only shown.
        pictures: whether strips to look at go there, too.
        beside: earlier reports, whose methods are put beside and not measured again.
    """

    pack: Path
    models: Sequence[str]
    parts: Sequence[str]
    tiers: Sequence[str]
    limit: int | None
    mode: str
    device: str
    baselines: bool
    saliency: Path | None
    out: Path | None
    pictures: bool
    beside: Sequence[Path] = ()

    def __post_init__(self) -> None:
        wrong = [part for part in self.parts if part not in PARTS]
        if wrong:
            raise EngineError(
                "evaluate.part", f"'{wrong[0]}' is no part of '{NAME}'.", f"Its parts are: {', '.join(PARTS)}."
            )
        if self.mode not in MODES:
            raise EngineError("evaluate.mode", f"'{self.mode}' is no mode.", f"Choose one of: {', '.join(MODES)}.")
        _names(self.models)
        if self.pictures and self.out is None:
            raise EngineError("evaluate.arguments", "Pictures need a folder to go to.", "Give one with -o FOLDER.")


def examine_pictures(wish: Wish) -> None:
    """Measure, show the tables and write the report, part by part.

    Raises:
        EngineError: the pack, a model or a part is not there; a file cannot be written.
    """
    from rich.console import Console

    from engine.cli.evaluate_report import drawn
    from engine.evaluation.pictures.sections import read_earlier, section_tables
    from engine.training.pictures.stills import read_pack

    console, earlier = Console(), [read_earlier(path) for path in wish.beside]
    pack, methods = read_pack(wish.pack, "dev", wish.tiers), _methods(wish)
    beside = [f"Beside: what {path} holds." for path in wish.beside]
    notes = [f"Tiers {', '.join(wish.tiers)} of the pack's split 'dev'; mode {wish.mode}.", *beside, *_left_out(wish)]
    sections: list[Section] = []
    for measured in _examine(pack, methods, wish):
        section = measured
        for report in reversed(earlier):
            section = report.beside(section)
        sections.append(section)
        for table in section_tables(section):
            console.print(drawn(table))
        if wish.out:
            models = {name: file for report in earlier for name, file in report.models.items()}
            models |= dict(zip(methods.models, wish.models, strict=True))
            _write(wish, models, notes, sections)
    _say(console, [*notes, *([f"Written to {wish.out}."] if wish.out else [])])


def _write(wish: Wish, models: dict[str, str], notes: Sequence[str], sections: "list[Section]") -> None:
    """Write all that is known by now, and the strips of the section that came last."""
    from engine.evaluation.pictures.sections import plain, report_markdown
    from engine.evaluation.pictures.strips import write_strips
    from engine.media.atomic import write_text

    folder = wish.out or Path()
    found = {
        "version": 1,
        "benchmark": NAME,
        "tiers": list(wish.tiers),
        "mode": wish.mode,
        "models": models,
        "sections": {section.key: plain(section) for section in sections},
    }
    write_text(folder / "report.json", json.dumps(found, indent=1))
    write_text(folder / "report.md", report_markdown("Photographs", notes, sections))
    write_strips(sections[-1], folder)


def _examine(pack: "Pack", methods: "Methods", wish: Wish) -> "Iterator[Section]":
    """Measure part by part; those that are made of the same pictures share them."""
    from engine.evaluation.pictures import composites, mattes
    from engine.evaluation.pictures.masks import examine_masks
    from engine.evaluation.pictures.methods import Solver
    from engine.evaluation.pictures.studio import Studio, in_turn, read_masked

    most = wish.limit or 1 << 30
    if "masks" in wish.parts:
        pictures = in_turn(pack.of("masked"), wish.limit)
        if not pictures:
            raise EngineError("evaluate.part", "The pack has no masked pictures of these tiers.", "Give other --tiers.")
        yield from examine_masks(_shown("masks", map(read_masked, pictures), len(pictures)), methods)
    if wish.parts == ["masks"]:
        return
    studio, solver = Studio.of(pack), Solver()
    made, count = composites.Composites(studio), min(most, composites.COUNT)
    if "composites" in wish.parts:
        yield mattes.examine_composites(_shown("composites", made.clips(count), count), methods, solver)
    if "matter" in wish.parts:
        yield mattes.examine_matters(_shown("matter", made.clips(count), count), methods, solver)
        few = min(most, mattes.HD_COUNT)
        large = composites.Composites(studio, mattes.HD).clips(few)
        yield mattes.examine_matters_at_hd(_shown("matter, HD", large, few), methods, solver)
    if "clips" in wish.parts:
        count = min(most, composites.CLIPS)
        yield mattes.examine_clips(_shown("clips", composites.StillClips(studio).clips(count), count), methods)


def _shown(label: str, made: Iterable[T], count: int) -> Iterable[T]:
    from rich.console import Console
    from rich.progress import track

    return track(made, label, count, console=Console(stderr=True))


def _methods(wish: Wish) -> "Methods":
    from engine.evaluation.pictures.methods import Methods
    from engine.weights.models import load_model

    saliency = None
    if wish.saliency:
        from engine.training.pictures.teacher import open_teacher

        saliency = open_teacher(wish.saliency)
    models = {name: load_model(model, device=wish.device) for name, model in _names(wish.models).items()}
    return Methods(models, wish.mode, wish.baselines, saliency, wish.pictures)


def _names(models: Sequence[str]) -> dict[str, str]:
    """Give each model a short name of its own."""
    found: dict[str, str] = {}
    for model in models:
        path = Path(model)
        short = path.name.removesuffix(".safetensors")
        if short in found and path.parent.name:
            short = f"{path.parent.name}/{short}"
        if short in found or model in found.values():
            raise EngineError("evaluate.arguments", f"'{model}' is named twice.", "Name each model once.")
        found[short] = model
    return found


def _left_out(wish: Wish) -> list[str]:
    """Say which baselines are not there, and how to get them."""
    from engine.evaluation.pictures.methods import have_closed_form

    absent: list[str] = []
    if wish.beside:
        return absent
    if not wish.baselines:
        absent.append("GrabCut and closed-form matting (--baselines; they take longer than a small model)")
    elif not have_closed_form():
        absent.append("closed-form matting (install mam2 with its extra 'evaluation')")
    if wish.saliency is None:
        absent.append("U2-Net-p without a prompt (--saliency u2netp.onnx, and pip install onnxruntime)")
    return [f"Left out: {'; '.join(absent)}."] if absent else []


def _say(console: "Console", lines: Sequence[str]) -> None:
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
