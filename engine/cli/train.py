"""`mam2 train`: run or resume a stage of the starter's recipe."""

import time
from pathlib import Path
from typing import Annotated

import typer


def train(
    stage: Annotated[str, typer.Option(help="Stage of the recipe; see `mam2 train --list`.")] = "masks-128",
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the run: checkpoints and logs.")] = Path(
        "runs/starter"
    ),
    starts: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            help="Checkpoint of a stage before, or a weights file; again for the other part (tracker, matter).",
        ),
    ] = None,
    minutes: Annotated[float, typer.Option(help="Stop after this long; run again to go on.")] = 60.0,
    steps: Annotated[int, typer.Option(help="Length of the whole stage in steps.")] = 4000,
    mode: Annotated[str, typer.Option(help="Row of the ablation to train.")] = "pdd+mss",
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda|mps", help="What trains.")] = "auto",
    workers: Annotated[int, typer.Option(help="Processes that make clips.")] = 1,
    clips: Annotated[int, typer.Option(help="Clips in the pool that the run learns from.")] = 2000,
    first_seed: Annotated[int, typer.Option(help="Seed of the pool's first clip; the others follow.")] = 0,
    export: Annotated[
        Path | None, typer.Option(help="Write what the --from checkpoints hold as a model's weights file, and stop.")
    ] = None,
    list_stages: Annotated[bool, typer.Option("--list", help="Show the stages and stop.")] = False,
) -> None:
    """Train the starter model on procedural clips, one stage at a time, resumable."""
    from engine.model.devices import pick_device
    from engine.training import checkpoint, crew, datasets, stages, trainer

    if list_stages:
        for known in stages.STAGES.values():
            typer.echo(f"{known.name}: {known.kind}, {known.frames} frames of {known.size} px, batch {known.batch}")
        return
    if export:
        checkpoint.export(starts or [], export)
        typer.echo(f"wrote {export} ({export.stat().st_size / 1e6:.1f} MB)")
        return
    chosen = stages.STAGES[stage]
    where = pick_device(device)
    together = crew.join(where)
    out.mkdir(parents=True, exist_ok=True)
    pool = out / "pool.npy"
    if together.leads:
        datasets.build_pool(
            pool,
            clips=clips,
            frames=12,
            size=256,
            first_seed=first_seed,
            workers=2,
            report=lambda done: typer.echo(f"made {done} of {clips} clips") if done % 50 == 0 else None,
        )
    together.agree(wanted=True)  # the others wait for the clips
    path = out / f"{stage}.pt"
    model, progress = checkpoint.resume(path, starts or [], image_size=max(128, chosen.size))
    model.to(where)
    trained = sum(p.numel() for p in stages.choose_parameters(model, chosen).values())
    if together.leads:
        typer.echo(f"{stage}: {trained:,} parameters train; step {progress.step} of {steps}")
    began = time.monotonic()
    first = progress.step

    def report(step: int, terms: dict[str, float]) -> None:
        pace = (time.monotonic() - began) / max(1, step - first)
        words = " ".join(f"{name} {value:.4f}" for name, value in terms.items())
        typer.echo(f"{step:6d}  {pace:.2f} s/step  {words}")

    until = began + minutes * 60
    while progress.step < steps and together.agree(wanted=time.monotonic() < until):
        progress = trainer.train_stage(
            model,
            chosen,
            progress,
            pool=pool,
            folder=out,
            mode=mode,
            steps=steps,
            stop_after=min(300.0, until - time.monotonic()),
            report=report,
            workers=workers,
            crew=together,
        )
        if together.leads:
            checkpoint.save(path, model, progress)
