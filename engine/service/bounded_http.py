"""One connection of the engine's HTTP server, within bounds: uvicorn alone lets a stranger take what he likes.

Whoever may open our port may connect without the token. So a connection that has not brought it has ten seconds, and
makes room for the next where there are too many; a head has a length and a time; what is no head at all is not logged.
Connections of the Unix socket, which the user alone can open, are always taken.
"""

import asyncio
import socket
import sys
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if sys.platform != "win32":
    import resource

MOST_HEAD = 1 << 16  # bytes of request line and headers
HEAD_SECONDS = 10.0
TRUSTED = "mam2.trusted"
"""What an ASGI scope holds of the connection: a function to call once a request on it has brought the token."""
_WANTED = 4096  # files and connections that may be open at once
_SHARE = 4  # a connection of TCP for so many of them: the others are for the socket, the store and the workers


class BoundedHttp(HttpToolsProtocol):
    """One connection."""

    _in_head, _head_bytes = True, 0
    _ends: asyncio.TimerHandle | None = None
    is_private = False
    """Whether it came through the Unix socket."""
    is_trusted = False
    """Whether nothing has to be proved any more."""
    since = 0.0
    """When it began, by the event loop's clock."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; of too many connections the oldest that has not brought the token goes."""
        super().connection_made(transport)
        self.is_private = self.is_trusted = transport.get_extra_info("socket").family != socket.AF_INET
        self.since = self.loop.time()
        self._wait()
        if not self.is_private:
            others = [one for one in self.connections if isinstance(one, BoundedHttp) and not one.is_private]
            if len(others) > most_connections():
                min(others, key=lambda one: (one.is_trusted, one.since)).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what has come; of a head no more than the limit at once, for the parser keeps it."""
        while self._in_head and data:
            part, data = data[:MOST_HEAD], data[MOST_HEAD:]
            super().data_received(part)
            if self.transport.is_closing():
                return
            if self._in_head:
                self._head_bytes += len(part)
                if self._head_bytes >= MOST_HEAD:
                    self.send_400_response("The request's headers are too long.")
                    return
        if data:
            super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin to count."""
        self._in_head, self._head_bytes = True, 0
        if self.is_trusted:
            self._wait()
        super().on_message_begin()
        cast("dict[str, Any]", self.scope)[TRUSTED] = self._trust

    def on_headers_complete(self) -> None:
        """Count no more: bodies have a limit of their own."""
        self._in_head = False
        if self.is_trusted:
            self._wait_no_more()
        super().on_headers_complete()

    def _trust(self) -> None:
        self.is_trusted = True
        self._wait_no_more()

    def _wait(self) -> None:
        self._wait_no_more()
        self._ends = self.loop.call_later(HEAD_SECONDS, self._end)

    def _end(self) -> None:
        """Give up on who has said nothing in time; a request that has come is ours to answer, however long we take."""
        if self._in_head or self.cycle.response_complete:
            self.transport.abort()
        else:
            self._wait()

    def _wait_no_more(self) -> None:
        if self._ends is not None:
            self._ends.cancel()
            self._ends = None


def most_connections() -> int:
    """Give how many connections of TCP there may be at once."""
    return max(8, min(_WANTED, _descriptors()) // _SHARE)


def raise_descriptors() -> None:
    """Have the system let this process open as many files as the engine may want, if it lets it."""
    if sys.platform != "win32":
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _WANTED if hard == resource.RLIM_INFINITY else min(_WANTED, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _descriptors() -> int:
    if sys.platform == "win32":
        return _WANTED
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _WANTED if soft == resource.RLIM_INFINITY else soft
