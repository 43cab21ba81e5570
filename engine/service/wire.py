"""uvicorn's HTTP with a limit on a request's head: a stranger without a token must not fill the engine's memory."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD = 1 << 16  # bytes of request line and headers


class BoundedHttp(HttpToolsProtocol):
    """One connection. A request whose head does not end within the limit is refused, and the connection closed."""

    _in_head = True
    _head_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Take in what has come; of a head no more than the limit at once, for the parser keeps it."""
        while self._in_head and data:
            part, data = data[:MOST_HEAD], data[MOST_HEAD:]
            super().data_received(part)
            if self.transport.is_closing():
                return
            if self._in_head:
                self._head_bytes += len(part)
                if self._head_bytes >= MOST_HEAD:
                    self.send_400_response("The request's headers are too long.")
                    return
        if data:
            super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin to count."""
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Count no more: bodies have a limit of their own."""
        self._in_head = False
        super().on_headers_complete()
