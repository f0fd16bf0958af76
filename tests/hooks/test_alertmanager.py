"""The alert door answers 2xx only for what is on the disk, and says what is wrong with everything else."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient

from fireline.access import Access
from fireline.api.problem import refused
from fireline.core.refusal import Refused
from fireline.hooks import alertmanager
from fireline.hooks.door import LARGEST, Door
from fireline.store.accounts import Accounts
from fireline.store.alerts import AlertStore
from fireline.store.database import Database
from fireline.store.looks import looks

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
WEBHOOK = "/hooks/alertmanager"
API = "/api/v2/alerts"
FIRING: dict[str, Any] = {
    "version": "4",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "RedisDown", "service": "cache"},
            "annotations": {},
            "startsAt": "2026-03-02T11:58:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
        }
    ],
}


class Desk:
    """The alert hooks as they stand in a house on SQLite: their own handlers, store and accounts."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(f"sqlite:///{folder / 'fireline.db'}")
        self.database.migrate()
        self.alerts = AlertStore(self.database, lambda: NOON)
        accounts = Accounts(self.database)
        accounts.add("ana", "Ana")
        self.token = accounts.token("ana", "hooks", NOON)
        self.api_token = accounts.token("ana", "api", NOON)
        self.access = Access(accounts, lambda: NOON)
        parts: dict[str, Any] = {"access": self.access, "alerts": self.alerts, "now": lambda: NOON}
        self.framework = Litestar(
            [*alertmanager.handlers],
            dependencies={name: Provide(_give(part), sync_to_thread=False) for name, part in parts.items()},
            exception_handlers={Refused: refused},
            openapi_config=None,
            request_max_body_size=LARGEST,
        )

    def looks(self) -> int:
        """How many alerts wait for a look."""
        with self.database.reading() as connection:
            return sum(len(json.loads(row)) for row in connection.scalars(sa.select(looks.c.fingerprints)))


def _give(part: Any) -> Callable[[], Any]:
    return lambda: part


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Desk]:
    """See Desk."""
    found = Desk(tmp_path)
    yield found
    found.alerts.stop()
    found.database.close()


@pytest.fixture(params=["the door in front", "the framework alone"])
def client(door: Desk, request: pytest.FixtureRequest) -> Iterator[TestClient[Any]]:
    """Somebody who calls, and must not notice who answers."""
    app: Any = door.framework
    if request.param == "the door in front":
        app = Door(app, takes=alertmanager.takes(door.alerts), check=door.access.bringer, now=lambda: NOON)
    with TestClient(app) as found:
        yield found


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("path", [WEBHOOK, API])
@pytest.mark.parametrize(
    "headers",
    [{}, bearer("fl_guess"), {"Authorization": "Bearer"}, {"Authorization": "Basic !!!"}, {"Authorization": "x"}],
)
def test_without_a_good_token_nothing_comes_in(
    door: Desk, client: TestClient[Any], path: str, headers: dict[str, str]
) -> None:
    answer = client.post(path, json=FIRING, headers=headers)
    assert answer.status_code == 401
    assert "`fireline token add --scope hooks` makes one" in answer.json()["error"]
    assert door.alerts.firing() == ()


def test_a_token_for_another_purpose_opens_nothing(door: Desk, client: TestClient[Any]) -> None:
    assert client.post(WEBHOOK, json=FIRING, headers=bearer(door.api_token)).status_code == 401


def test_an_alert_that_was_answered_is_on_the_disk_with_the_look_at_it(door: Desk, client: TestClient[Any]) -> None:
    answer = client.post(WEBHOOK, json=FIRING, headers=bearer(door.token))
    assert (answer.status_code, answer.json()) == (200, {"stored": 1, "changed": 1})
    assert [alert.name for alert in door.alerts.firing()] == ["RedisDown"]
    assert door.looks() == 1


def test_a_resend_is_taken_and_changes_nothing(door: Desk, client: TestClient[Any]) -> None:
    for changed in (1, 0, 0):
        answer = client.post(WEBHOOK, json=FIRING, headers=bearer(door.token))
        assert answer.json() == {"stored": 1, "changed": changed}
    assert door.looks() == 1


def test_basic_authentication_carries_the_token_as_its_password(door: Desk, client: TestClient[Any]) -> None:
    basic = base64.b64encode(f"alertmanager:{door.token}".encode()).decode()
    assert client.post(WEBHOOK, json=FIRING, headers={"Authorization": f"Basic {basic}"}).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (WEBHOOK, b"{", "truncated"),
        (WEBHOOK, b"", "truncated"),
        (WEBHOOK, b'{"version":"4","alerts":[{"status":"on"}]}', "$.alerts[0].status"),
        (WEBHOOK, b'{"version":"4","alerts":[{"status":"firing","labels":{"a":"\xff"}}]}', "utf-8"),
        (API, b'[{"labels":[]}]', "$[0].labels"),
        (API, b'[{"labels":{}}]', "without labels"),
    ],
)
def test_a_broken_body_is_refused_naming_the_field(
    door: Desk, client: TestClient[Any], path: str, body: bytes, field: str
) -> None:
    answer = client.post(path, content=body, headers=bearer(door.token))
    assert answer.status_code == 400
    assert field in answer.json()["error"]
    assert door.alerts.firing() == ()


def test_one_broken_alert_stores_none_of_its_batch(door: Desk, client: TestClient[Any]) -> None:
    mixed = FIRING | {"alerts": [*FIRING["alerts"], {"status": "firing"}]}
    assert client.post(WEBHOOK, json=mixed, headers=bearer(door.token)).status_code == 400
    assert door.alerts.firing() == ()


def test_a_full_disk_is_no_2xx_and_the_resend_is_taken(door: Desk, client: TestClient[Any]) -> None:
    alerts = [FIRING["alerts"][0] | {"labels": {"alertname": f"A{n}", "text": "x" * 900}} for n in range(100)]
    body = msgspec.json.encode(FIRING | {"alerts": alerts})
    assert client.post(WEBHOOK, json=FIRING, headers=bearer(door.token)).status_code == 200
    limit(door, may_grow=False)
    answer = client.post(WEBHOOK, content=body, headers=bearer(door.token))
    assert answer.status_code == 503  # Alertmanager sends it again
    assert "is full. Nothing was stored; free some space and send it again" in answer.json()["error"]
    assert (len(door.alerts.firing()), door.looks()) == (1, 1)
    limit(door, may_grow=True)
    assert client.post(WEBHOOK, content=body, headers=bearer(door.token)).json() == {"stored": 100, "changed": 100}
    assert (len(door.alerts.firing()), door.looks()) == (101, 101)


def limit(door: Desk, *, may_grow: bool) -> None:
    """Of every connection that is in the pool, of the writer's, and of those to come."""
    door.alerts.stop()
    door.database.engine.dispose()

    def set_(connection: Any, _record: Any) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={10**6 if may_grow else pages}")

    sa.event.listen(door.database.engine, "connect", set_)
    door.alerts.start(NOON, lambda _look, _alerts: None)


def test_a_database_that_may_not_be_written_is_no_2xx(door: Desk, client: TestClient[Any]) -> None:
    def read_only(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA query_only=ON")

    door.database.engine.dispose()
    sa.event.listen(door.database.engine, "connect", read_only)
    answer = client.post(WEBHOOK, json=FIRING, headers=bearer(door.token))
    assert answer.status_code == 503
    assert "readonly database" in answer.json()["error"]
    assert door.alerts.firing() == ()


def test_prometheus_may_point_straight_at_fireline(door: Desk, client: TestClient[Any]) -> None:
    alert = {"labels": {"alertname": "RedisDown"}, "startsAt": "2026-03-02T11:58:00Z", "endsAt": "2026-03-02T12:04:00Z"}
    answer = client.post(API, json=[alert], headers=bearer(door.token))
    assert (answer.status_code, answer.content) == (200, b"")
    (found,) = door.alerts.firing()
    assert (found.source, found.name) == ("prometheus", "RedisDown")
    over = alert | {"endsAt": "2026-03-02T11:59:00Z"}
    assert client.post(API, json=[over], headers=bearer(door.token)).status_code == 200
    assert door.alerts.firing() == ()


def test_what_a_real_alertmanager_and_a_real_prometheus_sent_is_taken(
    door: Desk, client: TestClient[Any], shared: Path
) -> None:
    samples = sorted((shared / "contracts/samples/alertmanager").glob("*.json"))
    assert samples
    for sample in samples:
        recorded = json.loads(sample.read_text())
        if sample.name.startswith("webhook"):
            answer = client.post(WEBHOOK, json=recorded["body"], headers=recorded["headers"] | bearer(door.token))
            assert answer.json()["stored"] == len(recorded["body"]["alerts"])
        else:
            body = recorded["body"] if isinstance(recorded, dict) else recorded
            answer = client.post(API, json=body, headers=bearer(door.token))
        assert answer.status_code == 200, sample.name
