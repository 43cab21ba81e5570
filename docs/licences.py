"""Lists the licence of every part, from what the installed packages say of themselves.

    python docs/licences.py

Writes docs/licences.md. Run it in an environment with every extra, after a change of pyproject.toml or of the pins.
"""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "licences.md"
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_SILENT = {  # packages whose metadata name no licence; read from the licence file that they install
    "torch": "BSD-3-Clause",
    "opencolorio": "BSD-3-Clause",
    "openexr": "BSD-3-Clause",
}
_LONGEST = 60  # beyond it, a package has put the licence's whole text where its name should be

_HEAD = """# Licences

MAM2 for compositors is under the Apache License 2.0. The starter weights are too.
The parts that it is built on are not included: the set-up downloads them, and they keep their own licences.

This page is made by `python docs/licences.py` from what the installed packages say. It is no legal advice.

## Parts that are asked for

| part | version | licence | for |
|---|---|---|---|
"""
_INDIRECT = """
## Parts that those bring along

| part | version | licence |
|---|---|---|
"""
_TAIL = """
On Linux, PyTorch brings NVIDIA's CUDA libraries, which are under NVIDIA's own terms.

## Weights

| weights | licence | |
|---|---|---|
| starter | Apache-2.0 | ships; [its card](../engine/starter/README.md) says what it learnt from |
| SAM 2.1 | Apache-2.0 | fetched or imported when you ask |
| our own matting model | Apache-2.0 | ships with the starter; mattes for SAM 2.1 too, and a studio may use both |
| MEMatte, ViTMatte | non-commercial | whatever their pages say: Composition-1k binds what is trained on it |

`mam2 weights list` shows the licence of each file.

## Hosts

Nuke, Fusion and Resolve are products of their makers and are not part of this. Nothing of theirs is included.
"""


def page() -> str:
    """Write the page."""
    wanted, pins = asked_for(), pinned()
    direct = [
        f"| {name} | {pins[key(name)]} | {licence(name)} | {', '.join(uses)} |\n" for name, uses in wanted.items()
    ]
    ours = {key(name) for name in wanted}
    others = [
        f"| {name} | {version} | {licence(name)} |\n"
        for name, version in pins.items()
        if name not in ours and _is_installed(name)
    ]
    return "".join([_HEAD, *direct, _INDIRECT, *others, _TAIL])


def asked_for() -> dict[str, list[str]]:
    """Give what pyproject.toml asks for, and what for: the engine, or an extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found: dict[str, list[str]] = {}
    groups = {"the engine": project["dependencies"], **project["optional-dependencies"]}
    for use, lines in groups.items():
        for line in lines:
            match = _NAME.match(line)
            if match:
                found.setdefault(match.group(), []).append(use)
    return dict(sorted(found.items(), key=lambda one: key(one[0])))


def pinned() -> dict[str, str]:
    """Give the version of every pin, by the part's name in its one spelling."""
    lines = (ROOT / "install" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    return {key(name): version for name, version in pairs}


def licence(name: str) -> str:
    """Give the licence that a package names: as an expression, in a word, or by its classifiers."""
    if key(name) in _SILENT:
        return _SILENT[key(name)]
    about = metadata.metadata(name)
    said = about.get("License-Expression") or about.get("License") or ""
    if not said or len(said) > _LONGEST or "\n" in said:
        classified = [one.rpartition(" :: ")[2] for one in about.get_all("Classifier") or [] if "License ::" in one]
        said = ", ".join(classified)
    return said or "see its own files"


def key(name: str) -> str:
    """Give a package's name in the one spelling that all spellings share."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
