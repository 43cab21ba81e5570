"""A program on a port that answers every caller as a test wants it to, in a thread."""

import socket
import threading
from contextlib import contextmanager


@contextmanager
def answering(answer):
    """Give the port of a program that hands each connection to a function, and closes it then."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            while True:
                try:
                    caller, _ = server.accept()
                except OSError:
                    return
                with caller:
                    answer(caller)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
