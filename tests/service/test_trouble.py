"""What can go wrong around an engine, and the right answer to each."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from running_engine import declare, files_at_rest, write_plate

from engine.contract import launch
from engine.contract.client import EngineClient
from engine.contract.connection import Connection, read_connection, write_connection
from engine.contract.errors import EngineError


def test_of_two_engines_started_at_once_one_serves(make_engine):
    """The second engine leaves in words with status 2, and the first goes on."""
    engine = make_engine()
    with engine.start() as client:
        second = _serve(engine)
        assert second.returncode == 2
        assert "error: This user has an engine running already." in second.stderr
        assert client.status()["pid"] == engine.process.pid


def test_hosts_that_start_an_engine_at_once_share_it(make_engine, monkeypatch):
    """Several hosts that find no engine end up with the same one."""
    engine = make_engine()
    for name, value in engine.variables.items():
        monkeypatch.setenv(name, value)
    command = [sys.executable, "-m", "engine", "serve"]
    with ThreadPoolExecutor(3) as hosts:
        clients = list(hosts.map(lambda _: launch.find_or_start(command), range(3)))
    pids = {client.status()["pid"] for client in clients}
    assert len(pids) == 1
    os.kill(pids.pop(), 15)


def test_a_stale_connection_file_is_no_engine(make_engine):
    """A file left by an engine that was killed is passed over, and the next engine replaces it."""
    engine = make_engine()
    engine.start().close()
    engine.kill()
    assert read_connection() is not None
    assert launch.find() is None
    with engine.start() as client:
        assert client.status()["pid"] == engine.process.pid


def test_a_port_that_somebody_else_has_taken_is_no_engine(make_engine):
    """Another program on the port of a stale file does not pass for the engine."""
    make_engine()
    with socket.create_server(("127.0.0.1", 0)) as other:

        def answer():
            caller, _ = other.accept()
            with caller:
                caller.recv(4096)
                caller.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")

        threading.Thread(target=answer, daemon=True).start()
        write_connection(Connection("127.0.0.1", other.getsockname()[1], "token", 1, "0"))
        assert launch.find() is None


def test_an_engine_that_nobody_needs_leaves(make_engine):
    """After its idle time an engine ends by itself and takes its connection file with it."""
    engine = make_engine(MAM2_IDLE_EXIT="3")
    engine.start().close()
    assert engine.process.wait(20) == 0
    assert read_connection() is None


def test_a_store_that_is_gone_is_said_and_made_anew(client, tmp_path):
    """With the store's folder removed a plate is refused in words; a new declaration works again."""
    declare(client)
    shutil.rmtree(Path(client.status()["store"]) / "shots")
    with pytest.raises(EngineError) as caught:
        client.put_plate("sh", 1001, write_plate(tmp_path, 1001))
    assert caught.value.code == "shot.unknown"
    declare(client)
    client.put_plate("sh", 1001, write_plate(tmp_path, 1001))
    assert client.shot("sh")["plates"] == [1001]


def test_a_file_in_the_stores_place_is_said(make_engine):
    """An engine whose store is no folder does not start, and says so in one sentence with a hint."""
    engine = make_engine()
    Path(engine.variables["MAM2_STORE"]).write_text("")
    done = _serve(engine)
    assert done.returncode == 2
    assert "cannot be used" in done.stderr
    assert "MAM2_STORE" in done.stderr


def test_many_clients_at_once_are_all_served(client, tmp_path):
    """64 clients that send plates at the same time all get their answer, and every plate is there."""
    declare(client, frames=64)
    plate = write_plate(tmp_path, 1001)

    def send(frame):
        with EngineClient(client.connection) as own:
            own.put_plate("sh", frame, plate)
            return own.status()["pid"]

    with ThreadPoolExecutor(64) as clients:
        assert len(set(clients.map(send, range(1001, 1065)))) == 1
    assert client.shot("sh")["plates"] == list(range(1001, 1065))


def test_a_listener_that_does_not_read_holds_nobody_up(client, tmp_path):
    """A client that asks for events and never reads them delays neither the job nor other clients."""
    declare(client, frames=3)
    job = client.track("sh")
    lazy = http.client.HTTPConnection("127.0.0.1", client.connection.port)
    lazy.request("GET", f"/v1/jobs/{job}/events", headers={"Authorization": f"Bearer {client.connection.token}"})
    for frame in (1001, 1002, 1003):
        client.put_plate("sh", frame, write_plate(tmp_path, frame))
    assert client.wait(job).kind == "done"
    lazy.close()


def test_an_upload_that_breaks_off_leaves_nothing(client, tmp_path):
    """Half a plate is no plate, and its bytes do not stay on disk."""
    declare(client)
    data = write_plate(tmp_path, 1001).read_bytes()
    found = client.connection
    for cut in (0, 1, len(data) // 2, len(data) - 1):
        with socket.create_connection((found.host, found.port)) as wire:
            head = (
                f"PUT /v1/shots/sh/plates/1001 HTTP/1.1\r\nHost: 127.0.0.1:{found.port}\r\n"
                f"Authorization: Bearer {found.token}\r\nContent-Length: {len(data)}\r\n\r\n"
            )
            wire.sendall(head.encode() + data[:cut])
    assert client.shot("sh")["plates"] == []
    assert not [file for file in files_at_rest(client.status()["store"]) if file.startswith("shots/sh/plates")]


def test_what_is_not_a_request_gets_an_answer_in_words(client):
    """Wrong forms are refused with the place that is wrong, and nothing breaks."""
    declare(client)
    found = client.connection
    for method, path, body in (
        ("PUT", "/v1/shots/sh", b"{"),
        ("PUT", "/v1/shots/sh", b"\xff\xfe"),
        ("PUT", "/v1/shots/sh", b'{"range": [5], "size": [8, 8]}'),
        ("PUT", "/v1/shots/sh", b'{"range": [9, 1], "size": [8, 8]}'),
        ("PUT", "/v1/shots/sh", b'{"range": [1, 9], "size": [8, 8], "more": 1}'),
        ("PUT", "/v1/shots/sh/prompts", b'{"objects": [{"name": "a", "prompts": [{"kind": "ray", "frame": 1}]}]}'),
        ("PUT", "/v1/shots/sh/prompts", b'{"objects": [{"name": "a", "prompts": []}]}'),
        ("PUT", "/v1/shots/sh/plates/1001", b'{"file": 7}'),
        ("POST", "/v1/shots/sh/preview/1", b""),
        ("POST", "/v1/shots/sh/track", b'{"direction": "up"}'),
    ):
        wire = http.client.HTTPConnection(found.host, found.port, timeout=10)
        headers = {"Authorization": f"Bearer {found.token}", "Content-Type": "application/json"}
        wire.request(method, path, body, headers)
        response = wire.getresponse()
        answer = json.loads(response.read())
        assert response.status in (400, 422), (path, body, answer)
        assert answer["message"].endswith((".", "'."))
        assert answer["hint"]


def _serve(engine):
    """Run an engine that will not stay."""
    return subprocess.run(
        [sys.executable, "-m", "engine", "serve"],
        env={**os.environ, **engine.variables},
        capture_output=True,
        text=True,
        check=False,
    )


_SLOW_DISK = """
import os, time
real = os.unlink
def unlink(path, *rest, **more):
    if str(path).endswith((".exr", "big")) or more:
        time.sleep(3.0)
    return real(path, *rest, **more)
os.unlink = os.remove = unlink
"""


def test_nobody_waits_for_a_file_to_go(make_engine, tmp_path):
    """On a disk that takes seconds to remove a file, replacing a plate and deleting a shot keep no answer waiting."""
    (tmp_path / "sitecustomize.py").write_text(_SLOW_DISK)
    with make_engine(PYTHONPATH=str(tmp_path)).start() as client:
        declare(client)
        plate = write_plate(tmp_path, 1001)
        client.put_plate("sh", 1001, plate)
        began = time.monotonic()
        client.put_plate("sh", 1001, plate)
        client.delete("sh")
        assert client.status()["shots"] == []
        declare(client)
        assert client.shot("sh")["plates"] == []
        assert time.monotonic() - began < 1.5


_CLOCK = """
import os, time
real, real_ns = time.time, time.time_ns
def hours():
    try:
        with open(os.environ["CLOCK"]) as file:
            return int(file.read() or 0)
    except OSError:
        return 0
time.time = lambda: real() + hours() * 3600
time.time_ns = lambda: real_ns() + hours() * 3600 * 10**9
"""


def test_a_clock_that_jumps_breaks_nothing(make_engine, tmp_path):
    """Set forward and back by hours under a job, the clock ends no wait early or late and mixes up no plates."""
    (tmp_path / "sitecustomize.py").write_text(_CLOCK)
    clock = tmp_path / "clock"
    with make_engine(PYTHONPATH=str(tmp_path), CLOCK=str(clock)).start() as client:
        declare(client, frames=3)
        job = client.track("sh", plate_timeout=30)
        client.put_plate("sh", 1001, write_plate(tmp_path, 1001))
        for event in client.events(job):
            if event.kind == "waiting" and event.data["missing"] == [1002, 1003]:
                break
        clock.write_text("5")
        time.sleep(1.5)
        client.put_plate("sh", 1002, write_plate(tmp_path, 7))
        clock.write_text("-5")
        sent = write_plate(tmp_path, 1002)
        client.put_plate("sh", 1002, sent)
        client.put_plate("sh", 1003, write_plate(tmp_path, 1003))
        assert client.wait(job).kind == "done"
        assert client.shot("sh")["mattes"] == [1001, 1002, 1003]
        (kept,) = Path(client.shot("sh")["inbox"]).parent.glob("plates/1002/*")
        assert kept.read_bytes() == sent.read_bytes()
        declare(client, frames=4)
        began = time.monotonic()
        clock.write_text("-9")
        with pytest.raises(EngineError, match="1004"):
            client.wait(client.track("sh", plate_timeout=1))
        assert 1 <= time.monotonic() - began < 10
