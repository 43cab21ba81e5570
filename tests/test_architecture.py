"""The shape of the repository: import direction, Python floor, file size, words that do not belong in it."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from import_rules import RULES, rule_for, violations, within

MOST_LINES = 400
CODE = {".py", ".lua", ".fuse", ".js", ".css", ".sh"}
NOT_OURS = {".git", ".venv", ".hypothesis", "demo", "runs", "build", "dist"}

# The brackets keep these lines from being caught by themselves.
BANNED = {
    "a path of one machine": r"(?<![\w.])/(?:work|farm|root)/|/[t]mp/dev\b|/home/\w|[A-Z]:\\[U]sers\\\w",
    "a package index": r"index[-]url\b|pypi[.]org/simple|files[.]pythonhosted|download[.]pytorch",
    "work left open": r"\b(?:TO[D]O|FIX[M]E|X[X]X)\b|\braise NotImplemented[E]rror\b",
    "an error swallowed": r"\bexcept\s*[:]|except Exception:\s*[p]ass\b",
    "a remark about who wrote it": r"(?i)\bas an [a]i\b|\bchat[g]pt\b|\b[c]laude\b|co-authored[-]by",
}
# Test data holds other programs' words, the licence its own.
EXEMPT = ("tests/data/", "LICENSE")


def tracked(root: Path) -> list[Path]:
    """Give the files that belong to the repository: git's own list, or everything where git does not say."""
    listing = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=False,
    )
    if listing.returncode == 0:
        names = [os.fsdecode(name) for name in listing.stdout.split(b"\0") if name]
        return [root / name for name in names if (root / name).is_file()]
    return [
        path
        for path in root.rglob("*")
        if path.is_file() and not _is_made(path.relative_to(root).parts) and path.suffix != ".pyc"
    ]


def _is_made(parts: tuple[str, ...]) -> bool:
    return parts[0] in NOT_OURS or any(part.endswith(("_cache", "__pycache__", ".egg-info")) for part in parts)


@pytest.fixture(scope="module")
def texts(repository):
    """Path from the root -> content, for every text file of the repository."""
    found = {}
    for path in tracked(repository):
        content = path.read_bytes()
        if b"\0" not in content:
            found[path.relative_to(repository).as_posix()] = content.decode("utf-8")
    return found


def banned_words(name, text):
    """Give `file:line: what` for each banned pattern in a text."""
    return [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {what}: {match.group()!r}"
        for what, pattern in BANNED.items()
        for match in re.finditer(pattern, text)
    ]


def test_imports_follow_the_direction(repository):
    """Every module of the engine imports only what its floor may import."""
    assert violations(repository) == []


def test_every_package_has_a_rule(repository):
    """No package joins the engine without saying what it may import."""
    packages = {
        path.parent.relative_to(repository).parts[1]
        for path in (repository / "engine").rglob("*.py")
        if path.parent != repository / "engine"
    }
    assert {name for name in packages if f"engine.{name}" not in RULES} == set()


def test_rules_allow_no_circle():
    """The allowed imports form floors: no package may reach itself through others."""
    packages = [name for name in RULES if name != "engine"]
    graph = {name: {other for other in packages if other != name and _may_reach(name, other)} for name in packages}
    assert set(TopologicalSorter(graph).static_order()) == set(packages)


def _may_reach(name, other):
    if name == "engine.cli":
        return other != "engine.__main__"
    return any(within(allowed, other) or within(other, allowed) for allowed in RULES[name].ours)


PLANTED = {
    "model reaches up": ("engine/model/x.py", "from engine.session import session"),
    "model reaches up, relatively": ("engine/model/x.py", "from ..session.session import ShotSession"),
    "model opens files": ("engine/model/x.py", "import pathlib"),
    "model's network reaches for weights": ("engine/model/x.py", "from engine.weights.file import read_weights"),
    "the figure knows how it is made quick": ("engine/model/x.py", "from engine.model.ready.recall import attend"),
    "the figure computes with numpy": ("engine/model/x.py", "import numpy as np"),
    "a list of weights needs torch": ("engine/weights/catalogue.py", "import torch"),
    "a list of weights reaches for networks": ("engine/weights/catalogue.py", "from .structure import empty_model"),
    "model opens a socket": ("engine/model/x.py", "def f():\n    import socket"),
    "model uses OpenCV": ("engine/model/x.py", "import cv2.ximgproc as xi"),
    "model knows shots": ("engine/model/x.py", "from engine.contract.shot import Shot"),
    "a lazy import": ("engine/session/x.py", "def f():\n    from engine.media import plates"),
    "an import for types alone": (
        "engine/session/x.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import engine.media.plates",
    ),
    "an import by name": ("engine/media/x.py", "import importlib\nimportlib.import_module('engine.session')"),
    "an import by a name unknown": ("engine/media/x.py", "def f(name):\n    __import__(name)"),
    "a package through its parent": ("engine/media/x.py", "from engine import session"),
    "contract needs a package": ("engine/contract/x.py", "import numpy as np"),
    "contract names itself": ("engine/contract/x.py", "from engine.contract.errors import EngineError"),
    "contract leaves itself": ("engine/contract/x.py", "from .. import __version__"),
    "training reads images itself": ("engine/training/x.py", "import OpenImageIO as oiio"),
    "the benchmark draws with training's noise": (
        "engine/clips/novm_p/x.py",
        "from engine.clips.drawn.noise import fbm",
    ),
    "training calls the service": ("engine/training/x.py", "from engine.service import jobs"),
    "the engine imports Nuke's part": ("engine/cli/__init__.py", "from nuke_plugin import knobs"),
    "the engine imports Resolve's part": ("engine/cli/x.py", "def f():\n    import resolve_plugin"),
    "the engine imports Nuke": ("engine/session/x.py", "import nuke"),
    "the engine imports its tests": ("engine/session/x.py", "from tests import conftest"),
    "the root imports anything": ("engine/__init__.py", "from .contract import shot"),
}


def plant(root, name, source):
    """Write one module into a tree."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source + "\n", encoding="utf-8")


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_a_planted_violation_is_caught(tmp_path, name):
    """The checker sees an import against the direction, however it is written."""
    plant(tmp_path, *PLANTED[name])
    found = violations(tmp_path)
    assert len(found) == 1, found
    assert found[0].startswith(PLANTED[name][0])


ALLOWED = {
    "engine/contract/a.py": "import json\nfrom .errors import EngineError\nfrom . import shot",
    "engine/model/a.py": "import torch.nn.functional as F\nfrom sam2.modeling import sam\nfrom .config import size",
    "engine/weights/catalogue.py": "import os\nimport platformdirs\nfrom engine.model.config import CONFIGS",
    "engine/weights/file.py": "import os\nfrom safetensors.torch import load\nfrom .header import read_header",
    "engine/model/b.py": "from engine.contract import errors",
    "engine/session/a.py": "import cv2\nfrom engine.model.mam2 import MAM2\nfrom ..contract.shot import Shot",
    "engine/media/a.py": "import OpenImageIO as oiio\nfrom engine.contract.errors import PlateError",
    "engine/training/a.py": "import accelerate\nfrom engine.media import plates\nfrom engine.session import fit",
    "engine/cli/a.py": "import typer\nfrom engine import __version__\nfrom engine.training import stages",
    "engine/__main__.py": "from engine.cli import main",
}


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_allowed_imports_pass(tmp_path, name):
    """The checker does not cry at what the rules allow."""
    plant(tmp_path, name, ALLOWED[name])
    assert violations(tmp_path) == []


def test_the_most_particular_rule_decides():
    """A module inside a package answers to the package's rule, the entry module to its own."""
    assert rule_for("engine.session.memory")[0] == "engine.session"
    assert rule_for("engine.__main__")[0] == "engine.__main__"
    assert rule_for("engine")[0] == "engine"


@pytest.mark.parametrize("folder", ["engine/contract", "install"])
def test_old_pythons_can_read_it(repository, folder):
    """What a host's Python or a bare machine runs is written in Python 3.9."""
    paths = sorted((repository / folder).rglob("*.py"))
    assert paths
    for path in paths:
        ast.parse(path.read_text(encoding="utf-8"), filename=str(path), feature_version=(3, 9))


def test_old_syntax_check_catches_new_syntax():
    """The check above does refuse what Python 3.9 cannot read."""
    with pytest.raises(SyntaxError):
        ast.parse("match x:\n    case 1: pass\n", feature_version=(3, 9))


def test_files_stay_small(texts):
    """No source file is longer than 400 lines."""
    lengths = {name: text.count("\n") for name, text in texts.items() if Path(name).suffix in CODE}
    assert {name: count for name, count in lengths.items() if count > MOST_LINES} == {}


def test_the_repository_speaks_of_the_product_alone(texts):
    """No machine's paths, package index, open work or remark on its making stands in any file."""
    found = [line for name, text in texts.items() if not name.startswith(EXEMPT) for line in banned_words(name, text)]
    assert found == []


def loosened(source):
    """Give the lines of calls with `strict=False`, other than `zip`'s: loading weights that need not fit."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id == "zip")
        for keyword in node.keywords
        if keyword.arg == "strict" and isinstance(keyword.value, ast.Constant) and keyword.value.value is False
    ]


def test_weights_are_loaded_strictly(texts):
    """No call in the engine lets weights that do not fit pass in silence."""
    found = {
        name: loosened(text) for name, text in texts.items() if name.startswith("engine/") and name.endswith(".py")
    }
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_loose_loading_is_caught():
    """A loose load is found, across lines too; `zip` may be loose."""
    assert loosened("zip(a, b, strict=False)\nnet.load_state_dict(\n    read(path),\n    strict=False,\n)\n") == [2]


@pytest.mark.parametrize(
    "text",
    [
        "see /work" + "/main/x",
        "/home/" + "somebody/x",
        "--extra-index" + "-url https://x",
        "raise NotImplemented" + "Error",
        "# TO" + "DO later",
        "try:\n    f()\nexcept" + ":\n    pass",
    ],
)
def test_a_planted_word_is_caught(text):
    """The search for banned words finds each kind."""
    assert len(banned_words("x.py", text)) == 1


def test_fallback_listing_leaves_out_what_was_made(tmp_path):
    """Without git, environments, caches and results do not count as the repository's files."""
    for name in (
        "engine/a.py",
        ".venv/lib/b.py",
        "tests/__pycache__/c.py",
        ".hypothesis/d",
        "demo/e.txt",
        "mam2.egg-info/PKG-INFO",
    ):
        plant(tmp_path, name, "x = 1")
    assert [path.relative_to(tmp_path).as_posix() for path in tracked(tmp_path)] == ["engine/a.py"]
