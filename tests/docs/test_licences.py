"""The list of licences keeps up with what the project asks for."""

import re

import licences


def test_the_licence_of_every_direct_part_is_listed_and_current():
    """Each package that pyproject.toml names stands on the page with the version that is pinned and its own licence."""
    page = licences.PAGE.read_text(encoding="utf-8")
    rows = {name: (version, said, uses) for name, version, said, uses in _rows(page)}
    pins, wanted = licences.pinned(), licences.asked_for()
    assert set(rows) == set(wanted)
    for name, uses in wanted.items():
        assert rows[name] == (pins[licences.key(name)], licences.licence(name), ", ".join(uses)), (
            f"{name}: run `python docs/licences.py`"
        )


def test_the_licence_of_the_project_is_the_one_of_its_file(repository):
    """The page, pyproject.toml and LICENSE say the same."""
    assert "Apache License" in (repository / "LICENSE").read_text()[:200]
    assert 'license = "Apache-2.0"' in (repository / "pyproject.toml").read_text()
    assert "Apache License 2.0" in licences.PAGE.read_text(encoding="utf-8")


def _rows(page):
    direct = page.split("## Parts that those")[0]
    return re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", direct, re.MULTILINE)[1:]
