"""The procedural benchmark is the same to the last bit on every machine: recorded hashes, and why they must hold."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.clips import novm_p
from engine.clips.novm_p.benchmark import OPENINGS, VERSIONS, content, make, version
from engine.clips.novm_p.exact import decays, linear, sines, to_srgb, turns
from engine.clips.novm_p.registry import CLIPS

FOLDER = Path(novm_p.__file__).parent

# Each of these is one IEEE 754 operation an element, a choice, an integer, a rearrangement, or adds in a fixed order.
FIXED = {
    *("abs", "add", "clip", "copysign", "floor", "maximum", "minimum", "sqrt", "where"),
    *("arange", "array", "asarray", "ascontiguousarray", "bincount", "broadcast_shapes", "broadcast_to", "concatenate"),
    *("empty", "empty_like", "flatnonzero", "full", "full_like", "ones_like", "stack", "zeros", "zeros_like"),
    *("ndarray", "float32", "float64", "floating", "generic", "int32", "int64", "typing", "uint32", "uint8"),
}
FIXED_MATH = {"ceil", "copysign", "floor", "sqrt"}
# Sums whose order hangs on the processor, or powers that hang on the library.
LOOSE_METHODS = {"cumsum", "dot", "mean", "prod", "std", "sum", "var"}
NOT_PICTURES = {"files.py"}  # contact sheets are for eyes alone


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.name) for entry in CLIPS])
def test_every_clip_opens_as_recorded(entry):
    """The first two frames of every clip are the recorded ones to the last bit, on any machine."""
    assert content(make(entry, (128, 72), 2)) == OPENINGS[entry.name]


def test_hashes_are_recorded_for_what_is_published():
    """There is a recorded hash for the whole benchmark at either size and for each of its clips, and for no other."""
    assert set(VERSIONS) == {"512x288", "1920x1080"}
    assert set(OPENINGS) == {entry.name for entry in CLIPS}


def test_one_changed_pixel_changes_the_hash():
    """A clip's hash covers plates, alpha, foreground and distractor, and the version covers every clip."""
    clip = make(next(entry for entry in CLIPS if entry.take == "beside"), (64, 36), 2)
    hashes = {content(clip)}
    for pixels in (clip.plates_thwc, clip.alpha_thw, clip.foreground_thwc, clip.distractor_thw):
        pixels[-1, -1, -1] ^= 1
        hashes.add(content(clip))
    assert len(hashes) == 5
    assert version(["a", "b"]) != version(["b", "a"])


def test_vector_instructions_change_nothing():
    """With the processor's wider vector instructions switched off in numpy, the pixels are the same."""
    wide = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    if not wide:
        pytest.skip("this processor has nothing above numpy's baseline to switch off")
    code = (
        "from engine.clips.novm_p.benchmark import content, make\n"
        "from engine.clips.novm_p.registry import CLIPS\n"
        "print(*(content(make(entry, (128, 72), 2)) for entry in CLIPS[4::5]))"
    )
    environment = {**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(wide)}
    answer = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == [OPENINGS[entry.name] for entry in CLIPS[4::5]]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_pictures_are_made_of_fixed_operations(path):
    """No picture is made with a function whose last bit a processor or a library may choose."""
    if path.name in NOT_PICTURES:
        return
    assert list(loose(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "line", ["np.exp(x)", "math.sin(x)", "x.sum()", "x @ y", "x ** 0.5", "import cv2", "np.linspace(0, 1, 3)"]
)
def test_loose_operations_are_found(line):
    """The check above does find what it looks for."""
    assert list(loose(ast.parse(line)))


def loose(tree):
    """Give `line: what` for everything that is not fixed."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="np"), attr=name) if name not in FIXED:
                yield f"{node.lineno}: np.{name}"
            case ast.Attribute(value=ast.Name(id="math"), attr=name) if name not in FIXED_MATH:
                yield f"{node.lineno}: math.{name}"
            case ast.Call(func=ast.Attribute(attr=name)) if name in LOOSE_METHODS:
                yield f"{node.lineno}: .{name}()"
            case ast.BinOp(op=ast.MatMult() | ast.Pow()):
                yield f"{node.lineno}: @ or **"
            case ast.Import(names=names) if {name.name for name in names} & {"cv2", "scipy", "torch", "random"}:
                yield f"{node.lineno}: {names[0].name}"


def test_functions_are_what_they_are_called():
    """Sine, exponential, angle and the sRGB curve are right to what a picture can show."""
    x = np.linspace(-3, 3, 4001).astype(np.float32)
    assert np.abs(sines(x) - np.sin(2 * np.pi * x)).max() < 1e-5
    assert np.abs(decays(np.abs(x)) - np.exp(-np.abs(x))).max() < 1e-5
    angle = np.linspace(0.001, 0.999, 997)
    found = turns(np.cos(2 * np.pi * angle).astype(np.float32), np.sin(2 * np.pi * angle).astype(np.float32))
    assert np.abs(found - angle).max() < 1e-3
    codes = np.arange(256)
    light = np.where(codes / 255 <= 0.04045, codes / 255 / 12.92, ((codes / 255 + 0.055) / 1.055) ** 2.4)
    assert np.array_equal(to_srgb(light.astype(np.float32)), codes)
    assert [linear(code / 255) for code in range(256)] == pytest.approx(list(light), rel=1e-12)
