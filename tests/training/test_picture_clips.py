"""Photographs as samples: exact where it is said, the same whoever draws them, nothing of dev or of other licences."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from pack_of_noise import SIZE_HW, disc, make_pack

from engine.contract.errors import PlateError
from engine.datasets.layouts import Source
from engine.training.composition.layers import Layer
from engine.training.pictures.clips import PictureClips, part_of
from engine.training.pictures.look import contact_sheet
from engine.training.pictures.scenes import Elastic, Foreground, Shadow, composite
from engine.training.pictures.stills import Cutout, Labels, Still, Stills, cut, read_pack
from engine.training.pictures.teacher import agreed, make_pseudo_masks, mirrored


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    """A tiny pack on disk."""
    return make_pack(tmp_path_factory.mktemp("pack"))


@pytest.fixture(scope="module")
def stills(pack, tmp_path_factory):
    """Its training pictures, one of them with a pseudo-mask."""
    pseudo = tmp_path_factory.mktemp("pseudo")
    cv2.imwrite(str(pseudo / "background_train_A_0.png"), disc((30, 40), 18))
    return Stills(read_pack(pack, "train"), pseudo)


def test_what_ships_learns_from_free_training_pictures_alone(pack):
    """Without further words only tier A of the split is read; another tier is read when it is named."""
    names = [picture.path.name for picture in read_pack(pack, "train").pictures]
    assert names
    assert all("_train_A_" in name for name in names)
    assert any("_SA_" in picture.path.name for picture in read_pack(pack, "dev", {"A", "SA"}).pictures)


def test_a_pack_without_its_files_is_refused_with_the_first_that_is_missing(tmp_path):
    """A folder without an index, and an index that names a file which is not there, each say what is wrong."""
    with pytest.raises(PlateError) as no_index:
        read_pack(tmp_path, "train")
    assert no_index.value.code == "data.no_index"
    make_pack(tmp_path)
    (tmp_path / "texture_train_A_0.jpg").unlink()
    with pytest.raises(PlateError, match="texture_train_A_0"):
        read_pack(tmp_path, "train")


def test_an_instance_map_gives_each_object_but_not_what_is_to_be_ignored(pack):
    """Two discs marked 1 and 7 are two objects; pixels marked 255 belong to none."""
    picture = next(p for p in read_pack(pack, "train").of("masked"))
    plate, alphas = Still(picture.path, picture.instances, Labels.INSTANCES).read(1024)
    assert plate.shape[:2] == alphas.shape[1:] == SIZE_HW
    assert [int((a > 0).sum()) for a in alphas] == [
        int((disc((20, 25), 12) > 0).sum()),
        int((disc((40, 60), 14) > 0).sum()),
    ]
    assert not alphas[:, :4].any()


def test_a_scatter_is_no_object(tmp_path):
    """A saliency map of several separate things gives none; of one thing with crumbs it gives that thing."""
    cv2.imwrite(str(tmp_path / "p.jpg"), np.zeros((*SIZE_HW, 3), np.uint8))
    still = Still(tmp_path / "p.jpg", tmp_path / "m.png", Labels.SALIENCY)
    cv2.imwrite(str(tmp_path / "m.png"), disc((20, 20), 10) | disc((40, 60), 10))
    assert not len(still.read(80)[1])
    crumb = disc((5, 75), 2)
    cv2.imwrite(str(tmp_path / "m.png"), disc((30, 40), 20) | crumb)
    (mask,) = still.read(80)[1]
    assert mask[30, 40] == 255
    assert mask[5, 75] == 0


def test_a_cut_out_of_a_hard_mask_stays_inside_it(pack):
    """Its soft edge lies within the mask: no background comes along."""
    picture = next(p for p in read_pack(pack, "train").of("masked"))
    still = Still(picture.path, picture.instances, Labels.INSTANCES)
    piece = cut(np.random.default_rng(0), still, 1024)
    alpha = piece.rgba[..., 3]
    areas = [float((disc(centre, radius) > 0).sum()) for centre, radius in (((20, 25), 12), ((40, 60), 14))]
    assert any(0.75 * area < (alpha > 8).sum() <= area for area in areas)
    assert ((alpha > 0) & (alpha < 255)).any()


def test_a_composite_is_its_layers_in_linear_light():
    """Without shadow and wrap: plate = foreground + behind x (1 - alpha), and each alpha behind is seen through it."""
    rng = np.random.default_rng(1)
    front = np.dstack([rng.random((16, 16, 3)) * 0.5, np.full((16, 16), 0.5)]).astype(np.float32)
    behind = rng.random((16, 16, 4)).astype(np.float32)
    still = lambda time: np.eye(2, 3)  # noqa: ARG005, E731 - a move that stands still
    layer = Layer([front], still, mirrors=False)
    seen = Foreground(layer, Shadow(0.0, (0.0, 0.0), 0.0), 0.0).over(0, 0.0, behind)
    assert np.allclose(seen[..., :3], front[..., :3] + 0.5 * behind[..., :3], atol=1e-6)
    assert np.allclose(seen[..., 3], 0.5 * behind[..., 3], atol=1e-6)
    assert np.allclose(seen[..., 4], 0.5)


def test_a_shadow_darkens_and_moves_no_alpha():
    """What is behind gets darker where the shadow falls; alphas are those without it."""
    rgba = np.full((20, 20, 4), 200, np.uint8)
    back, none = np.full((64, 64, 3), 128, np.uint8), np.empty((0, 64, 64), np.uint8)
    plain, dark = (composite(np.random.default_rng(seed), [Cutout(rgba)], back, none, 1, 64) for seed in (3, 3))
    assert np.array_equal(plain.alpha_nthw, dark.alpha_nthw)
    light = np.full((32, 32, 3), 0.5, np.float32)
    alpha = np.zeros((32, 32), np.float32)
    alpha[10:20, 10:20] = 1
    fallen = Shadow(0.5, (0.1, 0.1), 0.03).fall(light, alpha)
    assert fallen.min() < 0.3
    assert np.isclose(fallen.max(), 0.5, atol=1e-3)


def test_what_bends_bends_colour_and_alpha_together():
    """Premultiplied colour stays within its alpha, and a later frame differs from an earlier one."""
    picture = np.zeros((40, 40, 4), np.float32)
    picture[8:32, 8:32] = 1
    elastic = next(e for e in (Elastic.draw(np.random.default_rng(seed)) for seed in range(20)) if len(e.modes))
    first, later = elastic.bend(picture, 0.0), elastic.bend(picture, 4.0)
    assert np.allclose(first[..., 0], first[..., 3], atol=1e-6)
    assert not np.array_equal(first, later)


def test_a_sample_is_a_function_of_seed_and_number(stills):
    """Two data sets of one seed give the same sample, bit by bit; another number gives another."""
    one, other = (PictureClips(stills, 48, 2, 9) for _ in range(2))
    for number in (0, 5, 11):
        mine, theirs = one[number], other[number]
        assert torch.equal(mine.plates_tchw, theirs.plates_tchw)
        assert torch.equal(mine.alpha_nt1hw, theirs.alpha_nt1hw)
    assert not torch.equal(one[0].plates_tchw, one[1].plates_tchw)


def test_masks_of_photographs_teach_masks_and_composites_teach_alpha(stills):
    """Real and guessed masks are hard and teach no alpha; soft alpha is a composite's; every object is seen."""
    data = PictureClips(stills, 48, 1, 4)
    samples = [data[number] for number in range(40)]
    assert {s.source for s in samples} == {Source.VOS, Source.PROCEDURAL}
    for sample in samples:
        assert sample.alpha_nt1hw[:, 0].float().mean((1, 2, 3)).min() > 0
        if sample.source is Source.VOS:
            assert set(sample.alpha_nt1hw.unique().tolist()) <= {0, 255}


def test_the_matter_learns_from_exact_alpha_alone(stills):
    """With `exact` every sample teaches alpha and has the size that was asked for, part of a larger picture or not."""
    data = PictureClips(stills, 48, 1, 4, exact=True, parts=True)
    samples = [data[number] for number in range(12)]
    assert all(sample.source.teaches_alpha for sample in samples)
    assert all(sample.plates_tchw.shape == (1, 3, 48, 48) for sample in samples)


def test_a_part_shows_what_is_hard(stills):
    """A part of a larger picture is cut where an alpha is neither 0 nor 1."""
    rng = np.random.default_rng(2)
    rgba = np.dstack([np.full((60, 60, 3), 90, np.uint8), cv2.GaussianBlur(disc((30, 30), 20)[:, :60], (9, 9), 0)])
    back, none = np.full((64, 64, 3), 128, np.uint8), np.empty((0, 64, 64), np.uint8)
    scene = composite(rng, [Cutout(rgba)], back, none, 1, 160)
    part = part_of(rng, scene, 48)
    assert part.plates_thwc.shape == (1, 48, 48, 3)
    assert ((part.alpha_nthw > 0.02) & (part.alpha_nthw < 0.98)).any()
    del stills


def test_a_mask_is_kept_where_two_looks_agree(tmp_path):
    """Looks that agree give their mean and a file; looks that differ give none; a second run examines nothing again."""
    plates = {name: np.full((*SIZE_HW, 3), value, np.uint8) for name, value in (("same", 10), ("other", 250))}
    for name, plate in plates.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), plate)
    left, right = disc((30, 25), 15) / np.float32(255), disc((30, 60), 15) / np.float32(255)
    calls = []

    def first(picture):
        calls.append(picture)
        return left

    def second(picture):
        return left if picture[0, 0, 0] < 100 else right

    told = []
    for _ in range(2):
        make_pseudo_masks(
            [tmp_path / f"{name}.png" for name in plates], [first, second], tmp_path / "out", lambda *n: told.append(n)
        )
    assert [path.stem for path in sorted((tmp_path / "out").glob("*.png"))] == ["same"]
    assert len(calls) == 2
    assert told[-1] == (1, 2)


def test_a_mirrored_look_sees_the_same_place():
    """What a network sees in the mirror image comes back to where it is."""
    picture = np.zeros((*SIZE_HW, 3), np.uint8)
    picture[10:20, 5:15] = 255

    def bright(seen):
        return (seen[..., 0] > 0).astype(np.float32)

    assert np.array_equal(mirrored(bright)(picture), bright(picture))
    assert agreed([bright, mirrored(bright)], picture)[1] == 1.0


def test_a_contact_sheet_shows_as_many_samples_as_asked(stills):
    """Plate and veiled plate a sample, five samples a row; clips in three times the room."""
    assert contact_sheet(PictureClips(stills, 32, 1, 1), 7).shape == (320, 1600, 3)
    assert contact_sheet(PictureClips(stills, 32, 3, 1), 3).shape == (480, 960, 3)
