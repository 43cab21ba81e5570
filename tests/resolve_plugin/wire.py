"""Servers that misbehave on purpose, and the connection file that leads to them."""

import json
import os
import socket
import threading
from contextlib import contextmanager
from pathlib import Path

SHOT = {
    "range": [1001, 1004],
    "size": [64, 48],
    "settings": {"direction": "both", "mode": "pdd+mss", "corrections": "refine", "colourspace": None},
    "model": "starter",
    "objects": [{"name": "object1", "prompts": [{"kind": "point", "frame": 1001, "x": 20.0, "y": 24.0}]}],
    "inbox": "",
    "plates": [1001, 1002, 1003, 1004],
    "mattes": [1001, 1002, 1003, 1004],
    "stale": [],
}


def point_to(port, token="any"):  # noqa: S107 - opens nothing
    """Write a connection file that leads to a port."""
    folder = Path(os.environ["MAM2_RUNTIME"])
    folder.mkdir(parents=True, exist_ok=True)
    found = {"host": "127.0.0.1", "port": port, "token": token, "pid": 1, "version": "0", "socket": ""}
    (folder / "engine.json").write_text(json.dumps(found))


def answer(body, status=200, more=""):
    """Give an answer's bytes."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status} Whatever\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


@contextmanager
def serving(reply):
    """Serve on a port of its own while the block runs.

    Args:
        reply: called with the request's first line; gives what to send back, or None to say nothing and hang up.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    point_to(listening.getsockname()[1])
    ended = threading.Event()

    def attend(caller):
        with caller, caller.makefile("rb") as lines:
            while not ended.is_set():
                first = lines.readline().decode("latin-1")
                length = 0
                while (line := lines.readline()) not in (b"\r\n", b""):
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.partition(b":")[2])
                lines.read(length)
                said = reply(first) if first else None
                if said is None:
                    return
                caller.sendall(said)

    def listen():
        while not ended.is_set():
            try:
                caller, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=_quietly, args=(attend, caller), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield
    finally:
        ended.set()
        listening.shutdown(socket.SHUT_RDWR)  # a thread that waits in accept holds the port open
        listening.close()


def _quietly(attend, caller):
    try:
        attend(caller)
    except OSError:
        return  # the tool has hung up, as it may
