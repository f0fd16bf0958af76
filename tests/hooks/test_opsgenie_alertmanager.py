"""A real Alertmanager that was told Opsgenie's address is told ours instead: its alert comes in, and ends."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Thread

import httpx
import pytest
import uvicorn

from fireline import clock
from fireline.app import asgi
from fireline.core.alert import Alert
from fireline.house import House
from kiosk import Open, until
from servers import free_port

CONFIG = """\
route: {{receiver: fireline, group_wait: 0s, group_interval: 1s}}
receivers:
  - name: fireline
    opsgenie_configs:
      - api_key: {token}
        api_url: http://127.0.0.1:{port}/
        priority: P2
        message: '{{{{ .CommonAnnotations.summary }}}}'
        responders: [{{type: team, name: Shops}}]
"""


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


@contextmanager
def alertmanager(folder: Path, config: str) -> Iterator[str]:
    """A real Alertmanager with this configuration, as its address."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        pytest.skip("skipped: alertmanager is not installed")
    (folder / "alertmanager.yml").write_text(config)
    address = f"127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [program, "--config.file=alertmanager.yml", "--storage.path=data", f"--web.listen-address={address}",
         "--cluster.listen-address="],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until(lambda: answers(f"http://{address}/-/ready"))
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait()


def answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


def test_alertmanager_raises_and_ends_its_alert_through_our_opsgenie_door(build_house: Open, tmp_path: Path) -> None:
    house, port = build_house(), free_port()
    house.database.migrate()
    house.accounts.add("ana", "Ana Duarte")
    token = house.accounts.token("ana", "hooks", clock.now())
    folder = tmp_path / "alertmanager"
    folder.mkdir()
    with serving(house, port), alertmanager(folder, CONFIG.format(token=token, port=port)) as theirs:
        alert = {"labels": {"alertname": "LongQueue", "service": "shop"}, "annotations": {"summary": "People wait"}}
        httpx.post(f"{theirs}/api/v2/alerts", json=[alert]).raise_for_status()
        until(house.alerts.firing)
        (found,) = house.alerts.firing()
        assert (found.source, found.name, found.service) == ("opsgenie", "LongQueue", "shop")
        assert (found.summary, found.labels["priority"]) == ("People wait", "P2")
        assert found.annotations["responders"] == "team Shops"
        over = (clock.now() - timedelta(seconds=1)).isoformat()
        httpx.post(f"{theirs}/api/v2/alerts", json=[alert | {"endsAt": over}]).raise_for_status()
        until(lambda: not house.alerts.firing())
        ended = house.alerts.find(found.fingerprint)
        assert isinstance(ended, Alert)
        assert ended.state == "over"
