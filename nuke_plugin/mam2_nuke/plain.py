"""A Read's own files as plates, where nothing stands between it and the node that would change a pixel.

Nothing is rendered then, and no progress meter pops up. It is an EXR of R, G and B in float, with or without A, whose
data window covers the display window: of anything else Nuke itself is asked, for what it makes of missing pixels and
of other files' marks is its own affair.
"""

import re
import shutil
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import nuke

from .upstream import LOOKS, frame_path

# Knobs of a Read that may be set: they change no pixel of a frame in its range whose file is there.
_HARMLESS = LOOKS | frozenset(
    "file first last format raw colorspace before after on_error file_type auto_alpha proxy proxy_format".split()  # noqa: SIM905
)
_MAGIC, _PARTS_OR_DEEP = 20000630, 0x1800
_FLOATS = (1, 2)  # half, float
_MOST = 1 << 20  # bytes of a header


@dataclass(frozen=True)
class PlainRead:
    """Files that are plates as they are.

    Attributes:
        pattern: their name, as Nuke finds them.
        span: the frames of which the Read has files.
        size: width and height that a plate must have.
    """

    pattern: str
    span: range
    size: tuple[int, int]

    def copy(self, frame: int, target: Path) -> bool:
        """Copy a frame's file; false where it has to be rendered. Any thread may call it."""
        if frame not in self.span:
            return False
        try:
            source = frame_path(self.pattern, frame)
            with source.open("rb") as file:
                found = _size_of(file.read(_MOST))
            if found == self.size:
                shutil.copyfile(str(source), str(target))
                return True
        except (OSError, ValueError, struct.error):  # rendering it says what is wrong
            with suppress(OSError):
                target.unlink(missing_ok=True)
        return False


def plain_read(node: Any, size: tuple[int, int]) -> Optional[PlainRead]:
    """Give the plain Read that is the node's plate; None where frames have to be rendered. Main thread only.

    Args:
        node: the MAM2 node.
        size: of the plates that the engine is to get.
    """
    read = node.input(0)
    while read is not None and read.Class() == "Dot":
        read = read.input(0)
    if read is None or read.Class() != "Read" or nuke.root()["proxy"].value() or len(nuke.views()) > 1:
        return None
    if node["quality"].value() != "full" or not _is_linear(read):
        return None
    changed = set(read.writeKnobs(nuke.WRITE_NON_DEFAULT_ONLY).split())
    moving = any(knob.isAnimated() or knob.hasExpression() for knob in (read["first"], read["last"], read["raw"]))
    written = str(read["file"].value())
    if changed - _HARMLESS or moving or "[" in written or re.search("%[vV]", written):
        return None
    pattern = str(nuke.filename(read) or "")
    if not pattern.lower().endswith(".exr"):
        return None
    return PlainRead(pattern, range(int(read["first"].value()), int(read["last"].value()) + 1), size)


def _is_linear(read: Any) -> bool:
    """Tell whether a Read gives an EXR's values as they are."""
    if read["raw"].value():
        return True
    root, chosen = nuke.root(), str(read["colorspace"].value())
    default = re.fullmatch(r"default \((.+)\)", chosen)
    chosen = default.group(1) if default else chosen
    if root["colorManagement"].value() == "OCIO":
        return chosen == str(root["workingSpaceLUT"].value())
    return (str(root["floatLut"].value()) if chosen == "default" else chosen) == "linear"


def _size_of(header: bytes) -> Optional[tuple[int, int]]:
    """Give the size of a plain EXR from its header; None for one that is not plain.

    The layout is OpenEXR's own: https://openexr.com/en/latest/OpenEXRFileLayout.html

    Raises:
        ValueError, struct.error: it is cut short, or none.
    """
    magic, version = struct.unpack_from("<iI", header)
    if magic != _MAGIC or version & _PARTS_OR_DEEP:
        return None
    place, windows, channels = 8, {}, b""
    while header[place : place + 1] not in (b"", b"\0"):
        name, kind, rest = header[place : place + 600].split(b"\0", 2)
        (length,) = struct.unpack_from("<i", rest)
        place += len(name) + len(kind) + 6
        value = header[place : place + max(length, 0)]
        place += len(value)
        if name in (b"dataWindow", b"displayWindow"):
            windows[name] = struct.unpack("<4i", value)
        elif name == b"channels":
            channels = value
    data, display = windows.get(b"dataWindow"), windows.get(b"displayWindow")
    if data is None or display is None or not _is_rgb(channels):
        return None
    covers = data[0] <= display[0] and data[1] <= display[1] and data[2] >= display[2] and data[3] >= display[3]
    return (display[2] - display[0] + 1, display[3] - display[1] + 1) if covers else None


def _is_rgb(channels: bytes) -> bool:
    names = set()
    while len(channels) > 1:
        name, rest = channels.split(b"\0", 1)
        kind, _, across, down = struct.unpack_from("<4i", rest)
        if kind not in _FLOATS or (across, down) != (1, 1):
            return False
        names.add(name)
        channels = rest[16:]
    return names in ({b"R", b"G", b"B"}, {b"R", b"G", b"B", b"A"})
