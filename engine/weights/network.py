"""The client for downloads, and the words for what networks, proxies and servers do wrong."""

import os
import ssl
from pathlib import Path

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
