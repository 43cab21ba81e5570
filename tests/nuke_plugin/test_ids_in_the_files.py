"""Cryptomatte out of Nuke: in the mattes' own files, which a bake's Read opens as they are."""

import json
import subprocess
import sys

import numpy as np
import OpenImageIO
import pytest
from comp import FIRST, SIZE, Comp, centre, read_exr

SPAN = (FIRST, FIRST + 1)
NAMES = ("subject", "second")
PLACES = {"subject": centre(FIRST), "second": (55.5, 8.5)}
WORDS = {"R": "red", "G": "green", "B": "blue", "A": "alpha"}  # Nuke's, in its stream and what it writes
LAYERS = {f"CryptoObject{layer:02d}.{channel}" for layer in range(3) for channel in WORDS}


@pytest.fixture
def comp(terminal, tmp_path, shared_engine):
    """Give a saved comp of two frames and two objects, tracked with Cryptomatte and baked."""
    del shared_engine
    comp = Comp(terminal, tmp_path, SPAN)
    for name in NAMES:
        comp.node["object"].setValue(name)
        comp.add_point(FIRST, *PLACES[name])
    comp.node["cryptomatte"].setValue(True)
    comp.save_with_every_channel()
    comp.node["track_forward"].execute()
    assert comp.status == f"Mattes of {SPAN[0]}-{SPAN[1]} are up to date."
    comp.node["bake"].execute()
    return comp


def _by_command_line(folder):
    """Matte the same plates with `mam2 matte`; gives its files."""
    points = [
        {"name": name, "prompts": [{"kind": "point", "frame": FIRST, "x": x, "y": SIZE[1] - y}]}
        for name, (x, y) in PLACES.items()
    ]
    (folder / "prompts.json").write_text(json.dumps({"objects": points}))
    command = [sys.executable, "-m", "engine", "matte", str(folder / "plates" / "plate.####.exr"), "--device", "cpu"]
    command += ["-o", str(folder / "direct"), "--prompts", str(folder / "prompts.json"), "--direction", "forward"]
    done = subprocess.run(
        [*command, "--layers", "alpha,trimap,mask,cryptomatte"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [next((folder / "direct").glob(f"*.{frame}.exr")) for frame in range(SPAN[0], SPAN[1] + 1)]


def _texts(path):
    image = OpenImageIO.ImageInput.open(str(path))
    found = {one.name: one.value for one in image.spec().extra_attribs if one.name.startswith("cryptomatte/")}
    image.close()
    return found


def test_a_bakes_read_opens_the_ids_and_their_manifest(comp, tmp_path):
    """The baked files have `mam2 matte`'s IDs, coverages and manifest, and their Read gives all of it to the bit."""
    read = comp.nuke.toNode(f"{comp.node.name()}_mattes")
    write = comp.nuke.nodes.Write(inputs=[read], file_type="exr", channels="all", raw=True, datatype="32 bit float")
    write["file"].setValue(str(tmp_path / "ids.%04d.exr"))
    comp.nuke.execute(write, *SPAN)
    for frame, direct in zip(range(SPAN[0], SPAN[1] + 1), _by_command_line(tmp_path), strict=True):
        (baked,) = (tmp_path / "job" / "mattes").rglob(f"matte.{frame}.exr")
        manifest = json.loads(next(text for name, text in _texts(baked).items() if name.endswith("/manifest")))
        assert _texts(baked) == _texts(direct)
        assert set(manifest) == set(NAMES)
        shown = {name[4:]: text for name, text in read.metadata(time=frame).items() if name.startswith("exr/crypto")}
        assert shown == _texts(baked)
        (ours, _), (theirs, _), (seen, _) = map(read_exr, (baked, direct, tmp_path / f"ids.{frame}.exr"))
        assert set(ours) >= LAYERS
        for name in LAYERS:
            assert np.array_equal(ours[name].view(np.uint32), theirs[name].view(np.uint32)), name
            in_nuke = f"{name[:-1]}{WORDS[name[-1]]}"
            assert np.array_equal(ours[name].view(np.uint32), seen[in_nuke].view(np.uint32)), name
        ids = {int(np.float32(one).view(np.uint32)) for one in np.unique(ours["CryptoObject00.R"]) if one}
        assert ids <= {int(one, 16) for one in manifest.values()}
        assert ids
