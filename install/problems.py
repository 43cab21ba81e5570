"""What can stop a set-up, each as a sentence and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

STATUS = 2
"""Exit status of a set-up that cannot go on; 1 stays free for what the set-up starts."""


class SetupError(Exception):
    """The set-up cannot go on.

    Args:
        message: one sentence that says what happened.
        hint: what to do next.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True)
class _Symptom:
    words: tuple[str, ...]
    message: str
    hint: str


# The first symptom that fits is told: a proxy's refusal also reads as a failed connection, so the order matters.
_SYMPTOMS = (
    _Symptom(
        ("CERTIFICATE_VERIFY_FAILED", "SSLError", "SSLCertVerificationError"),
        "The connection to the package index is not trusted: its certificate could not be checked.",
        "Behind a company proxy, point pip at the company's certificate: pip config set global.cert FILE.",
    ),
    _Symptom(
        ("ProxyError", "407 Proxy Authentication", "Tunnel connection failed"),
        "The proxy refused the connection to the package index.",
        "Check the HTTPS_PROXY variable or pip's own proxy setting: pip config list shows it.",
    ),
    _Symptom(
        ("No space left on device", "not enough space on the disk", "Disk quota exceeded"),
        "The disk is full.",
        "Free some space, or set MAM2_VENV (for an installation: --site) to a folder on a larger disk and TMPDIR to a "
        "large temporary folder.",
    ),
    _Symptom(
        ("Windows Long Path", "The filename or extension is too long"),
        "A path became longer than Windows allows.",
        r"Set MAM2_VENV (for an installation: --site) to a short folder, for example C:\mam2, or enable long paths "
        "in Windows.",
    ),
    _Symptom(
        (
            "Failed to establish a new connection",
            "NameResolutionError",
            "Temporary failure in name resolution",
            "getaddrinfo failed",
            "nodename nor servname",
            "Network is unreachable",
            "ConnectTimeoutError",
            "ReadTimeoutError",
            "Read timed out",
            "Connection refused",
            "Connection reset",
            "RemoteDisconnected",
            "IncompleteRead",
            "Max retries exceeded",
        ),
        "The package index cannot be reached.",
        "Check the network, or the mirror that 'pip config list' names, and run the same command again: "
        "it goes on where it stopped.",
    ),
    _Symptom(
        ("No matching distribution found", "Could not find a version that satisfies"),
        "The package index has no release of a needed package for this machine.",
        "The engine runs on 64-bit Linux, Windows and Apple-silicon Macs; a mirror, if you use one, may be old. "
        "A build of PyTorch needs the index or folder that has it: python3 install --torch BUILD -- OPTIONS OF PIP.",
    ),
    _Symptom(
        ("Permission denied", "Access is denied"),
        "A file of the environment cannot be written.",
        "Close programs that use it, or set MAM2_VENV (for an installation: --site) to a folder of your own.",
    ),
)


def explain(title: str, status: int, errors: str) -> SetupError:
    """Turn a failed step into a sentence: its title, pip's exit status and what pip wrote to standard error."""
    for symptom in _SYMPTOMS:
        if any(words in errors for words in symptom.words):
            return SetupError(f"Setting up stopped at '{title}'. {symptom.message}", symptom.hint)
    return SetupError(
        f"Setting up stopped at '{title}': the command ended with status {status}.",
        "Its own words stand above. Run the same command again once they are settled: it goes on where it stopped.",
    )
