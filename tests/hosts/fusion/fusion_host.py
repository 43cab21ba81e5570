"""A stand-in for Fusion: runs our real Fuse and Lua modules under a real LuaJIT, with images in real memory.

Arrays here are (H, W, 4) with the top row first, as everywhere in the engine; the host's memory has the bottom first.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from lupa import luajit21

ROOT = Path(__file__).parents[3]
PLUGIN = ROOT / "resolve_plugin"
FUSE = PLUGIN / "Fuses" / "MAM2.fuse"
MODULES = PLUGIN / "Modules" / "Lua"
DEPTHS = {np.dtype(np.uint8): 5, np.dtype(np.uint16): 6, np.dtype(np.float16): 7, np.dtype(np.float32): 8}
_DTYPES = {depth: dtype for dtype, depth in DEPTHS.items()}


@dataclass(frozen=True)
class Frame:
    """What a tool gave for a frame: width and height, pixels, and the state that it noted; None without an image.

    `aspect` is that of a pixel.
    """

    size: tuple[int, int] | None
    pixels: np.ndarray | None
    state: str | None
    says: str | None
    same_image: bool
    aspect: float | None = None


class FusionHost:
    """One host process with one composition.

    Args:
        first, last: the comp's render range.
        foreign: operating system to stand in for: `Linux`, `OSX` or `Windows`; None: the one beneath.
        modules: folder of Lua modules that the host searches; None: none.
        ways: how images lie: `padding`, `top_first`, `on_gpu`, `gpu_stays`, `no_lines`.
    """

    def __init__(self, first=1001, last=1004, foreign=None, modules=MODULES, **ways):
        self.lua = luajit21.LuaRuntime(unpack_returned_tuples=True, encoding="latin-1")
        here = Path(__file__).parent
        self.lua.execute(f"""
            package.path = package.path .. ";{modules.as_posix() if modules else "/nowhere"}/?.lua"
            table.insert(package.loaders, 2, function(name)
                local own = name:match("^standin%.(.*)$")
                return own and assert(loadfile("{here.as_posix()}/" .. own .. ".lua"))
            end)
        """)
        if foreign:
            self.module("standin.foreign").pretend(foreign)
        self.world = self.module("standin.world")
        # What is called as a function in Lua must be one: a Python callable is an object there.
        self.function = self.lua.eval("function(call) return function(time) return call(time) end end")
        self.comp = self.world.comp
        self.comp.first, self.comp.last, self.comp.CurrentTime = first, last, first
        for name, value in ways.items():
            self.world.images.ways[name] = value

    def add_tool(self, name="MAM2_1", values=None, fuse=FUSE):
        """Add our tool, new or with the values that a comp has stored."""
        table = None if values is None else self.lua.table_from(values)
        return FusionTool(self, self.world.add_tool(str(fuse), name, table))

    def module(self, name):
        """Give a Lua module, ours or the stand-in's (`standin.NAME`)."""
        return _one(self.lua.require(name))

    def image(self, pixels, *, window=None, beyond=0, proxy=1, aspect=1.0):
        """Make an image of the host.

        Args:
            pixels: (H, W, 4) of uint8, uint16, float16 or float32, the whole picture.
            window: data window as left, bottom, right, top from the bottom left; what is outside is not stored.
            beyond: so many pixels on each side of `pixels` are outside the picture, but in the data window.
            proxy: the picture is one of so many times its size.
            aspect: of a pixel.
        """
        height, width = (side - 2 * beyond for side in pixels.shape[:2])
        stored = pixels[::-1]
        attributes = {
            "IMG_Width": width,
            "IMG_Height": height,
            "IMG_Depth": DEPTHS[pixels.dtype],
            "IMG_XScale": aspect,
            "IMAT_OriginalWidth": width * proxy,
            "IMAT_OriginalHeight": height * proxy,
        }
        if window is not None:
            left, bottom, right, top = window
            stored = stored[bottom:top, left:right]
        elif beyond:
            window = (-beyond, -beyond, width + beyond, height + beyond)
        if window is not None:
            attributes["IMG_DataWindow"] = self.world.images.ImgRectI(*window)
        stored = np.ascontiguousarray(stored)
        return self.world.images.from_memory(stored.ctypes.data, self.lua.table_from(attributes))

    def pixels(self, image):
        """Give an image's pixels as (H, W, 4), the whole data window."""
        window = image.DataWindow
        shape = (window.Height(window), window.Width(window), 4)
        found = np.empty(shape, _DTYPES[image.Depth])
        self.world.images.to_memory(image, found.ctypes.data)
        return found[::-1]

    def run_scripts(self):
        """Run what tools have asked the host to execute."""
        self.world.run_scripts()


class FusionTool:
    """A tool in the composition."""

    def __init__(self, host, owner):
        self.host, self.owner = host, owner

    def __getitem__(self, name):
        """Give an input's constant value."""
        return self.host.world.input(self.owner, name).value

    def __setitem__(self, name, value):
        """Set an input: a number, a text, a pair for a point, or a function of time for an animated one."""
        inside = self.host.world.input(self.owner, name)
        if callable(value):
            inside.value = self.host.function(lambda time: self._lua(value(time)))
            return
        inside.value = self._lua(value)

    def _lua(self, value):
        return self.host.lua.table_from(value) if isinstance(value, (tuple, list)) else value

    def connect(self, plates, name="Input", in_haste=None, **how):
        """Connect images: a function from frame to (H, W, 4), or to an image of the host.

        Args:
            plates: the function.
            name: the input's.
            in_haste: another, for requests that are quick; None: they get the same.
            how: as `FusionHost.image` takes it.
        """

        def from_(source):
            def at(time):
                found = source(int(time))
                return self.host.image(found, **how) if isinstance(found, np.ndarray) else found

            return self.host.function(at)

        inside = self.host.world.input(self.owner, name)
        inside.value, inside.in_haste = from_(plates), from_(in_haste) if in_haste else None

    def view(self):
        """Put the tool into a viewer: what changes it has the current frame processed."""
        self.owner.viewed = self.host.function(lambda _: self.look(self.host.comp.CurrentTime) and None)

    def process(self, time, **flags):
        """Ask for a frame; flags: `precalc`, `stamp`, `quick`, `interactive`, `preview`, `playback`."""
        image = _one(self.host.world.process(self.owner, time, self.host.lua.table_from(flags)))
        if image is None:
            return Frame(None, None, None, None, same_image=False)
        noted = image.Metadata
        pixels = None if flags.get("precalc") else self.host.pixels(image)
        window = image.DataWindow
        size = window.Width(window), window.Height(window)
        state, says = noted and noted.MAM2, noted and noted.MAM2Says
        return Frame(size, pixels, state, says, same_image=noted is None, aspect=image.XScale)

    def look(self, time):
        """Ask for a frame as a viewer does."""
        return self.process(time, interactive=True, quick=True)

    def render(self, time):
        """Ask for a frame as a final render does."""
        return self.process(time)

    def press(self, button, time=None):
        """Press a button."""
        self.host.world.press(self.owner, button, self.host.comp.CurrentTime if time is None else time)


def _one(found):
    """Give the first of what a Lua function returned."""
    return found[0] if isinstance(found, tuple) else found
