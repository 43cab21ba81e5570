"""Promises of the composites, of exact trimaps, and of what is measured on them."""

import numpy as np
import pytest

from engine.evaluation.pictures.composites import COUNT, SIZES, Composites
from engine.evaluation.pictures.mattes import digest_of, examine_composites, examine_matters
from engine.evaluation.pictures.methods import Methods, Solver, closed_form, exact_trimap, have_closed_form
from engine.evaluation.pictures.staging import DRAWN
from engine.evaluation.pictures.studio import Studio
from engine.training.pictures.stills import Pack


@pytest.fixture
def studio(pack):
    """The small pack's pictures by use."""
    return Studio.of(pack)


def test_composites_are_always_the_same(studio, pack):
    """The same pack gives the same plates and alphas to the bit; each number is another composite."""
    made, again = Composites(studio), Composites(Studio.of(pack))
    digests = [digest_of(made.clip(number)) for number in (0, 1, 9)]
    assert digests == [digest_of(again.clip(number)) for number in (0, 1, 9)]
    assert len(set(digests)) == 3


def test_cut_outs_and_drawn_subjects_take_turns(studio):
    """Of forty composites half are cut-outs of every kind of the pack and half drawn subjects of every kind."""
    kinds = Composites(studio).kinds
    assert len(kinds) == COUNT
    assert set(kinds[::2]) == {"keyed", "puff"}
    assert set(kinds[1::2]) == set(DRAWN)


def test_without_cut_outs_all_are_drawn(pack):
    """A pack without cut-outs gives drawn subjects over its backgrounds."""
    bare = Pack(pack.folder, tuple(pack.of("background")))
    made = Composites(Studio.of(bare))
    assert set(made.kinds) == set(DRAWN)
    assert made.clip(0).alpha_thw.any()


def test_a_plate_differs_from_its_background_where_alpha_is(studio):
    """Plates have their own sizes, and a subject that begins within them, soft at its edge and whole in its middle."""
    for number in range(3):
        clip = Composites(studio).clip(2 * number)
        width, height = SIZES[2 * number % 3]
        assert clip.plates_thwc.shape == (1, height, width, 3)
        assert clip.alpha_thw.max() == 255
        assert ((clip.alpha_thw > 0) & (clip.alpha_thw < 255)).any()
        assert 0.005 < (clip.alpha_thw > 127).mean() < 0.6


def test_pictures_for_training_are_never_used(studio, pack_folder):
    """Nothing of the split `train` stands before or behind anything."""
    used = {path.name for some in studio.backgrounds.values() for path, _ in some}
    used |= {picture.path.name for some in studio.cutouts.values() for picture in some}
    assert used == {"back0.jpg", "back1.jpg", "back2.jpg", "thing0.webp", "thing1.webp"}
    assert (pack_folder / "cut_cc0" / "thing2.webp").is_file()


def test_an_exact_trimap_is_unknown_where_alpha_is_fractional():
    """What is fractional is unknown and so is every edge; what is known is right."""
    alpha = np.zeros((100, 120), np.uint8)
    alpha[20:60, 20:60], alpha[70:90, 20:60] = 255, 100
    trimap = exact_trimap(alpha)
    assert set(np.unique(trimap)) == {0, 0.5, 1}
    assert (trimap[70:90, 20:60] == 0.5).all()
    assert (trimap[30:50, 20] == 0.5).all()
    assert (alpha[trimap == 1] == 255).all()
    assert (alpha[trimap == 0] == 0).all()


@pytest.mark.skipif(not have_closed_form(), reason="pymatting is not installed")
def test_closed_form_solves_what_is_plain():
    """Two plain colours that blend are taken apart almost exactly; thin smoke gets an answer, too."""
    alpha = np.clip(np.linspace(-0.5, 1.5, 80), 0, 1)[None].repeat(60, 0)
    plate = np.rint(255 * (alpha[..., None] * [0.9, 0.7, 0.2] + (1 - alpha[..., None]) * [0.1, 0.2, 0.6])).astype(
        np.uint8
    )
    codes = np.rint(255 * alpha).astype(np.uint8)
    assert np.abs(closed_form(plate, codes) - alpha).mean() < 0.01
    assert closed_form(plate, codes // 2).shape == alpha.shape


def test_composites_and_matters_are_measured(studio, model):
    """From one click and by exact trimap a model has its figures; an empty matte has the alpha's own mean as MAD."""
    clips = [Composites(studio, (64, 48)).clip(number) for number in (0, 1)]
    methods = Methods({"small": model}, "pdd+mss", strips=True)
    section = examine_composites(clips, methods, Solver())
    assert section.methods == ("small", "empty")
    for clip, case in zip(clips, section.of("empty"), strict=True):
        assert case.figures["mad"] == pytest.approx(clip.alpha_thw.mean() / 255 * 1000)
        assert set(case.figures) == {"mad", "mse", "grad"}
    alone = examine_matters(clips, methods, Solver())
    assert set(alone.of("small")[0].figures) == {"mad", "mse", "grad", "unknown"}
    assert alone.digest == section.digest
