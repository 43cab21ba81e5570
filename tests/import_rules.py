"""The import direction of the engine as data, and a checker that reads source with `ast`.

A checker that reads source sees what running it would miss: imports inside functions, under TYPE_CHECKING, or by name
through importlib.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NETWORK = frozenset({"asyncio", "ftplib", "http", "socket", "socketserver", "ssl", "urllib", "xmlrpc"})
HOSTS = frozenset(
    {"nuke", "nukescripts", "hiero", "nuke_plugin", "resolve_plugin", "fusionscript", "DaVinciResolveScript"}
    | {"PySide2", "PySide6", "install", "tests"}
)
"""What nothing in the engine may import: the hosts, our adapters for them, and what only stands in the repository."""

FILES = frozenset({"glob", "io", "mmap", "os", "pathlib", "shutil", "tempfile", "zipfile"})


@dataclass(frozen=True)
class Rule:
    """What one package of the engine may import.

    Attributes:
        ours: packages or modules of the engine, with all that is below them; its own package is always allowed, but
            for parts of it that have a rule of their own.
        theirs: other people's top-level modules; None: any but `HOSTS`.
        forbidden: parts of the standard library that it must do without.
        relative: whether imports within the package are relative, so that a copy under another name works.
        exceptions: module to what that one module may import besides, of any kind. Such modules stand at the
            package's edge: the package's other modules may not import them.
    """

    ours: frozenset[str] = frozenset()
    theirs: frozenset[str] | None = frozenset()
    forbidden: frozenset[str] = frozenset()
    relative: bool = False
    exceptions: Mapping[str, frozenset[str]] = field(default_factory=dict)


def _set(*names: str) -> frozenset[str]:
    return frozenset(names)


def _packages(*names: str) -> frozenset[str]:
    # Newer names of `typing` for the older Pythons; torch brings it anyway.
    return frozenset({*names, "typing_extensions"})


_NETWORKS = _set("torch", "safetensors", "engine.model")
_WITH_TORCH = (
    "file",
    "import_weights",
    "keys",
    "models",
    "parameters",
    "pull",
    "structure",
)

RULES = {
    "engine.contract": Rule(relative=True),
    "engine.model": Rule(
        ours=_set("engine.contract.errors"),
        theirs=_packages("torch", "torchvision", "sam2", "peft", "timm"),
        forbidden=NETWORK | FILES,
    ),
    "engine.model.ready": Rule(
        # The figure knows nothing of what makes it quick: that knows the figure.
        ours=_set("engine.model"),
        theirs=_packages("torch", "sam2", "timm"),
        forbidden=NETWORK | FILES,
    ),
    "engine.clips": Rule(theirs=_packages("numpy"), forbidden=NETWORK),
    "engine.clips.drawn": Rule(theirs=_packages("numpy", "cv2"), forbidden=NETWORK | FILES),
    "engine.clips.novm_p": Rule(
        # It shares no code with the clips that train: a model must not do well by knowing their noise.
        ours=_set("engine.clips.truth"),
        theirs=_packages("numpy", "cv2"),
        forbidden=NETWORK,
    ),
    "engine.datasets": Rule(
        ours=_set("engine.contract.errors", "engine.clips.drawn.motion"),
        theirs=_packages("numpy", "cv2"),
        forbidden=NETWORK,
    ),
    "engine.session": Rule(
        ours=_set("engine.model", "engine.contract", "engine.weights.header"),
        theirs=_packages("torch", "numpy", "cv2", "safetensors"),
        forbidden=NETWORK,
    ),
    "engine.media": Rule(
        ours=_set("engine.contract"),
        theirs=_packages("numpy", "cv2", "filelock", "OpenEXR", "OpenImageIO", "PyOpenColorIO", "av"),
        forbidden=NETWORK,
        # The one place where colours are made of what was read: by the command line and by the engine's workers.
        exceptions={"engine.media.further": _set("torch", "engine.session.foreground")},
    ),
    "engine.weights": Rule(
        # Two halves: what lists and fetches weights needs no torch, so that the service and the doctor may use it.
        ours=_set("engine.contract.errors", "engine.contract.files", "engine.model.config"),
        theirs=_packages("filelock", "httpx2", "platformdirs", "pynvml"),
        exceptions={f"engine.weights.{name}": _NETWORKS for name in _WITH_TORCH},
    ),
    "engine.training": Rule(
        ours=_set(
            *("engine.session", "engine.model", "engine.weights", "engine.media", "engine.contract"),
            *("engine.clips.drawn", "engine.datasets"),
        ),
        theirs=_packages("torch", "torchvision", "peft", "numpy", "cv2", "av", "accelerate", "safetensors"),
        forbidden=NETWORK,
        exceptions={"engine.training.pictures.teacher": _set("onnxruntime")},
    ),
    "engine.evaluation": Rule(
        # Drawn clips and composites have exact mattes: evaluation makes those that training never sees.
        ours=_set(
            *("engine.session", "engine.model", "engine.media", "engine.contract", "engine.clips"),
            *("engine.training.composition", "engine.training.pictures.stills", "engine.datasets"),
        ),
        theirs=_packages("torch", "numpy", "cv2", "scipy", "pymatting"),
        forbidden=NETWORK,
    ),
    "engine.farm": Rule(
        # Where a job is written, no model runs.
        ours=_set("engine.contract", "engine.media"),
        theirs=_packages("yaml"),
        forbidden=NETWORK,
    ),
    "engine.service": Rule(
        # Of the floors below, only what needs no torch: the process that answers must start and stay quick.
        ours=_set(
            "engine.contract",
            "engine.media",
            "engine.own_python",
            "engine.model.config",
            "engine.model.ready.memory",
            "engine.weights.automatic",
            "engine.weights.catalogue",
            "engine.weights.automatic",
            "engine.session.results",
            "engine.session.results",
            "engine.session.signature",
        ),
        theirs=_packages(
            *("anyio", "fastapi", "filelock", "numpy", "platformdirs", "psutil"),
            *("pydantic", "pydantic_settings", "pynvml", "starlette", "uvicorn"),
        ),
    ),
    "engine.doctor": Rule(
        # It loads PyTorch in processes of their own: what is broken must not take the report with it.
        ours=_set(
            *("engine.contract", "engine.media", "engine.own_python", "engine.service.settings"),
            *("engine.model.config", "engine.weights.catalogue", "engine.weights.pull"),
        ),
        theirs=_packages("numpy", "psutil", "pydantic", "pynvml"),
        exceptions={"engine.doctor.torch_probe": _set("torch")},
    ),
    "engine.service.worker": Rule(
        ours=_set(
            *("engine.service", "engine.session", "engine.model", "engine.weights", "engine.media", "engine.contract"),
        ),
        theirs=_packages("torch", "numpy", "cv2"),
    ),
    "engine.service.viewer": Rule(
        # A process of its own too, and one without torch until colours are exported.
        ours=_set(
            *("engine.service.store", "engine.service.stored_plates", "engine.service.messages"),
            *("engine.service.received", "engine.service.received", "engine.media", "engine.contract"),
            "engine.session.foreground",
        ),
        theirs=_packages("numpy", "cv2", "av"),
    ),
    "engine.cli": Rule(
        ours=_set("engine"),
        theirs=None,
    ),
    "engine.own_python": Rule(),
    "engine.__main__": Rule(ours=_set("engine.cli")),
    "engine": Rule(),
}
"""The most particular name that fits a module decides; `engine` itself is the package's `__init__`."""


@dataclass(frozen=True)
class Import:
    """One name that a module imports: `target` is absolute, `written_relative` says how it was written."""

    target: str
    line: int
    written_relative: bool = False


def imports_of(source: str, module: str, *, is_package: bool) -> Iterator[Import]:
    """Give every import of a module, wherever it stands; names that only a run could tell come as `?`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, module, is_package=is_package)
            for alias in node.names:
                yield Import(f"{base}.{alias.name}", node.lineno, written_relative=node.level > 0)
        elif isinstance(node, ast.Call) and _called(node.func) in {"__import__", "import_module"}:
            first = node.args[0] if node.args else None
            known = isinstance(first, ast.Constant) and isinstance(first.value, str)
            yield Import(first.value if known else "?", node.lineno)


def violations(root: Path) -> list[str]:
    """Give what a repository's engine imports against the rules, one readable line each."""
    found: list[str] = []
    for path in sorted((root / "engine").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        module = ".".join(parts[:-1] if is_package else parts)
        owner, rule = rule_for(module)
        for one in imports_of(path.read_text(encoding="utf-8"), module, is_package=is_package):
            reason = _against(one, module, owner, rule)
            if reason:
                found.append(f"{path.relative_to(root).as_posix()}:{one.line}: {module} imports {one.target}: {reason}")
    return found


def rule_for(module: str) -> tuple[str, Rule]:
    """Give the rule of a module and the package that owns the rule."""
    owner = module
    while owner not in RULES:
        owner = owner.rpartition(".")[0]
    return owner, RULES[owner]


def within(name: str, package: str) -> bool:
    """Tell whether a dotted name is a package or stands below it."""
    return name == package or name.startswith(package + ".")


def _against(one: Import, module: str, owner: str, rule: Rule) -> str | None:
    """Give the reason why an import breaks its module's rule, or None."""
    top = one.target.split(".", maxsplit=1)[0]
    extra = rule.exceptions.get(module, frozenset())
    reason: str | None = None
    if any(within(one.target, name) for name in extra):
        reason = None
    elif one.target == "?":
        reason = "what it imports is only known when it runs"
    elif top in HOSTS:
        reason = "the engine knows no host and nothing that stands beside it"
    elif top == "engine":
        reason = _against_ours(one, module, owner, rule)
    elif top in sys.stdlib_module_names:
        reason = "this part of the standard library is not for it" if top in rule.forbidden else None
    elif rule.theirs is not None and top not in rule.theirs:
        reason = "this package is not for it"
    return reason


def _against_ours(one: Import, module: str, owner: str, rule: Rule) -> str | None:
    own = owner != "engine" and rule_for(one.target)[0] == owner
    if module not in rule.exceptions and any(within(one.target, edge) for edge in rule.exceptions):
        return "only the modules at the package's edge may import it"
    if own:
        return "within this package imports are relative" if rule.relative and not one.written_relative else None
    if rule.relative:
        return "it must work alone, under another name"
    if one.target == "engine.__version__" or any(within(one.target, name) for name in rule.ours):
        return None
    return "this is against the direction of imports"


def _base(node: ast.ImportFrom, module: str, *, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    kept = parts[: len(parts) - node.level + (1 if is_package else 0)]
    return ".".join([*kept, *([node.module] if node.module else [])])


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""
