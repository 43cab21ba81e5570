"""Promises of the loss terms: right is cheap, wrong is dear, gradients reach what they should."""

import pytest
import torch

from engine.training import losses


def test_a_right_mask_costs_less_than_a_wrong_one():
    """Focal and dice loss prefer the true mask to its opposite, sample by sample."""
    truth = torch.zeros(2, 1, 8, 8)
    truth[..., 2:6, 2:6] = 1
    right = (truth * 2 - 1) * 6
    for loss in (losses.focal, losses.dice):
        assert (loss(right, truth) < 0.1).all()
        assert (loss(-right, truth) > 0.5).all()


def test_a_right_trimap_costs_less_than_a_wrong_one():
    """The normalised focal loss prefers the true classes."""
    classes = torch.randint(3, (2, 8, 8), generator=torch.Generator().manual_seed(0))
    right = torch.nn.functional.one_hot(classes, 3).permute(0, 3, 1, 2) * 8.0
    assert (losses.normalised_focal(right, classes) * 20 < losses.normalised_focal(-right, classes)).all()


def test_a_confident_sample_still_teaches():
    """Normalising keeps the gradient of one wrong pixel among many right ones from vanishing."""
    classes = torch.zeros(1, 16, 16, dtype=torch.int64)
    logits = torch.tensor([6.0, 0.0, 0.0]).view(1, 3, 1, 1).repeat(1, 1, 16, 16)
    logits[:, :, 8, 8] = torch.tensor([0.0, 0.0, 6.0])
    logits.requires_grad_()
    losses.normalised_focal(logits, classes).sum().backward()
    at = logits.grad.abs().sum(1)[0]
    assert at[8, 8] > 100 * at[0, 0]


@pytest.mark.parametrize("loss", [losses.laplacian, losses.gradient])
def test_the_exact_alpha_costs_nothing(loss):
    """Laplacian and gradient loss are zero for the exact alpha and positive for any other."""
    truth = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    assert float(loss(truth, truth)) == 0
    assert float(loss(truth.flip(-1), truth)) > 0.01


def test_known_and_unknown_count_alike():
    """The l1 term weighs a small unknown region as much as the large known one, and survives an empty one."""
    truth, unknown = torch.zeros(1, 1, 32, 32), torch.zeros(1, 1, 32, 32)
    assert float(losses.alpha_l1(truth, truth, unknown)) == 0
    unknown[..., :4, :4] = 1
    assert float(losses.alpha_l1(unknown, truth, unknown)) == pytest.approx(16 / 17)
