"""The engine's API for programs: blocking calls on a kept-alive connection. Standard library only.

client = find_or_start()                  # launch.py
client.declare("sh010", shot, model="auto")
client.put_plate("sh010", 1001, "/renders/plate.1001.exr")
job = client.track("sh010")
for event in client.events(job):
...
"""

import http.client
import json
import os
import select
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Dict, Iterator, List, Optional, Tuple, Type, Union
from urllib.parse import quote, urlencode

from .connection import Connection
from .errors import EngineError, ServiceError, error_from_json
from .events import JobEvent, events_from_lines
from .proof import ProvenConnection, UnixConnection
from .shot import Settings, ShotObject
from .shot_json import objects_to_json, settings_to_json

CALL_TIMEOUT = 60.0
EVENT_TIMEOUT = 60.0  # the engine sends a sign of life every fifteen seconds
RAW_TYPE = "application/octet-stream"

Body = Union[bytes, Any]


class EngineClient:
    """Talks to one engine; one thread uses it at a time, as a context manager or with `close`.

    Args:
        connection: from `read_connection` or `find_or_start`.
        timeout: seconds that one answer may take.
    """

    def __init__(self, connection: Connection, timeout: float = CALL_TIMEOUT) -> None:
        self.connection = connection
        self._timeout = timeout
        self._kept: Optional[http.client.HTTPConnection] = None

    def __enter__(self) -> "EngineClient":  # noqa: PYI034 - Self came with Python 3.11
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def status(self) -> Dict[str, Any]:
        """Give the engine's status: version, devices, shots, jobs."""
        return self._json("GET", "/v1/status")

    def models(self) -> Dict[str, Any]:
        """Give what `auto` stands for, and every model with whether it is ready.

        Raises:
            ServiceError: an engine that does not tell.
        """
        return self._json("GET", "/v1/models")

    def monitor_link(self) -> str:
        """Give the path of a link to the engine's page for a browser; it works once, within a minute."""
        return str(self._json("POST", "/v1/tickets")["path"])

    def open_clip(self, path: str, *, layer: Optional[str] = None, colourspace: Optional[str] = None) -> str:
        """Open a clip of this machine, by its whole path, as a shot; gives the shot's name.

        Raises:
            EngineError: there is no such clip, layer or colour space.
        """
        body = {"path": path, "layer": layer, "colourspace": colourspace}
        return str(self._json("POST", "/v1/clips", body)["shot"])

    def declare(
        self,
        shot: str,
        first: int,
        last: int,
        width: int,
        height: int,
        *,
        settings: Settings = Settings(),  # noqa: B008 - frozen
        model: str = "auto",
        objects: Tuple[ShotObject, ...] = (),
        layers: Tuple[str, ...] = (),
    ) -> Dict[str, Any]:
        """Declare a shot or change it; gives it as it stands, with its inbox folder.

        With `layers` the mattes' files hold more: `fg`, `despill`, `bg`, `cryptomatte`, `premult`.

        Raises:
            EngineError: what does not hold together.
        """
        body = {
            "range": [first, last],
            "size": [width, height],
            "settings": settings_to_json(settings),
            "model": model,
            "objects": objects_to_json(objects),
            **({"layers": list(layers)} if layers else {}),
        }
        return self._json("PUT", _shot(shot), body)

    def shot(self, shot: str) -> Dict[str, Any]:
        """Give a shot as it stands: plates, right and stale mattes."""
        return self._json("GET", _shot(shot))

    def delete(self, shot: str) -> None:
        """Remove a shot with its plates and mattes."""
        self._call("DELETE", _shot(shot))

    def put_prompts(self, shot: str, objects: Tuple[ShotObject, ...]) -> List[int]:
        """Give the whole prompt set; gives the frames whose mattes it changes."""
        return list(self._json("PUT", _shot(shot) + "/prompts", {"objects": objects_to_json(objects)})["dirty"])

    def put_plate(self, shot: str, frame: int, path: Union[str, Path]) -> None:
        """Send an image file as a plate.

        Raises:
            EngineError: the engine does not take it.
            OSError: the file cannot be read.
        """
        with Path(path).open("rb") as file:
            headers = {"Content-Type": RAW_TYPE, "Content-Length": str(os.fstat(file.fileno()).st_size)}
            self._call("PUT", _plate(shot, frame), file, headers)

    def put_pixels(
        self,
        shot: str,
        frame: int,
        pixels: Body,
        shape: Tuple[int, int, int],
        *,
        dtype: str = "float16",
        origin: str = "top-left",
    ) -> None:
        """Send raw pixels as a plate.

        Args:
            shot: its name.
            frame: the host's number.
            pixels: bytes or anything with a buffer: rows of interleaved channels, scene-linear.
            shape: height, width, channels (3 or 4).
            dtype: `float16` or `float32`.
            origin: where the first row is: `top-left` or `bottom-left`.
        """
        headers = {
            "Content-Type": RAW_TYPE,
            "X-Mam2-Shape": ",".join(str(side) for side in shape),
            "X-Mam2-Dtype": dtype,
            "X-Mam2-Origin": origin,
        }
        self._call("PUT", _plate(shot, frame), memoryview(pixels).cast("B"), headers)

    def hand_over(self, shot: str, frame: int, file: str, **layout: Any) -> None:
        """Hand over a file that was written into the shot's inbox; for raw pixels also `shape`, `dtype`, `origin`."""
        self._json("PUT", _plate(shot, frame), dict(layout, file=file))

    def preview(self, shot: str, frame: int) -> str:
        """Begin to matte one frame ahead of every queue; gives the job."""
        return str(self._json("POST", "{}/preview/{}".format(_shot(shot), frame))["id"])

    def track(
        self,
        shot: str,
        direction: Optional[str] = None,
        *,
        batch: bool = False,
        plate_timeout: Optional[float] = None,
    ) -> str:
        """Begin to track a shot; gives the job.

        Args:
            shot: its name.
            direction: `forward`, `backward` or `both`; None: as declared.
            batch: behind all tracks that somebody waits for.
            plate_timeout: seconds that the job waits for its next plate; None: the engine's own setting.
        """
        body = {"direction": direction, "batch": batch, "plate_timeout": plate_timeout}
        return str(self._json("POST", _shot(shot) + "/track", body)["id"])

    def job(self, job: str) -> Dict[str, Any]:
        """Give a job as it stands."""
        return self._json("GET", "/v1/jobs/" + quote(job, safe=""))

    def cancel(self, job: str) -> None:
        """Cancel a job; mattes that are done stay."""
        self._call("DELETE", "/v1/jobs/" + quote(job, safe=""))

    def events(self, job: str, after: int = 0) -> Iterator[JobEvent]:
        """Follow a job to its end; a connection that breaks is joined again behind the last event.

        Args:
            job: from `track` or `preview`.
            after: number of the last event that is known already.

        Raises:
            ServiceError: `engine.unreachable` when the engine is gone.
        """
        failures = 0
        while True:
            connection = self._open(EVENT_TIMEOUT)
            try:
                headers = dict(self._authority(), **{"Last-Event-ID": str(after)})
                connection.request("GET", "/v1/jobs/{}/events".format(quote(job, safe="")), headers=headers)
                response = connection.getresponse()
                if response.status != 200:
                    raise _error(response.status, response.read())
                lines = (line.decode("utf-8", "replace") for line in response)
                for event in events_from_lines(lines):
                    after, failures = event.id, 0
                    yield event
                    if event.ends:
                        return
            except (OSError, http.client.HTTPException) as problem:
                failures += 1
                if failures > 2:
                    raise _unreachable(problem) from problem
            finally:
                connection.close()

    def wait(self, job: str) -> JobEvent:
        """Follow a job and give its last event.

        Raises:
            EngineError: the job failed; its own error.
        """
        *_, last = self.events(job)
        if last.kind == "failed":
            raise error_from_json(last.data.get("error", {}))
        return last

    def get_matte(self, shot: str, frame: int, path: Union[str, Path], *, preview: bool = False) -> None:
        """Write the EXR of a frame's mattes to a file, whole or not at all.

        Raises:
            EngineError: there is none, or `engine.unreachable` if the engine ended on the way.
            OSError: the file cannot be written.
        """
        target = Path(path)
        partial = target.with_name(".{}.{}.part".format(target.name, os.getpid()))
        response = self._ask("GET", _matte(shot, frame, preview=preview))
        try:
            with partial.open("wb") as file:
                _receive(response, file)
            partial.replace(target)
        except BaseException:
            self.close()
            partial.unlink() if partial.exists() else None
            raise

    def get_layer(
        self, shot: str, frame: int, layer: str = "alpha", *, origin: str = "top-left", preview: bool = False
    ) -> Tuple[bytes, Tuple[int, int]]:
        """Give one layer as rows of float16 with their height and width; see the API for layers' names."""
        response = self._ask("GET", _matte(shot, frame, preview=preview, layer=layer, origin=origin, **{"as": "raw"}))
        height, width, _ = (int(side) for side in response.headers["X-Mam2-Shape"].split(","))
        pixels = self._read(response)
        if len(pixels) != height * width * 2:
            raise _unreachable("{} bytes of {}x{} pixels have come".format(len(pixels), width, height))
        return pixels, (height, width)

    def get_thumbnail(self, shot: str, frame: int, of: str = "comp") -> bytes:
        """Give a small JPEG of a frame: its `plate`, its `alpha`, or the `comp` over a checkerboard.

        Raises:
            EngineError: there is none.
        """
        return self._call("GET", "{}/thumbnails/{}?{}".format(_shot(shot), frame, urlencode({"of": of})))

    def _json(self, method: str, path: str, body: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        found = json.loads(self._call(method, path, data, headers))
        return dict(found)

    def _call(self, method: str, path: str, body: Body = None, headers: Optional[Dict[str, str]] = None) -> bytes:
        return self._read(self._ask(method, path, body, headers))

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        """Give an answer's whole body."""
        try:
            return response.read()
        except (OSError, http.client.HTTPException) as problem:
            self.close()
            raise _unreachable(problem) from problem

    def _ask(
        self, method: str, path: str, body: Body = None, headers: Optional[Dict[str, str]] = None
    ) -> http.client.HTTPResponse:
        """Send a request and give its answer, unread.

        A kept connection that the engine has closed meanwhile is opened again, and what fails on one all the same is
        asked twice; but for POST, that is harmless.
        """
        everything = dict(self._authority(), **(headers or {}))
        if self._kept is not None and _is_closed(self._kept):
            self.close()
        for attempt in (1, 2):
            fresh = self._kept is None
            connection = self._kept = self._kept or self._open(self._timeout)
            try:
                if hasattr(body, "seek"):
                    body.seek(0)
                connection.request(method, path, body=body, headers=everything)
                response = connection.getresponse()
                break
            except (OSError, http.client.HTTPException) as problem:
                self.close()
                if fresh or attempt == 2 or method == "POST":
                    raise _unreachable(problem) from problem
        if response.status >= 400:
            raise _error(response.status, response.read())
        return response

    def _authority(self) -> Dict[str, str]:
        return {
            "Authorization": "Bearer " + self.connection.token,
            "Host": "{}:{}".format(self.connection.host, self.connection.port),
        }

    def _open(self, timeout: float) -> http.client.HTTPConnection:
        if self.connection.socket and hasattr(socket, "AF_UNIX"):
            return UnixConnection(self.connection.socket, timeout)
        found = self.connection
        return ProvenConnection(found.host, found.port, found.token, timeout)


def _receive(response: http.client.HTTPResponse, file: BinaryIO) -> None:
    """Write an answer's body to a file as it comes.

    Raises:
        ServiceError: `engine.unreachable` if it ends early, which an answer that is read in parts does without a word.
        OSError: the file cannot be written.
    """
    promised, come = response.length, 0
    while True:
        try:
            block = response.read(1 << 20)
        except (OSError, http.client.HTTPException) as problem:
            raise _unreachable(problem) from problem
        if not block:
            break
        come += file.write(block)
    if come != promised:
        raise _unreachable("{} of {} bytes of the matte have come".format(come, promised))


def _is_closed(connection: http.client.HTTPConnection) -> bool:
    """Tell whether the other side has closed a connection on which nothing is awaited: then its end can be read."""
    return connection.sock is not None and bool(select.select([connection.sock], [], [], 0)[0])


def _shot(shot: str) -> str:
    return "/v1/shots/" + quote(shot, safe="")


def _plate(shot: str, frame: int) -> str:
    return "{}/plates/{}".format(_shot(shot), frame)


def _matte(shot: str, frame: int, *, preview: bool, **query: str) -> str:
    asked = dict(query, preview="true") if preview else query
    return "{}/mattes/{}{}".format(_shot(shot), frame, "?" + urlencode(asked) if asked else "")


def _error(status: int, body: bytes) -> EngineError:
    try:
        return error_from_json(json.loads(body))
    except (ValueError, AttributeError):
        return ServiceError(
            "engine.answer", "The engine answered {} without a reason.".format(status), "Look at the engine's log."
        )


def _unreachable(problem: Union[BaseException, str]) -> ServiceError:
    return ServiceError(
        "engine.unreachable",
        "The engine does not answer ({}).".format(str(problem) or type(problem).__name__),
        "It may have ended: try again, which starts it, or look at its log.",
    )
