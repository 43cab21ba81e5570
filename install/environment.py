"""The private environment: made, filled, checked and repaired here."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import engine_source
import lock
import pythons
import stamp
from problems import SetupError, explain
from recipe import DEFAULT, FAMILIES, Recipe, family, torch_packages
from stamp import Stamp
from steps import CONSTRAINTS, steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner import Runner

_PARTS = (
    *("torch", "torchvision", "sam2", "peft", "timm"),
    *("cv2", "OpenEXR", "OpenImageIO", "PyOpenColorIO", "av", "engine"),
)
_BUILT_FOR = "import torch; print('rocm' if torch.version.hip else 'cuda' if torch.version.cuda else 'cpu')"
_GIGABYTES = 8 if sys.platform.startswith("linux") else 3


def folder_for(root: Path) -> Path:
    """Give the environment's folder: `$MAM2_VENV`, or `.venv` in the repository."""
    chosen = os.environ.get("MAM2_VENV", "")
    return Path(chosen).expanduser().absolute() if chosen else root / ".venv"


@dataclass(frozen=True)
class Environment:
    """A private Python environment: of one clone of the repository, or of the user.

    Attributes:
        root: the repository.
        folder: the environment, see `folder_for`.
        runner: starts programs.
        recipe: how it is filled.
    """

    root: Path
    folder: Path
    runner: Runner
    recipe: Recipe = field(default_factory=Recipe)

    @property
    def python(self) -> Path:
        """The environment's own Python."""
        return pythons.of_environment(self.folder)

    def run(self, *arguments: str) -> int:
        """Run the environment's Python in the repository with the terminal to itself; give its exit status."""
        return self.runner.hand_over([str(self.python), *arguments], self.root)

    def prepare(self, extras: Iterable[str]) -> None:
        """Make sure that the environment holds the engine with these extras, in the tested versions.

        Quick when it does already. A set-up that was interrupted, or an environment that was damaged or made
        for other pins, is repaired first: what this returns from is never half an environment.

        Raises:
            SetupError: it cannot be done; the message says why.
        """
        self._refuse_strangers()
        self.folder.mkdir(parents=True, exist_ok=True)
        with lock.only_one(self.folder, lambda: say(f"Waiting for another set-up in {self.folder} ...")):
            known = stamp.read(self.folder)
            if known is None or not self._is_ready(known, set(extras)):
                self._set_up(known, set(extras))

    def _refuse_strangers(self) -> None:
        """Refuse a folder full of something else: it may hold somebody's work."""
        ours = ("pyvenv.cfg", stamp.NAME, lock.NAME)
        if self.folder.exists() and not any((self.folder / name).exists() for name in ours):
            if self.folder.is_dir() and not any(self.folder.iterdir()):
                return
            raise SetupError(
                f"{self.folder} is not an empty folder and not a Python environment.",
                "Move it away, or set MAM2_VENV to another folder.",
            )

    def _is_ready(self, known: Stamp, extras: set[str]) -> bool:
        if not known.ready or known.digest != self.recipe.digest(self.root) or not extras.issubset(known.extras):
            return False
        if self.recipe.torch not in {"", known.torch}:
            return False
        packages, _ = self._look()
        return bool(packages) and all(packages.get(name) == version for name, version in known.packages.items())

    def _set_up(self, known: Stamp | None, extras: set[str]) -> None:
        wanted = extras.union(known.extras if known else ())
        made_here = known.made_here if known else not (self.folder / "pyvenv.cfg").exists()
        # From here until the last line the stamp says `unfinished`: whatever kills this, the next run knows.
        torch = self.recipe.torch or (known.torch if known else DEFAULT)
        digest = self.recipe.digest(self.root)
        # Until PyTorch is the one that is wanted, the stamp keeps saying which one may be there.
        before = known.torch if known else torch
        mark = Stamp(digest, tuple(sorted(wanted)), {}, ready=False, made_here=made_here, torch=before)
        stamp.write(self.folder, mark)
        if self._python_works():
            self._forget_broken()
        else:
            self._create(made_here=made_here)
        if before != torch:
            self._pip("uninstall", ("--yes", "torch", "torchvision"), "the other PyTorch", {})
            mark = replace(mark, torch=torch)
            stamp.write(self.folder, mark)
        if self.recipe.wheels is not None:
            # A wheel of the same version is taken for the same, and an update between releases has the same version.
            self._pip("uninstall", ("--yes", "-qq", "mam2"), "the engine", {})
        self._fill(wanted, torch)
        self._try_parts(torch)
        packages, _ = self._look()
        if not packages:
            raise SetupError(
                f"Everything is installed, but 'import engine' in {self.folder} does not lead to the engine.",
                "Remove that folder and run the same command again.",
            )
        stamp.write(self.folder, replace(mark, packages=packages, ready=True))
        say("The environment is ready.")

    def _python_works(self) -> bool:
        found = pythons.question(self.runner, [str(self.python)]) if self.python.exists() else None
        pip = self.runner.ask([str(self.python), "-I", "-m", "pip", "--version"])
        return found is not None and found.supported and pip is not None

    def _look(self, *options: str) -> tuple[dict[str, str], list[str]]:
        """Give the packages in the environment and those that are broken; nothing when `engine` is not this clone's."""
        answer = self.runner.ask([str(self.python), "-I", str(self.root / "install" / "probe.py"), *options])
        if answer is None:
            return {}, []
        report = json.loads(answer)
        found = Path(report["engine"] or self.folder).resolve()
        if self.recipe.linked:
            right = found == (self.root / "engine" / "__init__.py").resolve()
        else:
            right = report["engine"] is not None and self.folder.resolve() in found.parents
        return (report["packages"] if right else {}), report["broken"]

    def _forget_broken(self) -> None:
        """Remove the metadata of half-installed packages, so that pip installs them again over what is there."""
        _, broken = self._look("--files")
        for path in map(Path, broken):
            if self.folder.resolve() in path.resolve().parents:
                say(f"Repairing {path.name.split('-')[0]} ...")
                shutil.rmtree(path, ignore_errors=True)

    def _create(self, *, made_here: bool) -> None:
        if not made_here:
            raise SetupError(
                f"The environment in {self.folder} does not work with this engine: its Python is missing, lacks pip "
                "or has an unsupported version; it was not made by this set-up, so it is left alone.",
                "Remove it yourself, or set MAM2_VENV to another folder.",
            )
        found = pythons.choose(self.runner, pythons.candidates())
        free = shutil.disk_usage(self.folder).free / 1e9
        if free < _GIGABYTES:
            raise SetupError(
                f"The disk of {self.folder} has {free:.1f} GB left; the engine with PyTorch needs {_GIGABYTES} GB.",
                "Free some space, or set MAM2_VENV (for an installation: --site) to a folder on a larger disk.",
            )
        say(f"Making a private environment in {self.folder} with {found} ...")
        self._empty()
        command = [found.executable, "-I", "-m", "venv", str(self.folder)]
        outcome = self.runner.show(command, self.root, self.recipe.variables)
        if outcome.status != 0:
            raise explain("the private environment", outcome.status, outcome.errors)

    def _empty(self) -> None:
        for entry in self.folder.iterdir():
            if entry.name in {stamp.NAME, lock.NAME}:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def _fill(self, extras: set[str], torch: str) -> None:
        pins = (self.root / CONSTRAINTS).read_text(encoding="utf-8")
        with engine_source.ready(self.root, self.folder, self.recipe) as engine:
            packages = torch_packages(torch, sys.platform, pins)
            plan = steps(extras, sys.platform, torch=packages, engine=engine)
            for number, step in enumerate(plan, 1):
                download = f" (download: {step.size})" if self.recipe.wheels is None else ""
                say(f"[{number}/{len(plan)}] Installing {step.title}{download} ...")
                # Of 12 000 modules few are ever imported: Python compiles those when they are; the set-up need not.
                options = ("--no-compile",) if step.large else ("--no-compile", "--quiet")
                arguments = (*options, "--constraint", CONSTRAINTS, *step.arguments, *self.recipe.options)
                self._pip("install", arguments, step.title, step.variables)

    def _pip(self, verb: str, arguments: tuple[str, ...], title: str, variables: Mapping[str, str]) -> None:
        command = [str(self.python), "-I", "-m", "pip", verb, *arguments]
        outcome = self.runner.show(command, self.root, {**self.recipe.variables, **variables})
        if outcome.status != 0:
            raise explain(title, outcome.status, outcome.errors)

    def _try_parts(self, torch: str) -> None:
        say("Trying the parts ...")
        outcome = self.runner.show([str(self.python), "-I", "-c", f"import {', '.join(_PARTS)}"], self.root, {})
        if outcome.status != 0:
            raise SetupError(
                f"Everything is installed, but a part does not start: {(outcome.errors.splitlines() or ['?'])[-1]}",
                "A system library may be missing; its name stands above. Run the same command again afterwards.",
            )
        if torch in FAMILIES or family(torch) != "cpu":
            built_for = (self.runner.ask([str(self.python), "-I", "-c", _BUILT_FOR]) or "").strip()
            if built_for != family(torch):
                raise SetupError(
                    f"pip found PyTorch's {built_for or 'unknown'} build, not one for {family(torch)}.",
                    "Name the index or the folder that has it, as the start page of PyTorch shows it for your system: "
                    f"python3 install --torch {torch} -- OPTIONS OF PIP.",
                )


def say(sentence: str) -> None:
    """Tell the user, at once: pip's own words follow and must not overtake."""
    print(sentence, flush=True)
