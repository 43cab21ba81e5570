"""Templates, the Reactor atom and the bundle: Lua tables that LuaJIT evaluates, and nothing in them is missing."""

import importlib.util
import zipfile
from datetime import date

import pytest
from fusion_host import PLUGIN, FusionHost
from setting_file import read_setting

SETTINGS = sorted((PLUGIN / "Templates").rglob("*.setting"))


@pytest.fixture(scope="module")
def tool():
    """Give our tool as it is declared."""
    return FusionHost().add_tool()


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """Give a folder with everything packed."""
    spec = importlib.util.spec_from_file_location("mam2_resolve_package", PLUGIN / "package.py")
    package = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
    folder = tmp_path_factory.mktemp("packed")
    package.pack(folder, date(2030, 1, 2))
    return folder


@pytest.mark.parametrize("path", SETTINGS, ids=lambda path: path.stem)
def test_a_template_names_only_what_is_there(path, tool):
    """Every tool and input that a template publishes or sets exists; it has one picture in and one out, and an icon."""
    found = read_setting(tool.host, path.read_text())
    inputs = set(tool.owner.order.values())
    groups = dict(found.Tools.items())
    assert found.ActiveTool in groups
    for group in groups.values():
        tools = dict(group.Tools.items())
        assert {one["__kind"] for one in tools.values()} == {"Fuse.MAM2"}
        for one in tools.values():
            assert set(one.Inputs) - {"__kind"} <= inputs
        for published in group.Inputs.values():
            assert published["__kind"] == "InstanceInput"
            assert published.SourceOp in tools
            assert published.Source in inputs, published.Source
        made = {int(found.Tools[group_name].Tools[name].Inputs.Points.Value) for group_name in groups for name in tools}
        shown = {one.Source for one in group.Inputs.values()}
        points = {f"Point{index}" for index in range(1, 13 if "AddPoint" in shown else max(made) + 1)}
        assert points <= shown, "a cross acts that nobody sees"
        (output,) = group.Outputs.values()
        assert (output.SourceOp in tools, output.Source) == (True, "Output")
    assert path.with_suffix(".png").read_bytes()[16:24] == (104).to_bytes(4, "big") + (58).to_bytes(4, "big")


def test_the_atom_deploys_what_is_packed(packed):
    """The atom is a Lua table whose every file is in the payload, and the payload has every file of the plug-in."""
    folder = packed / "com.mam2.MAM2"
    found = read_setting(FusionHost(), (folder / "com.mam2.MAM2.atom").read_text())
    places = set(found.Deploy.values())
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert there - places == {"com.mam2.MAM2.atom"}
    assert places <= there
    assert {"Fuses/MAM2.fuse", "Modules/Lua/mam2/frame.lua", "Scripts/Comp/MAM2/Track selected.lua"} <= places
    assert [place for place in places if place.endswith(".py")] == [], "the free Resolve 21.1 lists no Python scripts"
    assert (found.Name, list(found.Date.values())) == ("MAM2", [2030, 1, 2])


def test_the_bundle_is_the_edit_pages(packed):
    """The `.drfx` keeps the tree that the host expects."""
    with zipfile.ZipFile(packed / "MAM2.drfx") as bundle:
        assert sorted(bundle.namelist()) == ["Edit/Effects/MAM2/MAM2.png", "Edit/Effects/MAM2/MAM2.setting"]


def test_a_packed_fuse_finds_its_modules(packed, tmp_path, monkeypatch):
    """From the packed tree the Fuse loads its own modules, with nothing else on Lua's path."""
    monkeypatch.setenv("MAM2_RUNTIME", str(tmp_path))
    host = FusionHost(modules=None)
    tool = host.add_tool(fuse=packed / "com.mam2.MAM2" / "Fuses" / "MAM2.fuse")
    assert tool["ShotID"]
    assert str(packed) in host.lua.eval("package.path")
