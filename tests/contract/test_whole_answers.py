"""An answer that breaks off is no answer: the client takes nothing for whole that is not."""

import pytest
from answering import answering

from engine.contract.client import EngineClient
from engine.contract.connection import Connection
from engine.contract.errors import ServiceError
from engine.contract.proof import proof_of


@pytest.fixture
def breaking():
    """Give a client of an engine that dies in the middle of every answer: 100,000 bytes promised, a third sent."""

    def answer(caller):
        asked = caller.recv(65536).decode()
        challenge = asked.partition("X-Mam2-Challenge: ")[2].partition("\r\n")[0]
        proof = f"X-Mam2-Proof: {proof_of('token', challenge)}\r\nContent-Length: 0\r\n\r\n"
        caller.sendall(f"HTTP/1.1 401 Unauthorized\r\n{proof}".encode())
        caller.recv(65536)
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\nX-Mam2-Shape: 250,200,1\r\n\r\n"
        caller.sendall(head + b"\0" * 33_333)

    with answering(answer) as port, EngineClient(Connection("127.0.0.1", port, "token", 1, "0")) as client:
        yield client


def test_half_a_matte_is_not_taken_for_whole(breaking, tmp_path):
    """When the engine dies while it sends a matte, that is said, what was there stays, and nothing lies beside it."""
    target = tmp_path / "matte.1001.exr"
    target.write_bytes(b"the one before")
    with pytest.raises(ServiceError) as caught:
        breaking.get_matte("sh", 1001, target)
    assert caught.value.code == "engine.unreachable"
    assert "33333 of 100000 bytes" in caught.value.message
    assert target.read_bytes() == b"the one before"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("ask", ["status", "get_layer"])
def test_half_an_answer_is_said_in_words(breaking, ask):
    """Whatever was asked, an answer that breaks off is an engine that does not answer."""
    arguments = ("sh", 1001) if ask == "get_layer" else ()
    with pytest.raises(ServiceError) as caught:
        getattr(breaking, ask)(*arguments)
    assert caught.value.code == "engine.unreachable"
