"""How an environment is filled: from where, with which PyTorch, with the engine as a link or as a copy."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import stamp
from problems import SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEFAULT = "default"
FAMILIES = ("cpu", "cuda", "rocm")
_LABEL = re.compile(r"(cpu|cu\d+|rocm[\d.]+)")
_ONLY_ON = {"cuda": ("linux", "win32"), "rocm": ("linux",)}


@dataclass(frozen=True)
class Recipe:
    """How an environment is filled.

    Attributes:
        linked: the engine is a link to the repository, as its developers need it, and no copy.
        torch: the build of PyTorch: `default`, what the package index gives for this system; `cpu`, `cuda` or `rocm`;
            or a build's own label such as `cu128`. Empty: as the environment has it.
        wheels: a folder that holds everything; nothing is then asked of the network.
        pip: options for every `pip install`, the user's own.
        variables: what every call of pip finds in its environment.
    """

    linked: bool = True
    torch: str = ""
    wheels: Path | None = None
    pip: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def options(self) -> tuple[str, ...]:
        """What every `pip install` gets."""
        offline = () if self.wheels is None else ("--no-index", "--find-links", str(self.wheels))
        return (*offline, *self.pip)

    def digest(self, root: Path) -> str:
        """Give a hash of everything that decides what is installed."""
        return stamp.digest(root) if self.linked else stamp.digest_of_copy(root, self.engine_files(root))

    def engine_files(self, root: Path) -> list[Path]:
        """Give the engine's wheel in the folder of wheels, or else its files in the repository."""
        if self.wheels is not None:
            found = sorted(self.wheels.glob("mam2-*.whl"))
            if found:
                return found[-1:]
        paths = sorted((root / "engine").rglob("*"))
        return [path for path in paths if path.is_file() and "__pycache__" not in path.parts]


def check_torch(build: str, system: str) -> str:
    """Give the build of PyTorch as it was asked for, when there may be one for a system.

    Raises:
        SetupError: there is no such build.
    """
    if build in {"", DEFAULT, "cpu"} or (_LABEL.fullmatch(build) and family(build) == "cpu"):
        return build
    if build not in FAMILIES and not _LABEL.fullmatch(build):
        raise SetupError(
            f"There is no build of PyTorch that is called '{build}'.",
            "Say default, cpu, cuda or rocm, or a build's own label such as cu128.",
        )
    if system not in _ONLY_ON[family(build)]:
        raise SetupError(
            f"PyTorch has no {family(build)} build for this system.",
            "Leave out --torch: the default build uses what the machine has.",
        )
    return build


def family(build: str) -> str:
    """Give what a build computes with: `cpu`, `cuda` or `rocm`."""
    return "cuda" if build.startswith("cu") else "rocm" if build.startswith("rocm") else "cpu"


def torch_packages(build: str, system: str, pins: str) -> tuple[str, ...]:
    """Give what pip is asked for to get a build of PyTorch.

    A label, and `cpu` on Linux, where the default is CUDA's, name the very build. Of `cuda` and `rocm` pip takes what
    the user's index has; which it was is looked at afterwards.

    Args:
        build: as `check_torch` gives it.
        system: `sys.platform`.
        pins: the text of the constraints.
    """
    label = build if _LABEL.fullmatch(build) and (build != "cpu" or system.startswith("linux")) else ""
    if not label:
        return ("torch", "torchvision")
    versions = dict(line.split("==") for line in pins.split() if "==" in line)
    return tuple(f"{name}=={versions[name]}+{label}" for name in ("torch", "torchvision"))
