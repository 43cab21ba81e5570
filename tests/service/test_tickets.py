"""Links that work once, and browsers that came by one."""

import pytest

from engine.service import security
from engine.service.security import SESSION_SECONDS, TICKET_SECONDS, Tickets


@pytest.fixture
def clock(monkeypatch):
    """Give a clock that is set forward by hand."""
    now = [1000.0]
    monkeypatch.setattr(security.time, "monotonic", lambda: now[0])
    return now


def test_a_browser_stays_for_half_a_day(clock):
    """A page's token ends by itself, however often it is used."""
    tickets = Tickets()
    session = tickets.redeem(tickets.issue())
    cookies, page = [b"other=1; mam2=" + session.cookie.encode()], session.page.encode()
    clock[0] += SESSION_SECONDS - 1
    assert tickets.admits(cookies, page)
    clock[0] += 2
    assert not tickets.admits(cookies, page)
    assert not tickets.admits(cookies, None)


def test_a_page_token_is_its_own_cookies(clock):
    """The token of one browser does not go with the cookie of another."""
    tickets = Tickets()
    one, other = (tickets.redeem(tickets.issue()) for _ in range(2))
    assert not tickets.admits([b"mam2=" + one.cookie.encode()], other.page.encode())
    assert not tickets.admits([b"mam2=" + one.cookie.encode()], b"")
    ticket = tickets.issue()
    clock[0] += TICKET_SECONDS + 1
    assert tickets.redeem(ticket) is None
