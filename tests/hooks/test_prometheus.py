"""A real Prometheus may point straight at fireline: it takes us for an Alertmanager, and the alert arrives."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
import uvicorn

from fireline import clock
from fireline.app import asgi
from fireline.house import House
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


@pytest.mark.req(13)
def test_prometheus_sends_its_alert_straight_to_us_and_it_becomes_an_incident(
    build_house: Open, tmp_path: Path
) -> None:
    prometheus = shutil.which("prometheus")
    if prometheus is None:
        pytest.skip("skipped: prometheus is not installed")
    house, port = build_house(), free_port()
    house.database.migrate()
    with serving(house, port):
        house.accounts.add("ana", "Ana Duarte")
        token = house.accounts.token("ana", "hooks", clock.now())
        folder = tmp_path / "prometheus"
        folder.mkdir()
        (folder / "prometheus.yml").write_text(CONFIG.format(token=token, port=port))
        (folder / "rules.yml").write_text(RULES)
        process = subprocess.Popen(
            [
                prometheus,
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
            until(lambda: house.ledger.head(1) >= 2, seconds=40)
        finally:
            process.terminate()
            process.wait()
        incident = house.ledger.read(1)
        assert (incident.declared.scenario, incident.severity) == ("Kiosk Shut", "P1")
        assert [alert.joined.source for alert in incident.alerts.values()] == ["prometheus"]
