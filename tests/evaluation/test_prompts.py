"""Promises of the prompts that are made from a clip's truth."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_benchmark import moving

from engine.contract.errors import EngineError
from engine.contract.shot import Box, MaskPrompt, Point
from engine.evaluation.tracking import click, outline, prompt_for, prompt_frame


def _shape(*rows):
    return np.array([[int(c) * 25 for c in row] for row in rows], np.uint8)


def test_the_click_is_the_deepest_point():
    """The click lies at the centre of the pixel that is farthest from every edge of the subject."""
    alpha = np.zeros((20, 30), np.uint8)
    alpha[5:14, 8:17] = 255
    alpha[0:3, 20:30] = 255
    assert click(alpha) == (12.5, 9.5)


def test_the_click_avoids_the_images_border():
    """A subject that leaves the image is clicked inside, not on the border that cuts it."""
    alpha = np.zeros((21, 30), np.uint8)
    alpha[:, :9] = 255
    x, y = click(alpha)
    assert x == 4.5
    assert 4 <= y <= 17


def test_the_click_goes_into_the_core():
    """Thin parts, below half of the highest alpha, are not clicked, however wide they are."""
    alpha = np.full((20, 40), 60, np.uint8)
    alpha[8:11, 30:33] = 140
    assert click(alpha) == (31.5, 9.5)


def test_the_outline_takes_in_what_is_plainly_there():
    """A painted mask holds a tenth of coverage and more, and of a subject fainter than that its stronger half."""
    assert outline(_shape("0139")).tolist() == [[False, False, True, True]]
    faint = np.array([[0, 4, 8, 12]], np.uint8)
    assert outline(faint).tolist() == [[False, False, True, True]]


def test_a_subject_that_comes_later_is_prompted_there():
    """Where the first frame does not show the subject, the first that plainly does is prompted."""
    alpha = np.zeros((3, 4, 4), np.uint8)
    alpha[1], alpha[2] = 10, 200
    assert prompt_frame(alpha) == 2
    alpha[2] = 0
    assert prompt_frame(alpha) == 1


def test_a_clip_without_a_subject_is_refused():
    """An empty truth is an error in words, not a click into nowhere."""
    with pytest.raises(EngineError, match="empty on every frame"):
        prompt_frame(np.zeros((2, 4, 4), np.uint8))


def test_each_kind_of_prompt():
    """A clip gives a point, its tight box, or its outline as a mask."""
    clip = moving("square", 0)
    assert prompt_for(clip, "point") == (Point(0, 16.5, 16.5), None)
    assert prompt_for(clip, "box") == (Box(0, 9, 9, 24, 24), None)
    prompt, mask = prompt_for(clip, "mask")
    assert isinstance(prompt, MaskPrompt)
    assert np.array_equal(mask, clip.alpha_thw[0] == 255)
    with pytest.raises(EngineError, match="'lasso' is no prompt"):
        prompt_for(clip, "lasso")


def test_a_published_mask_is_preferred():
    """Where a set publishes the mask of the first frame, that is the prompt."""
    published = np.zeros((32, 48), bool)
    published[10:20, 10:20] = True
    _, mask = prompt_for(replace(moving("disc", 0), first_mask_hw=published), "mask")
    assert mask is published
