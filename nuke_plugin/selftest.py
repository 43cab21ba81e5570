"""The plug-in in a real Nuke, for whoever has one: prints what works there, and writes it down.

    nuke -t nuke_plugin/selftest.py [FOLDER]
    nuke --nc -t nuke_plugin/selftest.py [FOLDER]        (the non-commercial edition)

It makes a small shot with Nuke's own nodes, drops a MAM2 node on it, clicks, tracks, and looks at what comes out. Lines
that begin with [R] try what our stand-in for Nuke only recalls. It holds few nodes at once, stays below 1920x1080 and
saves no script: the non-commercial edition allows no more. The report is `mam2_selftest.json` in FOLDER, or in a
temporary folder; send it with a bug report.
"""

import json
import platform
import sys
import tempfile
import time
import traceback
from functools import partial
from pathlib import Path
from typing import Any, Callable

import nuke

FIRST, LAST = 1001, 1005
WIDTH, HEIGHT = 320, 180
_RECALLED = {
    "rows": "a row that Python added is seen, a note is not, and both are written with the node",
    "row_undone": "an undo takes a prompt back, and the row's knobs stay",
    "not_default": "knobs that are not at their defaults are listed by name, user knobs too",
    "filtered": "a filter of file names is asked by nuke.filenameFilter, and by a Read",
    "plain": "a Read of EXR files is plain: its own files are the plates, and nothing is rendered",
    "cryptomatte": "a Read has a file's CryptoObject00 to 02 as layers, and its manifest as exr/cryptomatte/KEY",
    "expressions": "$gui is 0 here, an enumeration takes an expression, isAnimated sees one",
    "view": "a view that is chosen is set back before the render's first frame",
    "curve": "a keyed knob keeps its keys under an expression with 'curve'",
    "small_things": "gamma goes back to 1, a range has a step, [file dirname] is evaluated",
    "conventions": "a bare width is the input's, a number sets all parts of a knob; words, orders and edges",
    "configurations": "OpenColorIO's configurations stand beside the program",
}


class Report:
    """What was tried, and what became of it."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        self.checks: list[dict[str, str]] = []

    def check(self, promise: str, call: Callable[[], object]) -> None:
        """Try one promise; what it returns is kept as a fact."""
        began = time.time()
        try:
            found, verdict = call(), "ok"
        except Exception as problem:  # noqa: BLE001 - whatever happens in a real Nuke is what we want to know
            found, verdict = f"{type(problem).__name__}: {problem}", "FAILED"
            nuke.tprint(traceback.format_exc())
        seconds = f"{time.time() - began:.1f} s"
        self.checks.append({"promise": promise, "verdict": verdict, "found": str(found), "time": seconds})
        nuke.tprint(f"{verdict:7} {promise}: {found} ({seconds})")

    @property
    def failures(self) -> int:
        """How many promises were not kept."""
        return sum(check["verdict"] != "ok" for check in self.checks)


def main(folder: Path) -> int:
    """Run every check; gives the number that failed."""
    report = Report()
    report.facts = {
        "nuke": nuke.NUKE_VERSION_STRING,
        "python": sys.version,
        "platform": platform.platform(),
        "non_commercial": bool(nuke.env.get("nc")),
        "numpy": _has("numpy"),
        "qt": [name for name in ("PySide6", "PySide2") if _has(name)],
    }
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    scene = Scene(folder)
    for promise, call in (
        ("the plug-in can be imported", scene.load),
        ("a plate renders to half EXR with its format as data window", scene.make_plates),
        ("a MAM2 node is made from text, with every knob of the table", scene.make_node),
        ("a point is read at the frame asked for, y turned round", scene.read_point),
        ("the shot is tracked in this terminal", scene.track),
        ("the matte is in the alpha where the disc is, and not where it is not", scene.look),
        ("the plate's colours are untouched", scene.colours),
        ("[R] the layers of objects are in the stream", scene.layers),
        ("one undo takes the whole track back, a redo brings it again", scene.undo),
        ("a stale matte is refused in a render, by its frames", scene.refused),
    ):
        report.check(promise, call)
    for name, promise in _RECALLED.items():
        report.check("[R] " + promise, partial(_recalled, scene, name))
    target = folder / "mam2_selftest.json"
    target.write_text(json.dumps({"facts": report.facts, "checks": report.checks}, indent=1), encoding="utf-8")
    nuke.tprint(f"{len(report.checks) - report.failures} of {len(report.checks)} kept; the report is {target}")
    return report.failures


class Scene:
    """A disc that moves over a grey plate, and a MAM2 node below it.

    Args:
        folder: for plates, mattes and the report.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.node: Any = None
        self.read: Any = None

    def load(self) -> str:
        """Import the package and set its render gate."""
        import mam2_nuke.callbacks  # noqa: PLC0415 - that it can be imported is the first promise

        mam2_nuke.callbacks.register()
        return mam2_nuke.__version__

    def make_plates(self) -> str:
        """Render the plates with Nuke's own nodes, and read them again as a shot's Read would."""
        nuke.addFormat(f"{WIDTH} {HEIGHT} mam2_selftest")
        root = nuke.root()
        root["format"].setValue("mam2_selftest")
        root["first_frame"].setValue(FIRST)
        root["last_frame"].setValue(LAST)
        disc = nuke.nodes.Expression(
            expr0=_disc("0.9", "0.2"), expr1=_disc("0.4", "0.2"), expr2=_disc("0.2", "0.2"), expr3="1"
        )
        write = nuke.nodes.Write(inputs=[disc], file_type="exr", channels="rgb", raw=True)
        pattern = str(self.folder / "plate.%04d.exr").replace("\\", "/")
        write["file"].setValue(pattern)
        nuke.execute(write, FIRST, LAST, 1)
        nuke.delete(write)
        nuke.delete(disc)
        self.read = nuke.nodes.Read(file=pattern, first=FIRST, last=LAST, raw=True)
        return f"{self.read.format().width()}x{self.read.format().height()}, bbox {self.read.bbox().w()}"

    def make_node(self) -> str:
        """Drop the node as the menu does."""
        import mam2_nuke.create  # noqa: PLC0415
        from mam2_nuke.knobs import TABLE  # noqa: PLC0415

        for one in nuke.selectedNodes():
            one.setSelected(False)
        self.read.setSelected(True)
        self.node = mam2_nuke.create.create()
        missing = [knob.name for knob in TABLE if self.node.knob(knob.name) is None]
        assert not missing, f"not made: {missing}"  # noqa: S101 - a check's verdict
        self.node["cache_folder"].setValue(str(self.folder / "cache").replace("\\", "/"))
        self.node["cryptomatte"].setValue(True)
        return f"{self.node.name()} on {self.node.input(0).name()}, {self.node['first'].value()}-{LAST}"

    def read_point(self) -> str:
        """Add a point and read it as the engine will get it."""
        from mam2_nuke.request import read_requests  # noqa: PLC0415
        from mam2_nuke.slots import add_prompt  # noqa: PLC0415

        nuke.frame(FIRST)
        add_prompt(self.node, "positive")
        for index, value in enumerate((100.5, 60.5)):
            self.node["p01_xy"].setValue(value, index)
        self.node["p01_frame"].setValue(FIRST)
        prompt = read_requests(self.node)[0].shot.objects[0].prompts[0]
        assert (prompt.x, prompt.y) == (100.5, HEIGHT - 60.5), prompt  # noqa: S101
        return repr(prompt)

    def track(self) -> str:
        """Press the button."""
        self.node["track_forward"].execute()
        return str(self.node["status"].value())

    def look(self) -> str:
        """Sample the alpha inside and outside the disc."""
        inside = self.node.sample("rgba.alpha", 104.5, 60.5, 1, 1, frame=FIRST + 2)
        outside = self.node.sample("rgba.alpha", 280.5, 150.5, 1, 1, frame=FIRST + 2)
        assert inside > 0.5 > outside, (inside, outside)  # noqa: S101
        return f"{inside:.3f} inside, {outside:.3f} outside"

    def colours(self) -> str:
        """Compare colours above and below the node."""
        for x, y in ((100.5, 60.5), (10.5, 10.5)):
            above, below = (one.sample("rgba.red", x, y, 1, 1, frame=FIRST + 1) for one in (self.read, self.node))
            assert above == below, (x, y, above, below)  # noqa: S101
        return "equal"

    def undo(self) -> str:
        """Take the track back and do it again."""
        read = self.node.node("MatteRead")["file"]
        mattes = read.value()
        nuke.undo()
        undone = read.value(), self.node["has_matte"].value()
        nuke.redo()
        redone = read.value(), self.node["has_matte"].value()
        assert (undone, redone) == (("", 0), (mattes, 1)), (undone, redone)  # noqa: S101
        return "both"

    def refused(self) -> str:
        """Move the point and render."""
        self.node["p01_xy"].setValue(101.5, 0)
        write = nuke.nodes.Write(inputs=[self.node], file_type="exr", channels="rgba")
        write["file"].setValue(str(self.folder / "out.%04d.exr").replace("\\", "/"))
        try:
            nuke.execute(write, FIRST, FIRST, 1)
        except RuntimeError as problem:
            said = str(problem)
        else:
            raise AssertionError("the render was not refused")
        finally:
            nuke.delete(write)
        assert f"frame {FIRST}" in said, f"[R] the Assert's message is not said: {said}"  # noqa: S101
        return said

    def layers(self) -> str:
        """Look for the object's layer below the node."""
        found = [name for name in self.node.channels() if name.startswith("subject")]
        assert "subject.alpha" in found, self.node.channels()  # noqa: S101
        return str(found)


def _recalled(scene: Scene, name: str) -> str:
    from mam2_nuke.recalled import Recalled  # noqa: PLC0415 - the package may be what does not work

    return str(getattr(Recalled(scene.node, scene.read, scene.folder), name)())


def _disc(inside: str, outside: str) -> str:
    return f"pow(x-98-2*(frame-{FIRST}),2)+pow(y-60,2)<900?{inside}:{outside}"


def _has(name: str) -> bool:
    try:
        __import__(name)
    except Exception:  # noqa: BLE001 - a broken one is none
        return False
    return True


if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="mam2_selftest"))
    where.mkdir(parents=True, exist_ok=True)
    sys.exit(1 if main(where) else 0)
