"""A worker's process: messages in through standard input, messages and signs of life out through standard output.

It ends when its input does. Between any two frames it looks for new messages, so whatever is urgent waits for one
frame at most.
"""

import argparse
import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import torch

from engine.contract.errors import EngineError, ServiceError
from engine.service.messages import News, Order, from_line, to_line
from engine.service.store import Store
from engine.service.worker.runs import Models, Runs
from engine.service.worker.worker import Worker
from engine.weights.models import pick_device

BEAT = 5.0  # seconds between two signs


class Pulse:
    """Says that the worker lives, from a thread of its own.

    Args:
        say: sends a message to the service.
        beat: seconds between two signs.
    """

    def __init__(self, say: Callable[[News], None], beat: float = BEAT) -> None:
        self._say, self._beat = say, beat
        self._since: float | None = time.monotonic()
        threading.Thread(target=self._run, daemon=True).start()

    def at_work(self, yes: bool) -> None:
        """Note that a step begins, or that there is nothing to do."""
        self._since = time.monotonic() if yes else None

    def _run(self) -> None:
        while True:
            since = self._since
            try:
                self._say({"is": "alive", "busy": 0.0 if since is None else time.monotonic() - since})
            except OSError:  # nobody listens any more: the process is about to end
                return
            time.sleep(self._beat)


def main(arguments: list[str] | None = None) -> None:
    """Run a worker until its standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", required=True)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--working", type=Path, required=True, help="a folder of its own for what it keeps of shots")
    parser.add_argument("--memory", type=int, required=True, help="bytes that models may take on the device")
    parser.add_argument("--rest-after", type=float, required=True, help="seconds without work")
    options = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    # Whatever a library prints must not come between the messages.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    say = _Wire(out.fileno()).send
    pulse = Pulse(say)
    device = _opened(options.device)
    if isinstance(device, EngineError):
        say({"is": "refused", "error": device.to_json()})
        return
    heard: queue.Queue[Order | None] = queue.Queue()
    threading.Thread(target=_listen, args=(heard,), daemon=True).start()
    store = Store(options.store)
    runs = Runs(options.working, Models(options.device, options.memory))
    worker = Worker(store, runs, say)
    say({"is": "ready", "device": str(device), "name": _name(device), "pid": os.getpid()})
    work_until_told(worker, heard, options.rest_after, pulse.at_work)
    runs.close()


def work_until_told(
    worker: Worker,
    heard: "queue.Queue[Order | None]",
    rest_after: float,
    at_work: Callable[[bool], None] = lambda _: None,
) -> None:
    """Do what is heard, until that is None; without work for so many seconds, let the worker rest.

    Args:
        worker: does it.
        heard: what there is to do.
        rest_after: seconds.
        at_work: told whenever a step begins, and when there is nothing to do.
    """
    patience: float | None = 0.0  # seconds to wait for the next message; None: as long as it takes
    while True:
        at_work(patience == 0)
        try:
            message = heard.get(timeout=patience) if patience else heard.get(block=patience is None)
        except queue.Empty:
            if patience:
                worker.rest()
                patience = None
            else:
                patience = 0.0 if worker.work() else rest_after
            continue
        if message is None:
            return
        worker.hear(message)
        patience = 0.0


def _opened(name: str) -> torch.device | EngineError:
    """Give a device after computing on it, or what is wrong with it."""
    try:
        device = pick_device(name)
        torch.ones(1, device=device).add_(1).cpu()
    except EngineError as problem:
        return problem
    except RuntimeError as problem:  # of a driver; PyTorch has other classes for some of them
        return ServiceError(
            "engine.device",
            f"Nothing can be computed on {name}: {str(problem).strip().splitlines()[0]}.",
            "Run mam2 doctor; with MAM2_DEVICES=cpu the engine works without the GPU.",
        )
    return device


def _listen(heard: "queue.Queue[Order | None]") -> None:
    for line in sys.stdin.buffer:
        heard.put(from_line(line))
    heard.put(None)


class _Wire:
    """Where messages go, one whole line after another, whichever thread they come from."""

    def __init__(self, handle: int) -> None:
        self._handle, self._lock = handle, threading.Lock()

    def send(self, message: News) -> None:
        line = to_line(message)
        with self._lock:
            while line:
                line = line[os.write(self._handle, line) :]


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else {"mps": "Apple GPU"}.get(device.type, "CPU")
