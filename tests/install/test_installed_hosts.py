"""`python3 install hosts` and `remove`, as a user runs them, in a home with blanks and letters beyond ASCII."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import carry_out
import manifest
import pytest
from actions import WriteFile
from stand_in_engine import comes, write_stand_in

PARTS = ("install", "nuke_plugin", "resolve_plugin", "engine/contract")
INIT = b"# mine, without a line end: print('\xe9')"


def tree(folder):
    """Give everything below a folder: place -> content, link's target, or None for a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder).as_posix()
        found[place] = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
    return found


@pytest.fixture
def home(tmp_path):
    """A home with a Nuke that has an init.py of the user's, and a Resolve with a Fuse of somebody else's."""
    home = tmp_path / "Zoë Ünal home"
    (home / ".nuke").mkdir(parents=True)
    (home / ".nuke" / "init.py").write_bytes(INIT)
    fuses = home / ".local/share/DaVinciResolve/Fusion/Fuses"
    fuses.mkdir(parents=True)
    (fuses / "Other.fuse").write_text("-- theirs")
    return home


@pytest.fixture
def product(repository, tmp_path):
    """What an installation is made from, in a folder of its own, with a program in the place of the engine."""
    root = tmp_path / "down loaded"
    for part in PARTS:
        shutil.copytree(repository / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(repository / "engine" / "__init__.py", root / "engine" / "__init__.py")
    write_stand_in(root / ".venv" / "bin" / "mam2")
    return root


@pytest.fixture
def run(product, home):
    """Run `python3 install ...` for that home."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("MAM2_", "XDG_", "NUKE"))}

    def run(*arguments, root=product, status=0):
        answer = subprocess.run(
            [sys.executable, "-B", root / "install", *arguments],
            env={**variables, "HOME": str(home)},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert answer.returncode == status, answer.stdout + answer.stderr
        return answer.stdout + answer.stderr

    return run


def upgrade(product):
    """Make the product one version newer: one file changed, one gone, one new."""
    start = product / "engine" / "__init__.py"
    start.write_text(start.read_text().replace('"0.', '"1.'))
    package = product / "nuke_plugin" / "mam2_nuke"
    (package / "bake.py").unlink()
    (package / "newer.py").write_text("NEWER = True\n")
    (package / "paths.py").write_text("CHANGED = True\n")


def test_twice_with_an_upgrade_between_and_then_without_a_trace(run, product, home):
    """Installed, upgraded, installed again and removed: the home is what it was, to the byte, with what Python left."""
    before = tree(home)
    run("hosts")
    plugin = home / ".nuke" / "mam2" / "mam2_nuke"
    assert (plugin / "bake.py").is_file()
    subprocess.run([sys.executable, "-m", "compileall", "-q", plugin], check=True)
    upgrade(product)
    run("hosts")
    assert not (plugin / "bake.py").exists()
    assert (plugin / "newer.py").is_file()
    assert (plugin / "paths.py").read_text() == "CHANGED = True\n"
    after = tree(home)
    run("hosts")
    assert tree(home) == after
    run("remove")
    assert tree(home) == before


def test_the_whole_plan_is_told_and_nothing_done(run, home):
    """`--dry-run` names every file that an installation then writes, and no more, and changes nothing."""
    before = tree(home)
    said = run("hosts", "--dry-run")
    assert tree(home) == before
    run("hosts")
    new = {home / place for place, content in tree(home).items() if place not in before and content is not None}
    told = {Path(line.partition("write")[2].strip()) for line in said.splitlines() if line.startswith("  write ")}
    assert told == new - {home / ".local/share/mam2" / manifest.NAME, home / ".local/share/mam2/mam2-setup.lock"}
    listed = run("remove", "--dry-run")
    assert all(str(path) in listed for path in told)
    assert (home / ".nuke" / "mam2").is_dir()


@pytest.mark.parametrize("place", [".nuke/mam2/init.py", ".local/share/DaVinciResolve/Fusion/Fuses/MAM2.fuse"])
def test_a_file_of_the_users_is_refused_in_words(run, home, place):
    """A file of the user's with the name of one of ours stops the installation before it changes anything."""
    (home / place).parent.mkdir(parents=True, exist_ok=True)
    (home / place).write_text("mine")
    before = tree(home)
    said = run("hosts", status=2)
    assert str(home / place) in said
    assert "Nothing was changed" in said
    assert tree(home) == before


def test_a_damaged_installation_is_repaired(run, home):
    """Installing again brings back what was lost or cut short, the line in init.py too."""
    run("hosts")
    whole = tree(home)
    (home / ".nuke/mam2/menu.py").unlink()
    (home / ".nuke/mam2/init.py").write_text("cut sh")
    (home / ".nuke/init.py").write_bytes(INIT)
    run("hosts")
    assert tree(home) == whole


@pytest.mark.parametrize("writes", [0, 1, 2, 20, 60])
def test_an_interruption_leaves_nothing_unknown(home, monkeypatch, writes):
    """Wherever an installation is cut off, a removal takes back everything, and another run completes it."""
    before = tree(home)
    base = home / ".local/share/mam2"
    actions = [WriteFile(home / f"a{number % 7}" / "b" / f"{number}.py", b"x") for number in range(80)]
    write = carry_out.write_file
    left = iter(range(writes))

    def cut(path, content):
        if next(left, None) is None:
            raise KeyboardInterrupt
        write(path, content)

    for again in (False, True):
        with monkeypatch.context() as patch:
            patch.setattr(carry_out, "write_file", cut)
            with pytest.raises(KeyboardInterrupt):
                carry_out.install(base, actions, "1")
        assert not manifest.read(base).complete
        if again:
            carry_out.install(base, actions, "1")
            assert all(action.path.read_bytes() == b"x" for action in actions)
        assert carry_out.remove(base, manifest.read(base)) == []
        assert tree(home) == before
        left = iter(range(writes))


def test_one_host_does_not_cost_another(run, home):
    """Naming one host installs or renews it, and leaves the plug-in of another where it is."""
    run("hosts", "--resolve")
    run("hosts", "--nuke")
    assert (home / ".local/share/DaVinciResolve/Fusion/Fuses/MAM2.fuse").is_file()
    assert (home / ".nuke/mam2/init.py").is_file()


def test_what_others_put_into_our_folders_stays(run, home):
    """A removal leaves what it did not write: a file and its folder, which it names, and lines below ours."""
    run("hosts")
    (home / ".nuke/mam2/mine.txt").write_text("mine")
    with (home / ".nuke/init.py").open("ab") as file:
        file.write(b"print(2)\n")
    said = run("remove")
    assert f"stays, for there is something in it that the installation did not write: {home / '.nuke/mam2'}" in said
    assert (home / ".nuke/mam2/mine.txt").read_text() == "mine"
    assert (home / ".nuke/init.py").read_bytes() == INIT + b"\nprint(2)\n"


def test_an_init_py_that_is_a_link_stays_one(run, home, tmp_path):
    """Where init.py leads to a file elsewhere, that file gets the line, and the link stays."""
    kept = tmp_path / "dotfiles.py"
    (home / ".nuke/init.py").rename(kept)
    (home / ".nuke/init.py").symlink_to(kept)
    before = tree(home)
    run("hosts")
    assert (home / ".nuke/init.py").is_symlink()
    assert b"pluginAddPath" in kept.read_bytes()
    run("remove")
    assert kept.read_bytes() == INIT
    assert tree(home) == before


def test_a_studios_folder_serves_everybody(run, home, tmp_path):
    """With --site the Nuke plug-in and its list lie in that folder, and no home changes."""
    before = tree(home)
    site = tmp_path / "studio é"
    said = run("hosts", "--nuke", "--site", site)
    assert f"Put this folder on NUKE_PATH for everybody: {site / 'nuke'}" in said
    assert (site / "nuke" / "mam2_nuke" / "contract.py").is_file()
    assert tree(home) == before
    run("remove", "--site", site)
    assert not site.exists()


def test_nothing_to_remove_is_no_failure(run, home):
    """Removing what is not there says so and changes nothing."""
    before = tree(home)
    assert "Nothing is installed" in run("remove")
    assert tree(home) == before


def test_without_an_engine_the_way_is_said(run, product, home):
    """Plug-ins and doctor need an engine: without one the user reads which command installs it."""
    shutil.rmtree(product / ".venv")
    before = tree(home)
    for verb in ("hosts", "doctor"):
        assert "Run 'python3 install' first" in run(verb, status=2)
    assert tree(home) == before


def test_doctor_hands_over(run, product):
    """`doctor` runs the installed engine's own, with what follows the verb, and ends with its status."""
    (product / ".venv/bin/mam2").write_text('#!/bin/sh\necho "asked: $@"\nexit 3\n')
    assert "asked: doctor --json" in run("doctor", "--json", status=3)


@pytest.mark.parametrize("version", ["14.1v3", "15.1v2", "16.0v5"])
def test_nuke_loads_what_was_installed(monkeypatch, run, home, product, start_nuke, version, repository):
    """A Nuke that starts with that home has the menu's entry, and its plug-in knows the engine's command."""
    checkout = repository / "nuke_plugin"  # other tests put it on Python's path; this Nuke has only what is installed
    monkeypatch.setattr(sys, "path", [folder for folder in sys.path if Path(folder) != checkout])
    for name in [name for name in sys.modules if name.partition(".")[0] in {"mam2_nuke", "mam2_contract"}]:
        monkeypatch.delitem(sys.modules, name)
    (home / ".nuke/init.py").write_bytes(b"")
    run("hosts", "--nuke")
    session = start_nuke(paths=[home / ".nuke"], version=version)
    assert session.prints == []
    import mam2_nuke.contract

    assert mam2_nuke.contract.engine_command() == [str(product / ".venv/bin/mam2"), "serve"]
    assert Path(mam2_nuke.contract.__file__).is_relative_to(home)
    assert Path(sys.modules["mam2_contract"].__file__).is_relative_to(home / ".nuke/mam2/vendor")


def test_a_nuke_that_is_too_old_starts_all_the_same(run, home, start_nuke):
    """In a Nuke before 14 the line in init.py does nothing."""
    (home / ".nuke/init.py").write_bytes(b"")
    run("hosts", "--nuke")
    session = start_nuke(paths=[home / ".nuke"], version="13.2v9")
    assert not [path for path in session.nuke.pluginPath() if path.endswith("mam2")]


def test_the_fuse_starts_an_engine_in_a_folder_with_blanks(run, home, tmp_path, monkeypatch):
    """Fusion's modules, where they were installed, start the engine although its path has blanks and an apostrophe."""
    lupa = pytest.importorskip("lupa.luajit21")
    run("hosts", "--resolve")
    modules = home / ".local/share/DaVinciResolve/Fusion/Modules/Lua"
    engine = tmp_path / "Zoë's engine" / "mam2"
    write_stand_in(engine)
    monkeypatch.setenv("MAM2_RUNTIME", str(tmp_path / "run"))
    monkeypatch.delenv("MAM2_COMMAND", raising=False)
    monkeypatch.delenv("MAM2_ENGINE", raising=False)
    from payload import shell_line

    installed = modules / "mam2" / "installed.lua"
    assert "down loaded/.venv/bin/mam2' serve" in installed.read_text()
    line = shell_line("linux", (str(engine), "serve"), {})
    installed.write_text(f"return {{ command = {json.dumps(line, ensure_ascii=False)} }}\n")
    lua = lupa.LuaRuntime(unpack_returned_tuples=True)
    lua.execute(f"package.path = {json.dumps(f'{modules}/?.lua', ensure_ascii=False)}")
    assert lua.eval('require("mam2.launch").start()') is True
    started = tmp_path / "run" / "started"
    assert comes(started, 5)
    assert started.read_text() == "serve\n"
