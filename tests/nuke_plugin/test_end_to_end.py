"""The whole way: a comp, a tracked click, a real engine over its real socket, a rendered Write."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from comp import FIRST, LAST, OVERSCAN, SIZE, Comp, centre, read_exr

from engine.media.matte_files import read_matte

SPAN = (1001, int(os.environ.get("MAM2_TEST_LAST", "1008")))  # 1040 is the long form
FRAMES = range(SPAN[0], SPAN[1] + 1)


def _by_command_line(folder, objects):
    """Matte the same plates with `mam2 matte`."""
    prompts = folder / "prompts.json"
    prompts.write_text(json.dumps({"objects": objects}))
    command = [sys.executable, "-m", "engine", "matte", str(folder / "plates" / "plate.####.exr")]
    command += ["-o", str(folder / "direct"), "--prompts", str(prompts), "--device", "cpu", "--direction", "both"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {frame: read_matte(next((folder / "direct").glob(f"*.{frame}.exr"))) for frame in FRAMES}


@pytest.mark.usefixtures("engine")
@pytest.mark.slow
def test_a_tracked_click_becomes_alpha_in_the_graph(terminal, tmp_path):
    """Tracked both ways from the middle, the Write holds the plate's colours to the bit, and `mam2 matte`'s layers."""
    comp = Comp(terminal, tmp_path, SPAN)
    middle = (SPAN[0] + SPAN[1]) // 2
    number = comp.add_point(middle, *centre(middle))
    comp.link_to_tracker(number)
    comp.node["sample_every"].setValue(5)
    comp.node["object"].setValue("second")
    comp.add_point(middle, 55.5, 8.5)
    comp.write["channels"].setValue("all")
    comp.node["track_both"].execute()
    assert comp.status == f"Mattes of {SPAN[0]}-{SPAN[1]} are up to date."
    assert (comp.node.node("MatteRead")["first"].value(), comp.node.node("MatteRead")["last"].value()) == SPAN
    sampled = [frame for frame in FRAMES if (frame - middle) % 5 == 0]
    points = [
        {"kind": "point", "frame": frame, "x": centre(frame)[0], "y": SIZE[1] - centre(frame)[1]} for frame in sampled
    ]
    second = {"kind": "point", "frame": middle, "x": 55.5, "y": SIZE[1] - 8.5}
    objects = [{"name": "subject", "prompts": points}, {"name": "second", "prompts": [second]}]
    direct = _by_command_line(tmp_path, objects)
    for frame, path in zip(FRAMES, comp.render(), strict=True):
        out, origin = read_exr(path)
        plate, _ = read_exr(tmp_path / "plates" / f"plate.{frame}.exr")
        edge = -OVERSCAN - origin[0]  # a Read adds a black pixel around a data window that is not the format's
        assert 0 <= edge <= 1
        within = slice(edge, -edge or None)
        for channel in "RGB":
            assert np.array_equal(out[channel][within, within], plate[channel])
        edge += OVERSCAN
        for channel in ("A", "subject.alpha", "second.alpha"):
            inside = out[channel][edge:-edge, edge:-edge]
            assert np.array_equal(inside, direct[frame][channel].astype(np.float32)), channel
            assert np.count_nonzero(out[channel]) == np.count_nonzero(inside)
        assert out["subject.alpha"].max() > 0.5


@pytest.mark.usefixtures("engine")
def test_a_moved_correction_makes_its_dirty_range_anew_and_nothing_else(terminal, tmp_path):
    """A point moved on a later frame leaves the mattes before it, as files and as pixels; the status says so first."""
    comp = Comp(terminal, tmp_path)
    comp.stand_between()
    comp.add_point(FIRST, *centre(FIRST))
    later = comp.add_point(1008, *centre(1008))
    comp.node["track_forward"].execute()
    assert comp.status == f"Mattes of {FIRST}-{LAST} are up to date."
    before = comp.node.node("MatteRead")["file"].value()
    comp.node[f"p{later:02d}_xy"].setValue(centre(1008)[0] + 2, 0)
    assert comp.settle() == (
        f"Mattes of {FIRST}-1007 are up to date. Mattes of 1008-{LAST} are out of date: track again."
    )
    rendered = len([1 for name, _ in terminal.rendered if "PlateWrite" in name])
    assert rendered == LAST - FIRST + 1
    comp.node["track_forward"].execute()
    assert len([1 for name, _ in terminal.rendered if "PlateWrite" in name]) == rendered
    after = comp.node.node("MatteRead")["file"].value()
    assert after != before
    for frame in range(FIRST, LAST + 1):
        old, new = (open(path % frame, "rb").read() for path in (before, after))  # noqa: PTH123, SIM115
        assert (old == new) == (frame < 1008), frame
    assert comp.status == f"Mattes of {FIRST}-{LAST} are up to date."
