"""A publisher on a real socket, and no proxy or certificate of the machine's own in between."""

import pytest
from publisher import BYTES, FILE, published


@pytest.fixture(autouse=True)
def _plain_network(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HF_ENDPOINT", "MAM2_WEIGHTS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def publisher():
    """A publisher of one file of three megabytes."""
    with published({FILE: BYTES}) as one:
        yield one
