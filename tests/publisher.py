"""A publisher of files on a real socket of this machine, which can do wrong whatever servers do wrong."""

import random
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BYTES = random.Random(5).randbytes(3_000_001)
FILE = "/file.bin"


@dataclass
class Publisher:
    """What a server gives and how it behaves; tests change it between requests.

    Attributes:
        files: content by path.
        ranges: whether parts can be asked for.
        tag: the ETag of every file; empty: none.
        cuts: bytes after which the next answers break off, first one first; then none does.
        statuses: to answer the next requests with, first one first; then 200.
        moved: path -> address to send a request on to.
        kind: Content-Type.
        announces: Content-Length to announce instead of the true one.
        ignores_offset: whether a part begins elsewhere than was asked for.
        pause: when set, each answer stops in the middle until `resume` is set.
        asked: path and Range of every request so far.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    tag: str = '"one"'
    cuts: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
    kind: str = "application/octet-stream"
    announces: int | None = None
    ignores_offset: bool = False
    pause: bool = False
    resume: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[str, str]] = field(default_factory=list)
    address: str = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        publisher = self.server.publisher
        publisher.asked.append((self.path, self.headers.get("Range", "")))
        self.close_connection = True
        if publisher.statuses:
            self._nothing(publisher.statuses.pop(0))
        elif self.path in publisher.moved:
            self._nothing(302, Location=publisher.moved[self.path])
        elif self.path not in publisher.files:
            self._nothing(404)
        else:
            self._file(publisher, publisher.files[self.path])

    def _nothing(self, status, **headers):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": "0", "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()

    def _file(self, publisher, data):
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        asked = publisher.ranges and found and self.headers.get("If-Range") == publisher.tag
        start = int(found[1]) if asked else 0
        if asked and start >= len(data):
            self._nothing(416, **{"Content-Range": f"bytes */{len(data)}"})
            return
        start -= 1 if asked and publisher.ignores_offset else 0
        self.send_response(206 if asked else 200)
        self.send_header("Content-Type", publisher.kind)
        length = len(data) - start if publisher.announces is None else publisher.announces
        self.send_header("Content-Length", str(length))
        if publisher.tag:
            self.send_header("ETag", publisher.tag)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        self._body(publisher, data[start : start + publisher.cuts.pop(0)] if publisher.cuts else data[start:])

    def _body(self, publisher, data):
        half = len(data) // 2 if publisher.pause else len(data)
        try:
            self.wfile.write(data[:half])
            self.wfile.flush()
            if publisher.pause:
                publisher.resume.wait(30)
            self.wfile.write(data[half:])
        except OSError:
            return  # whoever asked has gone


@contextmanager
def published(files, *, context=None):
    """Give a publisher of files by path for as long as it answers; with an `ssl.SSLContext`, over HTTPS."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    scheme = "http"
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    server.publisher = Publisher(dict(files), address=f"{scheme}://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.publisher
    finally:
        server.publisher.resume.set()
        server.shutdown()
        thread.join()
        server.server_close()
