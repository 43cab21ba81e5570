"""The client against a server that closes connections as it likes."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from engine.contract.client import EngineClient
from engine.contract.connection import Connection
from engine.contract.proof import CHALLENGE, PROOF, proof_of


class _Closing(BaseHTTPRequestHandler):
    """Proves to be the engine, answers one request, and closes, which it does not tell, as a server that has waited."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps({"path": "/open"}).encode()
        self.send_response(200)
        challenge = self.headers.get(CHALLENGE)
        if challenge is not None:
            self.send_header(PROOF, proof_of("token", challenge))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = challenge is None

    def do_POST(self):
        self.do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def client():
    """Give a client of such a server; `closed` is set when a connection has been closed."""
    closed = threading.Event()

    class Server(ThreadingHTTPServer):
        def shutdown_request(self, request):
            super().shutdown_request(request)
            closed.set()

    with Server(("127.0.0.1", 0), _Closing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with EngineClient(Connection("127.0.0.1", server.server_port, "token", 1, "0")) as one:
            one.closed = closed
            yield one
        server.shutdown()


def test_a_connection_closed_meanwhile_fails_no_request(client):
    """After a rest in which the engine closed the connection, a request that may be sent only once is answered."""
    client.status()
    assert client.closed.wait(10)
    assert client.monitor_link() == "/open"
