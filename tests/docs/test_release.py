"""A release: one version, a changelog, and a wheel that works by itself."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import tomllib
import yaml
from written_pages import PAGES, fences

import engine

STATES = re.compile(r"^(?:__version__|VERSION)\s*=\s*\"?(\d+(?:\.\d+)+)\"?\s*$", re.MULTILINE)


def test_engine_and_plug_ins_are_one_version(repository):
    """The engine states the version, packaging takes it from there, and each plug-in states the same."""
    project = (repository / "pyproject.toml").read_text(encoding="utf-8")
    assert 'attr = "engine.__version__"' in project
    assert "version" not in tomllib.loads(project)["project"]
    stated = {
        path.relative_to(repository).as_posix(): match[1]
        for folder in ("engine", "nuke_plugin", "resolve_plugin", "install")
        for path in (repository / folder).rglob("*.py")
        for match in STATES.finditer(path.read_text(encoding="utf-8"))
    }
    assert {"engine/__init__.py", "nuke_plugin/mam2_nuke/__init__.py", "resolve_plugin/package.py"} <= set(stated)
    # A Reactor atom's version is a number: major and minor, no more.
    atom = stated.pop("resolve_plugin/package.py")
    assert atom == engine.__version__.rpartition(".")[0]
    assert set(stated.values()) == {engine.__version__}


def test_the_changelog_is_ready_for_what_comes(repository):
    """The changelog has a place for what is not released, and a heading for every version that was: now or to come."""
    text = (repository / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[([^\]]+)\]", text, re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert engine.__version__ in headings or len(headings) == 1, "a released version needs its heading"


def test_the_readme_is_short(repository):
    """The README has one picture, two commands and three links, in less than 150 lines."""
    text = (repository / "README.md").read_text(encoding="utf-8")
    assert text.count("\n") < 150
    assert len(re.findall(r"!\[[^\]]*\]\(", text)) == 1
    assert [body.strip() for language, body in fences("README.md") if not language] == [
        "python3 install demo",
        "python3 install test",
    ]
    assert len(re.findall(r"(?<!!)\[[^\]]+\]\([^)]+\)", text)) == 3
    assert PAGES["README.md"] == text


def test_pages_that_like_to_grow_stay_short(repository):
    """The rules fit 10 KB; performance fits 120 lines and 800 words with one table and one picture."""
    assert (repository / "CONTRIBUTING.md").stat().st_size <= 10_000
    text = (repository / "docs" / "performance.md").read_text(encoding="utf-8")
    assert text.count("\n") <= 120
    assert len(text.split()) <= 800
    assert len(re.findall(r"^\|(?:-+\|)+$", text, re.MULTILINE)) == len(re.findall(r"!\[[^\]]*\]\(", text)) == 1


def test_the_workflow_is_the_check_by_hand(repository):
    """What a server runs on a change is .ci/run and nothing else of its own; the issue forms can be read."""
    workflow = yaml.safe_load((repository / ".github" / "workflows" / "check.yml").read_text(encoding="utf-8"))
    steps = workflow["jobs"]["check"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == [".ci/run"]
    assert "\ncheck:\n\t.ci/run\n" in (repository / "Makefile").read_text(encoding="utf-8")
    for form in (repository / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"):
        fields = yaml.safe_load(form.read_text(encoding="utf-8"))
        assert {"name", "description", "body"} <= set(fields), form.name


@pytest.fixture(scope="module")
def wheel(repository, tmp_path_factory):
    """Build the wheel from what belongs to the repository; give its path."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE", "engine"):
        (source / name).symlink_to(repository / name)
    _pip("wheel", "--no-deps", "--no-build-isolation", "--no-cache-dir", "-w", str(out), str(source))
    (found,) = out.glob("*.whl")
    return found


def test_the_wheel_holds_what_the_engine_needs(wheel):
    """Starter weights and their card, the engine's page and the mark of its types are in the wheel; tests are not."""
    names = set(zipfile.ZipFile(wheel).namelist())
    assert f"-{engine.__version__}-" in wheel.name
    assert {
        "engine/starter/starter.safetensors",
        "engine/starter/README.md",
        "engine/py.typed",
        "engine/service/monitor/index.html",
        "engine/service/monitor/monitor.js",
        "engine/service/monitor/monitor.css",
    } <= names
    assert {name.partition("/")[0] for name in names} == {"engine", f"mam2-{engine.__version__}.dist-info"}


def test_the_wheel_works_without_the_repository(wheel, tmp_path):
    """Installed elsewhere, the program runs from the wheel, finds its starter and counts its parameters."""
    _pip("install", "--no-deps", "--no-index", "--target", str(tmp_path / "site"), str(wheel))
    run = "import sys; sys.path.insert(0, 'site'); import engine.cli; print(engine.__file__); engine.cli.main()"
    for arguments, expected in (("--help", "matte"), ("model starter", "matter"), ("weights verify", "")):
        said = subprocess.run(
            [sys.executable, "-c", run, *arguments.split()], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert said.returncode == 0, said.stdout + said.stderr
        assert Path(said.stdout.splitlines()[0]).resolve().is_relative_to((tmp_path / "site").resolve())
        assert expected in said.stdout


def _pip(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
