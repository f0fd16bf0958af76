"""What the vendors' doors have in common: a whole house behind its real application, and somebody who signs."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from httpx import Response
from litestar import Litestar
from litestar.testing import TestClient

from doors import in_front_of
from fireline import clock
from fireline.app import asgi
from fireline.core.alert import Alert
from fireline.house import House, build
from fireline.settings import PagerDutySettings, Runbooks, SentrySettings, Settings, Store
from kiosk import RUNBOOK

SECRET = "a-secret-of-the-test-that-nobody-else-knows"
OLDER = "the-secret-that-held-before-it-was-changed"
ROTTEN = (
    'K\x00iosk\x1b[31m shut <b onclick="x">now</b> 🔥 \u202eévil'  # what a careless or hostile sender puts in a title
)


@dataclass(frozen=True)
class Door:
    """An open house, a client of its application, and a token of scope hooks."""

    house: House
    client: TestClient[Litestar]
    token: str

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Response:
        """Send a body: bytes as they are, anything else as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(path, content=content, headers={"Content-Type": "application/json"} | (headers or {}))

    @property
    def firing(self) -> dict[str, Alert]:
        """What fires now, by name."""
        return {alert.name: alert for alert in self.house.alerts.firing()}


@contextmanager
def open_door(
    folder: Path,
    *,
    pagerduty: PagerDutySettings | None = None,
    sentry: SentrySettings | None = None,
    awake: bool = False,
    url: str = "",
) -> Iterator[Door]:
    """A house with the kiosk's runbook behind its application, on SQLite or the database at `url`.

    Not `awake`, it takes and does no more.
    """
    (folder / "kiosk.md").write_text(RUNBOOK)
    house = build(
        Settings(
            store=Store(url=url or f"sqlite:///{folder / 'fireline.db'}", spool=str(folder / "spool")),
            runbooks=Runbooks(paths=(str(folder / "kiosk.md"),)),
            pagerduty=pagerduty,
            sentry=sentry,
        )
    )
    house.database.migrate()
    house.durable.prepare()
    house.library.load()
    house.accounts.add("ana", "Ana Duarte")
    token = house.accounts.token("ana", "hooks", clock.now())
    if awake:
        with TestClient(asgi(house)) as client:
            yield Door(house, client, token)
            house.durable.close(grace=0)  # a walk that waits for a person would be waited for
    else:
        with in_front_of(house) as application:
            yield Door(house, TestClient(application), token)
        house.database.close()


def read_only(door: Door) -> None:
    """From now on the database may be read and not written, as on a disk that failed."""

    def query_only(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA query_only=ON")

    door.house.database.engine.dispose()
    sa.event.listen(door.house.database.engine, "connect", query_only)


def hex_of(secret: str, body: bytes) -> str:
    """The HMAC-SHA256 of a body as most vendors write it."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def sample(shared: Path, name: str) -> bytes:
    """A payload that a vendor published."""
    return (shared / "contracts" / "samples" / name).read_bytes()
