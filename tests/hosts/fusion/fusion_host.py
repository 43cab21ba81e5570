"""A stand-in for Fusion: runs our real Fuse and Lua modules under a real LuaJIT, with images in real memory.

Arrays here are (H, W, 4) RGBA with the top row first, as everywhere in the engine; the host's memory has the bottom
first. What the host is said to do and by whom stands beside each behaviour: G the Fuse guide, S stubs of Fusion 20,
R, I, L, T headers of the C++ SDK, F public Fuses, A and M tools that run in Resolve, 8 the scripting manual; [R] is
what nobody documented, and waits for the self-test on a real host.
"""

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fusion_ops import CHANNELS, ImageOps
from fusion_scripts import ScriptComp, run_script
from lupa import luajit21

ROOT = Path(__file__).parents[3]
PLUGIN = ROOT / "resolve_plugin"
FUSE = PLUGIN / "Fuses" / "MAM2.fuse"
MODULES = PLUGIN / "Modules" / "Lua"
DEPTHS = {np.dtype(np.uint8): 5, np.dtype(np.uint16): 6, np.dtype(np.float16): 7, np.dtype(np.float32): 8}
_DTYPES = {depth: dtype for dtype, depth in DEPTHS.items()} | {depth - 4: dtype for dtype, depth in DEPTHS.items()}
RENDER = {"quiet": True}  # what a request of a final render says of itself [R: REQF_Quiet]


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
        ways: how images lie, see image.lua; and `no_req_flags`: requests have no SetReqFlags.
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
        self.function = self.lua.eval("function(call) return function(...) return call(...) end end")
        self.world.images.native = self.function(ImageOps(self))
        self.comp = self.world.comp
        self.comp.first, self.comp.last, self.comp.CurrentTime = first, last, first
        self.scripting = ScriptComp(self)
        for name, value in ways.items():
            if name == "no_req_flags":
                self.world.ways.no_req_flags = value
            else:
                self.world.images.ways[name] = self.lua.table_from(value) if isinstance(value, list) else value

    def add_tool(self, name="MAM2_1", values=None, fuse=FUSE):
        """Add our tool, new or with the values that a comp has stored."""
        table = None if values is None else self.lua.table_from(values)
        tool = FusionTool(self, self.world.add_tool(str(fuse), name, table))
        self.scripting.adopt(tool, name)
        return tool

    def module(self, name):
        """Give a Lua module, ours or the stand-in's (`standin.NAME`)."""
        return _one(self.lua.require(name))

    def constructors(self):
        """Give the host's constructors, as our modules take them."""
        images = self.world.images
        return self.lua.table_from({"Image": images.Image, "Pixel": images.Pixel, "ImgRectI": images.ImgRectI})

    def image(self, pixels, *, window=None, beyond=0, proxy=1, aspect=1.0):
        """Make an image of the host, of the channels that its tools make.

        Args:
            pixels: (H, W, 4) of uint8, uint16, float16 or float32, the whole picture.
            window: data window as left, bottom, right, top from the bottom left; what is outside is not stored.
            beyond: so many pixels on each side of `pixels` are outside the picture, but in the data window.
            proxy: the picture is one of so many times its size.
            aspect: of a pixel.
        """
        height, width = (side - 2 * beyond for side in pixels.shape[:2])
        order = self.world.images.ways.order
        stored = pixels[::-1][..., [CHANNELS.index(name) for name in order]]
        attributes = {
            "IMG_Width": width,
            "IMG_Height": height,
            "IMG_Depth": DEPTHS[pixels.dtype] - (4 if order == "A" else 0),
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
        """Give an image's pixels as (H, W, channels) in the order in which they lie, the whole data window."""
        window = image.DataWindow
        shape = (window.Height(window), window.Width(window), len(self.order(image)))
        found = np.empty(shape, self.dtype(image))
        self.world.images.to_memory(image, found.ctypes.data)
        return found[::-1]

    def picture(self, image):
        """Give an image's pixels as (H, W, 4) RGBA, or (H, W, 1) where there is alpha alone."""
        order = self.order(image)
        return self.pixels(image)[..., [order.index(name) for name in CHANNELS if name in order]]

    def fill(self, image, pixels):
        """Write an image's pixels, as `pixels` gives them."""
        stored = np.ascontiguousarray(pixels[::-1])
        self.world.images.fill(image, stored.ctypes.data)

    def like(self, image):
        """Make an image like another."""
        return self.world.images.Image(self.lua.table_from({"IMG_Like": image}))

    def order(self, image):
        """Give the order in which an image's channels lie."""
        return self.world.images.order_of(image)

    def dtype(self, image):
        """Give what one channel of an image is."""
        return _DTYPES[image.Depth]

    def run_scripts(self):
        """Run the script files that tools have asked for, each by itself, and what they ask for in turn."""
        while len(self.comp.scripts):
            paths = list(self.comp.scripts.values())
            self.comp.scripts = self.lua.table()
            problems = []

            def run(path, problems=problems):
                try:
                    run_script(self.scripting, path)
                except Exception as problem:  # noqa: BLE001 - told in the thread that waits
                    problems.append(problem)

            threads = [threading.Thread(target=run, args=(path,)) for path in paths]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            if problems:
                raise problems[0]


class FusionTool:
    """A tool in the composition."""

    def __init__(self, host, owner):
        self.host, self.owner = host, owner

    def __getitem__(self, name):
        """Give an input's constant value."""
        return self.host.world.input(self.owner, name).value

    def __setitem__(self, name, value):
        """Set an input: a number, a text, a pair for a point, or a function of time for an animated one."""
        self.host.world.input(self.owner, name).value = self._lua(value)
        self.owner.kept = self.host.lua.table()

    def drag(self, name, place, time):
        """Drag an on-screen control on a frame."""
        self.host.world.change(self.owner, name, self._lua(place), time, True)

    def _lua(self, value):
        if callable(value):
            return self.host.function(lambda time, *_: self._lua(value(time)))
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
            def at(time, proxy):
                found = source(int(time))
                if not isinstance(found, np.ndarray):
                    return found
                small = np.ascontiguousarray(found[:: int(proxy), :: int(proxy)])
                return self.host.image(small, **{"proxy": int(proxy), **how})

            return self.host.function(at)

        inside = self.host.world.input(self.owner, name)
        inside.value, inside.in_haste = from_(plates), from_(in_haste) if in_haste else None
        self.owner.kept = self.host.lua.table()

    def view(self):
        """Put the tool into a viewer: what changes it has the current frame processed."""
        self.owner.viewed = self.host.function(lambda _: self.look(self.host.comp.CurrentTime) and None)

    def process(self, time, output="Output", **flags):
        """Ask for a frame.

        Flags: `precalc`, `stamp`, `quick`, `interactive`, `preview`, `playback`, `quiet`, `remote`, and `proxy`, 1 for
        full size.
        """
        image = _one(self.host.world.process(self.owner, time, self.host.lua.table_from(flags), output))
        if image is None:
            return Frame(None, None, None, None, same_image=False)
        noted = image.Metadata
        pixels = None if flags.get("precalc") else self.host.picture(image)
        window = image.DataWindow
        size = window.Width(window), window.Height(window)
        state, says = noted and noted.MAM2, noted and noted.MAM2Says
        return Frame(size, pixels, state, says, same_image=noted is None, aspect=image.XScale)

    def look(self, time, **flags):
        """Ask for a frame as a viewer does."""
        return self.process(time, interactive=True, quick=True, **flags)

    def render(self, time, **flags):
        """Ask for a frame as a final render does."""
        return self.process(time, **RENDER, **flags)

    def press(self, button, time=None):
        """Press a button."""
        self.host.world.press(self.owner, button, self.host.comp.CurrentTime if time is None else time)


def _one(found):
    """Give the first of what a Lua function returned."""
    return found[0] if isinstance(found, tuple) else found
