"""A porch: the doors of tickets, changes and heartbeats over real stores, without the house behind them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient

from fireline.access import Access
from fireline.api.problem import exception_handlers
from fireline.core.alert import Alert
from fireline.hooks import github, heartbeats, tickets
from fireline.settings import Settings
from fireline.store.accounts import Accounts
from fireline.store.alerts import AlertStore
from fireline.store.database import Database
from fireline.store.deploys import Deploys
from fireline.store.heard import Heard


class Porch:
    """Doors, stores, and a caller with a token for hooks; the clock only moves when told."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.at = datetime(2026, 5, 13, 12, 0, tzinfo=UTC)
        self.database = Database(f"sqlite:///{folder / 'fireline.db'}")
        self.database.migrate()
        self.alerts = AlertStore(self.database)
        self.alerts.start(self.at, lambda _look, _fingerprints: None)
        self.deploys, self.heard = Deploys(self.database), Heard(self.database)
        accounts = Accounts(self.database)
        accounts.add("ana", "Ana")
        self.token = {"Authorization": f"Bearer {accounts.token('ana', 'hooks', self.at)}"}
        parts: dict[str, Any] = {
            "access": Access(accounts, lambda: self.at),
            "alerts": self.alerts,
            "deploys": self.deploys,
            "heard": self.heard,
            "now": lambda: self.at,
            "settings": settings,
        }
        application = Litestar(
            [*tickets.handlers, *github.handlers, *heartbeats.handlers],
            dependencies={name: Provide(_give(part), sync_to_thread=False) for name, part in parts.items()},
            exception_handlers=exception_handlers,
            openapi_config=None,
        )
        self.caller = TestClient(application)

    def post(self, path: str, body: bytes, **headers: str) -> Any:
        """What the door answers: its status and its JSON."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.caller.post(path, content=body, headers={"Content-Type": "application/json", **sent})
        return answer.status_code, answer.json()

    def firing(self) -> list[Alert]:
        return list(self.alerts.firing())

    def away(self, table: str) -> None:
        """The store can no longer keep rows of this table."""
        with self.database.writing() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO gone")

    def close(self) -> None:
        self.alerts.stop()
        self.database.close()


def signed(secret: str, body: bytes) -> str:
    """As GitHub and many others sign."""
    return "sha256=" + hmac.digest(secret.encode(), body, hashlib.sha256).hex()


def signed_with_time(secret: str, body: bytes, time: str) -> str:
    """As Zendesk signs."""
    return base64.b64encode(hmac.digest(secret.encode(), time.encode() + body, hashlib.sha256)).decode()


def _give(part: Any) -> Callable[[], Any]:
    return lambda: part
