"""A till behind a real nginx, counted out of nginx's own log, and a real Prometheus that reads the counts."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError

import pytest

from fireline.connectors import prometheus
from fireline.connectors.http import ConnectorError, Http
from fireline.core.access_log import read
from kiosk import until
from servers import free_port

NGINX = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
  access_log {folder}/access.log combined;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  limit_req_zone $http_x_client zone=each:1m rate=1r/m;
  limit_req_status 429;
  server {{
    listen 127.0.0.1:{port};
    location = /sell {{ return 200 "sold"; }}
    location = /broken {{ return 502; }}
    location = /health {{ return {health}; }}
    location = /limited {{ limit_req zone=each; try_files /none =404; }}
  }}
}}
"""
SCRAPE = """\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
scrape_configs:
  - job_name: till
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""
LEVELS = {
    "0.1": 50,
    "0.5": 90,
    "1": 100,
    "+Inf": 100,
}  # of each hundred sales: how many were faster than so many seconds


@dataclass
class Till:
    """The till, what it has done, and who measures it."""

    folder: Path
    port: int
    measured_by: str = ""
    more: Counter[str] = field(default_factory=Counter)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "access.log"

    def ask(self, path: str, times: int = 1, **headers: str) -> Counter[int]:
        """Ask nginx so many times; how often it gave which status."""
        found: Counter[int] = Counter()
        for _ in range(times):
            request = urllib.request.Request(f"{self.url}{path}", headers=headers)
            try:
                with urllib.request.urlopen(request, timeout=5) as answer:
                    found[answer.status] += 1
            except HTTPError as no:
                found[no.code] += 1
                no.close()
        return found

    def counted(self) -> dict[int, int]:
        """By hand, out of nginx's log."""
        lines = map(read, self.log.read_text().splitlines()) if self.log.is_file() else ()
        return Counter(one.status for one in lines if one and one.path != "/health")

    def metrics(self) -> str:
        """What Prometheus scrapes."""
        counted = {200: 0, 502: 0} | self.counted()
        hundreds = sum(counted.values()) / 100
        lines = [f'http_requests_total{{service="till",code="{code}"}} {count}' for code, count in counted.items()]
        lines += [
            f'http_request_duration_seconds_bucket{{service="till",le="{le}"}} {level * hundreds}'
            for le, level in LEVELS.items()
        ]
        lines.append('process_resident_memory_bytes{service="till"} 262144000')
        lines.append(f'process_cpu_seconds_total{{service="till"}} {hundreds}')
        return "\n".join(lines) + "\n"

    def value(self, query: str) -> float | None:
        """What Prometheus says now."""
        with Http(timeout=5) as http:
            try:
                return next(iter(prometheus.numbers(http, self.measured_by, query)), None)
            except ConnectorError:
                return None


@contextmanager
def till(folder: Path, health: int = 200) -> Iterator[Till]:
    """A real nginx with the till behind it."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("skipped: nginx is not installed")
    one = Till(folder, free_port())
    folder.mkdir(parents=True)
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=one.port, health=health))
    server = subprocess.Popen([program, "-p", folder, "-c", config], stderr=subprocess.DEVNULL)
    try:
        until(lambda: _answers(one))
        yield one
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(10)


@contextmanager
def measured(one: Till) -> Iterator[None]:
    """A real Prometheus that scrapes the till every second."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("skipped: prometheus is not installed")

    class Metrics(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = one.metrics().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    exporter = ThreadingHTTPServer(("127.0.0.1", 0), Metrics)
    thread = Thread(target=exporter.serve_forever)
    thread.start()
    port = free_port()
    one.measured_by = f"http://127.0.0.1:{port}"
    (one.folder / "prometheus.yml").write_text(SCRAPE.format(port=exporter.server_address[1]))
    process = subprocess.Popen(
        [program, "--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address=127.0.0.1:{port}"],
        cwd=one.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)
        exporter.shutdown()
        thread.join()
        exporter.server_close()


def _answers(one: Till) -> bool:
    try:
        one.ask("/health")
    except OSError:
        return False
    return True
