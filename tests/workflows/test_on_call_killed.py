"""A fireline that is killed while it asks somebody asks again when it is back, and goes on from there."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from fireline import clock
from fireline.core import delivery
from fireline.core.events import PeopleAsked
from fireline.store.accounts import Accounts
from fireline.store.database import Database
from fireline.store.ledger import Ledger
from kiosk import RUNBOOK, until
from servers import free_port

SETTINGS = """\
[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "fireline@example.com"

[people.ana]
channels = ["mail"]
mail = "ana@example.com"

[[on_call.rotations]]
name = "primary"
people = ["ana"]
starts = 2026-01-05

[[on_call.chains]]
name = "night"
steps = [{{ notify = ["rota:primary"] }}]
"""


class Sleepy:
    """A mail server that never says that it has the first mail."""

    def __init__(self) -> None:
        self.heard, self.taken = threading.Event(), list[str]()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if not self.heard.is_set():
            self.heard.set()
            await asyncio.Event().wait()
        assert isinstance(envelope.content, bytes)
        self.taken.append(envelope.content.decode())
        return "250 OK"


@pytest.fixture
def post() -> Iterator[tuple[Sleepy, int]]:
    sleepy = Sleepy()
    controller = Controller(sleepy, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield sleepy, controller.port
    controller.stop()


@contextmanager
def serving(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A server on this folder; killed with -9 in the end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FIRELINE_")}
    with (folder / "log").open("a") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "fireline", "serve", "--port", "0"],
            cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
    assert server.stdout
    try:
        assert any("listens on" in line for line in server.stdout), (folder / "log").read_text()
        yield server
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


@pytest.mark.req(29)
def test_who_was_being_asked_when_it_was_killed_is_asked_again(tmp_path: Path, post: tuple[Sleepy, int]) -> None:
    sleepy, port = post
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "kiosk.md").write_text(RUNBOOK)
    (tmp_path / "fireline.toml").write_text(SETTINGS.format(port=port))
    database = Database(f"sqlite:///{tmp_path / 'fireline.db'}")
    database.migrate()
    Accounts(database).add("ana", "Ana", "admin")
    ledger = Ledger(database, now=clock.now, enqueue=nothing)
    with serving(tmp_path):
        subprocess.run(
            [sys.executable, "-m", "fireline", "declare", "Kiosk shut", "--severity", "P1", "--as", "ana"],
            cwd=tmp_path, check=True, capture_output=True, timeout=60,
        )  # fmt: skip
        assert sleepy.heard.wait(30)
    assert sleepy.taken == []
    with serving(tmp_path):
        until(lambda: sleepy.taken and delivery.deliveries(ledger.log(1)), 30)
    log = ledger.log(1)
    assert len([event for event in log if isinstance(event, PeopleAsked)]) == 1
    assert [one.state for one in delivery.deliveries(log)] == ["made"]
    (mail,) = sleepy.taken
    assert "P1: Kiosk shut" in mail
    database.close()


def nothing(_connection: Any, _work: Any) -> None:
    """This ledger only reads."""
