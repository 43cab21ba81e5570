"""EfficientNet-Lite as trunk: the published network's own features, and adapters on what mixes channels."""

from dataclasses import replace

import pytest
import torch

from engine.contract.errors import ModelError
from engine.model.config import CONFIGS, STARTER
from engine.model.image_encoder import LiteTrunk, lora_layers, merged, published_lite, rest_untaught_adapters
from engine.model.mam2 import MAM2
from engine.training.checkpoint import load_photographic_trunk
from engine.weights.header import Contents
from engine.weights.structure import empty_model, empty_parts

NAME = "efficientnet_lite0"


@pytest.fixture(scope="module")
def published():
    """A published network with seeded values, norms among them."""
    torch.manual_seed(1)
    net = published_lite(NAME).eval()
    for name, tensor in net.state_dict().items():
        if "running_var" in name:
            tensor.copy_(torch.rand_like(tensor) + 0.5)
        elif "running_mean" in name:
            tensor.copy_(torch.randn_like(tensor) * 0.1)
    return net


@torch.inference_mode()
def test_folded_norms_change_nothing(published):
    """The trunk's coarsest features are what the published network sees before its head, up to rounding."""
    trunk = LiteTrunk(NAME).eval()
    trunk.take(list(published.state_dict().values()))
    plates = torch.rand(2, 3, 64, 96)
    levels = trunk(plates)
    assert [tuple(level.shape[1:]) for level in levels] == [(24, 16, 24), (40, 8, 12), (112, 4, 6), (320, 2, 3)]
    seen = published.bn1(published.conv_stem(plates))
    assert torch.allclose(levels[-1], published.blocks(seen), rtol=1e-3, atol=1e-4)


def test_a_published_file_fills_the_trunk_and_leaves_adapters(published, tmp_path):
    """A tracker with adapters takes the file's weights beside them; a file of another network is refused by name."""
    file = tmp_path / "lite.pth"
    torch.save(published.state_dict(), file)
    model = empty_model(STARTER)
    load_photographic_trunk(model, file)
    plain = LiteTrunk(NAME)
    plain.take(list(published.state_dict().values()))
    stem = model.tracker.image_encoder.trunk.conv_stem.weight
    assert torch.equal(stem, plain.conv_stem.weight)
    assert lora_layers(model)
    torch.save({"a": torch.zeros(3)}, file)
    with pytest.raises(ModelError) as refused:
        load_photographic_trunk(model, file)
    assert refused.value.code == "model.keys"
    with pytest.raises(ModelError) as elsewhere:
        load_photographic_trunk(empty_model(CONFIGS["sam2.1-t"]), file)
    assert elsewhere.value.code == "model.config"


@torch.inference_mode()
def test_adapters_of_convolutions_merge():
    """Merged into the weights that they adapt, they give the same features as beside them."""
    torch.manual_seed(0)
    model = MAM2(STARTER).eval()
    for layer in lora_layers(model):
        layer.lora_B["default"].weight.normal_(0, 0.02)
    tensors = merged(model.state_dict(), STARTER.lora)
    contents = Contents("starter", tracker=STARTER.tracker, matter=STARTER.matter)
    parts = empty_parts(contents)
    parts.load_state_dict(tensors)
    plate = torch.rand(1, 3, 384, 384)
    beside = model.tracker.image_encoder.trunk(plate)
    for mine, theirs in zip(parts["tracker"].image_encoder.trunk.eval()(plate), beside, strict=True):
        assert torch.allclose(mine, theirs, rtol=1e-3, atol=1e-4)


def test_adapters_that_say_nothing_rest():
    """Adapters that neither train nor change anything are left out of the sum; those that do take part."""
    model = MAM2(replace(STARTER))
    model.requires_grad_(requires_grad=False)
    rest_untaught_adapters(model)
    assert all(layer.disable_adapters for layer in lora_layers(model))
    layers = lora_layers(model)
    layers[0].lora_B["default"].weight.data.fill_(0.1)
    layers[1].lora_A["default"].weight.requires_grad_()
    rest_untaught_adapters(model)
    assert [layer.disable_adapters for layer in layers[:3]] == [False, False, True]
