import numpy as np
import pytest
import torch
from pymatting import estimate_foreground_ml

from engine.clips.drawn import render_linear
from engine.session.foreground import Colours, despill, foreground


def disc(size: int = 160, soft: float = 12.0, inner: float = 0.3) -> torch.Tensor:
    """Give a soft disc's alpha, (1, 1, size, size)."""
    y, x = torch.meshgrid(torch.arange(size) + 0.5, torch.arange(size) + 0.5, indexing="ij")
    away = torch.hypot(x - size / 2, y - size / 2)
    return ((inner * size - away) / soft + 0.5).clamp(0, 1)[None, None]


def flat(red: float, green: float, blue: float, size: int = 160) -> torch.Tensor:
    """Give one colour everywhere."""
    return torch.tensor([red, green, blue]).view(1, 3, 1, 1).expand(1, 3, size, size).clone()


def mixed(fg: torch.Tensor, bg: torch.Tensor, alpha: torch.Tensor) -> torch.Tensor:
    """Give the plate that these make."""
    return fg * alpha + bg * (1 - alpha)


def drawn(kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give plate, alpha and foreground of a drawn subject."""
    clip = render_linear((1 << 62) + 1, kind=kind, frames=1, size_hw=(144, 192))
    return clip.plates_thwc[0], clip.alpha_thw[0], clip.foreground_thwc[0]


def estimated(plate_hwc: np.ndarray, alpha_hw: np.ndarray) -> np.ndarray:
    """Give the foreground of a plate (H, W, 3)."""
    plate = torch.from_numpy(np.ascontiguousarray(plate_hwc.transpose(2, 0, 1)))[None]
    return foreground(plate, torch.from_numpy(alpha_hw)[None, None]).fg_13hw[0].permute(1, 2, 0).numpy()


def test_flat_colours_come_back_whatever_their_brightness():
    """A red object before green is red through its whole soft edge, and 8 stays 8."""
    alpha, fg, bg = disc(), flat(8.0, 0.1, 0.02), flat(0.05, 0.6, 0.1)
    found = foreground(mixed(fg, bg, alpha), alpha)
    edge = (alpha > 0.05).expand_as(fg)
    assert (found.fg_13hw - fg)[edge].abs().max() < 0.03
    assert (found.bg_13hw - bg)[(alpha < 0.95).expand_as(bg)].abs().max() < 0.03


def test_the_plate_comes_back():
    """What fg and bg give under alpha is the plate, within 1/255 at every pixel, on textures too."""
    chance = torch.Generator().manual_seed(5)
    alpha, plate = disc(), torch.rand(1, 3, 160, 160, generator=chance)
    found = foreground(plate, alpha)
    again = mixed(found.fg_13hw, found.bg_13hw, alpha)
    assert (again - plate).abs().max() < 1 / 255


def test_known_pixels_are_the_plate_to_the_bit():
    """Where alpha is 1 the foreground is the plate, where it is 0 the background is."""
    alpha, plate = disc(), 4 * torch.rand(1, 3, 160, 160, generator=torch.Generator().manual_seed(6)) - 0.5
    found = foreground(plate, alpha)
    inside, outside = (alpha == 1).expand_as(plate), (alpha == 0).expand_as(plate)
    assert inside.any()
    assert outside.any()
    assert torch.equal(found.fg_13hw[inside], plate[inside])
    assert torch.equal(found.bg_13hw[outside], plate[outside])


def test_the_colour_goes_on_beyond_the_object():
    """Far from an object the foreground is still a colour of it, so that a grown or blurred alpha shows no hole."""
    alpha, fg, bg = disc(inner=0.15), flat(0.9, 0.2, 0.1), flat(0.1, 0.1, 0.9)
    found = foreground(mixed(fg, bg, alpha), alpha).fg_13hw
    assert (found - fg).abs().max() < 0.1


def test_colours_are_as_right_as_the_multi_level_estimators():
    """Over six drawn subjects the colours' error is at most 1.1 times pymatting's, and half of what the plate's is."""
    errors = []
    for kind in ("hair", "net", "smoke", "fire", "bubbles", "motion"):
        plate, alpha, true = drawn(kind)
        most = max(1.0, float(plate.max()))
        theirs = estimate_foreground_ml((plate / most).astype(np.float64), alpha.astype(np.float64)) * most
        shown = (alpha > 0.05) & (alpha < 0.95)
        errors.append([np.abs(x - true)[shown].mean() for x in (estimated(plate, alpha), theirs, plate)])
    ours, multi_level, as_it_is = np.mean(errors, axis=0)
    assert ours <= 1.1 * multi_level
    assert ours <= 0.5 * as_it_is


def test_a_clean_plate_makes_it_sharper():
    """With the background known, an edge over texture gets its own colour back exactly enough to see no fringe."""
    chance = torch.Generator().manual_seed(7)
    alpha, fg, bg = disc(), flat(0.4, 0.3, 0.2), torch.rand(1, 3, 160, 160, generator=chance)
    plate, edge = mixed(fg, bg, alpha), ((alpha > 0.05) & (alpha < 0.95)).expand(1, 3, -1, -1)
    errors = [(foreground(plate, alpha, clean).fg_13hw - fg)[edge].abs().mean() for clean in (None, bg)]
    assert errors[1] < 0.1 * errors[0]
    assert errors[1] < 0.005


def test_tiles_leave_no_seam():
    """A plate solved in many tiles is the same plate moved by half a tile, but for what borders change."""
    chance = torch.Generator().manual_seed(8)
    texture = torch.nn.functional.interpolate(torch.rand(1, 3, 48, 80, generator=chance), scale_factor=8)
    alpha = torch.nn.functional.interpolate(
        torch.rand(1, 1, 12, 20, generator=chance), scale_factor=32, mode="bilinear"
    )
    whole = foreground(texture, alpha).fg_13hw
    seam, beside = (whole[..., at] - whole[..., at - 1] for at in (256, 224))
    assert seam.abs().mean() < 1.5 * beside.abs().mean() + 1e-3


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (33, 70)])
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_small_and_flat_plates(size: tuple[int, int], value: float):
    """Plates of any size, and alphas that are the same everywhere, give finite colours."""
    alpha = torch.full((1, 1, *size), value)
    found: Colours = foreground(torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(9)), alpha)
    assert found.fg_13hw.shape == found.bg_13hw.shape == (1, 3, *size)
    assert torch.isfinite(found.fg_13hw).all()
    assert torch.isfinite(found.bg_13hw).all()


def test_despill_is_what_a_premultiplied_plate_lacks():
    """Plate x alpha and the correction together are fg x alpha."""
    alpha, plate = disc(), torch.rand(1, 3, 160, 160, generator=torch.Generator().manual_seed(10))
    fg = foreground(plate, alpha).fg_13hw
    torch.testing.assert_close(plate * alpha + despill(plate, alpha, fg), fg * alpha)
