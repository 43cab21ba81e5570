"""What the service costs: a 4K plate by request and by hand-over, answers while a worker is busy, the first click.

    python benchmarks/service.py [--rounds 12]

Each figure is a ratio of medians of two things done in turn in the same run: a plate's way into the engine against a
bare loopback socket, and a hand-over against writing the same new file to the same disk and no more. A first click is
declared, its HD plate sent, and previewed, once to an engine that has been left alone to prepare and once to one that
may not. Engines with a store of their own are started for it.
"""

import argparse
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from own_engine import own_engine

from engine.contract.client import EngineClient
from engine.contract.shot import Point, ShotObject

WIDTH, HEIGHT, CHANNELS = 4096, 2160, 3
SMALL, HD = (256, 144), (1920, 1080)
PATIENCE = 8.0  # seconds between an engine's start and the first click


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=12)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="m2bench") as name:
        folder, began = Path(name), time.perf_counter()
        with own_engine(folder, MAM2_IDLE_EXIT="60") as (engine, _):
            print(f"answers {time.perf_counter() - began:.2f} s after its start")
            plates(engine, rounds, folder)
            answers(engine)
    for prepare in ("1", "0"):
        with (
            tempfile.TemporaryDirectory(prefix="m2bench") as name,
            own_engine(Path(name), MAM2_PREPARE=prepare) as (engine, _),
        ):
            first_click(engine, prepare)


def plates(engine: EngineClient, rounds: int, folder: Path) -> None:
    """Send one plate again and again, in turn with what it is compared with; every file is a new one and stays."""
    data = np.random.default_rng(0).random((HEIGHT, WIDTH, CHANNELS), np.float32).astype(np.float16).tobytes()
    inbox = Path(engine.declare("bench", 1, 2 * rounds, WIDTH, HEIGHT)["inbox"])
    layout = {"shape": [HEIGHT, WIDTH, CHANNELS], "dtype": "float16"}
    times: dict[str, list[float]] = {name: [] for name in ("socket", "request", "write", "hand-over", "its call")}
    for number in range(1, rounds + 1):
        frame, handed, plain = number, rounds + number, folder / f"plain.{number}"
        times["socket"].append(_loopback(data))
        times["request"].append(_timed(engine.put_pixels, "bench", frame, data, (HEIGHT, WIDTH, CHANNELS)))
        times["write"].append(_timed(plain.write_bytes, data))
        wrote = _timed((inbox / f"{handed}.raw").write_bytes, data)
        call = _timed(lambda frame: engine.hand_over("bench", frame, f"{frame}.raw", **layout), handed)
        times["hand-over"].append(wrote + call)
        times["its call"].append(call)
    engine.delete("bench")
    middle = {name: statistics.median(values) for name, values in times.items()}
    size = len(data) / 1e9
    for name, seconds in middle.items():
        pace = "" if name == "its call" else f"  {size / seconds:5.2f} GB/s"
        print(f"{name:10s} {seconds * 1e3:7.1f} ms{pace}")
    print(f"request at {100 * middle['socket'] / middle['request']:.0f} % of the socket's rate")
    print(f"hand-over at {middle['hand-over'] / middle['write']:.2f} times the cost of writing a new file")


def answers(engine: EngineClient) -> None:
    """Ask for the status while a track keeps the worker busy."""
    objects = (ShotObject("disc", (Point(1, SMALL[0] / 2, SMALL[1] / 2),)),)
    engine.declare("busy", 1, 60, *SMALL, objects=objects)
    pixels = np.random.default_rng(0).random((SMALL[1], SMALL[0], 3), np.float32).astype(np.float16)
    for frame in range(1, 61):
        engine.put_pixels("busy", frame, pixels, pixels.shape)
    job = engine.track("busy", "forward")
    times = []
    with EngineClient(engine.connection) as other:
        while other.job(job)["state"] in ("queued", "running"):
            times.append(_timed(other.status))
            time.sleep(0.01)
    times.sort()
    middle, late = times[len(times) // 2], times[int(len(times) * 0.99)]
    print(f"status while a worker is busy: median {middle * 1e3:.1f} ms, 99th percentile {late * 1e3:.1f} ms")


def first_click(engine: EngineClient, prepare: str) -> None:
    """Click on a plate of an engine that has just been started, then on the next plate."""
    time.sleep(PATIENCE)
    engine.declare("click", 1, 2, *HD, objects=(ShotObject("disc", (Point(1, HD[0] / 2, HD[1] / 2),)),))
    pixels = np.random.default_rng(0).random((HD[1], HD[0], 3), np.float32).astype(np.float16)

    def click(frame: int) -> None:
        engine.put_pixels("click", frame, pixels, pixels.shape)
        engine.wait(engine.preview("click", frame))

    first, second = _timed(click, 1), _timed(click, 2)
    print(f"MAM2_PREPARE={prepare}: the first click {first:.2f} s, the next plate's {second:.2f} s")


def _timed(call: Callable[..., object], *arguments: object) -> float:
    began = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - began


def _loopback(data: bytes) -> float:
    """Send the bytes through a bare loopback connection, and give the seconds until all have come."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            receiver, _ = server.accept()
            buffer = bytearray(1 << 20)
            with receiver:
                while receiver.recv_into(buffer):
                    pass

        taker = threading.Thread(target=take)
        taker.start()
        began = time.perf_counter()
        with socket.create_connection(server.getsockname()) as sender:
            sender.sendall(data)
        taker.join()
        return time.perf_counter() - began


if __name__ == "__main__":
    main()
