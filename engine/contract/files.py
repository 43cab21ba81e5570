"""Files: written beside their place, synced and renamed, so that they are whole; read only if they are plain files."""

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Union

_DEVICES = frozenset(["CON", "PRN", "AUX", "NUL", *(f"{kind}{n}" for kind in ("COM", "LPT") for n in range(10))])
MOST_BYTES = 4 << 30  # of a picture that somebody names


def is_reserved(name: str) -> bool:
    """Tell whether Windows keeps a file's name for a device, whatever its extension, or would cut off its end."""
    return name.partition(".")[0].rstrip(" ").upper() in _DEVICES or name.endswith((".", " "))


def open_regular(path: Union[str, Path], most_bytes: int = MOST_BYTES) -> BinaryIO:
    """Open a file that somebody has named for reading: a regular one of bounded size, and nothing else.

    A pipe would keep its reader waiting for ever, and a device never end.

    Raises:
        OSError: it cannot be opened, is no regular file, or has more than `most_bytes`.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        handle = os.open(str(path), flags)
    except ValueError as problem:
        raise OSError(errno.EINVAL, "a name with a zero byte in it", str(path)) from problem
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        if found.st_size > most_bytes:
            raise OSError(errno.EFBIG, "it has {} bytes, more than {}".format(found.st_size, most_bytes), str(path))
    except BaseException:
        os.close(handle)
        raise
    return os.fdopen(handle, "rb")


def replace_synced(unfinished: Path, place: Path) -> None:
    """Rename a file that has been written, after its bytes have reached the disk.

    A rename may reach the disk before what was written: after a power cut the file would be there, and empty.

    Raises:
        OSError: it cannot be synced or renamed.
    """
    handle = os.open(str(unfinished), os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    unfinished.replace(place)


def write_whole(place: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file, whole or not at all; by default for its user alone.

    Args:
        place: where; an older file is replaced.
        content: what.
        mode: permissions, of which the umask is taken away.

    Raises:
        OSError: it cannot be written; what was there before is still there.
    """
    unfinished = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    try:
        handle = os.open(str(unfinished), os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        replace_synced(unfinished, place)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise
