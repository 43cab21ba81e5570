"""A machine to set up: pythons, a package index and environments, all as plain files in a temporary folder.

It answers the commands that the set-up is known to start and refuses every other one. An installed package is a folder
`lib/NAME-VERSION.dist-info`; one without a RECORD inside is half installed, as pip leaves it when it is killed.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pythons
from environment import Environment, folder_for
from runner import Outcome

PINS = {"pip": "26.3", "setuptools": "84.0", "wheel": "0.48", "torch": "2.15.0", "torchvision": "0.29.2"}
PINS |= {"numpy": "2.4.6", "hydra-core": "1.3.8", "iopath": "0.1.10", "tqdm": "4.70", "pillow": "13.0"}
PINS |= {"sam2": "1.1.0", "peft": "0.21.2", "pytest": "9.2.0", "accelerate": "1.15.0"}
EXTRAS = {"test": ("pytest",), "training": ("accelerate",)}
NO_NETWORK = "WARNING: Retrying after connection broken by 'NameResolutionError(...)': /simple/torch/\nERROR: ..."


def make_clone(root: Path) -> Path:
    """Write what the set-up reads of a repository."""
    (root / "install").mkdir(parents=True)
    (root / "engine").mkdir()
    pins = "\n".join(f"{name}=={version}" for name, version in PINS.items())
    (root / "install" / "constraints.txt").write_text(pins, encoding="utf-8")
    (root / "install" / "steps.py").write_text("# the steps", encoding="utf-8")
    (root / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    (root / "engine" / "__init__.py").write_text('__version__ = "0.1.0"\n', encoding="utf-8")
    for name in ("engine/__main__.py", "README.md", "LICENSE"):
        (root / name).write_text("", encoding="utf-8")
    return root


def facts(executable: str, version: tuple[int, ...], *, venv: bool = True, wheels: bool = True) -> str:
    """Give what a Python says about itself."""
    return json.dumps({"executable": executable, "version": version, "venv": venv, "wheels": wheels})


@dataclass
class FakeMachine:
    """Stands in for `runner.Terminal`.

    Attributes:
        pythons: command -> what that Python answers about itself; absent: it does not start.
        torch: what the PyTorch of its package index is built for.
        trouble: a word of a shown command -> how it ends instead of working, or what it raises.
        shown: the commands that the user saw, with their variables.
        handed: the commands that got the terminal.
    """

    pythons: dict[tuple[str, ...], str] = field(
        default_factory=lambda: {(sys.executable,): facts(sys.executable, (3, 11, 7))}
    )
    torch: str = "cuda"
    trouble: dict[str, Outcome | BaseException] = field(default_factory=dict)
    shown: list[tuple[list[str], dict[str, str]]] = field(default_factory=list)
    handed: list[tuple[list[str], Path]] = field(default_factory=list)

    def environment(self, root: Path) -> Environment:
        """Give the environment of a clone on this machine."""
        return Environment(root, folder_for(root), self)

    def installs(self) -> list[list[str]]:
        """Give what was passed to `pip install`, one list a call, without the constraints."""
        return [command[command.index("--constraint") + 2 :] for command, _ in self.shown if "install" in command]

    def show(self, command, folder, variables):
        """Do what the command would do, or what `trouble` has for it."""
        self.shown.append((list(command), dict(variables)))
        for word, ending in self.trouble.items():
            if any(word in part for part in command):
                if isinstance(ending, BaseException):
                    raise ending
                return ending
        if command[1:4] == ["-I", "-m", "venv"]:
            self._make_environment(Path(command[4]))
        elif command[1:5] == ["-I", "-m", "pip", "install"]:
            self._install(_folder_of(command[0]), command[5:], folder)
        elif command[1:5] == ["-I", "-m", "pip", "uninstall"]:
            for name in command[5:]:
                for old in (_folder_of(command[0]) / "lib").glob(f"{name}-*.dist-info"):
                    shutil.rmtree(old)
        elif command[1:3] != ["-I", "-c"]:
            raise AssertionError(f"the set-up showed a command that this machine does not know: {command}")
        return Outcome(0, "")

    def ask(self, command):
        """Answer as a Python would, or None when that Python does not start."""
        command = list(command)
        if command[-1] == pythons.QUESTION and tuple(command[:-3]) in self.pythons:
            return self.pythons[tuple(command[:-3])]
        if not _works(command[0]):
            return None
        if command[-1] == pythons.QUESTION:
            return facts(command[0], (3, 11, 7))
        if command[1:] == ["-I", "-m", "pip", "--version"]:
            return "pip 26.3" if _installed(_folder_of(command[0])).get("pip") else None
        if command[1:3] == ["-I", "-c"] and "torch.version" in command[3]:
            return self.torch
        if command[2].endswith("probe.py"):
            return self._probe(_folder_of(command[0]), files="--files" in command)
        raise AssertionError(f"the set-up asked what this machine does not know: {command}")

    def hand_over(self, command, folder):
        """Note the command; it succeeds."""
        self.handed.append((list(command), folder))
        return 0

    def _make_environment(self, folder):
        python = pythons.of_environment(folder)
        python.parent.mkdir(parents=True, exist_ok=True)
        python.write_text("works", encoding="utf-8")
        (folder / "pyvenv.cfg").write_text("version = 3.11.7", encoding="utf-8")
        _put(folder, "pip", "23.2")

    def _install(self, folder, arguments, root):
        pins = dict(line.split("==") for line in (root / "install/constraints.txt").read_text().splitlines())
        wanted = [name for word in arguments if (name := word.partition("==")[0]) in pins]
        copied = [word for word in arguments if word.endswith("mam2-source")]
        if copied:
            (folder / "link").write_text(str(folder), encoding="utf-8")
            wanted = ["peft"]
        if "--editable" in arguments:
            extras = re.findall(r"\w+", arguments[-1])
            wanted = ["peft", *(name for extra in extras for name in EXTRAS[extra])]
            (folder / "link").write_text(str(root), encoding="utf-8")
        for name in wanted:
            if _installed(folder).get(name) != pins[name]:
                _put(folder, name, pins[name])

    def _probe(self, folder, *, files):
        link = folder / "link"
        engine = f"{link.read_text(encoding='utf-8')}/engine/__init__.py" if link.exists() else None
        broken = [str(path) for path in (folder / "lib").iterdir() if not (path / "RECORD").exists()] if files else []
        return json.dumps({"packages": _installed(folder), "engine": engine, "broken": broken})


def _works(python: str) -> bool:
    path = Path(python)
    return path.exists() and path.read_text(encoding="utf-8") == "works"


def _folder_of(python: str) -> Path:
    return Path(python).parent.parent


def _installed(folder: Path) -> dict[str, str]:
    metadata = (path.name.removesuffix(".dist-info") for path in (folder / "lib").glob("*.dist-info"))
    return dict(name.rsplit("-", 1) for name in metadata)


def _put(folder: Path, name: str, version: str) -> None:
    for old in (folder / "lib").glob(f"{name}-*.dist-info"):
        shutil.rmtree(old)
    metadata = folder / "lib" / f"{name}-{version}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "RECORD").write_text("", encoding="utf-8")
