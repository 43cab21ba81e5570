"""Proxies and certificates, as the environment names them."""

import http.server
import shutil
import ssl
import subprocess
import threading

import pytest
from publisher import BYTES, FILE, published

from engine.contract.errors import ModelError
from engine.weights.download import Partial, download, open_client


@pytest.fixture
def fetch(tmp_path):
    """Fetch from an address, with one attempt; gives the bytes."""

    def one(address):
        partial = Partial(tmp_path, "file.bin")
        partial.clear()
        with open_client() as client:
            download(client, address, partial, admit=lambda _: None, progress=lambda *_: None, pauses=())
        return partial.path.read_bytes()

    return one


def _refused(fetch, address):
    with pytest.raises(ModelError) as raised:
        fetch(address)
    return raised.value


class _Proxy(http.server.BaseHTTPRequestHandler):
    """Answers every request for a whole address with one file, as a proxy that has it would."""

    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(BYTES)))
        self.end_headers()
        self.wfile.write(BYTES)


@pytest.fixture
def proxy():
    """A proxy on a real socket."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Proxy)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_environments_proxy_is_used(fetch, proxy, publisher, monkeypatch):
    """A proxy that the environment names is asked for the whole address, except for hosts that NO_PROXY names."""
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.server_port}")
    assert fetch("http://weights.invalid/file.bin") == BYTES
    assert proxy.asked == ["http://weights.invalid/file.bin"]
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert fetch(publisher.address + FILE) == BYTES
    assert len(proxy.asked) == 1


@pytest.mark.parametrize(("named", "code"), [("http://127.0.0.1:9", "weights.network"), ("x://y", "weights.proxy")])
def test_a_wrong_proxy_is_named(fetch, monkeypatch, named, code):
    """A proxy that is not there, or is no proxy's address, is told with the variable's name."""
    monkeypatch.setenv("HTTP_PROXY", named)
    error = _refused(fetch, "http://weights.invalid/file.bin")
    assert error.code == code
    assert "HTTPS_PROXY" in error.hint


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for this machine that nobody has signed, and what a server needs to use it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("making a certificate needs openssl")
    folder = tmp_path_factory.mktemp("certificate")
    key, made = folder / "key.pem", folder / "made.pem"
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", made]
    subprocess.run([openssl, *new, *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    return made, context


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_studios_certificate_is_trusted_when_named(fetch, certificate, monkeypatch, variable):
    """A certificate that the system does not know is refused, and taken once the environment names it."""
    path, context = certificate
    with published({FILE: BYTES}, context=context) as secure:
        error = _refused(fetch, secure.address + FILE)
        assert error.code == "weights.certificate"
        assert "SSL_CERT_FILE" in error.hint
        monkeypatch.setenv(variable, str(path))
        assert fetch(secure.address + FILE) == BYTES


def test_a_certificate_file_that_is_gone_is_named(fetch, publisher, tmp_path, monkeypatch):
    """A variable that names no certificate file is told by its name."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
    error = _refused(fetch, publisher.address + FILE)
    assert error.code == "weights.certificate"
    assert "REQUESTS_CA_BUNDLE" in error.hint


def test_encryption_is_not_given_up_on_the_way(fetch, publisher, certificate, monkeypatch):
    """A server with encryption that sends on to one without is not followed."""
    path, context = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with published({}, context=context) as secure:
        secure.moved = {FILE: publisher.address + FILE}
        assert _refused(fetch, secure.address + FILE).code == "weights.not_encrypted"
