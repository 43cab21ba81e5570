"""What a stranger without the token may take: little, and not for long."""

import http.client
import json
import socket
import sys
import time
from contextlib import suppress

import psutil
import pytest
from running_engine import declare

from engine.contract.client import EngineClient
from engine.contract.connection import Connection, read_connection
from engine.contract.shot import Point, ShotObject
from engine.service.bounded_http import HEAD_SECONDS
from engine.service.security import MOST_BODY


def _connect():
    found = read_connection()
    return socket.create_connection((found.host, found.port), timeout=30)


def _over_tcp():
    found = read_connection()
    return EngineClient(Connection(found.host, found.port, found.token, found.pid, found.version))


def _is_closed(wire):
    with suppress(ConnectionError):
        return wire.recv(1) == b""
    return True


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of descriptors")
def test_a_stranger_cannot_take_all_descriptors(make_engine):
    """Hundreds of connections that say nothing keep neither the user's programs out nor the socket, and do not stay."""
    engine = make_engine()
    with engine.start() as client:
        process = psutil.Process(engine.process.pid)
        before = process.num_fds()
        wires = []
        for _ in range(1500):
            with suppress(OSError):
                wires.append(_connect())
        assert process.num_fds() - before < 1100
        assert client.status()["pid"] == engine.process.pid
        with _over_tcp() as other:
            assert other.status()["pid"] == engine.process.pid
        time.sleep(HEAD_SECONDS + 3)
        assert process.num_fds() - before < 30
        for wire in wires:
            wire.close()
        assert "Traceback" not in engine.log.read_text()


@pytest.mark.slow
def test_a_stranger_has_ten_seconds(client):
    """A connection on which no token comes is closed, whether it is silent or sends a header now and then."""
    silent, slow = _connect(), _connect()
    slow.sendall(b"GET / HTTP/1.1\r\n")
    began = time.monotonic()
    while time.monotonic() - began < HEAD_SECONDS + 3:
        with suppress(ConnectionError):
            slow.sendall(b"X: y\r\n")
        time.sleep(0.5)
    assert _is_closed(silent)
    assert _is_closed(slow)
    assert client.status()["pid"]


def test_a_refusal_ends_the_connection(client):
    """Who is refused has to connect again: a stranger keeps no connection by asking."""
    with _connect() as wire:
        wire.sendall(f"GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1:{client.connection.port}\r\n\r\n".encode())
        answer = b""
        while part := wire.recv(65536):
            answer += part
        assert answer.startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize("path", ["/v1/shots/sh", "/monitor/open?ticket=guessed"])
def test_no_body_of_a_stranger_is_waited_for(client, path):
    """Who has no token is answered by his head: what he says will follow is neither read nor kept."""
    with _connect() as wire:
        lines = (f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{client.connection.port}", "Content-Length: 9000000", "", "")
        wire.sendall("\r\n".join(lines).encode())
        wire.settimeout(HEAD_SECONDS)
        assert wire.recv(65536).startswith(b"HTTP/1.1 401")


def test_strangers_do_not_keep_the_engine_awake(make_engine):
    """Requests without the token, for the page's link too, are no sign that anybody needs the engine."""
    engine = make_engine(MAM2_IDLE_EXIT="3")
    port = engine.start().connection.port
    ends = time.monotonic() + 30
    while engine.process.poll() is None and time.monotonic() < ends:
        for path in ("/v1/status", "/monitor/open", "/monitor/open?ticket=guessed"):
            with suppress(OSError, http.client.HTTPException):
                wire = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                wire.request("GET", path)
                wire.getresponse().read()
                wire.close()
        time.sleep(0.2)
    assert engine.process.poll() == 0


def _put(client, path, body, headers):
    found = client.connection
    wire = http.client.HTTPConnection(found.host, found.port, timeout=60)
    everything = {"Authorization": f"Bearer {found.token}", "Content-Type": "application/json", **headers}
    wire.request("PUT", path, body=body, headers=everything)
    response = wire.getresponse()
    return response.status, json.loads(response.read())


@pytest.mark.parametrize("chunked", [False, True])
def test_json_is_bounded_while_it_is_read(client, chunked):
    """A body of JSON beyond 16 MiB is refused, whether it says its length or not, and none of it is kept."""
    process = psutil.Process(client.status()["pid"])
    before = process.memory_info().rss
    block = b" " * (1 << 20)
    count = MOST_BODY // len(block) + 200

    def blocks():
        for _ in range(count):
            yield block

    with suppress(ConnectionError):
        length = {} if chunked else {"Content-Length": str(count * len(block))}
        status, answer = _put(client, "/v1/shots/sh", blocks(), length)
        assert status == 413
        assert answer["code"] == "engine.too_large"
    assert client.status()["pid"] == process.pid
    assert process.memory_info().rss - before < 64 << 20


@pytest.mark.parametrize("length", ["0" * 5000 + "1", "9" * 30, "9" * 5000])
def test_a_length_of_many_digits_is_no_mistake_of_ours(client, length):
    """A body's length of thousands of digits is answered like any other, and logged by nobody."""
    with _connect() as wire:
        found = client.connection
        head = f"PUT /v1/shots/sh HTTP/1.1\r\nHost: 127.0.0.1:{found.port}\r\nAuthorization: Bearer {found.token}\r\n"
        wire.sendall(f"{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n ".encode())
        wire.shutdown(socket.SHUT_WR)
        answer = wire.recv(65536)
    assert answer[9:12] in (b"400", b"413", b"422")


def test_a_hundred_thousand_prompts_are_answered_soon(client):
    """An object with a prompt on every frame of a long shot is planned as fast as its prompts can be read."""
    declare(client, frames=100_000, objects=())
    many = tuple(Point(1001 + number, 20.0, 24.0) for number in range(100_000))
    began = _time_of(client)
    assert len(client.put_prompts("sh", (ShotObject("cup", many),))) == 100_000
    assert len(client.put_prompts("sh", (ShotObject("cup", many[:-1]),))) == 1
    assert _time_of(client) - began < 20


def test_a_range_without_end_is_refused(client):
    """Ten million frames are no shot, and that is said without counting them."""
    body = json.dumps({"range": [1, 10_000_000], "size": [64, 48]}).encode()
    began = _time_of(client)
    status, answer = _put(client, "/v1/shots/sh", body, {})
    assert (status, answer["code"]) == (422, "shot.range")
    assert _time_of(client) - began < 1


def _time_of(client):
    """Give the seconds that the engine's process has computed: the machine may be busy with other things."""
    times = psutil.Process(client.status()["pid"]).cpu_times()
    return times.user + times.system
