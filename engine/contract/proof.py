"""Which program answers on the engine's port: asked before it is sent the token or anything else.

A connection file may outlive its engine, and its port may then be somebody else's. The engine proves that it knows the
token of the file without saying it: it answers a number that was never used before with a hash of both.
"""

import hashlib
import hmac
import http.client
import secrets
import socket

CHALLENGE, PROOF = "X-Mam2-Challenge", "X-Mam2-Proof"
_MOST_BYTES = 1 << 16


def proof_of(token: str, challenge: str) -> str:
    """Give the proof of knowing the token: HMAC-SHA-256 of `mam2 engine CHALLENGE`, in hexadecimal."""
    return hmac.new(token.encode(), b"mam2 engine " + challenge.encode(), hashlib.sha256).hexdigest()


class ProvenConnection(http.client.HTTPConnection):
    """HTTP to a port that has proved to be the engine's.

    Args:
        host, port: where.
        token: the engine's, which is not sent.
        timeout: seconds that connecting and each answer may take.
    """

    def __init__(self, host: str, port: int, token: str, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self._token = token

    def connect(self) -> None:
        """Connect, and have the other side prove itself.

        Raises:
            OSError: nobody answers, or another program than the engine does.
        """
        super().connect()
        challenge = secrets.token_hex(16)
        lines = ("GET / HTTP/1.1", "Host: {}:{}".format(self.host, self.port), CHALLENGE + ": " + challenge, "", "")
        answer = http.client.HTTPResponse(self.sock, method="GET")
        try:
            self.sock.sendall("\r\n".join(lines).encode())
            answer.begin()
            answer.read(_MOST_BYTES)
            expected = proof_of(self._token, challenge).encode()
            proved = hmac.compare_digest(answer.headers.get(PROOF, "").encode(), expected)
        except BaseException:
            self.close()
            raise
        finally:
            answer.close()
        if not proved:
            self.close()
            raise ConnectionError("another program has its port")


class UnixConnection(http.client.HTTPConnection):
    """HTTP over the engine's Unix socket, which its user alone can open: it needs no proof."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket's path."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
