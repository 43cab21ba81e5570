"""A composition as a Lua comp script sees it: stock tools with what they do, and our tool in the Lua stand-in.

A script is another program than the host: it has a Lua of its own, and shares no memory with our Fuse [A, M: fuscript].
Known traps of the host are errors here: a Loader added without locking the comp opens a file dialog; a value set while
the comp is locked does not reach a render.
"""

import re
from pathlib import Path

import numpy as np
from lupa import luajit21

from engine.media.matte_files import read_matte

STOCK = {
    "Loader": {"Clip": "", "GlobalIn": 0, "GlobalOut": 0, "Clip1.OpenEXRFormat.AlphaName": "A"},
    "MatteControl": {"MatteCombine": 0, "CombineOp": 0},
    "AlphaMultiply": {},
    "MediaIn": {},
    "Saver": {},
}
IMAGES = {
    "Loader": (),
    "MatteControl": ("Background", "Foreground"),
    "AlphaMultiply": ("Input",),
    "MediaIn": (),
    "Saver": ("Input",),
    "Fuse.MAM2": ("Input", "PromptMask", "BakedMatte", "GarbageMatte", "SolidMatte"),
}


def run_script(comp, path, said=None):
    """Run a script file as the host does; what it prints is added to `said`.

    The file knows its own path, as a file that is loaded does; a host may give it more folders than one.
    """
    lua = luajit21.LuaRuntime(unpack_returned_tuples=True, encoding="latin-1")
    seen = _ScriptSide(lua, comp)
    said = [] if said is None else said
    comp.running = lua
    lua.globals().comp = lua.globals().composition = seen
    lua.globals().fusion = lua.globals().fu = seen
    lua.globals().told = said.append
    lua.execute(
        "print = function(...) local t = {...}; for i = 1, #t do t[i] = tostring(t[i]) end "
        "told(table.concat(t, '\\t')) end"
    )
    lua.eval("function(path) assert(loadfile(path))() end")(str(path))
    return said


class _ScriptSide:
    """What a script gets of an object: its methods, with Lua's tables in the place of Python's."""

    def __init__(self, lua, inside):
        self._lua, self._inside = lua, inside

    def __getattr__(self, name):
        found = getattr(self._inside, name)
        if not callable(found):
            return self._out(found)

        def call(*arguments):
            given = [one._inside if isinstance(one, _ScriptSide) else one for one in arguments]
            if given and given[0] is self._inside:
                given = given[1:]  # a colon's self
            return self._out(found(*given))

        return call

    def _out(self, value):
        if isinstance(value, dict):
            return self._lua.table_from({key: self._out(one) for key, one in value.items()})
        if isinstance(value, tuple):
            return tuple(self._out(one) for one in value)
        if value is None or isinstance(value, (str, int, float, bool)):
            return value
        return _ScriptSide(self._lua, value)


class ScriptImage:
    """What a script may read of an image."""

    def __init__(self, image):
        self.Width, self.Height = image.Width, image.Height
        self.OriginalWidth, self.OriginalHeight = image.OriginalWidth, image.OriginalHeight


class ScriptInput:
    """An image input of a tool."""

    def __init__(self, tool, name):
        self._tool, self._name = tool, name

    def GetConnectedOutput(self):  # noqa: N802 - the host's name
        """Give the output that is connected, or None."""
        source = self._tool.sources.get(self._name)
        if source is None and self._tool.fuse and self._tool.fuse[self._name] is not None:
            return Upstream(self._tool.fuse, self._name)  # what a test has connected without a tool
        return ScriptOutput(source) if source else None

    def ConnectTo(self, output):  # noqa: N802 - the host's name
        """Connect an output, or None."""
        self._tool.sources[self._name] = output.GetTool() if output else None


class Upstream:
    """The output of what is connected to our tool."""

    def __init__(self, fuse, name):
        self._fuse, self._name = fuse, name

    def GetValue(self, time):  # noqa: N802 - the host's name
        """Give a frame, at final quality and without a proxy [8]."""
        image = self._fuse[self._name](time, 1)
        return None if image is None else ScriptImage(image)


class ScriptOutput:
    """A tool's one output."""

    def __init__(self, tool):
        self._tool = tool

    def GetTool(self):  # noqa: N802 - the host's name
        """Give whose output it is."""
        return self._tool

    def GetValue(self, time):  # noqa: N802 - the host's name
        """Have the host make a frame, at final quality and without a proxy [8, S]; from what it keeps if it can."""
        if not self._tool.fuse:
            plate = self._tool.pixels(time)
            return ScriptImage(self._tool.comp.host.image(plate.astype(np.float32)))
        if self._tool.passes:
            return None
        try:
            self._tool.fuse.process(time, proxy=1)
        except luajit21.LuaError:
            return None  # a frame that fails is nothing
        return True

    def GetConnectedInputs(self):  # noqa: N802 - the host's name
        """Give the inputs that it is connected to, counted from 1."""
        found = [
            ScriptInput(tool, name)
            for tool in self._tool.comp.tools
            for name, source in tool.sources.items()
            if source is self._tool
        ]
        return dict(enumerate(found, 1))


class ScriptTool:
    """A tool; `fuse` is the Lua stand-in's tool where it is ours. `passes`: it is switched off."""

    def __init__(self, comp, kind, name, fuse=None):
        self.comp, self.kind, self.name, self.fuse, self.passes = comp, kind, name, fuse, False
        self.values, self.ignored, self.sources = dict(STOCK.get(kind, {})), {}, {}

    def GetAttrs(self):  # noqa: N802 - the host's name
        """Give the tool's attributes."""
        return {"TOOLS_Name": self.name, "TOOLS_RegID": self.kind}

    def SetAttrs(self, attributes):  # noqa: N802 - the host's name
        """Set attributes; only the name can be."""
        assert set(attributes) == {"TOOLS_Name"}
        assert self.comp.FindTool(attributes["TOOLS_Name"]) is None, "two tools of one name"
        self.name = attributes["TOOLS_Name"]

    def GetInput(self, name, time=None):  # noqa: N802 - the host's name
        """Give an input's value, now or at a time; a point is a table of two."""
        if not self.fuse:
            return self.values[name]
        found = self.fuse.host.world.script_gets(self.fuse.owner, name, time)
        kind = self.fuse.host.world.input(self.fuse.owner, name).attributes.LINKID_DataType
        return {1: found.X, 2: found.Y} if kind == "Point" else found and found.Value

    def SetInput(self, name, value, time=None):  # noqa: N802 - the host's name
        """Set an input's value."""
        if self.fuse:
            self.fuse.host.world.script_sets(self.fuse.owner, name, value, time)
            return
        assert name in self.values, f"{self.kind} has no input {name}"
        (self.ignored if self.comp.locked else self.values)[name] = value

    def ConnectInput(self, name, tool):  # noqa: N802 - the host's name
        """Connect a tool's output to an image input."""
        assert name in IMAGES[self.kind], f"{self.kind} has no image input {name}"
        self.sources[name] = tool

    def FindMainInput(self, number):  # noqa: N802 - the host's name
        """Give an image input, counted from 1."""
        return ScriptInput(self, IMAGES[self.kind][int(number) - 1])

    def FindMainOutput(self, number):  # noqa: N802 - the host's name
        """Give the output."""
        assert number == 1
        return ScriptOutput(self)

    def pixels(self, frame):
        """Give what the tool makes of a frame: (H, W, 4) float32, the top row first."""
        return getattr(self, "_" + self.kind.replace(".", "_").lower())(frame)

    def _source(self, name, frame):
        return self.sources[name].pixels(frame)

    def _mediain(self, frame):
        return self.comp.plate(int(frame)).astype(np.float32)

    def _saver(self, frame):
        return self._source("Input", frame)

    def _fuse_mam2(self, frame):
        return self.fuse.render(frame).pixels.astype(np.float32)

    def _loader(self, frame):
        first, last = self.values["GlobalIn"], self.values["GlobalOut"]
        assert first <= frame <= last, "a Loader gives nothing outside its range"
        start = int(re.search(r"(\d+)\.exr$", self.values["Clip"])[1])
        path = re.sub(r"\d+\.exr$", f"{int(start + frame - first):04d}.exr", self.values["Clip"])
        alpha = read_matte(path)[self.values["Clip1.OpenEXRFormat.AlphaName"]]
        return np.repeat(alpha.astype(np.float32)[..., None], 4, axis=-1)

    def _mattecontrol(self, frame):
        assert (self.values["MatteCombine"], self.values["CombineOp"]) == (4, 0), "only alpha, copied"
        background, matte = self._source("Background", frame), self._source("Foreground", frame)
        return np.concatenate([background[..., :3], matte[..., 3:]], axis=-1)

    def _alphamultiply(self, frame):
        image = self._source("Input", frame)
        return np.concatenate([image[..., :3] * image[..., 3:], image[..., 3:]], axis=-1)


class ScriptComp:
    """The composition.

    Args:
        host: the Lua stand-in.

    Attributes:
        plate: frame -> (H, W, 4), what MediaIn gives.
        file: where the comp is saved; empty: nowhere, as every comp of Resolve.
        folders: what the host's own folders are, by name (`Scripts:`); several are joined [8].
    """

    def __init__(self, host):
        self.host, self.plate, self.file, self.folders, self.running = host, None, "", {}, None
        self.tools, self.selection, self.locked, self.undos, self._open = [], [], False, [], None

    def adopt(self, fuse, name):
        """Put a tool of the Lua stand-in into the comp."""
        self.tools.append(ScriptTool(self, "Fuse.MAM2", name, fuse))

    @property
    def CurrentTime(self):  # noqa: N802 - the host's name
        """Give the frame that is shown."""
        return self.host.comp.CurrentTime

    def MapPath(self, path):  # noqa: N802 - the host's name
        """Give what stands for a name: one folder, or several with semicolons between [8]."""
        return ";".join(map(str, self.folders.get(path, [path])))

    def GetToolList(self, selected, kind):  # noqa: N802 - the host's name
        """Give the tools of a kind, counted from 1."""
        found = [tool for tool in (self.selection if selected else self.tools) if tool.kind == kind]
        return dict(enumerate(found, 1))

    def GetAttrs(self):  # noqa: N802 - the host's name
        """Give the comp's attributes."""
        comp = self.host.comp
        return {
            "COMPN_RenderStart": comp.first,
            "COMPN_RenderEnd": comp.last,
            "COMPN_CurrentTime": comp.CurrentTime,
            "COMPS_FileName": self.file,
        }

    def AddTool(self, kind, x, y):  # noqa: N802 - the host's name
        """Add a stock tool."""
        assert (x, y) == (-32768, -32768)
        assert self.locked or kind != "Loader", "a file dialog opens"
        assert kind in STOCK, f"{kind} is no stock tool"
        self.tools.append(ScriptTool(self, kind, f"{kind}{len(self.tools)}"))
        return self.tools[-1]

    def FindTool(self, name):  # noqa: N802 - the host's name
        """Give a tool by its name, or None."""
        return next((tool for tool in self.tools if tool.name == name), None)

    def Lock(self):  # noqa: N802 - the host's name
        """Suppress dialogs."""
        self.locked = True

    def Unlock(self):  # noqa: N802 - the host's name
        """Allow dialogs again."""
        self.locked = False

    def StartUndo(self, name):  # noqa: N802 - the host's name
        """Begin a step to undo."""
        self._open = (name, len(self.tools), [dict(tool.sources) for tool in self.tools])

    def EndUndo(self, keep):  # noqa: N802 - the host's name
        """End a step to undo."""
        assert keep
        assert self._open, "EndUndo without StartUndo"
        self.undos.append(self._open)
        self._open = None

    def undo(self):
        """Undo the last step."""
        _, count, sources = self.undos.pop()
        del self.tools[count:]
        for tool, before in zip(self.tools, sources, strict=True):
            tool.sources = before


def menu(folder, name):
    """Give the file of a menu entry under Scripts, Comp, MAM2."""
    return Path(folder) / "Scripts" / "Comp" / "MAM2" / f"{name}.lua"
