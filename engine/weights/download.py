"""One file over HTTP: goes on where it was cut, and says in words what a network or server does wrong."""

import json
import os
import re
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import httpx2

from engine import __version__
from engine.contract.errors import ModelError

_BY_HAND = "or get the file by hand and run: mam2 weights import FILE"
_OTHER_PROGRAMS = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def open_client() -> httpx2.Client:
    """Open a client that takes proxies and certificates from the environment, as other programs do.

    `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name proxies. Certificates are the system's own, or those
    of `SSL_CERT_FILE`, `SSL_CERT_DIR`, `REQUESTS_CA_BUNDLE` or `CURL_CA_BUNDLE`.

    Raises:
        ModelError: `weights.certificate` or `weights.proxy`, when a variable is set to what cannot be used.
    """
    try:
        return httpx2.Client(
            verify=_certificates(),
            follow_redirects=True,
            timeout=httpx2.Timeout(60.0, connect=20.0),
            headers={"User-Agent": f"mam2/{__version__}"},
        )
    except (ValueError, ImportError, httpx2.InvalidURL) as problem:
        raise ModelError(
            "weights.proxy",
            f"The proxy that the environment names cannot be used: {str(problem).splitlines()[0]}",
            "Set HTTPS_PROXY to an address such as http://proxy:3128, or unset it and ALL_PROXY.",
        ) from problem


def explain(problem: httpx2.HTTPError, address: str, have: int) -> ModelError:
    """Say what went wrong on the way.

    Args:
        problem: as the client raised it.
        address: that was asked for.
        have: bytes that have arrived and are kept.
    """
    host = httpx2.URL(address).host
    said = str(problem) or type(problem).__name__
    kept = f" {have / 1e6:.1f} MB have arrived and are kept." if have else ""
    if "CERTIFICATE_VERIFY_FAILED" in said:
        return ModelError(
            "weights.certificate",
            f"The certificate of {host} is not trusted here: a proxy that looks into traffic may stand between.",
            f"Set SSL_CERT_FILE to your studio's certificate file, {_BY_HAND}.",
        )
    if isinstance(problem, httpx2.ProxyError):
        return ModelError(
            "weights.proxy",
            f"The proxy refuses the way to {host}: {said}.",
            f"Ask who runs the proxy; HTTPS_PROXY names it, {_BY_HAND}.",
        )
    if isinstance(problem, httpx2.ConnectError | httpx2.ConnectTimeout):
        return ModelError(
            "weights.network",
            f"{host} cannot be reached: {said}.{kept}",
            f"Check the network; behind a proxy set HTTPS_PROXY. Then pull again, {_BY_HAND}.",
        )
    return ModelError(
        "weights.cut",
        f"The connection to {host} was cut again and again: {said}.{kept}",
        "Pull again: it goes on where it stopped.",
    )


def explain_status(status: int, address: str) -> ModelError:
    """Say what an HTTP status other than 200 and 206 means for a person."""
    if status in (404, 410):
        return ModelError(
            "weights.not_there",
            f"The file is no longer at {address} (HTTP {status}).",
            f"See whether a newer mam2 knows where it went, {_BY_HAND}.",
        )
    if status in (401, 403, 407):
        return ModelError(
            "weights.refused",
            f"The server or a proxy refuses to give {address} (HTTP {status}).",
            f"Ask who runs your network whether it is blocked, {_BY_HAND}.",
        )
    return ModelError("weights.server", f"The server could not give {address} (HTTP {status}).", "Try again later.")


def is_passing(status: int) -> bool:
    """Tell whether a status may be another in a moment."""
    return status in (408, 416, 425, 429) or status >= 500


def _certificates() -> ssl.SSLContext | bool:
    for name in ("SSL_CERT_FILE", *_OTHER_PROGRAMS):
        named = os.environ.get(name)
        if not named:
            continue
        path = Path(named)
        try:
            return ssl.create_default_context(
                cafile=None if path.is_dir() else named, capath=named if path.is_dir() else None
            )
        except OSError as problem:
            raise ModelError(
                "weights.certificate",
                f"{name} names a certificate file that cannot be used: {problem}.",
                f"Correct {name} or unset it.",
            ) from problem
    return True


@dataclass(frozen=True)
class Origin:
    """What the bytes so far belong to.

    Attributes:
        address: that was asked for.
        validator: the server's strong ETag or its date of the file; empty: it cannot be told whether more bytes
            belong to the same file.
        total: bytes of the whole file; 0 where the server does not say.
    """

    address: str
    validator: str
    total: int


class Partial:
    """The unfinished copy of one file. It does not bear the file's name.

    Attributes:
        path: of what has arrived.
        whole: of the file when it is.

    Args:
        folder: where it lies.
        file: the name of the file to be.
    """

    def __init__(self, folder: Path, file: str) -> None:
        self.whole = folder / file
        self.path = folder / f".{file}.part"
        self._note = folder / f".{file}.part.json"

    @property
    def size(self) -> int:
        """Bytes that have arrived."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def origin(self) -> Origin | None:
        """Give what the bytes belong to; None when there are none or nobody can say."""
        try:
            return Origin(**json.loads(self._note.read_text(encoding="utf-8"))) if self.size else None
        except (OSError, ValueError, TypeError):
            return None

    def begin(self, origin: Origin) -> BinaryIO:
        """Start anew; gives the file to write to."""
        self.clear()
        self._note.write_text(json.dumps(asdict(origin)), encoding="utf-8")
        return self.path.open("wb")

    def go_on(self) -> BinaryIO:
        """Give the file to append to."""
        return self.path.open("ab")

    def finish(self) -> None:
        """Give the file its own name: every byte has arrived."""
        self.path.replace(self.whole)
        self._note.unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget what has arrived."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)


PAUSES = (1.0, 4.0, 10.0)
"""Seconds between attempts that bring nothing; after the last, it is given up."""

Progress = Callable[[int, int], None]
Admit = Callable[[int], None]


class _AgainError(Exception):
    """This attempt brought no whole file, but the next may; `cause` says why."""

    def __init__(self, cause: ModelError) -> None:
        super().__init__(str(cause))
        self.cause = cause


def download(
    client: httpx2.Client,
    address: str,
    partial: Partial,
    *,
    admit: Admit,
    progress: Progress,
    pauses: Sequence[float] = PAUSES,
) -> None:
    """Bring the whole file into `partial`; what is there of the same file already is not fetched again.

    Args:
        client: follows redirects.
        address: of the file.
        partial: where the bytes go. After an error it holds what has arrived, for a later call.
        admit: is told how many bytes are still to come before any is written, and may refuse by an error.
        progress: is told bytes that are there and bytes of the whole (0: unknown), again and again.
        pauses: seconds to wait before each further attempt after one that brought nothing.

    Raises:
        ModelError: `weights.*`, with the way out.
        OSError: the bytes cannot be written.
    """
    left = list(pauses)
    while True:
        before = partial.size
        try:
            _attempt(client, address, partial, admit, progress)
        except _AgainError as problem:
            if partial.size > before:
                left = list(pauses)
            if not left:
                raise problem.cause from problem
            time.sleep(left.pop(0))
        else:
            return


def _attempt(client: httpx2.Client, address: str, partial: Partial, admit: Admit, progress: Progress) -> None:
    origin = partial.origin()
    headers = {"Accept-Encoding": "identity"}
    if origin is not None and origin.address == address and origin.validator:
        headers |= {"Range": f"bytes={partial.size}-", "If-Range": origin.validator}
    try:
        with client.stream("GET", address, headers=headers) as response:
            _check(response, address, partial)
            total, resumed = _extent(response, partial, origin)
            have = partial.size if resumed else 0
            admit(max(total - have, 0))
            _receive(response, _open(response, address, partial, total, resumed=resumed), have, total, progress)
    except _CompleteError:
        return
    except httpx2.TooManyRedirects as problem:
        raise ModelError(
            "weights.server", "The server sends the download in a circle.", "Try again later, or get the file by hand."
        ) from problem
    except httpx2.HTTPError as problem:
        raise _AgainError(explain(problem, address, partial.size)) from problem
    if total and partial.size != total:
        partial.clear()
        raise _AgainError(
            ModelError(
                "weights.server",
                f"The server sent another number of bytes than the {total} that it announced.",
                "Try again later.",
            )
        )


class _CompleteError(Exception):
    """The server says that nothing more is to come."""


def _check(response: httpx2.Response, address: str, partial: Partial) -> None:
    """Refuse an answer that is not the file."""
    if address.startswith("https:") and response.url.scheme != "https":
        raise ModelError(
            "weights.not_encrypted",
            "The server sent the download on to an address without encryption; it is not followed.",
            "Tell the publisher, or get the file by hand and run: mam2 weights import FILE.",
        )
    if response.status_code == 416:
        if response.headers.get("Content-Range", "") == f"bytes */{partial.size}":
            raise _CompleteError
        partial.clear()
    if response.status_code not in (200, 206):
        problem = explain_status(response.status_code, str(response.url.copy_with(query=None)))
        raise _AgainError(problem) if is_passing(response.status_code) else problem
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise ModelError(
            "weights.web_page",
            "The server answered with a web page instead of the file: a log-in page, or a proxy's.",
            "Open the address in a browser to see what it says; a file got by hand is taken by: mam2 weights import.",
        )


def _extent(response: httpx2.Response, partial: Partial, origin: Origin | None) -> tuple[int, bool]:
    """Give the bytes of the whole file (0: unknown), and whether the answer goes on behind what is there."""
    if response.status_code == 200:
        return int(response.headers.get("Content-Length", "0")), False
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
    if found is None or origin is None or int(found[1]) != partial.size or int(found[2]) != origin.total:
        partial.clear()
        raise _AgainError(
            ModelError(
                "weights.server",
                "The server answered with another part of the file than was asked for.",
                "Try again later.",
            )
        )
    return int(found[2]), True


def _open(response: httpx2.Response, address: str, partial: Partial, total: int, *, resumed: bool) -> BinaryIO:
    if resumed:
        return partial.go_on()
    tag = response.headers.get("ETag", "")
    # A weak tag (W/) allows other bytes: by the rules of HTTP nothing may be appended on its word.
    validator = tag if tag.startswith('"') else response.headers.get("Last-Modified", "")
    return partial.begin(Origin(address, validator, total))


def _receive(response: httpx2.Response, file: BinaryIO, have: int, total: int, progress: Progress) -> None:
    with closing(file):
        progress(have, total)
        for block in response.iter_raw():
            file.write(block)
            file.flush()  # a run that is killed keeps every block that it counted
            have += len(block)
            progress(have, total)
