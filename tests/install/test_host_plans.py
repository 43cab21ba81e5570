"""The plan for every version of every host on every system, worked out on Linux for homes that are not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from actions import Advice, EditBetweenMarkers, MakeEnvironment, WriteFile
from host_programs import NUKE, Host, find_hosts
from places import FUSION, RESOLVE, Machine
from plan import Order, plan

BLACKMAGIC = "Library/Application Support/Blackmagic Design"
ROAMING = "Zoë/AppData/Roaming/Blackmagic Design"
NUKES = ("14.0v5", "14.1v3", "15.0v1", "15.1v2", "15.2v1", "16.0v8", "16.1v1", "17.0v3", "17.1v2")
NUKE_PROGRAMS = {"linux": "usr/local/Nuke{}", "darwin": "Applications/Nuke{}", "win32": "Program Files/Nuke{}"}
NUKE_HOMES = {"linux": "Zoë/.nuke", "darwin": "Zoë/.nuke", "win32": "Zoë/.nuke"}
PROGRAMS = {
    ("linux", RESOLVE): ("opt/resolve", ""),
    ("darwin", RESOLVE): ("Applications/DaVinci Resolve", ""),
    ("win32", RESOLVE): ("Program Files/Blackmagic Design/DaVinci Resolve", ""),
    ("linux", FUSION): ("opt/BlackmagicDesign/Fusion{}", "20"),
    ("darwin", FUSION): ("Applications/Blackmagic Fusion {}", "20"),
    ("win32", FUSION): ("Program Files/Blackmagic Design/Fusion {}", "20"),
}
USERS = {
    ("linux", RESOLVE): "Zoë/.local/share/DaVinciResolve/Fusion",
    ("darwin", RESOLVE): f"Zoë/{BLACKMAGIC}/DaVinci Resolve/Fusion",
    ("win32", RESOLVE): f"{ROAMING}/DaVinci Resolve/Support/Fusion",
    ("linux", FUSION): "Zoë/.fusion/BlackmagicDesign/Fusion",
    ("darwin", FUSION): f"Zoë/{BLACKMAGIC}/Fusion",
    ("win32", FUSION): f"{ROAMING}/Fusion",
}
EVERYBODYS = {
    ("linux", RESOLVE): "opt/resolve/Fusion",
    ("darwin", RESOLVE): f"{BLACKMAGIC}/DaVinci Resolve/Fusion",
    ("win32", RESOLVE): "ProgramData/Blackmagic Design/DaVinci Resolve/Fusion",
    ("darwin", FUSION): f"{BLACKMAGIC}/Fusion",
    ("win32", FUSION): "ProgramData/Blackmagic Design/Fusion",
}
DATA = {
    "linux": "Zoë/.local/share/mam2",
    "darwin": "Zoë/Library/Application Support/mam2",
    "win32": "Zoë/AppData/Local/mam2",
}
SYSTEMS = tuple(DATA)


def machine(root, system, *, site=False):
    """Give a machine whose every path lies below a folder."""
    variables = {}
    if system == "win32":
        variables = {
            "USERPROFILE": str(root / "Zoë"),
            "APPDATA": str(root / "Zoë/AppData/Roaming"),
            "LOCALAPPDATA": str(root / "Zoë/AppData/Local"),
            "PROGRAMDATA": str(root / "ProgramData"),
            "PROGRAMFILES": str(root / "Program Files"),
        }
    return Machine(system, root / "Zoë", variables, root, root / "studio" if site else None)


def planned(repository, machine, *hosts, content=""):
    """Give the plan for these hosts with an environment in the user's data folder."""
    folder = machine.root / DATA[machine.system] / "environment"
    return plan(machine, Order(repository, hosts, folder, content))


def written(actions, folder):
    """Give what is written below a folder: place -> content."""
    files = [action for action in actions if isinstance(action, WriteFile)]
    return {one.path.relative_to(folder).as_posix(): one.content for one in files if folder in one.path.parents}


@pytest.mark.parametrize("version", NUKES)
@pytest.mark.parametrize("system", SYSTEMS)
def test_every_nuke_gets_the_plug_in_in_its_home(repository, tmp_path, system, version):
    """Each Nuke from 14 to 17 is found, and the plan puts the plug-in where it looks, with one line."""
    (tmp_path / NUKE_PROGRAMS[system].format(version)).mkdir(parents=True)
    computer = machine(tmp_path, system)
    assert find_hosts(computer) == (Host(NUKE, version),)
    actions = planned(repository, computer, Host(NUKE, version))
    home = tmp_path / NUKE_HOMES[system]
    files = written(actions, home / "mam2")
    assert {"init.py", "menu.py", "mam2_nuke/contract.py", "vendor/mam2_contract/client.py", "icons/mam2.png"} <= {
        *files
    }
    assert len(files) == len([action for action in actions if isinstance(action, WriteFile)])
    (edit,) = (action for action in actions if isinstance(action, EditBetweenMarkers))
    assert edit.path == home / "init.py"
    assert "\n" not in edit.line
    assert 'nuke.pluginAddPath("./mam2")' in edit.line


@pytest.mark.parametrize("host", [RESOLVE, FUSION])
@pytest.mark.parametrize("system", SYSTEMS)
def test_resolve_and_fusion_get_all_four_folders(repository, tmp_path, system, host):
    """On each system both are found, and Fuses, Modules, Scripts and Templates go into their folder."""
    program, version = PROGRAMS[system, host]
    (tmp_path / program.format(version)).mkdir(parents=True)
    computer = machine(tmp_path, system)
    assert find_hosts(computer) == (Host(host, version),)
    actions = planned(repository, computer, Host(host))
    files = written(actions, tmp_path / USERS[system, host])
    assert {place.split("/")[0] for place in files} == {"Fuses", "Modules", "Scripts", "Templates"}
    assert len(files) == len(actions)
    assert {"Fuses/MAM2.fuse", "Modules/Lua/mam2/installed.lua", "Scripts/Comp/MAM2/Track selected.lua"} <= {*files}


@pytest.mark.parametrize(("system", "host"), EVERYBODYS)
def test_a_studio_gets_the_folders_of_all_users(repository, tmp_path, system, host):
    """With a shared folder, Resolve's and Fusion's part goes where all users' hosts look."""
    actions = planned(repository, machine(tmp_path, system, site=True), Host(host))
    assert len(written(actions, tmp_path / EVERYBODYS[system, host])) == len(actions)


def test_fusion_studio_on_linux_has_no_folder_of_all_users(repository, tmp_path):
    """Where a host reads no shared folder, the user's own is used and the plan says so."""
    actions = planned(repository, machine(tmp_path, "linux", site=True), Host(FUSION))
    *files, advice = actions
    assert len(written(files, tmp_path / USERS["linux", FUSION])) == len(files)
    assert "every user runs" in advice.sentence


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_studios_nuke_is_left_to_nuke_path(repository, tmp_path, system):
    """With a shared folder nobody's init.py is edited: the plan says what belongs on NUKE_PATH."""
    actions = planned(repository, machine(tmp_path, system, site=True), Host(NUKE))
    assert "init.py" in written(actions, tmp_path / "studio" / "nuke")
    assert not [action for action in actions if isinstance(action, EditBetweenMarkers)]
    (advice,) = (action for action in actions if isinstance(action, Advice))
    assert "NUKE_PATH" in advice.sentence
    assert str(tmp_path / "studio" / "nuke") in advice.sentence


@pytest.mark.parametrize("version", ["11.3v6", "12.2v4", "13.2v9"])
def test_a_nuke_that_is_too_old_gets_a_sentence(repository, tmp_path, version):
    """A Nuke whose Python cannot read the plug-in gets nothing but a sentence."""
    (tmp_path / f"usr/local/Nuke{version}").mkdir(parents=True)
    computer = machine(tmp_path, "linux")
    (action,) = planned(repository, computer, *find_hosts(computer))
    assert action.sentence == f"Nuke {version} is too old for the plug-in; it runs in Nuke 14 and newer."


@pytest.mark.parametrize("system", SYSTEMS)
def test_plug_ins_know_the_engine_of_their_user(repository, tmp_path, system):
    """Nuke's list and Fusion's line both start the engine in the user's own data folder."""
    computer = machine(tmp_path, system)
    actions = planned(repository, computer, Host(NUKE), Host(RESOLVE))
    program = tmp_path / DATA[system] / "environment" / ("Scripts/mam2.exe" if system == "win32" else "bin/mam2")
    ((_, words),) = [item for item in written(actions, tmp_path).items() if item[0].endswith("engine_command.json")]
    assert words.isascii()
    assert words.decode("unicode_escape") == f'["{program}", "serve"]'
    ((_, line),) = [item for item in written(actions, tmp_path).items() if item[0].endswith("installed.lua")]
    if system == "win32":
        assert b'\\"%LOCALAPPDATA%/mam2/environment/Scripts/mam2.exe\\" serve' in line
        assert line.isascii()
    else:
        assert f"{program}" in line.decode()


@pytest.mark.parametrize("system", SYSTEMS)
def test_without_hosts_the_plan_is_the_engine(repository, tmp_path, system):
    """A machine without hosts gets the engine's environment alone, in the user's data folder."""
    computer = machine(tmp_path, system)
    assert find_hosts(computer) == ()
    folder = tmp_path / DATA[system] / "environment"
    assert planned(repository, computer, content="cpu") == (MakeEnvironment(folder, "cpu"),)


def test_a_host_that_is_not_found_but_used_is_found_by_its_folder(tmp_path):
    """A host that lies elsewhere, on a share for one, is known by the folder that it made for the user."""
    (tmp_path / "Zoë/.nuke").mkdir(parents=True)
    (tmp_path / "Zoë/.local/share/DaVinciResolve").mkdir(parents=True)
    assert find_hosts(machine(tmp_path, "linux")) == (Host(NUKE), Host(RESOLVE))


def test_a_plan_changes_nothing(repository, tmp_path):
    """Working out a plan touches no file."""
    planned(repository, machine(tmp_path, "linux"), Host(NUKE), Host(RESOLVE), Host(FUSION), content="default")
    assert list(Path(tmp_path).iterdir()) == []
