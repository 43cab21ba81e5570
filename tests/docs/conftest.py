"""The pages, and what stands in them."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
for folder in (ROOT / "tests" / "service", ROOT / "docs", ROOT / "install"):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))

PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
}
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)


def fences(page):
    """Give language and text of every fenced block of a page, without the indent of a list."""
    for indent, language, text in _FENCE.findall(PAGES[page]):
        yield language, "".join(line.removeprefix(indent) for line in text.splitlines(keepends=True))


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Build the site as `make docs` does, every warning an error; give its folder."""
    pytest.importorskip("material", reason="the documentation's packages (mam2[docs]) are not installed")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("NO_MKDOCS_2_WARNING", "true")
        build(load_config(str(ROOT / "mkdocs.yml"), strict=True, site_dir=str(folder)))
    return folder
