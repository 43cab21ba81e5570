"""How a browser comes in: a link that works once, then a cookie that only the engine's own page can use."""

import hmac
import secrets
import time

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
