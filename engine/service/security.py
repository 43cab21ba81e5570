"""Who may talk to the engine: this user's programs, with the token, on this machine; no web page, nobody else."""

import hmac
import json
import re
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

from engine.contract.errors import ServiceError
from engine.contract.proof import CHALLENGE, PROOF, proof_of
from engine.service.bounded_http import TRUSTED

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "mam2"
OPEN = "/monitor/open"
MOST_BODY = 16 << 20
"""Bytes of a body that is read as a whole: JSON. Plates and masks are streamed to disk, within limits of their own."""
_STREAMED = re.compile(r"/v1/shots/[^/]+/(plates|masks)/[^/]+")
_MOST_DIGITS = 18
TICKET_SECONDS, SESSION_SECONDS = 60.0, 12 * 3600.0
PAGE_TOKEN = b"x-mam2-page"
_FILES = "/monitor/"  # the page's own, which say nothing of anybody's work


class Session(NamedTuple):
    """A browser that came by a link: what it sends as a cookie, and what its page sends besides."""

    cookie: str
    page: str


class Tickets:
    """One-time links and the browsers that came by one.

    A browser sends a cookie to every port of this machine, whoever answers there. So the cookie alone opens no more
    than the page's own files; whatever the page asks for it asks with a token that no other port can read.
    """

    def __init__(self) -> None:
        self._tickets: dict[str, float] = {}
        self._sessions: dict[Session, float] = {}

    def issue(self) -> str:
        """Give a ticket that can be redeemed once, within a minute."""
        now = time.monotonic()
        self._tickets = {ticket: ends for ticket, ends in self._tickets.items() if ends > now}
        ticket = secrets.token_urlsafe(32)
        self._tickets[ticket] = now + TICKET_SECONDS
        return ticket

    def redeem(self, ticket: str) -> Session | None:
        """Give a session for a ticket; None for one that is unknown, used or too old."""
        now = time.monotonic()
        if self._tickets.pop(ticket, 0.0) < now:
            return None
        self._sessions = {session: ends for session, ends in self._sessions.items() if ends > now}
        session = Session(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
        self._sessions[session] = now + SESSION_SECONDS
        return session

    def admits(self, cookies: list[bytes], page: bytes | None) -> bool:
        """Tell whether a request has a session's cookie, and the page's token; None: the cookie is enough."""
        given = [part.strip().partition(b"=") for header in cookies for part in header.split(b";")]
        values = [value for name, _, value in given if name == COOKIE.encode()]
        return any(
            ends > time.monotonic()
            and any(hmac.compare_digest(value, session.cookie.encode()) for value in values)
            and (page is None or hmac.compare_digest(page, session.page.encode()))
            for session, ends in self._sessions.items()
        )


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
        has_come_in = scope["path"] != OPEN  # who brings a ticket has proved nothing yet
        if refusal is None and has_come_in and not _STREAMED.fullmatch(scope["path"]):
            whole = await _whole(receive) if _has_body(headers) else receive
            refusal = None if whole else (413, _too_large(MOST_BODY))
            receive = whole or receive
        if refusal is not None:
            await _answer(send, *refusal, proof=self._proof(headers))
            return
        if has_come_in:
            self._passed()
            scope.get(TRUSTED, lambda: None)()
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope, headers: dict[bytes, list[bytes]]) -> tuple[int, ServiceError] | None:
        hosts, origins = headers.get(b"host", []), headers.get(b"origin", [])
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts or any(one not in self._origins for one in origins):
            return 403, ServiceError("engine.forbidden", "No.", "The engine answers programs on its own machine only.")
        if not (self._is_program(headers) or self._is_page(scope, headers)):
            return 401, ServiceError("engine.token", "No.", "Send the token of the connection file.")
        # By its digits first: a number of a million of them would take long to read.
        length = headers.get(b"content-length", [b"0"])[0].lstrip(b"0") or b"0"
        if not length.isdigit() or len(length) > _MOST_DIGITS or int(length) > self._most:
            return 413, _too_large(self._most)
        if int(length) > MOST_BODY and not _STREAMED.fullmatch(scope["path"]):
            return 413, _too_large(MOST_BODY)
        return None

    def _proof(self, headers: dict[bytes, list[bytes]]) -> str:
        """Give the proof that a program wants before it sends us the token; empty where none is asked for."""
        asked = headers.get(CHALLENGE.lower().encode(), [])
        if len(asked) != 1 or not re.fullmatch(rb"[0-9a-f]{16,64}", asked[0]):
            return ""
        return proof_of(self._token.decode(), asked[0].decode())

    def _is_program(self, headers: dict[bytes, list[bytes]]) -> bool:
        given = headers.get(b"authorization", [])
        kind, _, token = (given[0] if len(given) == 1 else b"").partition(b" ")
        return hmac.compare_digest(token.strip(), self._token) and kind.lower() == b"bearer"

    def _is_page(self, scope: Scope, headers: dict[bytes, list[bytes]]) -> bool:
        if scope["path"] == OPEN and scope["method"] == "GET":
            return True  # the ticket in it is looked at there
        if scope["method"] != "GET" and not headers.get(b"origin"):
            return False
        is_file = scope["method"] == "GET" and scope["path"].startswith(_FILES)
        token = headers.get(PAGE_TOKEN, [b""])[0]
        return self._tickets.admits(headers.get(b"cookie", []), None if is_file else token)


def _has_body(headers: dict[bytes, list[bytes]]) -> bool:
    return headers.get(b"content-length", [b"0"])[0].strip(b"0") != b"" or b"transfer-encoding" in headers


async def _whole(receive: Receive) -> Receive | None:
    """Read a body before anybody works on it, and give what gives it again; None for one that is too large."""
    parts, size = [], 0
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MOST_BODY:
            return None
        if message["type"] != "http.request" or not message.get("more_body", False):
            break
    message["body"] = b"".join(parts)
    left = [message]

    async def again() -> MutableMapping[str, Any]:
        return left.pop() if left else await receive()

    return again


def _too_large(most: int) -> ServiceError:
    return ServiceError(
        "engine.too_large",
        f"The request's body is larger than the {most} bytes that one may have.",
        "Send one plate a request; MAM2_PLATE_BYTES raises the limit of plates.",
    )


async def _answer(send: Send, status: int, error: ServiceError, proof: str) -> None:
    body = json.dumps(error.to_json()).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if proof and status == 401:
        headers.append((PROOF.lower().encode(), proof.encode()))
    else:
        headers.append((b"connection", b"close"))  # a body that follows is not read, and a stranger holds nothing
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
