"""The stand-in has what the host has, and no more."""

import json
import re

import pytest
from fusion_host import FusionHost

# The stand-in's classes and the classes under whose names the host lists the same.
CLASSES = {
    "Image": ("Image", "ImageDomain", "Parameter"),
    "ImgRectI": ("ImgRectI", "ImageDomain"),
    "Pixel": (),
    "Number": ("Number",),
    "Text": ("Text",),
    "Point": ("Point",),
    "Input": ("Input", "PlainInput", "Link"),
    "Output": ("Output", "PlainOutput", "Link"),
    "Request": ("Request",),
    "Operator": ("Operator", "Object"),
    "Composition": ("Composition",),
    "Tool": ("Operator",),
}
# Names that neither list holds, each with where it is known from.
JUSTIFIED = {
    "Pixel.R": "the Fuse guide's Pixel has R, G, B and A",
    "Pixel.G": "the Fuse guide's Pixel has R, G, B and A",
    "Pixel.B": "the Fuse guide's Pixel has R, G, B and A",
    "Pixel.A": "the Fuse guide's Pixel has R, G, B and A",
    "error": "Lua's own, as all of Lua 5.1 is there",
    "tostring": "Lua's own",
}


@pytest.fixture(scope="module")
def api(shared_fixtures):
    """Give the names that the host lists, by class."""
    found = json.loads((shared_fixtures / "fusion" / "fusion_api.json").read_text())["classes"]
    return {name: {*one["methods"], *one["properties"]} for name, one in found.items()}


@pytest.fixture(scope="module")
def registry(shared_fixtures):
    """Give the census of public Fuses."""
    return json.loads((shared_fixtures / "fusion" / "fuse_registry.json").read_text())


def surface(host):
    """Give the stand-in's classes and their names."""
    return {name: set(names.values()) for name, names in host.world.strict.surface.items()}


def test_every_name_of_the_stand_in_is_the_hosts(api, registry):
    """Each method and property of the stand-in occurs in the host's own lists or has a reason."""
    called = set(registry["methods_called_with_colon"])
    unknown = {
        f"{name}.{member}"
        for name, members in surface(FusionHost()).items()
        for member in members
        if member not in called
        and not any(member in api[other] or f"_{member}" in api[other] for other in CLASSES[name])
        and f"{name}.{member}" not in JUSTIFIED
    }
    assert unknown == set()


def test_what_is_unknown_is_refused():
    """A name that the host may not have is an error in the stand-in, not nothing."""
    host = FusionHost()
    tool = host.add_tool()
    for code in (
        "function(o) return o.tool.NoSuchName end",
        "function(o) return o.inputs.Input:GetPixels() end",
        "function(o) o.tool.Name = 'x' end",
    ):
        with pytest.raises(Exception, match="the host's"):
            host.lua.eval(code)(tool.owner)
    with pytest.raises(Exception, match="no global"):
        host.lua.eval("function(o) return o.env.Loader end")(tool.owner)


def test_a_global_that_frames_would_share_is_refused():
    """What a Fuse sets after Create, or a module ever, is an error in the stand-in."""
    host = FusionHost()
    tool = host.add_tool()
    with pytest.raises(Exception, match="frames would share it"):
        host.lua.eval("function(o) o.env.Shared = 1 end")(tool.owner)
    with pytest.raises(Exception, match="is set"):
        host.lua.execute("shared_by_all = 1")


def test_attributes_are_those_that_fuses_use(registry):
    """Every attribute that the tool registers or declares occurs in public Fuses."""
    host = FusionHost()
    tool = host.add_tool()
    known = set(registry["prefixed_constants_and_attributes_anywhere"]) | set(registry["AddInput"]["attributes"])
    known |= {"FC_PathBrowse", "INP_AcceptsMasks"}  # the Fuse guide, p. 55 and 47
    known |= set(registry["SetAttrs_attributes"]) | set(registry["FuRegisterClass"]["attributes"])
    used = set(host.world.registered.attributes)
    controls = set()
    for name in tool.owner.order.values():
        inside = host.world.input(tool.owner, name)
        for table in (inside.attributes, inside.changed):
            used |= {key for key in table if isinstance(key, str)}
            used |= {key for entry in table.values() if hasattr(entry, "keys") for key in entry if isinstance(key, str)}
        controls |= {inside.attributes.INPID_InputControl, inside.attributes.INPID_PreviewControl} - {None}
    assert {name for name in used if re.match("[A-Z]", name)} - known == set()
    values = registry["AddInput"]["values"]
    assert controls <= set(values["INPID_InputControl"]) | set(values["INPID_PreviewControl"])


def test_globals_are_those_that_fuses_read(registry):
    """The stand-in gives a Fuse only globals that public Fuses read, or Lua's own; reading any other is an error."""
    known = set(registry["host_globals_read"]) | set(registry["lua_globals_read"]) | set(JUSTIFIED)
    assert set(FusionHost().world.fuse_globals.values()) - known == set()
