"""The manifests that are shipped are valid, and what they promise happens in a real nginx."""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from fireline.core import debt
from kiosk import until
from servers import free_port

FOLDER = Path(__file__).resolve().parents[1] / "examples" / "runbooks" / "manifests"
FILES = sorted(FOLDER.glob("*.yaml"))
SUPPORTED = ("1.30", "1.32", "1.34")  # releases of Kubernetes that still get fixes, and one before


def objects(name: str) -> list[dict[str, Any]]:
    """The objects of a manifest."""
    return list(yaml.safe_load_all((FOLDER / name).read_text("utf-8")))


@pytest.mark.req(67, 73)
@pytest.mark.parametrize("version", SUPPORTED)
@pytest.mark.parametrize("file", FILES, ids=lambda one: one.stem)
def test_a_shipped_manifest_is_valid(file: Path, version: str) -> None:
    for one in objects(file.name):
        kubernetes_validate.validate(one, version, strict=True)


def test_validation_finds_what_is_wrong() -> None:
    broken = objects("circuit-breaker.yaml")[1]
    broken["spec"]["replicas"] = "two"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, SUPPORTED[-1], strict=True)


@pytest.mark.req(67, 73)
@pytest.mark.parametrize(("file", "kind"), [("rate-limit-strict", "limit"), ("circuit-breaker", "circuit breaker")])
def test_applying_one_is_a_stopgap(file: str, kind: str) -> None:
    found = debt.temporary(f"kubectl apply -f manifests/{file}.yaml -n shop")
    assert found
    assert found[0] == kind


class Nginx:
    """A real nginx whose configuration can be changed while it runs."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            pytest.skip("skipped: nginx is not installed")
        self.program, self.folder, self.port = program, folder, free_port()

    def configure(self, inside: str, around: str = "") -> None:
        """Write the configuration; `inside` stands in the server, `around` beside it."""
        temp = " ".join(
            f"{kind}_temp_path {self.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (self.folder / "nginx.conf").write_text(
            f"daemon off; pid {self.folder}/pid; error_log {self.folder}/error.log;\n"
            f"events {{}}\nhttp {{ access_log off; {temp}\n{around}\n"
            f"server {{ listen 127.0.0.1:{self.port}; {inside} }} }}\n"
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start it, and end it."""
        process = subprocess.Popen([self.program, "-e", f"{self.folder}/error.log", "-c", f"{self.folder}/nginx.conf"])
        try:
            until(lambda: self.ask() is not None)
            yield
        finally:
            process.terminate()
            process.wait(10)

    def reload(self) -> None:
        """Take the new configuration."""
        command = [self.program, "-e", f"{self.folder}/error.log", "-c", f"{self.folder}/nginx.conf", "-s", "reload"]
        subprocess.run(command, check=True, timeout=10)

    def ask(self) -> int | None:
        """The status of one request; None where nothing listens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()


@pytest.mark.req(67)
def test_the_strict_limit_gives_429s_and_without_it_they_are_gone(tmp_path: Path) -> None:
    """The annotations as the controller writes them: rate, and burst as rate times multiplier."""
    (limits,) = objects("rate-limit-strict.yaml")
    notes = limits["metadata"]["annotations"]
    rate = int(notes["nginx.ingress.kubernetes.io/limit-rps"])
    burst = rate * int(notes["nginx.ingress.kubernetes.io/limit-burst-multiplier"])
    zone = f"limit_req_zone $remote_addr zone=strict:1m rate={rate}r/s;"
    site = "location / { empty_gif; }"  # `return` would answer before it counts
    nginx = Nginx(tmp_path)
    nginx.configure(site)
    with nginx.running():
        assert {nginx.ask() for _ in range(40)} == {200}
        nginx.configure(f"{site} limit_req zone=strict burst={burst} nodelay; limit_req_status 429;", zone)
        nginx.reload()
        until(lambda: nginx.ask() == 429)
        said = [nginx.ask() for _ in range(40)]
        assert 429 in said
        assert set(said) <= {200, 429}
        nginx.configure(site)
        nginx.reload()
        until(lambda: all(nginx.ask() == 200 for _ in range(40)))


class Down(BaseHTTPRequestHandler):
    """A provider that is down, and counts who asks it."""

    asked = 0

    def do_GET(self) -> None:  # the server calls it so
        type(self).asked += 1
        self.send_error(502)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.req(73)
def test_the_circuit_opens_after_three_failures_and_the_provider_is_left_alone(tmp_path: Path) -> None:
    """The shipped configuration in a real nginx, with the provider and both ports replaced."""
    provider = ThreadingHTTPServer(("127.0.0.1", 0), Down)
    threading.Thread(target=provider.serve_forever, daemon=True).start()
    nginx, refuses = Nginx(tmp_path), f"127.0.0.1:{free_port()}"
    config = str(objects("circuit-breaker.yaml")[0]["data"]["default.conf"])
    config = config.replace("payments.example.com:80", f"127.0.0.1:{provider.server_port}")
    config = config.replace("listen 8080", f"listen 127.0.0.1:{nginx.port}").replace("127.0.0.1:8081", refuses)
    nginx.configure("")
    around = (tmp_path / "nginx.conf").read_text().rpartition("server {")[0]
    (tmp_path / "nginx.conf").write_text(f"worker_processes 1; {around}{config}}}\n")
    try:
        with nginx.running():
            said = [nginx.ask() for _ in range(20)]
    finally:
        provider.shutdown()
        provider.server_close()
    assert set(said) == {503}, said
    assert Down.asked == 3
