import json
import os
import subprocess
import sys

import numpy as np
import pytest

SIZE = (96, 64)


@pytest.fixture(autouse=True)
def _programs(repository, monkeypatch):
    """Benchmarks are programs side by side, as Python finds them when one is started."""
    monkeypatch.syspath_prepend(repository / "benchmarks")


def test_each_round_is_compared_with_itself():
    """How many times faster is the median of each round's own ratio, so that a slow round of the machine cancels."""
    from peers import Run, compared

    ours = [Run((9.0, 1.0, 1.0), 200), Run((9.0, 10.0, 10.0), 100), Run((9.0, 2.0, 2.0), 100)]
    theirs = [Run((1.0, 7.0, 9.0), 400), Run((1.0, 80.0, 80.0), 500), Run((1.0, 8.0, 8.0), 400)]
    own, peer = compared("ordinary", "96x64", 5.0, {"ours": ours, "theirs": theirs})
    assert (own.ours_times_faster, own.ours_memory_percent) == (None, None)
    assert peer.ours_times_faster == pytest.approx(8.0)
    assert peer.ours_memory_percent == pytest.approx(40.0)
    assert (own.frame_s, peer.frame_s) == (2.0, 8.0)


@pytest.mark.parametrize(("subject", "least", "most"), [("ordinary", 2, 10), ("worst", 40, 70)])
def test_contenders_matte_what_the_table_says(tmp_path, subject, least, most):
    """The ordinary subject leaves little of the plate unknown and the worst about half; a plate reads back as drawn."""
    from peers_shot import PeerShot
    from peers_truth import draw_shot

    drawn = draw_shot(tmp_path, subject, 2, SIZE)
    read = PeerShot.read(tmp_path)
    assert read == drawn
    assert least < read.unknown_percent() < most
    assert read.trimap(2).shape == read.display(2).shape[:2] == SIZE[::-1]
    assert set(np.unique(read.trimap(2))) <= {0, 128, 255}


def test_a_mask_is_given_a_band_around_its_edge():
    """What is wired up today calls ten pixels to either side of a mask's edge unknown, and no more."""
    from peers_sam2 import band_trimap

    mask = np.zeros((50, 90), np.uint8)
    mask[:, 45:] = 1
    row = band_trimap(mask)[25]
    assert (row[:35] == 0).all()
    assert (row[35:55] == 128).all()
    assert (row[55:] == 255).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "words"), [("peers_ours.py", ()), ("peers_sam2.py", ("--matter",))], ids=["ours", "wired up"]
)
def test_a_contender_mattes_the_whole_shot(repository, tmp_path, program, words):
    """Every contender mattes every frame without a download and says what each took."""
    from peers_truth import draw_shot

    draw_shot(tmp_path, "ordinary", 2, SIZE)
    command = [sys.executable, repository / "benchmarks" / program, tmp_path, *words, "--threads", "1"]
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "nothing")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **offline})
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert len(said["seconds"]) == 2
    assert min(said["seconds"]) > 0
    assert said["most_memory"] > 100 << 20


def test_a_seeded_matter_looks_at_the_plate_and_is_not_let_off(tmp_path):
    """Seeded weights give alphas that differ over the plate; their routers keep more than a quarter of the tokens."""
    import torch
    from lively import enliven
    from peers_truth import draw_shot

    from engine.model.config import MEMATTE_S
    from engine.model.matter import Matter

    shot = draw_shot(tmp_path, "worst", 1, (320, 192))
    matter = Matter(MEMATTE_S).requires_grad_(False).eval()
    enliven(matter)
    kept = []
    for router in matter.backbone.routers:
        router.register_forward_hook(
            lambda _module, _given, scores: kept.append((scores[..., 0] > scores[..., 1]).float())
        )
    trimap = torch.from_numpy(np.rint(shot.trimap(1) / 127.5).astype(np.float32) / 2)[None, None]
    plate = torch.from_numpy(shot.display(1)).movedim(-1, 0)[None]
    alpha = matter(plate, trimap)
    assert alpha[trimap == 0.5].std() > 0.1
    assert len(kept) == 4
    assert torch.stack(kept).mean() > 0.25
