"""The site, built once for all tests of it."""

import sys

import pytest
from written_pages import ROOT

for folder in (ROOT / "tests" / "service", ROOT / "docs", ROOT / "install"):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


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
