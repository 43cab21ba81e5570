"""What is said of an image file that cannot be read, in the reader's own words where it has some."""

import re
import stat
from contextlib import suppress
from pathlib import Path

from engine.contract.errors import PlateError
from engine.contract.files import MOST_BYTES

from .exr import channel_list_bytes
from .layers import PLAIN, Part, listed, names

_MAGICS = (b"\x76\x2f\x31\x01", b"\x89PNG", b"\xff\xd8\xff", b"SDPX", b"XPDS", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
CHANNELS_AT_MOST = 1024
_MOST_OF_A_CHANNEL = 272  # bytes of one in an EXR's header: its name, which has 255 at most, and its facts
_MORE_MAGICS = (b"\x80\x2a\x5f\xd7", b"\xd7\x5f\x2a\x80", b"BM", b"RIFF", b"#?RA")
_REFUSED = re.compile(
    r"support|unknown|unrecogni[sz]ed|not implemented|not allowed|cannot handle|can't handle|too (?:large|big|many)"
    r"|exceeds",
    re.IGNORECASE,
)


def damaged(path: Path, complaint: str = "") -> PlateError:
    """Describe a file that ends too early or does not decode, or of a kind that its reader says it cannot read."""
    said = complaint.strip().splitlines()
    detail = f" (the reader says: {said[0].rstrip('.')})" if said else ""
    if _REFUSED.search(complaint):
        return unsupported(path, said[0].rstrip("."))
    return PlateError(
        "plates.truncated",
        f"'{path.name}' is cut short or damaged{detail}.",
        f"Render or copy the frame again: {path}",
    )


def unsupported(path: Path, reason: str, hint: str = "Save it as an ordinary EXR, TIFF, PNG or DPX.") -> PlateError:
    """Describe a file that is whole, as far as anybody knows, and of a kind that cannot be read."""
    return PlateError("plates.unreadable", f"'{path.name}' is of a kind that cannot be read: {reason}.", hint)


def cannot_open(path: Path, complaint: str) -> PlateError:
    """Describe a file that its reader does not even begin to read."""
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except FileNotFoundError:
        return PlateError("plates.missing", f"There is no file '{path}'.", "Check the path.")
    except OSError as problem:
        return PlateError(
            "plates.unreadable",
            f"'{path}' cannot be read: {problem.strerror or problem}.",
            "Check the path and its permissions.",
        )
    if not start:
        return PlateError(
            "plates.empty_file",
            f"'{path.name}' is empty (0 bytes).",
            f"A render or a copy was stopped before it wrote anything: make the frame again: {path}",
        )
    if start.startswith(_MAGICS + _MORE_MAGICS):
        return damaged(path, complaint)
    return PlateError(
        "plates.unreadable",
        f"'{path.name}' is not an image that can be read.",
        "Give EXR, DPX, TIFF, PNG or JPEG files, or a movie.",
    )


def no_layer(path: Path, layer: str | None, parts: tuple[Part, ...]) -> PlateError:
    """Describe a file without the picture asked for, or with several of which none is the likeliest."""
    found = names(parts)
    if layer is None:
        message = f"Which picture of '{path.name}' to take is not clear: it has no plain R, G, B and no beauty alone."
    elif layer == PLAIN:
        message = f"'{path.name}' has no plain R, G, B, which the shot's first frame has."
    else:
        message = f"'{path.name}' has no layer or part called '{layer}'."
    if not found:
        channels = listed([name for part in parts for name in part.channels])
        return PlateError("plates.layer", message, f"It has no layers, and these channels: {channels}.")
    return PlateError("plates.layer", message, f"Name one with --plate-layer. It has these layers: {listed(found)}.")


def check_kind(path: Path) -> None:
    """Refuse what is there and is no file that can be read to its end: a pipe would keep its reader for ever.

    Raises:
        PlateError: `plates.unreadable`.
    """
    try:
        found = path.stat()
    except OSError:
        return  # whoever opens it says what is wrong
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise unsupported(path, "it is a pipe or a device", "Give an ordinary file.")
    if found.st_size > MOST_BYTES:
        raise unsupported(path, f"it has {found.st_size} bytes", f"Give files of at most {MOST_BYTES}.")
    with suppress(OSError), path.open("rb") as file:
        # Reading a list of channels takes the square of its length: half a minute for a hundred thousand.
        if channel_list_bytes(file) > CHANNELS_AT_MOST * _MOST_OF_A_CHANNEL:
            raise unsupported(path, "it has too many channels", f"Give files of at most {CHANNELS_AT_MOST}.")


def check_name(path: Path) -> None:
    """Refuse a name that the image libraries cannot be given.

    Raises:
        PlateError: `plates.name`.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError as problem:
        shown = str(path).encode(errors="surrogateescape").decode(errors="replace")
        raise PlateError(
            "plates.name",
            f"The name '{shown}' is not in UTF-8, so its file cannot be opened.",
            "Rename it, or reach it through a link with a plain name.",
        ) from problem
    if "\0" in str(path):
        raise PlateError("plates.name", f"'{path.name!r}' cannot be the name of a file.", "Check the path.")
