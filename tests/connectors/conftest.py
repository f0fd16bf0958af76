"""Real servers on loopback for the connectors: ones that answer, one that is not there, one nobody trusts."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.wire import Serve, Switchboard


@pytest.fixture(autouse=True)
def _direct_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the proxies and authorities of whoever runs the tests out of them."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve(*pieces, every=0.0, hold=False, tls=None)` starts a server that says the pieces."""
    switchboard = Switchboard()
    yield switchboard.serve
    switchboard.close()


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where nothing listens: the port is bound, so that no other program gets it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}/"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody has reason to trust, with its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("skipped: no openssl to make a certificate with, so TLS went untested")
    folder = tmp_path_factory.mktemp("tls")
    key, alone, both = folder / "key.pem", folder / "certificate.pem", folder / "both.pem"
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    name = ["-subj", "/CN=checkout", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = [openssl, "req", *kind, *name, "-keyout", str(key), "-out", str(alone)]
    subprocess.run(made, check=True, capture_output=True, timeout=30)
    both.write_text(alone.read_text() + key.read_text())
    return both


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    """A server's side of TLS, with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
