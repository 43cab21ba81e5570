"""NukeSession: one running Nuke. It owns the script, the callbacks, the queue; a test talks to it."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from typing import TYPE_CHECKING, Any

from . import current, curves, module, node_table, plugins, scope, tcl
from .callbacks import Callbacks
from .channel_set import Layers
from .formats import Format, read_format
from .graph import Graph
from .group import Root
from .main_thread import MainQueue
from .renderer import Renderer
from .scope import Context
from .script import Script
from .undo import History

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from typing_extensions import Self

    from .menus import Menu

_FORMATS = (
    "640 480 0 0 640 480 1 PC_Video",
    "1920 1080 0 0 1920 1080 1 HD_1080",
    "2048 1556 0 0 2048 1556 1 2K_Super_35(full-ap)",
    "1024 778 0 0 1024 778 1 1K_Super_35(full-ap)",
    "3840 2160 0 0 3840 2160 1 UHD_4K",
    "720 486 0 0 720 486 0.91 NTSC",
    "1828 1556 0 0 1828 1556 2 2K_Cinemascope",
)


class NukeSession(Graph, Script):
    """One running Nuke, from start to exit: `with NukeSession() as nuke_session:`.

    Args:
        gui: with a user interface, or as `nuke -t`.
        version: as `nuke.NUKE_VERSION_STRING` gives it.
        indie: as Nuke Indie, whose Python gets ten nodes and no more.
        paths: NUKE_PATH, the first one first. Their init.py run at start, the last one first, then their menu.py.

    Attributes:
        nuke: the module, as `import nuke` gives it.
        violations: calls from a wrong thread. A test ends with none.
        tracebacks: exceptions that a user would have seen in the terminal. A test ends with none.
        messages, errors, prints: what nuke.message, nuke.error and warning, nuke.tprint said.
        answers: what nuke.ask gives next; empty: True.
        computed: (node, frame, channel) of pixels that were computed.
        rendered: (Write, frame) of files that were written.
        progress_log: (task, "begin" | "message" | "progress" | "end", value).
        meters: names of the Writes for which a progress meter popped up: one each time that Python renders.
        viewer: the Viewer that is looked at.
        patience: seconds until executeInMainThreadWithResult says that it would hang.
    """

    def __init__(
        self, *, gui: bool = True, version: str = "15.1v3", paths: Sequence[Path | str] = (), indie: bool = False
    ) -> None:
        match = re.fullmatch(r"(\d+)\.(\d+)v(\d+)", version)
        if match is None:
            raise ValueError(f"{version!r} is no version of Nuke, such as 15.1v3")
        self.gui = gui
        self.indie = indie
        self.given: list[Any] = []
        self.viewer: Any = None
        self.meters: list[str] = []
        self.version = version
        self.version_parts = tuple(int(part) for part in match.groups())
        self._paths = [str(path) for path in paths]
        self.main_thread = threading.current_thread()
        # A thread that an earlier session left would be gone with its process.
        self.strangers = {one for one in threading.enumerate() if one is not self.main_thread}
        self.violations: list[str] = []
        self.tracebacks: list[str] = []
        self.messages: list[str] = []
        self.errors: list[str] = []
        self.prints: list[str] = []
        self.answers: list[bool] = []
        self.computed: list[tuple[str, float, str]] = []
        self.rendered: list[tuple[str, int]] = []
        self.progress_log: list[tuple[str, str, Any]] = []
        self.progress_tasks: list[str] = []
        self.cancelled_tasks: set[str] = set()
        self.panels: dict[str, Any] = {}
        self.patience = 60.0  # a busy machine renders slowly, and nothing is served meanwhile
        self.callbacks = Callbacks()
        self.layers = Layers()
        self.history = History()
        self.queue = MainQueue()
        self.file_cache: dict[Any, Any] = {}
        self.clipboard = ""
        self.menus: dict[str, Menu] = {}
        self.plugin_paths = plugins.PluginPaths()
        self.depth = 0
        self.is_executing = False
        self.cancel_wanted = False
        self.in_knob_changed = False
        self.is_modified = False
        self._is_over = False
        self.touched: dict[Any, None] = {}
        self._contexts: list[Context] = []
        self._places: list[tuple[Any, Any]] = []
        self._views = ["main"]
        self.view = "main"

    def __enter__(self) -> Self:
        current.open_session(self)
        try:
            self.tcl = tcl.Tcl(self._tcl_commands())
            self.formats: list[Format] = [read_format(text) for text in _FORMATS]
            self.root = Root._of(node_table.CLASSES["Root"], None)
            self.root["format"]._format = self.format_named("2K_Super_35(full-ap)")
            self.root["proxy_format"]._format = self.format_named("1K_Super_35(full-ap)")
            self.groups: list[Any] = [self.root]
            self._modules = plugins.Modules()
            self.nuke = module.make(self)
            self.main_namespace: dict[str, Any] = {"__name__": "__main__", "nuke": self.nuke}
            self._modules.install(self)
            self.plugin_paths.start(self._paths)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.quit()

    def quit(self) -> None:
        """End Nuke; another may be started then. Once is enough."""
        if self._is_over:
            return
        self._is_over = True
        self.queue.close()
        current.close_session(self)
        if hasattr(self, "_modules"):
            self._modules.restore()

    # What a test does in the artist's place

    def pump(self, seconds: float = 0.1) -> None:
        """Let the user interface's event loop run: calls that other threads asked for happen now, then updateUI."""
        if not self.gui:
            raise RuntimeError("In terminal mode nobody runs the main thread's queue while Python runs.")
        current.check_thread("pump")
        end = time.monotonic() + seconds
        while self.queue.run_one(end - time.monotonic()) or time.monotonic() < end:
            pass
        self.update_nodes()

    def pump_until(self, condition: Any, seconds: float = 10.0) -> None:
        """Let the event loop run until something is true, or raise TimeoutError."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"it did not happen within {seconds} s of Nuke's event loop")
            self.pump(0.02)

    def pump_while_blocked(self) -> None:
        """Nuke's own blocking calls let the queue run, where there is a user interface."""
        while self.gui and self.queue.run_one(0):
            pass

    def press_cancel(self, task: str = "*") -> None:
        """Press Cancel on a progress bar, or on all, a running render included."""
        self.cancelled_tasks.add(task)
        if task == "*":
            self.cancel_wanted = True

    def press(self, knob: Any) -> None:
        """Press a button as an artist does: its panel is open, an exception goes to the terminal."""
        knob.node().showControlPanel()
        knob.execute()

    def type_into(self, knob: Any, value: Any) -> None:
        """Change a knob as an artist does: with its panel open."""
        knob.node().showControlPanel()
        knob.setValue(value)

    def open_panel(self, id: str) -> Any:
        """Choose a panel in the menu of panes; gives what its string means.

        Nuke evaluates the string that was registered inside a PyCustom_Knob's command, as
        `__import__('nukescripts').panels.WidgetKnob(STRING)`, in `__main__`.
        [V: https://learn.foundry.com/nuke/developers/160/pythondevguide/_modules/nukescripts/panels.html]
        """
        return self.evaluate_code(self.panels[id][0])

    # Where and when

    @property
    def context(self) -> Context:
        """The frame, view and scale that values are asked for at."""
        if self._contexts:
            return self._contexts[-1]
        return Context(self.root._knobs["frame"]._components[0].constant, self.view)

    @contextlib.contextmanager
    def at_context(self, context: Context) -> Iterator[None]:
        """Ask for values elsewhere for a while."""
        self._contexts.append(context)
        try:
            yield
        finally:
            self._contexts.pop()

    @contextlib.contextmanager
    def inside(self, node: Any, knob: Any = None) -> Iterator[None]:
        """Run code in a node's place: thisNode, thisKnob, thisGroup."""
        group = self.root if node is None else node if hasattr(node, "_children") else node._parent or self.root
        self._places.append((node, knob))
        self.groups.append(group)
        try:
            yield
        finally:
            self.groups.pop()
            self._places.pop()

    def this_node(self) -> Any:
        """The node whose code runs; the Root where none does."""
        return self._places[-1][0] if self._places and self._places[-1][0] is not None else self.root

    def this_knob(self) -> Any:
        """The knob whose code runs."""
        return self._places[-1][1] if self._places else None

    def execute_code(self, code: str) -> None:
        """Run Python text as Nuke does, in `__main__`."""
        exec(compile(code, "<string>", "exec"), self.main_namespace)  # noqa: S102 - it is what a button does

    def evaluate_code(self, code: str) -> Any:
        """Evaluate a Python expression in `__main__`."""
        return eval(code, self.main_namespace)  # noqa: S307 - it is what an autolabel does

    def renderer(self) -> Renderer:
        """Something that pulls pictures; it forgets them when it is gone."""
        return Renderer()

    def proxy_scale(self) -> float:
        """The scale at which Writes render now."""
        root = self.root
        if not root["proxy"].value():
            return 1.0
        if root["proxy_type"].value() == "scale":
            return root["proxy_scale"]._evaluate(0)
        return root["proxy_format"].value().width() / root["format"].value().width()

    # Tcl

    def _tcl_commands(self) -> dict[str, Any]:
        def refuse(*_: str) -> str:
            raise RuntimeError("the stand-in for Nuke runs no [python ...] from a script")

        def file(part: str, *path: str) -> str:
            if part not in {"dirname", "tail"}:
                refuse()
            return {"dirname": os.path.dirname, "tail": os.path.basename}[part](*path)

        return {
            "value": lambda name, *default: self._tcl_value(name, default),
            "knob": lambda name: self._tcl_value(name, ()),
            "expression": lambda text: scope.text_of(self.this_node(), text),
            "exists": lambda name: str(int(scope.exists(self.this_node(), name))),
            # Both as expressions and burnt-in texts use them: the frame that is asked for, parts of a path [R].
            "frame": lambda: curves.number(self.context.frame),
            "file": file,
            "python": refuse,
        }

    def _tcl_value(self, name: str, default: tuple[str, ...]) -> str:
        try:
            return scope.text_of(self.this_node(), name)
        except RuntimeError:
            if default:
                return default[0]
            raise

    def tcl_free(self, expression: str) -> str:
        """Put a number in place of each `[...]`, so that the rest can be read without evaluating it."""
        return re.sub(r"\[[^\]]*\]", "0", expression)

    # Formats and views

    def format_named(self, name: str) -> Format:
        """Give a format by its name.

        Raises:
            ValueError: there is none.
        """
        for known in self.formats:
            if known.name() == name:
                return known
        raise ValueError(f"there is no format {name!r}")

    def format_from(self, text: str) -> Format:
        """Give the format that a script describes, or names."""
        if not re.match(r"\s*\d+\s+\d+", text):
            return self.format_named(text)
        made = read_format(text)
        known = next((other for other in self.formats if other.name() == made.name() and other == made), None)
        if known is None:
            self.formats.append(made)
        return known or made

    def view_names(self) -> list[str]:
        """The script's views."""
        return list(self._views)

    def set_views(self, names: list[str]) -> None:
        """Give the script other views."""
        self._views = names or ["main"]
        self.view = self.view if self.view in self._views else self._views[0]
        lines = (tcl.braced([tcl.quote(name), '""']) for name in self._views)
        self.root._knobs["views"]._value = "" if self._views == ["main"] else "\n".join(lines)

    def set_frame(self, frame: float) -> None:
        """Move the playhead."""
        self.root._knobs["frame"]._components[0].constant = float(frame)
