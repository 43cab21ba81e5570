"""The matter's decoder by windows and parts gives what it gives of a whole frame."""

import pytest
import torch

from engine.model.config import STARTER_MATTER
from engine.model.matter import Matter
from engine.model.ready import around_unknown, make_ready
from engine.model.ready.regions import Crop

HEIGHT, WIDTH = 192, 288


@pytest.fixture(scope="module")
def both():
    """A seeded matter's decoder with its norms folded, and the same by parts."""
    torch.manual_seed(5)
    matter = Matter(STARTER_MATTER).requires_grad_(requires_grad=False).eval()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make_ready, "has_bfloat16", lambda: False)
        make_ready.optimise_matter(matter)
    return matter.decoder, matter.parts


@torch.no_grad()
@pytest.mark.parametrize("part_hw", [(4, 64), (20, 32), (64, 4), (500, 500)])
@pytest.mark.parametrize(
    "window",
    [Crop(0, 0, WIDTH, HEIGHT), Crop(48, 64, 192, 128), Crop(0, 32, 96, HEIGHT), Crop(16, 16, 272, 64)],
)
def test_a_window_decodes_as_its_frame_does(both, monkeypatch, window, part_hw):
    """Wherever a window lies and however large its parts, wanted pixels get the alpha of one pass over the frame."""
    whole, parts = both
    monkeypatch.setattr(around_unknown, "_PART_HW", part_hw)
    features, image = torch.randn(2, STARTER_MATTER.dim, HEIGHT // 16, WIDTH // 16), torch.rand(2, 4, HEIGHT, WIDTH)
    wanted = torch.rand(HEIGHT, WIDTH)[window.window] > 0.999
    found = parts(features, image, window, wanted)
    torch.testing.assert_close(
        found[..., wanted], whole(features, image)[window.window][..., wanted], rtol=0, atol=1e-6
    )


@torch.no_grad()
def test_what_is_not_wanted_is_not_decoded(both):
    """Far from what is wanted, a window keeps its trimap."""
    _, parts = both
    image = torch.rand(1, 4, HEIGHT, WIDTH)
    wanted = torch.zeros(HEIGHT, WIDTH, dtype=torch.bool)
    wanted[150:, 200:] = True
    found = parts(
        torch.randn(1, STARTER_MATTER.dim, HEIGHT // 16, WIDTH // 16), image, Crop(0, 0, WIDTH, HEIGHT), wanted
    )
    assert torch.equal(found[..., :60, :], image[:, 3:, :60])
    assert not torch.equal(found[..., 150:, 200:], image[:, 3:, 150:, 200:])
