"""What our stand-in for Nuke only recalls, tried in a real one: lines of the self-test that begin with [R]."""

from pathlib import Path
from typing import Any

import nuke

from .plain import plain_read
from .slots import add_prompt, used_slots


class Recalled:
    """A tracked node with one stale point, in a terminal.

    Args:
        node: the MAM2 node.
        read: of its plates.
        folder: for what is rendered.
    """

    def __init__(self, node: Any, read: Any, folder: Path) -> None:
        self.node, self.read, self.folder = node, read, folder
        self.first, self.last = int(node["first"].value()), int(node["last"].value())

    def rows(self) -> str:
        """Look at a row as an artist does, and at the node's text."""
        seen = self.node["p01_xy"].visible(), self.node["p01_box"].visible(), self.node["uid"].visible()
        assert seen == (True, False, False), seen  # noqa: S101
        text = self.node.writeKnobs(nuke.TO_SCRIPT | nuke.WRITE_USER_KNOB_DEFS)
        written = "addUserKnob {12 p01_xy" in text, "+HIDDEN" in text, "+INVISIBLE" in text
        assert all(written), written  # noqa: S101
        return f"{len(text)} characters"

    def row_undone(self) -> str:
        """Add a prompt and take it back."""
        add_prompt(self.node, "negative")
        nuke.undo()
        assert used_slots(self.node) == [1], used_slots(self.node)  # noqa: S101
        return f"the row {'stays' if self.node.knob('p02_xy') else 'goes'}"

    def not_default(self) -> str:
        """List the Read's and the node's knobs."""
        read, own = (one.writeKnobs(nuke.WRITE_NON_DEFAULT_ONLY).split() for one in (self.read, self.node))
        assert "file" in read, read  # noqa: S101
        assert "uid" in own, own  # noqa: S101
        return f"{len(read)} and {len(own)}: {' '.join(read)}"

    def plain(self) -> str:
        """Ask for the plates' own files."""
        read = plain_read(self.node, (self.read.format().width(), self.read.format().height()))
        assert read is not None, "it is not plain"  # noqa: S101
        copied = [read.copy(frame, self.folder / "copy.exr") for frame in (self.first, self.last)]
        assert all(copied), f"a file is not plain: {copied}"  # noqa: S101
        return f"{read.pattern}, colorspace '{self.read['colorspace'].value()}'"

    def cryptomatte(self) -> str:
        """Look at the layers and the metadata of the mattes' Read."""
        read = self.node.node("MatteRead")
        layers = sorted({name.split(".")[0] for name in read.channels() if name.startswith("Crypto")})
        keys = sorted(key for key in read.metadata() if key.startswith("exr/cryptomatte/"))
        assert layers == ["CryptoObject00", "CryptoObject01", "CryptoObject02"], layers  # noqa: S101
        assert any(key.endswith("/manifest") for key in keys), keys  # noqa: S101
        return " ".join(keys)

    def filtered(self) -> str:
        """Send the plates' Read to another name."""

        def elsewhere(name: str) -> str:
            return name.replace("plate.", "nowhere.")

        nuke.addFilenameFilter(elsewhere)
        try:
            found = nuke.filenameFilter("a/plate.1.exr"), nuke.filename(self.read)  # type: ignore[no-untyped-call]
            self.read["reload"].execute()
            failed = self.read.hasError()
        finally:
            nuke.removeFilenameFilter(elsewhere)
            self.read["reload"].execute()
        assert found[0] == "a/nowhere.1.exr", found  # noqa: S101
        return f"{found}, the Read fails: {failed}"

    def expressions(self) -> str:
        """Ask knobs that hold expressions."""
        read, point = self.node.node("MatteRead"), self.node["p01_xy"]
        point.setExpression("frame", 0)
        found = nuke.expression("$gui"), read["on_error"].value(), point.isAnimated(0), point.hasExpression(0)
        point.clearAnimated()
        assert found[:2] == (0, "error"), found  # noqa: S101
        return str(found)

    def view(self) -> str:
        """Render with an overlay chosen; what goes out is the plate."""
        self.node["stale"].setValue("warn")
        self.node["view"].setValue("overlay")
        write = nuke.nodes.Write(inputs=[self.node], file_type="exr", channels="rgb", raw=True)
        write["file"].setValue(str(self.folder / "view.%04d.exr").replace("\\", "/"))
        nuke.execute(write, self.first, self.first, 1)
        nuke.delete(write)
        assert self.node["view"].value() == "alpha", "before_render was not called"  # noqa: S101
        return "alpha"

    def curve(self) -> str:
        """Key a knob and put an expression on it."""
        knob = self.node["blur"]
        knob.setAnimated()
        for frame, value in ((self.first, 2.0), (self.last, 6.0)):
            knob.setValueAt(value, frame)
        knob.setExpression("curve*2")
        found = knob.valueAt(self.first), knob.valueAt(self.last), knob.toScript()
        knob.clearAnimated()
        assert found[:2] == (4, 12), found  # noqa: S101
        return str(found)

    def small_things(self) -> str:
        """Try what is left."""
        steps = list(nuke.FrameRange("1001-1021x10"))
        self.node["cache_folder"].setValue("[file dirname /a/b]")
        folder = self.node["cache_folder"].evaluate()
        assert (steps, folder) == ([1001, 1011, 1021], "/a"), (steps, folder)  # noqa: S101
        return f"gamma's default is {self.node['gamma'].defaultValue()}"

    def conventions(self) -> str:
        """Gather what Nuke does of itself: the report says it, and two of them the node needs."""
        write: Any = nuke.nodes.Write(inputs=[self.read])
        blur: Any = nuke.nodes.Blur(inputs=[self.read])
        found: dict[str, Any] = {
            "datatype of no file": write.knob("datatype") is not None,
            "inner nodes": self.node.nodes()[0].name(),
        }
        write["file"].setValue(str(self.folder / "none.%04d.exr").replace("\\", "/"))
        write["disable"].setValue(True)
        try:
            nuke.execute(write, self.first, self.first, 1)
        except RuntimeError as problem:
            found["a disabled Write"] = str(problem)
        blur["size"].setValue(3)
        parts = [blur["size"].value(part) for part in (0, 1)]
        blur["size"].setExpression("width", 0)
        width = blur["size"].value(0)
        found["sample beside a blurred edge"] = blur.sample("rgba.red", 0.5, 0.5)
        found["bbox of a whole plate"] = self.read.bbox().w()
        for one in (write, blur):
            nuke.delete(one)
        assert (parts, width) == ([3, 3], self.read.width()), (parts, width)  # noqa: S101
        return str(found)

    def configurations(self) -> str:
        """Look where the colour spaces of 'from the script' are sought."""
        beside = Path(nuke.EXE_PATH).parent / "plugins" / "OCIOConfigs" / "configs"
        return str(sorted(path.name for path in beside.glob("*"))) if beside.is_dir() else f"none in {beside}"
