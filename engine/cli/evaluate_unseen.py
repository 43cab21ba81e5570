"""`mam2 evaluate unseen`: the examination on clips like those of training, which training has never seen."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.evaluation.unseen_clips import ClipScore

_COLUMNS = ("clips", "MAD", "MSE", "dtSSD", "GrabCut", "first alpha held", "distractors taken")


def examine_unseen(
    model: str, *, clips: int, first: int, frames: int, mode: str, device: str, out: Path | None
) -> None:
    """Matte unseen procedural clips from one click each; print a table per kind beside two classical baselines.

    Args:
        model: name or weights file.
        clips: how many; kinds take turns.
        first: number of the first clip.
        frames: a clip.
        mode: row of the paper's ablation.
        device: what runs the model.
        out: file for every clip's scores, JSON; None: none.
    """
    from rich.console import Console
    from rich.progress import track
    from rich.table import Table

    from engine.evaluation.text_files import write_text
    from engine.evaluation.unseen_clips import examine
    from engine.weights.models import load_model

    loaded = load_model(model, device=device)
    scores = list(track(examine(loaded, clips=clips, frames=frames, first=first, mode=mode), "Examining", total=clips))
    table = Table("kind", *_COLUMNS)
    for kind in sorted({score.kind for score in scores}):
        table.add_row(kind, *_row([score for score in scores if score.kind == kind]))
    table.add_section()
    table.add_row("all", *_row(scores))
    console = Console()
    console.print(table)
    console.print(_verdict(scores))
    if out:
        write_text(out, json.dumps([asdict(score) for score in scores], indent=1))


def _row(scores: "list[ClipScore]") -> list[str]:
    means = (
        _mean([getattr(score, field) for score in scores])
        for field in ("mad", "mse", "dtssd", "grabcut_mad", "held_mad")
    )
    return [str(len(scores)), *(f"{value:.2f}" for value in means), str(sum(score.took_distractor for score in scores))]


def _verdict(scores: "list[ClipScore]") -> str:
    ours = _mean([score.mad for score in scores])
    best = min(_mean([score.grabcut_mad for score in scores]), _mean([score.held_mad for score in scores]))
    first_called, first_all, later_called, later_all = (sum(score.collapse[i] for score in scores) for i in range(4))
    first_share, later_share = first_called / max(1, first_all), later_called / max(1, later_all)
    return (
        f"MAD is {100 * (1 - ours / best):.0f} % below the better baseline; "
        f"the distractor was taken in {sum(score.took_distractor for score in scores)} of {len(scores)} clips; "
        f"truly unknown pixels called foreground: {first_share:.3f} on the first frame, {later_share:.3f} later "
        f"(ratio {later_share / max(first_share, 1e-9):.2f})."
    )


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
