"""Nothing is told to a program that has merely taken the engine's port."""

import socket
from contextlib import suppress

import pytest
from answering import answering

from engine.contract.client import EngineClient
from engine.contract.connection import Connection
from engine.contract.errors import ServiceError
from engine.contract.proof import proof_of

TOKEN = "engine-4711"  # noqa: S105 - of an engine that never was

IMPOSTORS = {
    "answers that all is well": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "gives an old proof": b"HTTP/1.1 401 No\r\nX-Mam2-Proof: %s\r\nContent-Length: 0\r\n\r\n"
    % proof_of(TOKEN, "0123456789abcdef").encode(),
    "gives the challenge back": None,
    "speaks something else": b"220 mail.example ESMTP\r\n",
    "goes": b"",
    "never ends": b"HTTP/1.1 401 No\r\n\r\n" + b"x" * (1 << 20),
}


@pytest.mark.parametrize("kind", IMPOSTORS)
def test_an_impostor_learns_neither_token_nor_plate(kind, tmp_path):
    """A program on the port of a file that its engine left behind hears a number and an address, and no more."""
    heard = []
    plate = tmp_path / "plate.exr"
    plate.write_bytes(b"secret pixels")

    def answer(caller):
        heard.append(caller.recv(65536))
        challenge = heard[-1].partition(b"X-Mam2-Challenge: ")[2].partition(b"\r\n")[0]
        echo = b"HTTP/1.1 401 No\r\nX-Mam2-Proof: %s\r\nContent-Length: 0\r\n\r\n" % challenge
        with suppress(OSError):
            caller.sendall(echo if IMPOSTORS[kind] is None else IMPOSTORS[kind])
            caller.shutdown(socket.SHUT_WR)
            heard.append(caller.recv(65536))

    with answering(answer) as port, EngineClient(Connection("127.0.0.1", port, TOKEN, 1, "0"), timeout=10) as client:
        for ask in (client.status, lambda: client.put_plate("sh", 1001, plate)):
            with pytest.raises(ServiceError) as caught:
                ask()
            assert caught.value.code == "engine.unreachable"
    assert heard[0].startswith(b"GET / HTTP/1.1\r\n")
    told = b"".join(heard)
    assert TOKEN.encode() not in told
    assert b"secret" not in told


def test_a_proof_holds_for_its_challenge_and_token_alone():
    """Another number or another token has another proof, which tells neither."""
    proofs = {proof_of(token, challenge) for token in ("a", "b") for challenge in ("0" * 16, "1" * 16)}
    assert len(proofs) == 4
