import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.session import fit

CPU = torch.device("cpu")


def blob(width, height, x, y):
    """A soft spot around (x, y), in pixels of the plate."""
    rows, columns = np.mgrid[:height, :width] + 0.5
    spot = np.exp(-(((columns - x) / width) ** 2 + ((rows - y) / height) ** 2) / 0.01)
    return np.repeat(spot[..., None], 3, axis=2).astype(np.float32)


def centre(image_hw):
    """Where the weight of an image is, x and y in its pixels."""
    rows, columns = np.mgrid[: image_hw.shape[0], : image_hw.shape[1]] + 0.5
    return (columns * image_hw).sum() / image_hw.sum(), (rows * image_hw).sum() / image_hw.sum()


def test_a_plate_of_the_squares_size_is_not_touched():
    """A plate that already has the model's size passes bit by bit, and so does the way back."""
    plate = fit.to_tensor(np.random.default_rng(1).random((64, 64, 3), np.float32), CPU)
    assert torch.equal(fit.to_plate(fit.to_square(plate, 64), (64, 64)), plate)


@pytest.mark.parametrize("size", [(320, 180), (180, 320), (96, 96), (640, 270)])
def test_to_the_square_and_back_keeps_a_smooth_plate(size):
    """A smooth plate comes back from the square as it was, whatever its size and shape."""
    plate = fit.to_tensor(blob(*size, 0.4 * size[0], 0.6 * size[1]), CPU)
    again = fit.to_plate(fit.to_square(plate, 128), size)
    assert again.shape == plate.shape
    assert (again - plate).abs().max() < 0.01


@settings(max_examples=60)
@given(
    width=st.integers(40, 200),
    height=st.integers(40, 200),
    across=st.floats(0.3, 0.7),
    down=st.floats(0.3, 0.7),
)
def test_points_land_where_the_plate_does(width, height, across, down):
    """A point in the plate and the thing it marks arrive at the same place of the square."""
    x, y = across * width, down * height
    square = fit.to_square(fit.to_tensor(blob(width, height, x, y), CPU), 64)[0, 0].numpy()
    point = fit.points_to_square([(x, y)], (width, height), 64)[0, 0]
    assert np.allclose(centre(square), point, atol=0.5)


def test_the_trimap_knows_three_values_and_where_they_are():
    """Classes come out as 0, 0.5 and 1 at the plate's size, each in its own third."""
    logits = torch.full((1, 3, 6, 6), -4.0)
    for column, kind in ((0, 0), (2, 1), (4, 2)):
        logits[:, kind, :, column : column + 2] = 4.0
    trimap = fit.trimap_to_plate(logits, (90, 50))
    assert trimap.shape == (1, 1, 50, 90)
    assert set(trimap.unique().tolist()) == {0.0, 0.5, 1.0}
    assert [trimap[0, 0, 25, x].item() for x in (10, 45, 80)] == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("size", [(90, 50), (6, 6)])
def test_the_trimap_is_the_likeliest_class(size):
    """What argmax says of the stretched probabilities, the first of equals included; the logits stay as they are."""
    torch.manual_seed(0)
    logits = torch.randint(0, 3, (2, 3, 6, 6)).float()  # few values: many ties
    before = logits.clone()
    trimap = fit.trimap_to_plate(logits, size)
    likely = fit.to_plate(logits.softmax(dim=1), size)
    top = likely.topk(2, dim=1).values
    clear = (top[:, :1] - top[:, 1:] > 1e-6) | (size == (6, 6))  # stretching rounds leads otherwise than probabilities
    assert torch.equal(trimap[clear], (likely.argmax(dim=1, keepdim=True) / 2)[clear])
    assert clear.float().mean() > 0.9
    assert torch.equal(logits, before)


def test_a_mask_keeps_its_area():
    """A mask covers the same share of the square as of the plate, and knows only 0 and 1."""
    mask = np.zeros((90, 160), bool)
    mask[10:70, 30:120] = True
    square = fit.mask_to_square(mask, 64)
    assert set(square.unique().tolist()) == {0.0, 1.0}
    assert abs(square.mean().item() - mask.mean()) < 0.02
