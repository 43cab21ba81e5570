"""The pages as they are written, and the fenced blocks in them."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
}
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)


def fences(page):
    """Give language and text of every fenced block of a page, without the indent of a list."""
    for indent, language, text in _FENCE.findall(PAGES[page]):
        yield language, "".join(line.removeprefix(indent) for line in text.splitlines(keepends=True))
