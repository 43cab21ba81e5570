import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch
from alive import alive

from engine.contract.errors import PlateError, PromptError, ShotError
from engine.contract.shot import Box, MaskPrompt, Point, ShotObject
from engine.session import fit
from engine.session.features import FeatureCache
from engine.session.session import ShotSession

LEFT = ShotObject("left", (Point(1, 32, 36),))
RIGHT = ShotObject("right", (Point(6, 70, 30),))

pytestmark = pytest.mark.usefixtures("one_thread")  # on which a preview and a track agree to the bit


def corrected(thing, frame, *, positive=False):
    """Give the object with one more click."""
    return replace(thing, prompts=(*thing.prompts, Point(frame, 60, 60, positive)))


def side_by_side(monkeypatch, frames):
    """Have tracks matte so many frames at once, though there is one thread."""
    monkeypatch.setattr("engine.session.session.frames_at_once", lambda *_: frames)


def layers(mattes):
    """Give every picture of a frame, by object and kind."""
    kinds = ("alpha_hw", "trimap_hw", "mask_hw")
    return {(name, kind): getattr(one, kind) for name, one in mattes.objects.items() for kind in kinds}


def identical(one, other):
    """Tell whether two frames have the same objects and the same pixels, bit by bit."""
    ours, theirs = layers(one), layers(other)
    return ours.keys() == theirs.keys() and all(np.array_equal(ours[key], theirs[key]) for key in ours)


def tracked(session, **options):
    """Track and give the mattes by frame."""
    return {mattes.frame: mattes for mattes in session.track(**options)}


@pytest.fixture
def held(monkeypatch):
    """Give a function that tells how many plates' tensors are alive, without Python having looked for cycles."""
    with alive() as plates:
        monkeypatch.setattr(fit, "to_tensor", plates.noting(fit.to_tensor))
        yield plates


@pytest.mark.parametrize(("at_once", "ready"), [(1, 1), (2, 2)])
def test_a_closed_session_holds_nothing(model, plates, shot_of, held, monkeypatch, at_once, ready):
    """A session that was closed and let go of is gone at once: shot after shot, memory stays the same."""
    side_by_side(monkeypatch, at_once)
    with ShotSession(model, shot_of(1, 5, LEFT), plates) as session:
        tracked(session)
        assert held() == ready
    assert held() == 0
    gone = weakref.ref(session)
    del session
    assert gone() is None


@pytest.mark.parametrize("at_once", [1, 2])
def test_a_session_at_rest_goes_on_as_if_it_had_not(model, plates, shot_of, held, monkeypatch, at_once):
    """At rest a session holds no plate; what it tracks afterwards is what it would have tracked, to the bit."""
    side_by_side(monkeypatch, at_once)
    with ShotSession(model, shot_of(1, 8, LEFT), plates) as session:
        expected = tracked(session)
    with ShotSession(model, shot_of(1, 8, LEFT), plates) as session:
        track = session.track()
        mattes = {frame: next(track) for frame in (1, 2, 3, 4)}
        track.close()
        session.rest()
        assert held() == 0
        mattes |= tracked(session)
    assert all(identical(mattes[frame], expected[frame]) for frame in range(1, 9))


def test_a_shot_gives_mattes(model, plates, shot_of):
    """Every frame comes once, with alpha, trimap and mask at the plate's size and in their ranges."""
    with ShotSession(model, shot_of(1, 5, LEFT), plates) as session:
        order = session.frames_to_track()
        mattes = tracked(session)
    assert tuple(mattes) == order == (1, 2, 3, 4, 5)
    for one in (frame.objects["left"] for frame in mattes.values()):
        for picture in (one.alpha_hw, one.trimap_hw, one.mask_hw):
            assert picture.shape == (72, 96)
            assert picture.dtype == np.float32
            assert 0 <= picture.min() <= picture.max() <= 1
        assert set(np.unique(one.trimap_hw)) <= {0.0, 0.5, 1.0}
        assert np.array_equal(one.alpha_hw[one.trimap_hw != 0.5], one.trimap_hw[one.trimap_hw != 0.5])
        assert (one.trimap_hw == 0.5).any(), "a trimap without unknowns proves nothing of the matter"


def test_the_same_shot_gives_the_same_mattes(model, plates, shot_of):
    """Two sessions on the same shot agree bit by bit."""
    runs = []
    for _ in range(2):
        with ShotSession(model, shot_of(1, 4, LEFT), plates) as session:
            runs.append(tracked(session))
    assert all(identical(runs[0][frame], runs[1][frame]) for frame in range(1, 5))


def test_objects_are_side_by_side_on_one_encoder_pass(model, plates, shot_of, encoder):
    """Two objects with different first frames cost one encoder pass a frame, and their alphas sum to at most 1."""
    with ShotSession(model, shot_of(1, 8, LEFT, RIGHT), plates) as session:
        mattes = tracked(session)
    assert encoder.plates == 8
    assert sorted(mattes) == list(range(1, 9))
    for frame in mattes.values():
        assert list(frame.objects) == ["left", "right"]
        assert sum(one.alpha_hw for one in frame.objects.values()).max() <= 1 + 1e-6


def test_an_object_does_not_disturb_another(model, plates, shot_of):
    """An object's mask and trimap are the same alone and in company."""
    with ShotSession(model, shot_of(1, 5, LEFT), plates) as session:
        alone = tracked(session)
    with ShotSession(model, shot_of(1, 5, LEFT, replace(RIGHT, prompts=(Point(3, 70, 30),))), plates) as session:
        together = tracked(session)
    for frame, mattes in alone.items():
        one, other = mattes.objects["left"], together[frame].objects["left"]
        assert np.array_equal(one.mask_hw, other.mask_hw)
        assert np.array_equal(one.trimap_hw, other.trimap_hw)


@pytest.mark.parametrize(
    ("direction", "frames", "both_objects"),
    [("forward", [3, 4, 5, 6, 7], [5, 6, 7]), ("backward", [5, 4, 3, 2, 1], [3, 2, 1]), ("both", None, range(1, 8))],
)
def test_direction(model, plates, shot_of, direction, frames, both_objects):
    """A frame holds the objects that tracking reaches there, and comes once all of them are done."""
    objects = (ShotObject("a", (Point(3, 32, 36),)), ShotObject("b", (Point(5, 70, 30),)))
    with ShotSession(model, shot_of(1, 7, *objects, direction=direction), plates) as session:
        mattes = tracked(session)
    assert list(mattes) == (frames or [5, 6, 7, 4, 3, 2, 1])
    assert {frame for frame, one in mattes.items() if len(one.objects) == 2} == set(both_objects)


def test_a_correction_changes_one_side_only(model, plates, shot_of, encoder):
    """A click on frame 9 changes no pixel before it, changes some after it, and encodes no plate again."""
    with ShotSession(model, shot_of(1, 16, LEFT), plates) as session:
        before = tracked(session)
        asked = encoder.plates
        assert session.edit((corrected(LEFT, 9),)) == tuple(range(9, 17))
        assert session.frames_to_track() == tuple(range(9, 17))
        after = tracked(session)
        assert encoder.plates == asked
        assert list(after) == list(range(9, 17))
        assert all(identical(session.preview(frame), before[frame]) for frame in range(1, 9))
        assert not identical(after[9], before[9])
        assert not identical(after[16], before[16])


def test_a_corrected_frame_recalls_once(model, plates, shot_of, monkeypatch):
    """A frame whose click refines what was tracked there costs one recall, as any other does."""
    recalled = []
    recall = model.recall
    monkeypatch.setattr(model, "recall", lambda *given: recalled.append(given) or recall(*given))
    with ShotSession(model, shot_of(1, 4, corrected(LEFT, 3)), plates) as session:
        tracked(session)
    assert len(recalled) == 3


@pytest.mark.parametrize("later", [Box(7, 20, 20, 50, 60), Point(7, 34, 40), Point(3, 60, 60, positive=False)])
def test_an_edit_gives_what_a_fresh_session_gives(model, plates, shot_of, later):
    """After an edit every frame, tracked anew or not, is that of a session that knew it from the start."""
    edited = replace(LEFT, prompts=(*LEFT.prompts, later))
    with ShotSession(model, shot_of(1, 10, LEFT, RIGHT), plates) as session:
        tracked(session)
        dirty = session.edit((edited, RIGHT))
        again = tracked(session)
        assert set(again) == set(dirty)
        now = {frame: session.preview(frame) for frame in range(1, 11)}
    with ShotSession(model, shot_of(1, 10, edited, RIGHT), plates) as fresh:
        for frame, mattes in tracked(fresh).items():
            assert identical(now[frame], mattes)


def test_a_correction_of_one_object_mattes_no_other(model, plates, shot_of, monkeypatch):
    """A click on one of two objects has the matter asked for that one alone; the mattes are a fresh session's."""
    other = ShotObject("b", (Point(1, 70, 30),))
    asked, matter = [], model.matter.forward
    monkeypatch.setattr(model.matter, "forward", lambda *given: asked.append(given) or matter(*given))
    with ShotSession(model, shot_of(1, 6, LEFT, other), plates) as session:
        tracked(session)
        both, asked[:] = len(asked), []
        session.edit((LEFT, corrected(other, 4)))
        again = tracked(session)
        assert 0 < len(asked) < both / 2
    with ShotSession(model, shot_of(1, 6, LEFT, corrected(other, 4)), plates) as fresh:
        whole = tracked(fresh)
    assert all(identical(mattes, whole[frame]) for frame, mattes in again.items())


def test_removing_an_object_costs_no_tracking(model, plates, shot_of, encoder):
    """When an object goes, the frames are given anew without it, and nothing is encoded or tracked."""
    with ShotSession(model, shot_of(1, 4, LEFT, ShotObject("b", (Point(1, 70, 30),))), plates) as session:
        tracked(session)
        asked = encoder.plates
        assert session.edit((LEFT,)) == (1, 2, 3, 4)
        mattes = tracked(session)
        assert encoder.plates == asked
        assert [list(one.objects) for one in mattes.values()] == [["left"]] * 4


def test_a_bad_edit_changes_nothing(model, plates, shot_of):
    """An edit that does not hold together is refused, and the shot stays as it was."""
    with ShotSession(model, shot_of(1, 3, LEFT), plates) as session:
        tracked(session)
        with pytest.raises(PromptError):
            session.edit((ShotObject("left", (Point(99, 1, 1),)),))
        assert session.frames_to_track() == ()
        assert list(session.preview(2).objects) == ["left"]


def test_mattes_on_disk_are_not_made_again(model, plates, shot_of):
    """Frames that `skip` names are tracked, so that later frames are right, but neither matted nor yielded."""
    with ShotSession(model, shot_of(1, 6, LEFT), plates) as session:
        whole = tracked(session)
    with ShotSession(model, shot_of(1, 6, LEFT), plates) as session:
        rest = tracked(session, skip=lambda frame: frame != 6)
        assert session.frames_to_track() == ()
    assert list(rest) == [6]
    assert identical(rest[6], whole[6])


@pytest.mark.parametrize(("at_once", "ahead"), [(1, 0), (2, 3)])
def test_a_stopped_track_goes_on(model, plates, shot_of, encoder, monkeypatch, at_once, ahead):
    """After stopping, the next track encodes nothing again and ends with the same mattes."""
    side_by_side(monkeypatch, at_once)
    with ShotSession(model, shot_of(1, 6, LEFT), plates) as session:
        whole = tracked(session)
    with ShotSession(model, shot_of(1, 6, LEFT), plates) as session:
        for mattes in session.track():
            if mattes.frame == 3:
                break
        assert encoder.plates == 6 + 3 + ahead
        rest = tracked(session)
    assert encoder.plates == 6 + 6
    assert list(rest) == [3, 4, 5, 6]
    assert all(identical(rest[frame], whole[frame]) for frame in rest)


def test_frames_side_by_side_are_the_same(model, plates, shot_of, monkeypatch):
    """Matted side by side, frames come in the same order and with the same bits as one after another."""
    with ShotSession(model, shot_of(1, 6, LEFT, RIGHT), plates) as session:
        one_by_one = tracked(session)
    side_by_side(monkeypatch, 3)
    with ShotSession(model, shot_of(1, 6, LEFT, RIGHT), plates) as session:
        together = tracked(session)
    assert list(together) == list(one_by_one)
    assert all(identical(together[frame], one_by_one[frame]) for frame in together)


def test_a_plate_that_is_not_there_yet_holds_up_nothing_before_it(model, plates, shot_of, monkeypatch):
    """Frames before a missing plate are given before it is complained of, and the next track goes on behind them."""
    display, missing = plates.display, {4}

    def awaited(frame):
        if frame in missing:
            raise PlateError("plates.missing", "Not rendered yet.", "Wait.")
        return display(frame)

    monkeypatch.setattr(plates, "display", awaited)
    side_by_side(monkeypatch, 3)
    with ShotSession(model, shot_of(1, 6, LEFT), plates) as session:
        frames = []
        with pytest.raises(PlateError):
            frames.extend(mattes.frame for mattes in session.track())
        missing.clear()
        assert frames == [1, 2, 3]
        assert list(tracked(session)) == [4, 5, 6]


def test_nothing_is_tracked_far_beyond_the_last_wanted_frame(model, plates, shot_of, encoder, monkeypatch):
    """Where nothing more is to be matted, two frames more are tracked, and of a third the plate is encoded."""
    side_by_side(monkeypatch, 2)
    with ShotSession(model, shot_of(1, 16, LEFT), plates) as session:
        track = session.track(skip=lambda frame: frame > 2)
        assert [next(track).frame, next(track).frame] == [1, 2]
    assert encoder.plates == 2 + 3


def test_an_edit_ends_a_track_under_way(model, plates, shot_of):
    """A track that is under way when the artist edits gives no frame of the old declaration any more."""
    with ShotSession(model, shot_of(1, 6, LEFT), plates) as session:
        under_way = session.track()
        next(under_way)
        session.edit((corrected(LEFT, 4),))
        assert list(under_way) == []
        assert sorted(tracked(session)) == [1, 2, 3, 4, 5, 6]


def test_a_preview_of_a_prompted_frame_is_its_matte(model, plates, shot_of):
    """Before anything is tracked, the preview of a first prompted frame is already the final matte."""
    with ShotSession(model, shot_of(1, 4, LEFT), plates) as session:
        early = session.preview(1)
        assert identical(early, tracked(session)[1])


def test_a_preview_of_a_correction_is_its_matte(model, plates, shot_of):
    """On a tracked shot, the preview right after a click is the matte that tracking gives there."""
    with ShotSession(model, shot_of(1, 8, LEFT), plates) as session:
        before = tracked(session)
        session.edit((corrected(LEFT, 6),))
        early = session.preview(6)
        assert not identical(early, before[6])
        assert identical(early, tracked(session)[6])


def test_a_preview_changes_nothing(model, plates, shot_of):
    """Previews before and during a track leave its mattes as they would have been."""
    things = (LEFT, corrected(ShotObject("b", (Point(1, 70, 30), Box(6, 60, 20, 80, 40))), 4))
    with ShotSession(model, shot_of(1, 8, *things), plates) as session:
        whole = tracked(session)
    with ShotSession(model, shot_of(1, 8, *things), plates) as session:
        assert list(session.preview(5).objects) == ["left", "b"]
        for mattes in session.track():
            session.preview(8 if mattes.frame < 4 else 2)
            assert identical(mattes, whole[mattes.frame])


def test_a_preview_before_the_first_prompt(model, plates, shot_of):
    """A frame that forward tracking never reaches can still be looked at, from the nearest prompt."""
    thing = ShotObject("late", (Point(5, 32, 36),))
    with ShotSession(model, shot_of(1, 6, thing, direction="forward"), plates) as session:
        assert session.preview(2).objects["late"].mask_hw.shape == (72, 96)
        assert list(tracked(session)) == [5, 6]
        with pytest.raises(ShotError, match="not in the shot"):
            session.preview(7)


def test_mask_prompts_go_through_the_reader(model, plates, shot_of):
    """A mask from a file is the object's mask on its frame."""
    drawn = np.zeros((72, 96), bool)
    drawn[20:50, 10:60] = True
    thing = ShotObject("a", (MaskPrompt(2, "drawn.png"),))
    with ShotSession(model, shot_of(1, 3, thing), plates, read_mask=lambda *_: drawn) as session:
        mask = tracked(session)[2].objects["a"].mask_hw
    assert (mask > 0.5)[24:46, 14:56].all()
    assert not (mask > 0.5)[:16].any()


@pytest.mark.parametrize("mode", ["parallel", "pdd", "pdd+mcs", "pdd+mss"])
def test_every_mode_runs(model, plates, shot_of, mode):
    """Every row of the paper's ablation tracks a shot, and the mode changes the trimap but not the mask."""
    runs = []
    for chosen in (mode, "pdd+mss"):
        with ShotSession(model, shot_of(1, 3, LEFT, mode=chosen), plates) as session:
            runs.append(tracked(session)[3].objects["left"])
    assert np.array_equal(runs[0].mask_hw, runs[1].mask_hw)


def test_plates_of_another_size_are_refused(model, plates, shot_of):
    """A shot that disagrees with its plates on the size is refused at once."""
    with pytest.raises(ShotError) as error:
        ShotSession(model, replace(shot_of(1, 3, LEFT), width=97), plates)
    assert error.value.code == "shot.plate_size"


def test_closing_leaves_no_file(model, plates, shot_of, tmp_path):
    """While a session runs its record is in the given folder; closing it leaves the folder empty."""
    with ShotSession(model, shot_of(1, 3, LEFT), plates, folder=tmp_path) as session:
        tracked(session)
        assert list(tmp_path.rglob("*.step"))
    assert not list(tmp_path.iterdir())


def test_memory_does_not_grow_with_the_shot(model, plates, shot_of):
    """The tensors a session holds after frame 60 are as many as after frame 30."""
    held = []
    with ShotSession(model, shot_of(1, 60, LEFT), plates, features=FeatureCache(1 << 17)) as session:
        for mattes in session.track():
            if mattes.frame in (30, 60):
                bank = session._banks["left", False]
                kept = [memory for memory in bank._kept.values() if memory.features_bmhw is not None]
                held.append((len(bank), len(kept), session._features.ram_bytes))
    assert held[0] == held[1]
    assert held[0][0] <= 17


def test_a_session_computes_without_gradients(model, plates, shot_of):
    """Tracking builds no graph, even where the caller has gradients on."""
    with torch.enable_grad(), ShotSession(model, shot_of(1, 2, LEFT), plates) as session:
        tracked(session)
        memory = session._banks["left", False]._kept[2]
    assert not memory.pointer_bc.requires_grad
