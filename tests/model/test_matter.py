"""What the matter promises apart from the public numbers (those stand in test_matter_parity.py)."""

import dataclasses

import pytest
import torch
from torch import nn

from engine.model.config import MEMATTE_S, STARTER_MATTER, VITMATTE_S, MatterConfig
from engine.model.matter import Matter
from engine.model.matter_backbone import ratio_loss, sample_policy, select_tokens
from engine.model.matter_blocks import Attention, attend_with_positions

SMALL = dataclasses.replace(
    STARTER_MATTER, dim=32, depth=3, heads=2, window=3, global_blocks=(0, 2), detail_tile=64, fusion=(24, 16, 8, 8)
)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(20)


def make(config=SMALL):
    """A matter whose every part does something: even what training starts at zero."""
    model = Matter(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        for router in getattr(model.backbone, "routers", ()):
            # Wide centred weights, or chance alone makes a router keep or drop every token.
            for weight in (part.weight for part in router.modules() if isinstance(part, nn.Linear)):
                draw = torch.randn_like(weight) * 2 / weight.shape[1] ** 0.5
                weight.copy_(draw - draw.mean(dim=1, keepdim=True))
    return model


def batch(count=1, height=96, width=64):
    """Random plates with trimaps of three bands."""
    trimap = torch.linspace(0, 1, width).mul(2).round().div(2).expand(count, 1, height, width)
    return torch.rand(count, 3, height, width), trimap


def force_routers(model, keep):
    """Make every router keep, or drop, every token."""
    for router in model.backbone.routers:
        nn.init.zeros_(router.out_conv[4].weight)
        router.out_conv[4].bias.data = torch.tensor([1.0, -1.0] if keep else [-1.0, 1.0])


def test_starter_size():
    """The starter matter has 2,019,743 parameters."""
    assert sum(parameter.numel() for parameter in Matter(STARTER_MATTER).parameters()) == 2_019_743


@pytest.mark.parametrize(
    "change",
    [
        {"heads": 5},
        {"dim": 36},
        {"global_blocks": (12,)},
        {"patch": 8},
        {"detail_tile": 500},
        {"detail_overlap": 60},
        {"global_rel_pos": True},
    ],
)
def test_contradictory_sizes_are_refused(change):
    """A config that cannot be built says so at once."""
    with pytest.raises(ValueError, match=next(iter(change)).split("_")[0]):
        MatterConfig(**change)


def test_named_configs_differ_where_the_networks_do():
    """ViTMatte-S is MEMatte-S without routers and with global relative positions."""
    assert dataclasses.replace(VITMATTE_S, global_rel_pos=False, routed=True) == MEMATTE_S


@torch.inference_mode()
@pytest.mark.parametrize(("height", "width"), [(64, 64), (64, 50), (33, 65), (7, 200)])
def test_alpha_has_the_size_of_the_plate(height, width):
    """Any plate gives a float32 alpha of its own size within 0..1."""
    alpha = make()(*batch(2, height, width))
    assert alpha.shape == (2, 1, height, width)
    assert alpha.dtype == torch.float32
    assert 0 <= alpha.min() < alpha.max() <= 1


@torch.inference_mode()
def test_padding_grows_both_sides():
    """One side that is no multiple of 32 makes the other grow by a whole 32 too; none leaves both alone."""
    model = make()
    assert model.forward_detailed(*batch(1, 96, 118)).features.shape[-2:] == (8, 8)
    assert model.forward_detailed(*batch(1, 96, 128)).features.shape[-2:] == (6, 8)


def test_misfitting_inputs_are_refused():
    """A plate without colour or a trimap of another size raises."""
    plate, trimap = batch()
    with pytest.raises(ValueError, match="plate"):
        make()(plate[:, :1], trimap)
    with pytest.raises(ValueError, match="trimap"):
        make()(plate, trimap[..., 1:])


@torch.inference_mode()
def test_frames_of_a_batch_do_not_mix():
    """Each frame of a batch gets the alpha and the routing that it gets alone."""
    model = make()
    plates, trimaps = batch(3)
    together = model.forward_detailed(plates, trimaps)
    for i in range(3):
        alone = model.forward_detailed(plates[i : i + 1], trimaps[i : i + 1])
        torch.testing.assert_close(together.alpha[i], alone.alpha[0])
        for keeps, keep in zip(together.keeps, alone.keeps, strict=True):
            torch.testing.assert_close(keeps[i], keep[0])
    assert len({int(keep.sum()) for keep in together.keeps[0]}) > 1


@torch.inference_mode()
def test_a_frame_leaves_no_trace():
    """Matting one frame changes neither the weights nor the next answer."""
    model = make()
    plates, trimaps = batch(2)
    first = model(plates[:1], trimaps[:1])
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    model(plates[1:], trimaps[1:])
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)
    assert torch.equal(model(plates[:1], trimaps[:1]), first)


@torch.inference_mode()
def test_large_frames_decode_in_tiles_without_a_seam():
    """Above two tiles the decoder works in tiles by itself, and the alpha equals one pass over the frame."""
    model = make()
    given, sizes = [], []
    model.decoder.register_forward_pre_hook(lambda _, args: given.append(args))
    model.decoder.matting_head.register_forward_hook(lambda _, args, __: sizes.append(tuple(args[0].shape[-2:])))
    alpha = model(*batch(1, 96, 224))
    assert len(sizes) == 8
    assert max(max(size) for size in sizes) <= 64 + 2 * SMALL.detail_overlap
    torch.testing.assert_close(alpha, model.decoder.at_once(*given[0]), rtol=0, atol=1e-5)


@torch.inference_mode()
def test_token_cap():
    """No router keeps more than the config's `max_tokens` tokens per frame."""
    model = make(dataclasses.replace(SMALL, max_tokens=5))
    force_routers(model, keep=True)
    out = model.forward_detailed(*batch(2))
    assert all(keep.flatten(1).sum(1).tolist() == [5, 5] for keep in out.keeps)


def test_selection_needs_a_positive_margin():
    """The cap picks the surest among kept tokens and never promotes a dropped one."""
    margin = torch.tensor([[[3.0, -1.0], [1.0, 2.0]], [[-3.0, -1.0], [4.0, -2.0]]])
    log_prob = torch.stack([margin, torch.zeros_like(margin)], dim=-1)
    capped = select_tokens(log_prob, 2)
    assert capped.tolist() == [[[True, False], [False, True]], [[False, False], [True, False]]]
    assert torch.equal(select_tokens(log_prob, 4), margin > 0)


@torch.inference_mode()
@pytest.mark.parametrize("keep", [True, False])
def test_routing_extremes(keep):
    """Keeping every token or none works and both agree with the training path for the same decision."""
    model = make()
    force_routers(model, keep=keep)
    out = model.forward_detailed(*batch(2))
    assert all(bool((kept == keep).all()) for kept in out.keeps)
    block, tokens = model.backbone.blocks[0], torch.randn(2, 4, 6, SMALL.dim)
    policy = torch.full((2, 4, 6), float(keep))
    torch.testing.assert_close(block(tokens, policy), block(tokens, policy.bool()), rtol=1e-4, atol=1e-5)


@torch.inference_mode()
def test_training_and_matting_compute_the_same_block():
    """For the same mixed decision the differentiable way and the gathered way give the same tokens."""
    block, tokens = make().backbone.blocks[0], torch.randn(2, 4, 6, SMALL.dim)
    policy = (torch.rand(2, 4, 6) > 0.6).float()
    torch.testing.assert_close(block(tokens, policy), block(tokens, policy.bool()), rtol=1e-4, atol=1e-5)


def test_gradients_reach_every_parameter():
    """A training step moves all weights, the routers' too, and its decisions are hard."""
    model = make().train()
    out = model.forward_detailed(*batch(2))
    (out.alpha.square().mean() + ratio_loss(out.keeps)).backward()
    assert all(set(keep.unique().tolist()) <= {0.0, 1.0} for keep in out.keeps)
    still = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().max() > 0]
    assert still == []


def test_matting_loss_alone_trains_the_routers():
    """Alpha itself tells the routers which tokens to keep."""
    model = make().train()
    model(*batch(2)).square().mean().backward()
    for router in model.backbone.routers:
        assert router.out_conv[4].weight.grad.abs().max() > 0


def test_policy_follows_the_probabilities():
    """Drawn decisions keep a token as often as its probability says."""
    log_prob = torch.tensor([0.8, 0.2]).log().expand(1, 100, 100, 2)
    assert sample_policy(log_prob).mean().item() == pytest.approx(0.8, abs=0.02)


def test_ratio_loss():
    """The loss is the squared distance of the overall share of kept tokens to the target."""
    policies = [torch.tensor([[[1.0, 0.0]]]), torch.tensor([[[0.0, 0.0]]])]
    assert ratio_loss(policies).item() == 0
    assert ratio_loss(policies, target=0.75).item() == pytest.approx(0.25)


@torch.inference_mode()
@pytest.mark.parametrize("limit", [1, 500, 2**27])
def test_positions_equal_the_definition(limit):
    """Attention with relative positions equals its definition, however many steps it takes."""
    height, width, dim = 4, 3, 8
    q, k, v = torch.randn(3, 2, 2, height * width, dim)
    rows, columns = torch.randn(2 * height - 1, dim), torch.randn(2 * width - 1, dim)
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    y, x = y.flatten(), x.flatten()
    by_pair = rows[y[:, None] - y + height - 1] + columns[x[:, None] - x + width - 1]
    scores = q @ k.transpose(-2, -1) * dim**-0.5 + torch.einsum("bnqc,qkc->bnqk", q, by_pair)
    out = attend_with_positions(q, k, v, (rows, columns), (height, width), bias_limit=limit)
    torch.testing.assert_close(out, scores.softmax(-1) @ v)


@torch.inference_mode()
def test_chosen_tokens_attend_as_a_whole_grid_would():
    """Attention over loose tokens equals attention over a grid that holds just those."""
    attention = Attention(16, 2)
    tokens = torch.randn(1, 3, 4, 16)
    torch.testing.assert_close(attention.chosen(tokens.flatten(1, 2)), attention(tokens).flatten(1, 2))


@torch.inference_mode()
@pytest.mark.parametrize("config", [SMALL, dataclasses.replace(SMALL, routed=False, global_rel_pos=True)])
def test_reduced_precision(config):
    """Under bfloat16 autocast, and with bfloat16 weights, alpha stays float32 and near the full one."""
    model = make(config)
    plate, trimap = batch(2)
    full = model(plate, trimap)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = model(plate, trimap)
    half = model.to(torch.bfloat16)(plate, trimap)
    for alpha in (mixed, half):
        assert alpha.dtype == torch.float32
        assert (alpha - full).abs().mean() < 0.05
