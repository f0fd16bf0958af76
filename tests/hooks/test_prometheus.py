"""A real Prometheus may point straight at fireline: it takes us for an Alertmanager, and the alert arrives."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import uvicorn

from fireline import clock
from fireline.app import asgi
from fireline.house import House
from fireline.settings import Alerts
from kiosk import Open, until
from servers import free_port


@contextmanager
def serving(house: House, port: int) -> Iterator[None]:
    """The house behind a real server; it opens and closes with it."""
    server = uvicorn.Server(uvicorn.Config(asgi(house), host="127.0.0.1", port=port, log_level="error"))
    thread = Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started)
        yield
    finally:
        server.should_exit = True
        thread.join()


CONFIG = """\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
alerting:
  alertmanagers:
    - authorization: {{credentials: {token}}}
      static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""
RULES = """\
groups:
  - name: kiosk
    rules:
      - alert: KioskShut
        expr: vector(1)
        labels: {service: kiosk}
        annotations: {summary: The kiosk is shut}
"""


RATE = """\
groups:
  - name: kiosk
    rules:
      - alert: KioskErrors
        expr: kiosk_failed_sales / kiosk_sales > 0.01
        labels: {service: kiosk}
        annotations: {summary: Sales fail, error_rate: "{{ $value | humanizePercentage }}"}
"""


@contextmanager
def prometheus(folder: Path, config: str, rules: str) -> Iterator[None]:
    """A real Prometheus with this configuration."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("skipped: prometheus is not installed")
    folder.mkdir()
    (folder / "prometheus.yml").write_text(config)
    (folder / "rules.yml").write_text(rules)
    process = subprocess.Popen(
        [
            program,
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            "--rules.alert.resend-delay=1s",  # its first alert comes before it has looked whom to tell
            f"--web.listen-address=127.0.0.1:{free_port()}",
        ],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def till() -> Iterator[tuple[int, dict[str, int]]]:
    """A till that counts sales and failed ones, on its own port; the counts can be changed."""
    counts = {"kiosk_sales": 1000, "kiosk_failed_sales": 5, "asked": 0}

    class Metrics(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            counts["asked"] += 1
            body = "".join(f"{name} {count}\n" for name, count in counts.items()).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Metrics)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1], counts
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def hook_token(house: House) -> str:
    house.accounts.add("ana", "Ana Duarte")
    return house.accounts.token("ana", "hooks", clock.now())


@pytest.mark.req(13)
def test_prometheus_sends_its_alert_straight_to_us_and_it_becomes_an_incident(
    build_house: Open, tmp_path: Path
) -> None:
    house, port = build_house(), free_port()
    house.database.migrate()
    with serving(house, port):
        config = CONFIG.format(token=hook_token(house), port=port)
        with prometheus(tmp_path / "prometheus", config, RULES):
            until(lambda: house.ledger.heads() and house.ledger.read(1).alerts, seconds=40)
        incident = house.ledger.read(1)
        assert (incident.declared.scenario, incident.severity) == ("Kiosk Shut", "P1")
        assert [alert.joined.source for alert in incident.alerts.values()] == ["prometheus"]


@pytest.mark.req(7)
def test_an_error_rate_that_crosses_one_percent_in_a_real_prometheus_is_a_p2_and_says_why(
    build_house: Open, tmp_path: Path
) -> None:
    house, port = build_house(alerts=Alerts(declare="all")), free_port()
    house.database.migrate()
    with serving(house, port), till() as (metrics, counts):
        config = CONFIG.format(token=hook_token(house), port=port)
        config += f"scrape_configs:\n  - job_name: till\n    static_configs: [{{targets: ['127.0.0.1:{metrics}']}}]\n"
        with prometheus(tmp_path / "prometheus", config, RATE):
            until(lambda: counts["asked"] > 3, seconds=40)
            assert house.ledger.heads() == 0  # half a percent
            counts["kiosk_failed_sales"] = 15
            until(lambda: house.ledger.heads() and house.ledger.read(1).alerts, seconds=40)
        declared = house.ledger.read(1).declared
        assert declared.severity == "P2"
        assert declared.severity_why == "An error rate of 1.5 % is within 1 to 5 %: P2."
