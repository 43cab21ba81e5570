"""Who gets in, and what strangers learn."""

import http.client
import json
import os
import socket
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from running_engine import declare, files_at_rest, write_plate

from engine.contract.connection import read_connection, runtime_folder


def _ask(headers, path="/v1/status", method="GET", body=None):
    found = read_connection()
    connection = http.client.HTTPConnection("127.0.0.1", found.port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    everything = {"Host": f"127.0.0.1:{found.port}", "Authorization": f"Bearer {found.token}", **headers}
    for name, value in everything.items():
        if value is not None:
            connection.putheader(name, value)
    connection.endheaders(body)
    response = connection.getresponse()
    return response.status, response.read()


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 200),
        ({"Authorization": None}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Basic QQ=="}, 401),
        ({"Host": "evil.example"}, 403),
        ({"Host": None}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
@pytest.mark.usefixtures("client")
def test_strangers_are_refused_and_learn_nothing(headers, expected):
    """Without the token, under another host name or from a web page the answer is a refusal without a word more."""
    status, body = _ask(headers)
    assert status == expected
    if expected != 200:
        assert json.loads(body)["message"] == "No."
        assert b"store" not in body


def test_strangers_cannot_tell_what_there_is(client):
    """What exists and what does not look the same to who has no token."""
    declare(client)
    answers = {_ask({"Authorization": None}, path) for path in ("/v1/shots/sh", "/v1/shots/none", "/nowhere")}
    assert len(answers) == 1


def test_the_engine_listens_on_loopback_alone(client):
    """No address but 127.0.0.1 answers, and no connection leads out."""
    engine = psutil.Process(client.status()["pid"])
    sockets = engine.net_connections(kind="inet")
    assert {one.laddr.ip for one in sockets} == {"127.0.0.1"}
    assert {one.raddr.ip for one in sockets if one.raddr} <= {"127.0.0.1"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_only_the_user_can_read_the_token(client):
    """The connection file is 0600 in a folder of 0700, and so are the store's folders."""
    assert stat.S_IMODE((runtime_folder() / "engine.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(runtime_folder().stat().st_mode) == 0o700
    inbox = declare(client)["inbox"]
    assert stat.S_IMODE(Path(inbox).stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["..", "%2e%2e", "..%2F..%2Fetc", "a%2Fb", ".hidden", "a" * 129, "a%00b", "caf%C3%A9"])
def test_no_name_leads_out_of_the_store(client, name):
    """Names that could be paths are refused, and nothing appears on disk."""
    store = client.status()["store"]
    before = files_at_rest(store)
    body = json.dumps({"range": [1, 2], "size": [8, 8]}).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    status, _ = _ask(headers, f"/v1/shots/{name}", "PUT", body)
    assert status in (404, 405, 422)
    assert files_at_rest(store) == before


def test_the_inbox_gives_nothing_from_outside(client, tmp_path):
    """A hand-over takes plain files of the inbox: no path, no link."""
    inbox = declare(client)["inbox"]
    secret = tmp_path / "secret.exr"
    secret.write_bytes(b"secret")
    Path(inbox, "link.exr").symlink_to(secret)
    for file in ("link.exr", f"../../../{secret.name}", str(secret), "."):
        body = json.dumps({"file": file}).encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        status, answer = _ask(headers, "/v1/shots/sh/plates/1001", "PUT", body)
        assert status == 422
        assert json.loads(answer)["code"] == "plates.hand_over"
    assert secret.exists()


def test_a_body_that_is_too_large_is_not_read(make_engine):
    """A declared length beyond the limit is refused before a byte of it is taken."""
    with make_engine(MAM2_PLATE_BYTES="100000").start() as client:
        declare(client)
        status, answer = _ask({"Content-Length": "99999999999"}, "/v1/shots/sh/plates/1001", "PUT")
        assert status == 413
        assert json.loads(answer)["code"] == "engine.too_large"


def test_a_head_without_end_is_refused(client):
    """A stranger who sends headers for ever is cut off early, and costs the engine no memory."""
    found = client.connection
    process = psutil.Process(client.status()["pid"])
    before = process.memory_info().rss
    for start in (b"GET /", b"GET / HTTP/1.1\r\nX: ", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 10):
        sent = 0
        with socket.create_connection((found.host, found.port), timeout=10) as wire:
            wire.sendall(start)
            with suppress(ConnectionError):
                while sent < 64 << 20:
                    wire.sendall(b"X: aaaa\r\n" * 8192 if start.endswith(b"\n") else b"a" * 65536)
                    sent += 65536
        assert sent < 64 << 20
    assert process.memory_info().rss - before < 8 << 20
    long = "a" * 40_000
    assert _ask({"X-Long": long})[0] == 200
    assert client.status()["pid"] == process.pid


_GUARD = """
import os, socket
open(os.environ["GUARD_LOG"] + ".on", "w").close()
real = socket.socket.connect
def connect(self, address):
    if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
        with open(os.environ["GUARD_LOG"], "a") as log:
            log.write(f"{address}\\n")
        raise ConnectionRefusedError("no way out")
    return real(self, address)
socket.socket.connect = connect
"""


def test_a_shot_is_tracked_without_a_way_out(make_engine, tmp_path):
    """With every outgoing connection refused a shot is tracked as ever, and nobody has even tried one."""
    guard = tmp_path / "guard"
    guard.mkdir()
    (guard / "sitecustomize.py").write_text(_GUARD)
    tried = tmp_path / "tried"
    with make_engine(PYTHONPATH=str(guard), GUARD_LOG=str(tried)).start() as client:
        declare(client, frames=1)
        client.put_plate("sh", 1001, write_plate(tmp_path, 1001))
        assert client.wait(client.track("sh")).kind == "done"
    assert tried.with_name("tried.on").exists()
    assert not tried.exists()


_STRANGER = """
import http.client, json, os, socket, sys
"x".encode("idna")  # loads what a socket needs while it may still be read
run, port, store = sys.argv[1:]
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
learned = []
for path in (run + "/engine.json", run + "/engine.log", store + "/format.json"):
    try:
        learned.append(open(path).read())
    except PermissionError:
        pass
for folder in (run, store):
    try:
        learned.append(os.listdir(folder))
    except PermissionError:
        pass
try:
    socket.socket(socket.AF_UNIX).connect(run + "/engine.sock")
    learned.append("socket")
except PermissionError:
    pass
wire = http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)
wire.request("GET", "/v1/status")
response = wire.getresponse()
print(json.dumps([learned, response.status, response.read().decode()]))
"""


@pytest.mark.skipif(not hasattr(os, "setuid") or os.getuid() != 0, reason="only root can become another user")
def test_another_user_learns_nothing(client):
    """A program of another user reads neither token nor store, cannot reach the socket, and gets a refusal over TCP."""
    asked = [str(runtime_folder()), str(client.connection.port), client.status()["store"]]
    done = subprocess.run([sys.executable, "-c", _STRANGER, *asked], capture_output=True, text=True, check=True)
    learned, status, body = json.loads(done.stdout)
    assert learned == []
    assert status == 401
    assert json.loads(body)["message"] == "No."
