"""The core and garbage inputs: what the node is held to, from the graph through a real engine to the stream."""

import numpy as np
import pytest
from comp import FIRST, SIZE, Comp, centre, read_exr

from engine.cli import run

pytestmark = pytest.mark.usefixtures("shared_engine")
SPAN = (FIRST, FIRST + 2)
CORE, GARBAGE = 2, 3


@pytest.fixture
def comp(terminal, tmp_path):
    """Give a comp of three frames with a click on the disc."""
    comp = Comp(terminal, tmp_path, SPAN)
    comp.add_point(FIRST, *centre(FIRST))
    return comp


def _half(comp, expression):
    """Give a node whose alpha is 1 where an expression holds."""
    return comp.nuke.nodes.Expression(inputs=[comp.read], expr3=f"{expression}?1:0")


def _alphas(comp):
    pictures = [read_exr(file) for file in comp.render()]
    return [channels["A"][-y:y, -x:x] for channels, (x, y) in pictures]  # without overscan


def test_core_and_garbage_hold_the_matte_as_on_the_command_line(comp, tmp_path):
    """Inside core alpha is 1, inside garbage 0, from the frames on which they say so, to the bit as `mam2 matte`."""
    comp.node.setInput(CORE, _half(comp, "(x<8)*(y<8)>0"))
    comp.node.setInput(GARBAGE, _half(comp, f"(x>=40)*(frame>{FIRST})>0"))
    comp.node["track_forward"].execute()
    assert comp.status == f"Mattes of {SPAN[0]}-{SPAN[1]} are up to date."
    found = _alphas(comp)
    for alpha in found:
        assert (alpha[-8:, :8] == 1).all()  # Nuke's y goes up
    assert not any(alpha[:, 40:].any() for alpha in found[1:])
    from mam2_nuke.node import cache_folder, result_of

    masks = {
        kind: next(cache_folder(comp.node).glob(f"masks/*/{kind}.{FIRST}.exr")).with_name(f"{kind}.####.exr")
        for kind in ("core", "garbage")
    }
    plates = tmp_path / "flat"
    plates.mkdir()
    _crop_plates(tmp_path / "plates", plates)
    x, y = centre(FIRST)
    words = ["matte", plates / "plate.####.exr", "-o", tmp_path / "cli", "--object", "subject", "--device", "cpu"]
    words += ["--point", f"{x},{SIZE[1] - y}@{FIRST}", "--direction", "forward", "--model", "starter"]
    words += ["--core", masks["core"], "--garbage", masks["garbage"], "--name", "matte"]
    assert run([str(word) for word in words]) == 0
    for frame in range(SPAN[0], SPAN[1] + 1):
        ours, _ = read_exr(result_of(comp.node).path("", frame))
        theirs, _ = read_exr(tmp_path / "cli" / f"matte.{frame}.exr")
        assert np.array_equal(ours["subject.alpha"], theirs["subject.alpha"])


def _crop_plates(source, target):
    """Write the plates without their overscan, as the node gives them to the engine."""
    from engine.media.matte_files import write_exr

    for path in source.glob("*.exr"):
        pixels, _ = read_exr(path)
        write_exr(target / path.name, {name: channel[6:-6, 6:-6] for name, channel in pixels.items()}, "")


def test_another_mask_makes_mattes_out_of_date_and_none_makes_them_right_again(comp):
    """A garbage input that is connected or changed makes mattes out of date; taken off again, they are right."""
    comp.node["track_forward"].execute()
    before = _alphas(comp)
    garbage = _half(comp, "x>=20")
    comp.node.setInput(GARBAGE, garbage)
    assert "out of date" in comp.settle()
    comp.node["track_forward"].execute()
    assert "up to date" in comp.status
    assert not np.array_equal(before[0], _alphas(comp)[0])
    garbage["expr3"].setValue("x>=22?1:0")
    assert "out of date" in comp.settle()
    comp.node.setInput(GARBAGE, None)
    comp.node["track_forward"].execute()
    assert all(np.array_equal(a, b) for a, b in zip(before, _alphas(comp), strict=True))


def test_an_object_of_its_own_is_held(comp):
    """With a name beside, that object alone is held; a name that no prompt says is told in words."""
    from mam2_nuke.request import read_requests

    comp.node["object"].setValue("second")
    comp.add_point(FIRST, *centre(FIRST))
    comp.node.setInput(CORE, _half(comp, "x<8"))
    paths = {"core": "core.%04d.exr"}

    def held():
        (request,) = read_requests(comp.node)
        return {thing.name: [one.kind for one in thing.held] for thing in request.with_masks([], paths)}

    assert held() == {"subject": ["core"], "second": ["core"]}
    comp.node["held_object"].setValue("second")
    assert held() == {"subject": [], "second": ["core"]}
    comp.node["held_object"].setValue("nobody")
    assert "no prompt says what that is" in comp.settle()
