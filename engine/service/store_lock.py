"""One engine a store, on whatever machine: a lock of the system's where it sees all, and a sign of life where not.

Two users, two runtime folders or two machines may name one store. On one machine the system's lock decides, and goes
with its process. A home on the network may be seen by machines that do not see each other's locks: there the engine's
sign of life counts, a small file that is written anew every few seconds.
"""

import errno
import json
import os
import secrets
import socket
import time
from contextlib import suppress
from pathlib import Path

import anyio
import filelock
import psutil

from engine.contract.errors import ServiceError
from engine.contract.files import write_whole

LOCK, SIGN = "engine.lock", "engine.here"
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
"""What file systems without locks say: there the sign of life has to do."""
BEAT, GONE = 10.0, 60.0
"""Seconds between two signs of life, and of silence after which an engine of another machine counts as gone."""


class StoreLock:
    """Holds a store for one engine.

    Args:
        root: the store's folder; made (0700) if it is not there.
    """

    def __init__(self, root: Path) -> None:
        self._root, self._sign = root, root / SIGN
        self._lock = filelock.FileLock(str(root / LOCK), timeout=0)
        self._own = {"host": socket.gethostname(), "boot": _boot(), "pid": os.getpid(), "mark": secrets.token_hex(8)}

    def take(self) -> None:
        """Take the store.

        Raises:
            ServiceError: `store.in_use`, or `store.unusable` when nothing can be written there.
        """
        try:
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock_it()
            other = self._other()
            if other is not None:
                self._lock.release()
                raise self._in_use(f"on {other}")
            self._beat()
        except filelock.Timeout:
            raise self._in_use("on this machine") from None
        except OSError as problem:
            raise ServiceError(
                "store.unusable",
                f"The store '{self._root}' cannot be used: {problem}.",
                "Choose another folder with MAM2_STORE, or check its permissions.",
            ) from problem

    async def keep(self) -> None:
        """Give signs of life until cancelled.

        Raises:
            ServiceError: `store.in_use` once another engine has taken the store, while this one was held up.
        """
        while True:
            await anyio.sleep(BEAT)
            with suppress(OSError):  # a disk that is full now may have room for the next
                if await anyio.to_thread.run_sync(self._is_lost):
                    raise self._in_use("by now")
                await anyio.to_thread.run_sync(self._beat)

    def release(self) -> None:
        """Give the store back."""
        with suppress(OSError):
            if not self._is_lost():
                self._sign.unlink(missing_ok=True)
        self._lock.release()

    def _lock_it(self) -> None:
        try:
            self._lock.acquire()
        except NotImplementedError:
            pass
        except filelock.Timeout:
            raise
        except OSError as problem:
            if problem.errno not in _NO_LOCKS:
                raise

    def _beat(self) -> None:
        write_whole(self._sign, json.dumps(self._own).encode())

    def _is_lost(self) -> bool:
        found = self._found()
        return bool(found) and found.get("mark") != self._own["mark"]

    def _found(self) -> dict[str, object]:
        try:
            found = json.loads(self._sign.read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _other(self) -> str | None:
        """Give the name of another machine whose engine lives here; None where none does.

        One of this machine would hold the lock. Both times are the file server's, whose clock need not be ours.
        """
        found = self._found()
        if not found or found.get("boot") == self._own["boot"]:
            return None
        probe = self._root / f".{SIGN}.{secrets.token_hex(4)}"
        try:
            written = self._sign.stat().st_mtime
            probe.write_bytes(b"")
            silent = probe.stat().st_mtime - written
        except FileNotFoundError:
            return None
        finally:
            probe.unlink(missing_ok=True)
        return str(found.get("host"))[:80] if silent < GONE else None

    def _in_use(self, where: str) -> ServiceError:
        return ServiceError(
            "store.in_use",
            f"Another engine works in the store '{self._root}' {where}.",
            "Use that one, or give this engine a store of its own with MAM2_STORE. "
            f"If that machine was switched off, wait {GONE:.0f} seconds.",
        )


def _boot() -> str:
    """Give what tells this run of this machine from every other."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{socket.gethostname()} {psutil.boot_time():.0f} {time.tzname[0]}"
