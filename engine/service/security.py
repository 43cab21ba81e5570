"""Who may talk to the engine: this user's programs, with the token, on this machine; no web page, nobody else."""

import hmac
import json
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from engine.contract.errors import ServiceError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "mam2"
OPEN = "/monitor/open"
TICKET_SECONDS = 60.0


class Tickets:
    """One-time links and the browsers that came by one."""

    def __init__(self) -> None:
        self._tickets: dict[str, float] = {}
        self._sessions: set[str] = set()

    def issue(self) -> str:
        """Give a ticket that can be redeemed once, within a minute."""
        now = time.monotonic()
        self._tickets = {ticket: ends for ticket, ends in self._tickets.items() if ends > now}
        ticket = secrets.token_urlsafe(32)
        self._tickets[ticket] = now + TICKET_SECONDS
        return ticket

    def redeem(self, ticket: str) -> str | None:
        """Give the cookie's value for a ticket; None for one that is unknown, used or too old."""
        ends = self._tickets.pop(ticket, 0.0)
        if ends < time.monotonic():
            return None
        session = secrets.token_urlsafe(32)
        self._sessions.add(session)
        return session

    def admits(self, cookie_header: bytes) -> bool:
        """Tell whether a request's cookies hold one that was given out."""
        for part in cookie_header.split(b";"):
            name, _, value = part.strip().partition(b"=")
            if name == COOKIE.encode() and any(hmac.compare_digest(value, one.encode()) for one in self._sessions):
                return True
        return False


class Gate:
    """Lets a request through or answers it; every answer to a stranger is the same and says nothing.

    Args:
        app: what lies behind.
        token: what a program must bring as `Authorization: Bearer`.
        port: the engine's own: a request for another host name comes from a page that has rebound its name to us.
        tickets: know the browsers that came by a one-time link; what they change must come from the engine's page.
        most_bytes: of a request's body, refused by its declared length before anything is read.
        passed: called for every request that is let through.
    """

    def __init__(
        self, app: App, token: str, port: int, tickets: Tickets, *, most_bytes: int, passed: Callable[[], None]
    ) -> None:
        self._app, self._token, self._tickets = app, token.encode(), tickets
        self._most, self._passed = most_bytes, passed
        self._hosts = {f"{name}:{port}".encode() for name in ("127.0.0.1", "localhost", "[::1]")}
        self._origins = {b"http://" + host for host in self._hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        refusal = self._refusal(scope, headers)
        if refusal is None:
            self._passed()
            await self._app(scope, receive, send)
        else:
            await _answer(send, *refusal)

    def _refusal(self, scope: Scope, headers: dict[bytes, list[bytes]]) -> tuple[int, ServiceError] | None:
        hosts, origins = headers.get(b"host", []), headers.get(b"origin", [])
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts or any(one not in self._origins for one in origins):
            return 403, ServiceError("engine.forbidden", "No.", "The engine answers programs on its own machine only.")
        if not (self._is_program(headers) or self._is_page(scope, headers)):
            return 401, ServiceError("engine.token", "No.", "Send the token of the connection file.")
        length = headers.get(b"content-length", [b"0"])[0]
        if not length.isdigit() or int(length) > self._most:
            return 413, ServiceError(
                "engine.too_large",
                f"The request's body is larger than the {self._most} bytes that one may have.",
                "Send one plate a request; MAM2_PLATE_BYTES raises the limit.",
            )
        return None

    def _is_program(self, headers: dict[bytes, list[bytes]]) -> bool:
        given = headers.get(b"authorization", [])
        kind, _, token = (given[0] if len(given) == 1 else b"").partition(b" ")
        return hmac.compare_digest(token.strip(), self._token) and kind.lower() == b"bearer"

    def _is_page(self, scope: Scope, headers: dict[bytes, list[bytes]]) -> bool:
        if scope["path"] == OPEN and scope["method"] == "GET":
            return True  # the ticket in it is looked at there
        if scope["method"] != "GET" and not headers.get(b"origin"):
            return False
        return any(self._tickets.admits(cookies) for cookies in headers.get(b"cookie", []))


async def _answer(send: Send, status: int, error: ServiceError) -> None:
    body = json.dumps(error.to_json()).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 413:
        headers.append((b"connection", b"close"))  # the body that follows is not read
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
