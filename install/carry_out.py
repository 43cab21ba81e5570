"""Carrying a plan out on files, and taking everything back: the only module that writes outside the environment."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import manifest
import markers
from actions import EditBetweenMarkers, WriteFile
from atomic import SUFFIX, write_file
from manifest import Manifest
from problems import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from actions import FileAction


def check(actions: Iterable[FileAction], known: Manifest) -> None:
    """Refuse, before anything is written, a plan that would touch what is not ours.

    Raises:
        SetupError: a file has the name of one of ours but was not written by an installation; or markers are damaged.
    """
    strangers = []
    for action in actions:
        if isinstance(action, EditBetweenMarkers):
            markers.put(_read(action.path), action.line)
        elif str(action.path) not in known.files and (action.path.exists() or action.path.is_symlink()):
            strangers.append(action.path)
    if strangers:
        names = "\n".join(f"  {path}" for path in strangers[:5])
        more = f"\n  and {len(strangers) - 5} more" if len(strangers) > 5 else ""
        raise SetupError(
            f"There is something of these names that this installation has not written:\n{names}{more}",
            "If it is an older copy of MAM2 that was put there by hand, remove it; otherwise move it away.\n"
            "Then run the same command again. Nothing was changed.",
        )


def announce(base: Path, version: str, trees: Sequence[Path]) -> None:
    """Write down the folders that are going to be the installation's own, before they are made."""
    known = manifest.read(base) or Manifest()
    intended = _intended(base, (), known, version, trees)
    base.mkdir(parents=True, exist_ok=True)
    manifest.write(base, intended)


def install(base: Path, actions: Sequence[FileAction], version: str, *, trees: Sequence[Path] = ()) -> Manifest:
    """Write the files of a plan; what an older installation wrote and this plan lacks is removed.

    The manifest is written before the files, with the old ones and the new ones in it: whatever interrupts this, the
    next run, or a removal, knows every file that may be there.

    Args:
        base: the manifest's folder.
        actions: the plan.
        version: of the product.
        trees: folders that are the installation's own from end to end.
    """
    known = manifest.read(base) or Manifest()
    check(actions, known)
    intended = _intended(base, actions, known, version, trees)
    base.mkdir(parents=True, exist_ok=True)
    manifest.write(base, intended)
    for action in actions:
        action.path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(action, WriteFile):
            if _digest_of(action.path) != _digest(action.content):
                write_file(action.path, action.content)
        else:
            text, _ = markers.put(_read(action.path), action.line)
            if text != _read(action.path):
                write_file(action.path, text)
    files = {str(action.path) for action in actions if isinstance(action, WriteFile)}
    edits = {str(action.path) for action in actions if isinstance(action, EditBetweenMarkers)}
    for name in intended.files.keys() - files:
        _remove_file(Path(name))
    for name in intended.edits.keys() - edits:
        _take_out(name, intended)
    done = replace(
        intended,
        files={name: digest for name, digest in intended.files.items() if name in files},
        edits={name: joint for name, joint in intended.edits.items() if name in edits},
        made_files=tuple(name for name in intended.made_files if name in edits),
        complete=True,
    )
    _remove_empty([folder for folder in done.folders if not _is_needed(folder, done)])
    done = replace(done, folders=tuple(name for name in done.folders if Path(name).is_dir()))
    manifest.write(base, done)
    return done


def remove(base: Path, known: Manifest) -> list[Path]:
    """Take back everything that the manifest names but its trees; the manifest goes last.

    Gives the folders that the installation made and that stay, because something else is in them now.
    """
    for name in known.files:
        _remove_file(Path(name))
    for name in known.edits:
        _take_out(name, known)
    # The manifest's own folder still holds it: what is interrupted here is known until the very end.
    _remove_empty(known.folders)
    (base / manifest.NAME).unlink(missing_ok=True)
    return _remove_empty(known.folders)


def _intended(
    base: Path, actions: Sequence[FileAction], known: Manifest, version: str, trees: Sequence[Path]
) -> Manifest:
    files, edits, made = dict(known.files), dict(known.edits), list(known.made_files)
    missing = list(_missing([*trees, base / manifest.NAME]))
    for action in actions:
        missing += [folder for folder in _missing([action.path]) if folder not in missing]
        if isinstance(action, WriteFile):
            files[str(action.path)] = _digest(action.content)
        elif str(action.path) not in edits:
            _, joint = markers.put(_read(action.path), action.line)
            edits[str(action.path)] = joint.decode("ascii")
            made += [] if action.path.exists() else [str(action.path)]
    folders = list(dict.fromkeys([*known.folders, *(str(folder) for folder in missing)]))
    folders = [name for name in folders if name not in map(str, trees)]
    owned = tuple(dict.fromkeys([*known.trees, *map(str, trees)]))
    return Manifest(version, files, edits, tuple(made), tuple(folders), owned)


def _missing(paths: Iterable[Path]) -> Iterator[Path]:
    """Give the folders above paths that are not there yet, those above first."""
    seen = set()
    for path in paths:
        for folder in reversed(path.parents):
            if folder not in seen and not folder.exists():
                seen.add(folder)
                yield folder


def _is_needed(folder: str, done: Manifest) -> bool:
    return any(Path(folder) in Path(name).parents for name in (*done.files, *done.edits, *done.trees))


def _remove_file(path: Path) -> None:
    """Remove a file of ours, what Python compiled from it, and what an interruption left of it."""
    if not path.is_dir():  # somebody's folder under our file's name is theirs
        path.unlink(missing_ok=True)
    path.with_name(path.name + SUFFIX).unlink(missing_ok=True)
    compiled = path.parent / "__pycache__"
    if path.suffix == ".py" and compiled.is_dir():
        for left in compiled.glob(f"{path.stem}.*.pyc"):
            left.unlink()
        if not any(compiled.iterdir()):
            compiled.rmdir()


def _take_out(name: str, known: Manifest) -> None:
    path = Path(name)
    path.with_name(path.name + SUFFIX).unlink(missing_ok=True)
    if not path.exists():
        return
    text = _read(path)
    left = markers.take_out(text, known.edits[name].encode("ascii"))
    if not left and name in known.made_files:
        path.unlink()
    elif left != text:
        write_file(path, left)


def _remove_empty(folders: Sequence[str]) -> list[Path]:
    """Remove folders, the deepest first; give those that stay because they are not empty."""
    stay = []
    for name in sorted(folders, key=lambda name: len(Path(name).parts), reverse=True):
        folder = Path(name)
        if folder.is_dir() and not folder.is_symlink():
            if any(folder.iterdir()):
                stay.append(folder)
            else:
                folder.rmdir()
    return stay


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _digest_of(path: Path) -> str:
    return _digest(path.read_bytes()) if path.is_file() else ""
