"""The viewer's process: requests in through standard input, answers out through standard output, a JSON line each.

Pictures are made by two threads; what takes long (a movie's frames, an export) by one of its own, and can be stopped.
It ends when its input does.
"""

import argparse
import logging
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2

from engine.contract.errors import EngineError, ServiceError
from engine.service.messages import Message, from_line, to_line
from engine.service.store import Store, store_unusable
from engine.service.viewer.clips import bring_in, describe
from engine.service.viewer.exports import export
from engine.service.viewer.pictures import Pictures

_log = logging.getLogger(__name__)

Tell = Callable[[Message], None]


class Viewer:
    """Answers requests.

    Args:
        store: the shots.
        say: sends a line to the service.
    """

    def __init__(self, store: Store, say: Tell) -> None:
        self._say = say
        self._pictures = Pictures(store)
        self._stops: dict[int, threading.Event] = {}
        self._quick = ThreadPoolExecutor(2, thread_name_prefix="mam2-picture")
        self._long = ThreadPoolExecutor(1, thread_name_prefix="mam2-long")
        self._store = store

    def hear(self, message: Message) -> None:
        """Take in one request: `do`, `id` of its answer, and what it is about."""
        number, do = message.pop("id"), message.pop("do")
        if do == "stop":
            if number in self._stops:
                self._stops[number].set()
            return
        stop = self._stops[number] = threading.Event()
        work: dict[str, Callable[..., Any]] = {
            "describe": describe,
            "picture": self._pictures.picture,
            "pixel": self._pictures.pixel,
            "bring_in": lambda **facts: bring_in(self._store, tell=self._progress(number), stop=stop, **facts),
            "export": lambda **facts: export(self._store, tell=self._progress(number), stop=stop, **facts),
        }
        pool = self._long if do in ("bring_in", "export") else self._quick
        pool.submit(self._answer, number, work[do], message)

    def close(self) -> None:
        """Leave what is under way."""
        for stop in list(self._stops.values()):
            stop.set()
        for pool in (self._quick, self._long):
            pool.shutdown(cancel_futures=True)

    def _answer(self, number: int, work: Callable[..., Any], facts: Message) -> None:
        try:
            self._say({"id": number, "ok": work(**facts)})
        except EngineError as problem:
            self._say({"id": number, "error": problem.to_json()})
        except OSError as problem:
            self._say({"id": number, "error": store_unusable(problem).to_json()})
        except Exception as problem:  # noqa: BLE001 - one request's trouble must not end the others
            _log.exception("a request of the page")
            bug = ServiceError(
                "engine.bug",
                f"The engine made a mistake of its own ({type(problem).__name__}: {problem}).",
                "Please report it with the engine's log.",
            )
            self._say({"id": number, "error": bug.to_json()})
        finally:
            self._stops.pop(number, None)

    def _progress(self, number: int) -> Tell:
        return lambda facts: self._say({"id": number, "progress": facts})


def main(arguments: list[str] | None = None) -> None:
    """Run until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", type=Path, required=True)
    options = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    # Whatever a library prints must not come between the answers.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    cv2.setNumThreads(1)  # two pictures at once are made by two threads already
    lock = threading.Lock()

    def say(message: Message) -> None:
        with lock:
            line = to_line(message)
            while line:
                line = line[os.write(out.fileno(), line) :]

    viewer = Viewer(Store(options.store), say)
    for line in sys.stdin.buffer:
        viewer.hear(from_line(line))
    viewer.close()
