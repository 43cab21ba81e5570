"""Requests that are broken in every way leave the engine as it was."""

import json
import os
import socket
import time

import psutil
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from running_engine import SIZE, files_at_rest, write_plate

REQUESTS = int(os.environ.get("MAM2_TEST_REQUESTS", "150"))  # more make a longer soak
GROWTH = 24 << 20

SHOT = {"range": [1001, 1002], "size": [64, 48]}
OBJECTS = {"objects": [{"name": "cup", "prompts": [{"kind": "point", "frame": 1001, "x": 9.0, "y": 9.0}]}]}


def _requests(plate):
    """Give right requests: method and path, headers, body."""
    kinds = {"Content-Type": "application/json"}
    raw = {"X-Mam2-Shape": "4,4,3", "X-Mam2-Dtype": "float16", "Content-Type": "application/octet-stream"}
    return [
        ("GET /v1/status", {}, b""),
        ("GET /openapi.json", {}, b""),
        ("PUT /v1/shots/sh", kinds, json.dumps(SHOT).encode()),
        ("GET /v1/shots/sh", {}, b""),
        ("PUT /v1/shots/sh/prompts", kinds, json.dumps(OBJECTS).encode()),
        ("PUT /v1/shots/sh/plates/1001", {"Content-Type": "image/x-exr"}, plate),
        ("PUT /v1/shots/sh/plates/1002", raw, bytes(96)),
        ("PUT /v1/shots/sh/plates/1001", kinds, b'{"file": "plate.exr"}'),
        ("GET /v1/shots/sh/mattes/1001?layer=cup.alpha&as=raw", {}, b""),
        ("GET /v1/shots/sh/thumbnails/1001?of=plate", {}, b""),
        ("GET /v1/jobs/5f2c/events", {"Last-Event-ID": "3"}, b""),
        ("DELETE /v1/jobs/5f2c", {}, b""),
        ("POST /v1/tickets", {}, b""),
        ("DELETE /v1/shots/sh", {}, b""),
    ]


@st.composite
def _broken(draw, plate):
    """Give a request with something wrong: cut short, bytes changed, put in or left out, or a length that lies."""
    line, headers, body = draw(st.sampled_from(_requests(plate)))
    headers = {"Host": "HOST", "Authorization": "Bearer TOKEN", "Content-Length": str(len(body)), **headers}
    if draw(st.booleans()):
        headers["Content-Length"] = str(draw(st.integers(-2, 2 * len(body) + 9)))
    if draw(st.integers(0, 5)) == 0:
        headers["Transfer-Encoding"] = "chunked"
    if draw(st.integers(0, 9)) == 0:
        headers[draw(st.sampled_from(sorted(headers)))] = draw(st.text(st.characters(max_codepoint=255), max_size=40))
    head = f"{line} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
    data = bytearray(head.encode("latin-1") + body)
    for _ in range(draw(st.sampled_from([0, 0, 1, 3]))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 8))] = draw(st.binary(max_size=8))
    return bytes(data[: draw(st.one_of(st.just(len(data)), st.integers(0, len(data))))])


def _answer(connection, data, patience=0.05):
    """Send bytes, after a while say that there are no more, and give the status that comes back; None for none."""
    with socket.create_connection((connection.host, connection.port), timeout=patience) as wire:
        host, token = f"{connection.host}:{connection.port}".encode(), connection.token.encode()
        try:
            wire.sendall(data.replace(b"HOST", host).replace(b"TOKEN", token))
            try:
                start = wire.recv(64)
            except TimeoutError:
                wire.settimeout(10)
                wire.shutdown(socket.SHUT_WR)
                start = wire.recv(64)
        except ConnectionError:
            return None
    return int(start.split()[1]) if start.startswith(b"HTTP/1.1 ") else None


@pytest.mark.skipif(not hasattr(psutil.Process, "num_fds"), reason="open files are counted where there are such")
def test_broken_requests_leave_nothing_behind(make_engine, tmp_path):
    """However requests are broken, none gets a 5xx, and files, open files and memory are then what they were."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    plate = write_plate(tmp_path, 1001)
    engine = make_engine(TMPDIR=str(elsewhere), HOME=str(elsewhere))
    with engine.start() as client:
        process = psutil.Process(client.status()["pid"])
        seen = []

        def send(many):
            @settings(
                max_examples=many,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(_broken(plate.read_bytes()))
            def one(data):
                status = _answer(client.connection, data)
                assert status is None or status < 500, (status, data)
                seen.append(status)

            one()

        # Everything that is loaded when it is first needed is loaded before anything is counted.
        client.declare("sh", 1001, 1001, *SIZE)
        client.put_plate("sh", 1001, plate)
        picture = "/v1/shots/sh/thumbnails/1001?of=plate HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer TOKEN\r\n\r\n"
        assert _answer(client.connection, b"GET " + picture.encode(), patience=30) == 200
        send(100)
        before = _standing(client, engine, process)
        send(REQUESTS)
        after = _standing(client, engine, process)
        assert len(seen) >= REQUESTS
        assert {200, 400, 404} <= set(seen), "the requests are not as different as they should be"
        assert after[0] == before[0]
        assert after[1] <= before[1]
        assert process.memory_info().rss - before[2] < GROWTH
        assert not list(elsewhere.iterdir())
        assert "Traceback" not in engine.log.read_text()


def _standing(client, engine, process):
    """Give the engine's files, its open files and its memory, once it has come to rest without a shot."""
    for shot in client.status()["shots"]:
        client.delete(shot)
    client.close()
    files_at_rest(engine.folder / "store")
    time.sleep(0.5)
    files = sorted(str(path) for path in engine.folder.rglob("*") if path.name != "engine.log")
    return files, process.num_fds(), process.memory_info().rss
