"""What the Fusion tool's Lua client costs: a 1920x1080 RGBA float plate to the engine and its matte back.

    python benchmarks/fusion_transfer.py [--rounds 12]

The same request and answer are made in turn by the tool's own Lua modules under LuaJIT and by a plain Python socket;
the figure is the ratio of the two, and the program fails where it is more than 3. An engine with a store of its own is
started for it.
"""

import argparse
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "hosts" / "fusion"))

from fusion_host import FusionHost
from own_engine import own_engine

from engine.contract.client import EngineClient
from engine.contract.shot import Point, ShotObject

WIDTH, HEIGHT = 1920, 1080
SHOT = "bench"
MOST = 3.0

ROUND_TRIP = """function(image, host)
    local platform, plates, engine = require("mam2.platform"), require("mam2.plates"), require("mam2.engine")
    return function()
        local client = assert(engine.open(30, platform.now() + 60))
        local plate = plates.read(image, nil, host)
        local sent, problem = client:put_plate("bench", 1, plate, 30)
        assert(sent, problem and problem.message)
        plates.release(plate)
        local matte = client:matte("bench", 1, "alpha", 1920, 1080)
        client:close()
        platform.release(assert(matte))
    end
end"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=12)
    rounds = parser.parse_args().rounds
    with (
        tempfile.TemporaryDirectory(prefix="m2bench") as name,
        own_engine(Path(name), MAM2_IDLE_EXIT="60") as (engine, _),
    ):
        ratio = compare(engine, rounds)
    if ratio > MOST:
        raise SystemExit(1)


def compare(engine: EngineClient, rounds: int) -> float:
    """Make both round trips in turn; gives how much longer the median of ours takes."""
    pixels = np.random.default_rng(0).random((HEIGHT, WIDTH, 4), np.float32)
    objects = (ShotObject("object1", (Point(1, WIDTH / 2, HEIGHT / 2),)),)
    engine.declare(SHOT, 1, 1, WIDTH, HEIGHT, objects=objects)
    engine.put_pixels(SHOT, 1, pixels, pixels.shape, dtype="float32")
    engine.wait(engine.track(SHOT))
    host = FusionHost()
    lua = host.lua.eval(ROUND_TRIP)(host.image(pixels), host.constructors())
    body = np.ascontiguousarray(pixels[::-1]).tobytes()
    ways = {"python": lambda: plain(engine, body), "lua": lua}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, call in ways.items():
            began = time.perf_counter()
            call()
            if turn:  # the first is for caches and traces
                times[name].append(time.perf_counter() - began)
    for name, found in times.items():
        print(f"{name}: median {statistics.median(found) * 1000:.1f} ms, best {min(found) * 1000:.1f} ms")
    ratio = statistics.median(times["lua"]) / statistics.median(times["python"])
    best = min(times["lua"]) / min(times["python"])
    print(f"lua / python: {ratio:.2f} of the medians, {best:.2f} of the best; at most {MOST:g} is wanted")
    return ratio


def plain(engine: EngineClient, body: bytes) -> None:
    """Make the same two requests with nothing but a socket."""
    found = engine.connection
    common = f"Host: 127.0.0.1:{found.port}\r\nAuthorization: Bearer {found.token}\r\n"
    put = (
        f"PUT /v1/shots/{SHOT}/plates/1 HTTP/1.1\r\n{common}Content-Length: {len(body)}\r\n"
        f"Content-Type: application/octet-stream\r\nX-Mam2-Shape: {HEIGHT},{WIDTH},4\r\n"
        "X-Mam2-Dtype: float32\r\nX-Mam2-Origin: bottom-left\r\n\r\n"
    )
    get = f"GET /v1/shots/{SHOT}/mattes/1?as=raw&origin=bottom-left&layer=alpha HTTP/1.1\r\n{common}\r\n"
    with socket.create_connection((found.host, found.port)) as wire:
        wire.sendall(put.encode())
        wire.sendall(body)
        assert receive(wire).startswith(b"HTTP/1.1 200")
        wire.sendall(get.encode())
        assert len(receive(wire).partition(b"\r\n\r\n")[2]) == WIDTH * HEIGHT * 2


def receive(wire: socket.socket) -> bytes:
    """Receive one answer."""
    answer = bytearray()
    while b"\r\n\r\n" not in answer:
        answer += wire.recv(65536)
    head, _, rest = bytes(answer).partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    whole = bytearray(length)
    whole[: len(rest)] = rest
    view, filled = memoryview(whole), len(rest)
    while filled < length:
        filled += wire.recv_into(view[filled:])
    return head + b"\r\n\r\n" + bytes(whole)


if __name__ == "__main__":
    main()
