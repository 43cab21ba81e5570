"""Where hosts look, per system."""

from dataclasses import replace
from pathlib import Path

import pytest

from engine.doctor.check_hosts import check_fusion, check_nuke, nuke_folders
from engine.doctor.facts import OK

ROAMING, DATA = "roaming", "data"
BLACKMAGIC = "Library/Application Support/Blackmagic Design"
FUSION = {
    "Resolve, Linux": ("linux", "home/.local/share/DaVinciResolve/Fusion"),
    "Resolve for everybody, Linux": ("linux", "system/opt/resolve/Fusion"),
    "Fusion Studio, Linux": ("linux", "home/.fusion/BlackmagicDesign/Fusion"),
    "Resolve, macOS": ("darwin", f"home/{BLACKMAGIC}/DaVinci Resolve/Fusion"),
    "Resolve by its documentation, macOS": ("darwin", f"home/{BLACKMAGIC}/DaVinci Resolve/Support/Fusion"),
    "Resolve for everybody, macOS": ("darwin", f"system/{BLACKMAGIC}/DaVinci Resolve/Fusion"),
    "Fusion Studio, macOS": ("darwin", f"home/{BLACKMAGIC}/Fusion"),
    "Resolve, Windows": ("win32", f"{ROAMING}/Blackmagic Design/DaVinci Resolve/Support/Fusion"),
    "Resolve for everybody, Windows": ("win32", f"{DATA}/Blackmagic Design/DaVinci Resolve/Fusion"),
    "Resolve for everybody by its documentation, Windows": (
        "win32",
        f"{DATA}/Blackmagic Design/DaVinci Resolve/Support/Fusion",
    ),
    "Fusion Studio, Windows": ("win32", f"{ROAMING}/Blackmagic Design/Fusion"),
    "Fusion Studio for everybody, Windows": ("win32", f"{DATA}/Blackmagic Design/Fusion"),
}


def _plant_fuse(folder):
    (folder / "Modules" / "Lua" / "mam2").mkdir(parents=True)
    (folder / "Fuses").mkdir()
    (folder / "Fuses" / "MAM2.fuse").write_text("  REG_Version = 100,\n")


@pytest.mark.parametrize("name", FUSION)
def test_a_fuse_is_found_wherever_a_host_looks(machine, tmp_path, name):
    """In each folder that Resolve or Fusion reads, a Fuse is found, and none is without."""
    system, place = FUSION[name]
    environment = {"APPDATA": str(tmp_path / ROAMING), "PROGRAMDATA": str(tmp_path / DATA)}
    machine = replace(machine, system=system, environment=environment)
    (nothing,) = check_fusion(machine)
    assert nothing.says.startswith("no plug-in")
    _plant_fuse(tmp_path / place)
    (found,) = check_fusion(machine)
    assert (found.state, found.says) == (OK, f"the plug-in in '{tmp_path / place}' is version 0.1.0")


@pytest.mark.parametrize(
    ("system", "variables", "home"),
    [
        ("linux", {}, "home/.nuke"),
        ("darwin", {}, "home/.nuke"),
        ("win32", {"USERPROFILE": "profile"}, "profile/.nuke"),
        ("win32", {"USERPROFILE": "profile", "HOME": "unix"}, "unix/.nuke"),
    ],
)
def test_nukes_home_is_its_own_on_each_system(machine, tmp_path, system, variables, home):
    """Nuke's folder is in the home; on Windows HOME goes before USERPROFILE."""
    environment = {name: str(tmp_path / value) for name, value in variables.items()}
    assert nuke_folders(replace(machine, system=system, environment=environment)) == (tmp_path / home,)


def test_nuke_path_and_init_files_are_followed(machine, tmp_path):
    """NUKE_PATH's folders, and those that an `init.py` adds by name, come in the order in which Nuke looks."""
    home = machine.home / ".nuke"
    home.mkdir()
    (home / "init.py").write_text('nuke.pluginAddPath("./tools")\nnuke.pluginAddPath(r"/shared/nuke", False)\n')
    machine = replace(machine, environment={"NUKE_PATH": f"{tmp_path / 'a'}::{tmp_path / 'b'}"})
    named = [home, home / "tools", Path("/shared/nuke"), tmp_path / "a", tmp_path / "b"]
    assert list(nuke_folders(machine)) == named


def test_a_plug_in_on_nuke_path_is_found(machine, tmp_path):
    """A plug-in in a folder of NUKE_PATH is the one that Nuke loads."""
    (tmp_path / "site" / "mam2_nuke").mkdir(parents=True)
    (tmp_path / "site" / "mam2_nuke" / "__init__.py").write_text('__version__ = "0.1.5"\n')
    (found,) = check_nuke(replace(machine, environment={"NUKE_PATH": str(tmp_path / "site")}))
    assert (found.state, found.says) == (OK, f"the plug-in in '{tmp_path / 'site'}' is version 0.1.5")
