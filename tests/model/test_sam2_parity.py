"""The session's masks against SAM 2's own video predictor, with the same random weights, on twelve frames."""

from collections.abc import Iterable
from dataclasses import replace
from importlib.resources import files

import hydra.utils
import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from sam2 import sam2_video_predictor
from sam2.sam2_video_predictor import SAM2VideoPredictor
from small_model import SMALL, lively

from engine.contract.shot import Box, MaskPrompt, Point, Settings, Shot, ShotObject
from engine.model.config import CONFIGS
from engine.model.image_encoder import build_image_encoder, build_memory_attention, build_memory_encoder
from engine.model.tracker import Tracker
from engine.session import fit
from engine.session.session import ShotSession

FRAMES = 12
SIZE = (96, 80)  # of the plates: not square, and not the model's size
OURS = ("trimap_tokens", "trimap_upscaling", "trimap_hypernetworks", "mask_augment", "lora_A", "lora_B")
POINT = (Point(0, 40, 40), Point(0, 80, 10, positive=False))
LATER_POINT = (Point(6, 46, 40),)
BOX = (Box(0, 20, 20, 70, 61),)
MASK = (MaskPrompt(0, "disc"),)
LATER_MASK = (MaskPrompt(6, "disc"),)

POSTPROCESSING = {"all": (True, True), "multimask": (True, False), "none": (False, False)}

# SAM 2 fixes the width of its decoder's feed-forward layers.
NARROW = replace(SMALL.tracker, image_size=128, decoder_feedforward=2048)


@pytest.fixture(scope="module", params=POSTPROCESSING.values(), ids=POSTPROCESSING)
def pair(request):
    """Our model and SAM 2's predictor with the same weights; with and without what its post-processing switches on."""
    multimask, binarise = request.param
    tracker = replace(NARROW, multimask=multimask, binarise_prompted_memory=binarise)
    model = lively(replace(SMALL, tracker=tracker))
    return model, predictor_of(model)


@pytest.fixture(scope="module")
def plates():
    """Twelve plates with a disc."""
    return Plates()


class Plates:
    """A bright disc that drifts over noise; made anew from its seed each time."""

    size = SIZE

    def display(self, frame):
        """Give a plate; frames count from 0."""
        noise = np.random.default_rng(frame).random((SIZE[1], SIZE[0], 3), np.float32) * 0.3
        return noise + 0.6 * self.disc(frame)[..., None]

    def disc(self, frame):
        """Give the disc as 0 and 1."""
        y, x = np.mgrid[: SIZE[1], : SIZE[0]] + 0.5
        return ((x - 40 - frame) ** 2 + (y - 40) ** 2 < 18**2).astype(np.float32)


def predictor_of(model):
    """Build SAM 2's predictor from its public configuration with our narrower parts, and give it our weights."""
    config = model.config.tracker
    switches = {
        name: value for name, value in public_config().items() if not OmegaConf.is_config(value) and name[0] != "_"
    }
    switches |= {
        "image_size": config.image_size,
        "multimask_output_in_sam": config.multimask,
        "binarize_mask_from_pts_for_mem_enc": config.binarise_prompted_memory,
        "add_all_frames_to_correct_as_cond": True,
    }
    if config.multimask:
        switches["sam_mask_decoder_extra_args"] = {
            "dynamic_multimask_via_stability": True,
            "dynamic_multimask_stability_delta": 0.05,
            "dynamic_multimask_stability_thresh": 0.98,
        }
    predictor = SAM2VideoPredictor(
        image_encoder=build_image_encoder(config),
        memory_attention=build_memory_attention(config),
        memory_encoder=build_memory_encoder(config),
        **switches,
    )
    weights = {
        name.replace(".base_layer", ""): weight
        for name, weight in model.tracker.state_dict().items()
        if not any(part in name for part in OURS)
    }
    predictor.load_state_dict(weights)
    return predictor.eval()


def public_config():
    """Read SAM 2.1 tiny's configuration as its package ships it."""
    return OmegaConf.create((files("sam2") / "configs/sam2.1/sam2.1_hiera_t.yaml").read_text()).model


class Reference:
    """SAM 2's predictor on the plates, with prompts as the contract has them."""

    def __init__(self, predictor, plates, monkeypatch):
        self.predictor, self.plates = predictor, plates
        side = predictor.image_size
        mean, std = (torch.tensor(v).view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
        display = [fit.to_tensor(plates.display(t), torch.device("cpu")) for t in range(FRAMES)]
        images = torch.cat([(fit.to_square(plate, side) - mean) / std for plate in display])
        monkeypatch.setattr(sam2_video_predictor, "load_video_frames", lambda **_: (images, SIZE[1], SIZE[0]))
        self.state = predictor.init_state("")

    def prompt(self, prompts):
        """Say what the artist says, frame by frame."""
        for frame in sorted({prompt.frame for prompt in prompts}):
            here = [prompt for prompt in prompts if prompt.frame == frame]
            if isinstance(here[0], MaskPrompt):
                self.predictor.add_new_mask(self.state, frame, 1, self.plates.disc(frame).astype(bool))
                continue
            points = [[p.x, p.y] for p in here if isinstance(p, Point)]
            labels = [int(p.positive) for p in here if isinstance(p, Point)]
            box = next(([p.x0, p.y0, p.x1, p.y1] for p in here if isinstance(p, Box)), None)
            spoken = {"points": points, "labels": labels} if points else {}
            self.predictor.add_new_points_or_box(self.state, frame, 1, box=box, **spoken)

    def track(self, start, *, reverse=False):
        """Give the logits at the plates' size by frame."""
        tracked = self.predictor.propagate_in_video(self.state, start_frame_idx=start, reverse=reverse)
        return {frame: logits for frame, _, logits in tracked}


def session_of(model, plates, prompts, **settings):
    """Open a session on the plates; its frames are the host's: they do not start at 0."""
    shot = Shot(0, FRAMES - 1, *SIZE, (ShotObject("disc", prompts),), Settings(**settings))
    return ShotSession(
        model, moved(shot), MovedPlates(plates), read_mask=lambda path, _: plates.disc(int(path.split("#")[1])) > 0
    )


FIRST = 1001


class MovedPlates:
    """The same plates under the host's numbers."""

    size = SIZE

    def __init__(self, plates):
        self.plates = plates

    def display(self, frame):
        """Give a plate."""
        return self.plates.display(frame - FIRST)


def moved(shot):
    """Number a shot's frames from 1001, and name the frame in each mask's path."""
    return replace(
        shot,
        first=FIRST,
        last=shot.last + FIRST,
        objects=tuple(ShotObject(thing.name, renumbered(thing.prompts)) for thing in shot.objects),
    )


def renumbered(prompts):
    """Give prompts under the host's numbers."""
    return tuple(
        MaskPrompt(p.frame + FIRST, f"disc#{p.frame}")
        if isinstance(p, MaskPrompt)
        else replace(p, frame=p.frame + FIRST)
        for p in prompts
    )


def logits_of(session, frames: Iterable[int]):
    """Read the session's mask logits at the plate's size, by frame from 0."""
    found = {frame: session._record.found("disc", frame + FIRST) for frame in frames}
    return {frame: fit.to_plate(one.mask_b1hw, SIZE) for frame, one in found.items()}


def assert_same(ours, theirs):
    """Compare on every frame of theirs; the masks must be worth comparing."""
    assert theirs
    for frame, logits in theirs.items():
        assert logits.std() > 0.1, f"frame {frame}: a flat mask proves nothing"
        assert logits.min() > -1000, f"frame {frame}: an absent object proves nothing"
        difference = (ours[frame] - logits).abs().max().item()
        assert difference <= 1e-3, f"frame {frame}: logits differ by {difference}"


INDEPENDENT = {
    "point": POINT,
    "box": BOX,
    "box and point": (*BOX, *POINT),
    "mask": MASK,
    "point, then point": (*POINT, *LATER_POINT),
    "box, then mask": (*BOX, *LATER_MASK),
    "mask, then point": (*MASK, *LATER_POINT),
}


@pytest.mark.parametrize("prompts", INDEPENDENT.values(), ids=INDEPENDENT)
def test_forward_masks_are_sam2s(pair, plates, prompts, monkeypatch):
    """Tracked forward, every prompt kind and a second prompted frame give SAM 2's own logits."""
    model, predictor = pair
    reference = Reference(predictor, plates, monkeypatch)
    reference.prompt(prompts)
    with session_of(model, plates, prompts, direction="forward", corrections="independent") as session:
        assert [mattes.frame - FIRST for mattes in session.track()] == list(range(FRAMES))
        assert_same(logits_of(session, range(FRAMES)), reference.track(0))


def test_backward_masks_are_sam2s(pair, plates, monkeypatch):
    """Tracked backward from the last of two prompted frames, logits are SAM 2's own."""
    model, predictor = pair
    prompts = (*LATER_POINT, Box(10, 20, 20, 75, 60))
    reference = Reference(predictor, plates, monkeypatch)
    reference.prompt(prompts)
    with session_of(model, plates, prompts, direction="backward", corrections="independent") as session:
        assert [mattes.frame - FIRST for mattes in session.track()] == list(range(10, -1, -1))
        assert_same(logits_of(session, range(11)), reference.track(10, reverse=True))


def test_both_ways_are_sam2s_two_runs(pair, plates, monkeypatch):
    """Tracked both ways, each side of the prompted frame is SAM 2's own run in that direction."""
    model, predictor = pair
    with session_of(model, plates, LATER_POINT) as session:
        list(session.track())
        ours = logits_of(session, range(FRAMES))
    for reverse in (False, True):
        reference = Reference(predictor, plates, monkeypatch)
        reference.prompt(LATER_POINT)
        assert_same(ours, reference.track(6, reverse=reverse))


def test_a_correction_is_sam2s(pair, plates, monkeypatch):
    """A click added on a tracked frame gives SAM 2's own corrected logits there and on every later frame."""
    model, predictor = pair
    click = (Point(6, 20, 20, positive=False), Point(6, 46, 44))
    reference = Reference(predictor, plates, monkeypatch)
    reference.prompt(POINT)
    before = reference.track(0)
    reference.prompt(click)
    after = reference.track(6)
    assert (after[7] - before[7]).abs().max() > 5e-3, "a correction that changes nothing proves nothing"
    with session_of(model, plates, POINT, direction="forward") as session:
        list(session.track())
        assert_same(logits_of(session, range(FRAMES)), before)
        session.edit((ShotObject("disc", renumbered((*POINT, *click))),))
        list(session.track())
        assert_same(logits_of(session, range(6, FRAMES)), after)


def test_memory_matters_here(pair, plates):
    """The random weights make what is remembered visible, so the comparisons above can fail."""
    model, _ = pair
    seen = []
    for prompts in (POINT, BOX):
        with session_of(model, plates, prompts, direction="forward") as session:
            list(session.track())
            seen.append(logits_of(session, [FRAMES - 1])[FRAMES - 1])
    assert (seen[0] - seen[1]).abs().max() > 1e-2


def test_tiny_has_sam2s_weights():
    """Our `sam2.1-t` has exactly the weights, by name and shape, of the public configuration, and the trimap's."""
    theirs = {name: weight.shape for name, weight in hydra.utils.instantiate(public_config()).state_dict().items()}
    tracker = Tracker(CONFIGS["sam2.1-t"].tracker)
    ours = {name: weight.shape for name, weight in tracker.state_dict().items()}
    assert {name: shape for name, shape in ours.items() if not any(part in name for part in OURS)} == theirs
