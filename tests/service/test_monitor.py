"""The monitor in a real browser: watch a job, cancel it, see an error, by mouse and by keyboard."""

import http.client
import re

import pytest
from browser import chromium
from running_engine import SIZE, declare, write_plate

from engine.contract.errors import EngineError


@pytest.fixture
def page(client):
    """Give the monitor's page, open in a browser."""
    with chromium(client.connection.url) as open_page:
        yield open_page(client.monitor_link())


def test_a_job_is_watched_to_its_end(page, client, tmp_path):
    """Shot, job and frames appear while they are made, without reloading; pictures of plate, alpha and comp load."""
    declare(client, frames=3)
    for frame in (1001, 1002, 1003):
        client.put_plate("sh", frame, write_plate(tmp_path, frame))
    client.wait(client.track("sh"))
    page.get_by_text("track sh").wait_for()
    page.locator("#jobs li", has_text="track sh").locator(".state.done").first.wait_for()
    page.locator("#shots figcaption", has_text="1003").wait_for()
    for view in ("plate", "alpha", "comp"):
        page.get_by_label(view, exact=True).check()
        picture = page.locator(f"img[alt='{view} of frame 1002']")
        picture.wait_for()
        page.wait_for_function("image => image.naturalWidth > 0", arg=picture.element_handle())


def test_a_job_is_cancelled_with_the_keyboard(page, client):
    """The cancel button is reached and pressed without a mouse, and the job says that it is cancelled."""
    declare(client)
    job = client.track("sh")
    button = page.get_by_role("button", name="Cancel the track of sh")
    button.wait_for()
    button.focus()
    page.keyboard.press("Enter")
    page.locator("#jobs .state.cancelled").first.wait_for()
    assert client.job(job)["state"] == "cancelled"


def test_an_error_is_shown_with_what_to_do(page, client, tmp_path):
    """A job that failed shows the sentence and the hint that the host gets."""
    client.declare("sh", 1001, 1001, SIZE[0] + 1, SIZE[1], objects=())
    declare(client, frames=2)
    client.put_plate("sh", 1001, write_plate(tmp_path, 1001))
    with pytest.raises(EngineError) as caught:
        client.wait(client.track("sh", plate_timeout=0.5))
    page.locator("#jobs .error", has_text="1002").wait_for()
    assert page.locator("#jobs .hint").first.inner_text() == caught.value.hint


def test_a_link_works_once_and_its_cookie_cannot_be_used_from_elsewhere(client):
    """A used link is refused; the cookie, which every port of the machine is sent, opens the page's files alone."""
    found = client.connection
    link = client.monitor_link()

    def ask(method, path, headers):
        wire = http.client.HTTPConnection(found.host, found.port, timeout=10)
        wire.request(method, path, headers=headers)
        response = wire.getresponse()
        response.text = response.read().decode(errors="replace")
        return response

    first = ask("GET", link, {})
    assert first.status == 200
    cookie = first.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert ask("GET", link, {}).status == 401
    alone = {"Cookie": cookie.partition(";")[0]}
    assert ask("GET", "/monitor/", alone).status == 200
    assert ask("GET", "/v1/status", alone).status == 401
    assert ask("GET", "/v1/status", {**alone, "X-Mam2-Page": "guessed"}).status == 401
    page = re.search('name="mam2-page" content="([^"]+)"', first.text)[1]
    assert page not in cookie
    assert ask("GET", "/v1/status", {"X-Mam2-Page": page}).status == 401
    own = {**alone, "X-Mam2-Page": page}
    assert ask("GET", "/v1/status", own).status == 200
    assert ask("DELETE", "/v1/jobs/none", own).status == 401
    assert ask("DELETE", "/v1/jobs/none", {**own, "Origin": "http://evil.example"}).status == 403
    assert ask("DELETE", "/v1/jobs/none", {**own, "Origin": found.url}).status == 404
    assert ask("GET", "/v1/status", {"Cookie": "mam2=guessed"}).status == 401


def test_a_shot_is_deleted_after_a_second_press(page, client):
    """A shot is listed with a link to its page; Delete asks once more, and then the shot is gone."""
    declare(client)
    page.get_by_role("link", name="sh", exact=True).wait_for()
    button = page.get_by_role("button", name="Delete sh")
    button.click()
    assert "sh" in client.status()["shots"]
    button.click()
    page.get_by_role("link", name="sh", exact=True).wait_for(state="detached")
    assert "sh" not in client.status()["shots"]
