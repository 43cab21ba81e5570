import numpy as np
import pytest
import torch

from engine.contract.errors import PromptError
from engine.contract.shot import Box, MaskPrompt, Point
from engine.session.prompts import frame_prompt

SIZE, SIDE, CPU = (200, 100), 64, torch.device("cpu")


def test_points_are_scaled_axis_by_axis():
    """Points arrive in the square's pixels, positive ones as 1, negative ones as 0."""
    prompt = frame_prompt([Point(1, 50, 50), Point(1, 200, 100, positive=False)], SIZE, SIDE, CPU)
    assert prompt.points_bp2.tolist() == [[[16.0, 32.0], [64.0, 64.0]]]
    assert prompt.labels_bp.tolist() == [[1, 0]]
    assert prompt.labels_bp.dtype == torch.int32
    assert prompt.mask_b1hw is None


def test_a_box_comes_before_the_points():
    """A box is its two corners, labelled 2 and 3, ahead of points made before it."""
    prompt = frame_prompt([Point(1, 50, 50), Box(1, 0, 0, 100, 100)], SIZE, SIDE, CPU)
    assert prompt.labels_bp.tolist() == [[2, 3, 1]]
    assert prompt.points_bp2.tolist() == [[[0.0, 0.0], [32.0, 64.0], [16.0, 32.0]]]


def test_the_last_box_counts():
    """A box drawn again replaces the one before."""
    prompt = frame_prompt([Box(1, 0, 0, 10, 10), Box(1, 100, 50, 200, 100)], SIZE, SIDE, CPU)
    assert prompt.points_bp2.tolist() == [[[32.0, 32.0], [64.0, 64.0]]]


@pytest.mark.parametrize("kind", [bool, np.float32])
def test_a_mask_is_read_by_the_given_reader(kind):
    """A mask prompt asks the reader for its file at the plate's size and arrives as 0 or 1 in the square."""
    asked = []

    def read(path, size):
        asked.append((path, size))
        mask = np.zeros((size[1], size[0]), kind)
        mask[:, size[0] // 2 :] = 1
        return mask

    prompt = frame_prompt([MaskPrompt(1, "left.exr"), MaskPrompt(1, "right.exr")], SIZE, SIDE, CPU, read)
    assert asked == [("right.exr", SIZE)]
    assert prompt.points_bp2 is None
    assert prompt.mask_b1hw.shape == (1, 1, SIDE, SIDE)
    assert prompt.mask_b1hw[..., : SIDE // 2].max() == 0
    assert prompt.mask_b1hw[..., SIDE // 2 :].min() == 1


def test_a_mask_without_a_reader_is_refused():
    """Where masks cannot be read, the artist is told."""
    with pytest.raises(PromptError) as error:
        frame_prompt([MaskPrompt(1, "a.exr")], SIZE, SIDE, CPU)
    assert error.value.code == "prompt.mask_unread"


def test_a_mask_of_another_size_is_refused():
    """A mask that does not fit the plate is refused with both sizes."""
    with pytest.raises(PromptError, match="30x20 pixels, but the plates are 200x100") as error:
        frame_prompt([MaskPrompt(1, "a.exr")], SIZE, SIDE, CPU, lambda *_: np.ones((20, 30), bool))
    assert error.value.code == "prompt.mask_size"
