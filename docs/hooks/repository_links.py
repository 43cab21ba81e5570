"""A hook of mkdocs: what a page links to outside docs/ comes along, so that links work in the built site too.

Pages link as the repository lies (`../engine/session/session.py`), which any viewer of a repository follows. In the
site a page of the repository becomes a page, another file its text, and a folder a list of it, below `source/`.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

_LINK = re.compile(r"(?<=\]\()([^)\s#:]+)(#[^)\s]*)?(?=\))")
_SOURCE = "source/"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what pages link to, and what those link to in turn."""
    root = _root(config)
    waiting = [(_place(file.src_uri), file.content_string) for file in files.documentation_pages()]
    while waiting:
        place, text = waiting.pop()
        for target in _targets(root, place, text):
            uri = _uri(root, target)
            if uri.startswith(_SOURCE) and files.get_file_from_path(uri) is None:
                content = _content(root / target)
                files.append(File.generated(config, uri, content=content))
                if target.endswith(".md"):
                    waiting.append((target, content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point every link to where its target lies in the site."""
    del files
    root, place = _root(config), _place(page.file.src_uri)
    here = posixpath.dirname(page.file.src_uri)

    def moved(match: re.Match[str]) -> str:
        target = _target(place, match[1])
        if not (root / target).exists():
            return match[0]
        return posixpath.relpath(_uri(root, target), here or ".") + (match[2] or "")

    return _LINK.sub(moved, markdown)


def _root(config: MkDocsConfig) -> Path:
    return Path(config.config_file_path).parent


def _place(src_uri: str) -> str:
    """Give where a page of the site lies in the repository."""
    return src_uri.removeprefix(_SOURCE) if src_uri.startswith(_SOURCE) else f"docs/{src_uri}"


def _uri(root: Path, target: str) -> str:
    """Give where a file or folder of the repository lies in the site."""
    if target.startswith("docs/") and not target.endswith(".py"):
        return target.removeprefix("docs/")
    if (root / target).is_dir():
        return f"{_SOURCE}{target}/files.md"
    return f"{_SOURCE}{target}" + ("" if target.endswith(".md") else ".txt")


def _target(place: str, link: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(place), link))


def _targets(root: Path, place: str, text: str) -> set[str]:
    found = {_target(place, match[1]) for match in _LINK.finditer(text)}
    return {target for target in found if not target.startswith("..") and (root / target).exists()}


def _content(path: Path) -> str:
    if path.is_dir():
        names = sorted(one.name for one in path.iterdir() if not one.name.startswith(("__pycache__", ".")))
        return f"# {path.name}\n\n" + "".join(f"- `{name}`\n" for name in names)
    return path.read_text(encoding="utf-8")
