"""A composition as a Python comp script sees it: stock tools with what they do, and our tool in the Lua stand-in.

Known traps of the host are errors here: a Loader added without locking the comp opens a file dialog; a value set while
the comp is locked does not reach a render.
"""

import re

import numpy as np

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
    "Fuse.MAM2": ("Input", "PromptMask", "BakedMatte"),
}


class ScriptInput:
    """An image input of a tool."""

    def __init__(self, tool, name):
        self._tool, self._name = tool, name

    def GetConnectedOutput(self):  # noqa: N802 - the host's name
        """Give the output that is connected, or None."""
        source = self._tool.sources.get(self._name)
        return ScriptOutput(source) if source else None

    def ConnectTo(self, output):  # noqa: N802 - the host's name
        """Connect an output, or None."""
        self._tool.sources[self._name] = output.GetTool() if output else None


class ScriptOutput:
    """A tool's one output."""

    def __init__(self, tool):
        self._tool = tool

    def GetTool(self):  # noqa: N802 - the host's name
        """Give whose output it is."""
        return self._tool

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
    """A tool; `fuse` is the Lua stand-in's tool where it is ours."""

    def __init__(self, comp, kind, name, fuse=None):
        self.comp, self.kind, self.name, self.fuse = comp, kind, name, fuse
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
        """Give an input's value, now or at a time."""
        if self.fuse:
            return self.fuse.host.lua.eval("function(o, id, at) return o.tool:GetInput(id, at) end")(
                self.fuse.owner, name, time
            )
        return self.values[name]

    def SetInput(self, name, value):  # noqa: N802 - the host's name
        """Set an input's value."""
        if self.fuse:
            self.fuse.host.lua.eval("function(o, id, v) o.tool:SetInput(id, v) end")(self.fuse.owner, name, value)
            return
        assert name in self.values, f"{self.kind} has no input {name}"
        (self.ignored if self.comp.locked else self.values)[name] = value

    def ConnectInput(self, name, tool):  # noqa: N802 - the host's name
        """Connect a tool's output to an image input."""
        assert name in IMAGES[self.kind], f"{self.kind} has no image input {name}"
        self.sources[name] = tool

    def FindMainInput(self, number):  # noqa: N802 - the host's name
        """Give an image input, counted from 1."""
        return ScriptInput(self, IMAGES[self.kind][number - 1])

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
        return self.comp.plate(frame).astype(np.float32)

    def _saver(self, frame):
        return self._source("Input", frame)

    def _fuse_mam2(self, frame):
        return self.fuse.render(frame).pixels.astype(np.float32)

    def _loader(self, frame):
        first, last = self.values["GlobalIn"], self.values["GlobalOut"]
        assert first <= frame <= last, "a Loader gives nothing outside its range"
        start = int(re.search(r"(\d+)\.exr$", self.values["Clip"])[1])
        path = re.sub(r"\d+\.exr$", f"{start + frame - first:04d}.exr", self.values["Clip"])
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
        plate: frame -> (H, W, 4).
        file: where the comp is saved; empty: nowhere.
    """

    def __init__(self, host, plate, file=""):
        self.host, self.plate, self.file = host, plate, file
        self.tools, self.selection, self.locked, self.undos, self._open = [], [], False, [], None

    def adopt(self, fuse, name):
        """Put a tool of the Lua stand-in into the comp."""
        tool = ScriptTool(self, "Fuse.MAM2", name, fuse)
        self.tools.append(tool)
        fuse.connect(self.plate)
        return tool

    def GetToolList(self, selected, kind):  # noqa: N802 - the host's name
        """Give the tools of a kind, counted from 1."""
        found = [tool for tool in (self.selection if selected else self.tools) if tool.kind == kind]
        return dict(enumerate(found, 1))

    def GetAttrs(self):  # noqa: N802 - the host's name
        """Give the comp's attributes."""
        first, last = self.host.comp.first, self.host.comp.last
        return {"COMPN_RenderStart": first, "COMPN_RenderEnd": last, "COMPS_FileName": self.file}

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

    def Execute(self, code):  # noqa: N802 - the host's name
        """Run a comp script in Lua."""
        self.host.lua.eval("function(comp, code) comp:Execute(code) end")(self.host.world.comp_object, code)
        self.host.run_scripts()

    def Render(self, settings):  # noqa: N802 - the host's name
        """Render a tool over a range."""
        assert set(settings) == {"Tool", "Start", "End", "Wait"}
        for frame in range(settings["Start"], settings["End"] + 1):
            settings["Tool"].pixels(frame)
        return True
