"""An alert taken in is on the disk together with the look at it; a re-send asks for nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from threading import Barrier
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from fireline.core import gate
from fireline.core.alert import Alert
from fireline.core.refusal import Refused
from fireline.store.alerts import AlertStore
from fireline.store.alerts import alerts as table
from fireline.store.database import Database
from fireline.store.ledger import Ledger
from store.conftest import NOON, Kitchen, declare

MINUTE = timedelta(minutes=1)
DOWN = Alert(
    source="alertmanager",
    labels={"alertname": "RedisDown", "service": "cache"},
    annotations={"summary": "Redis does not answer"},
    starts_at=NOON,
)
SLOW = Alert(source="alertmanager", labels={"alertname": "ShopSlow", "service": "shop"}, starts_at=NOON)


def but(alert: Alert, **changes: Any) -> Alert:
    return msgspec.structs.replace(alert, **changes)


class Desk:
    """A store whose looks are written down in the same database."""

    def __init__(self, kitchen: Kitchen, database: Database | None = None) -> None:
        self.kitchen = kitchen
        self.store = AlertStore(database or kitchen.database, enqueue_intake=self.look)

    def look(self, connection: sa.Connection, group: str, _at: datetime) -> None:
        connection.execute(sa.text("INSERT INTO work VALUES (:body)"), {"body": group})

    def looks(self) -> list[str]:
        """What was asked for since the last call."""
        found = self.kitchen.written()
        with self.kitchen.database.writing() as connection:
            connection.execute(sa.text("DELETE FROM work"))
        return found


@pytest.fixture
def desk(kitchen: Kitchen) -> Desk:
    """See Desk."""
    return Desk(kitchen)


def test_an_alert_is_kept_whole_and_looked_at(desk: Desk) -> None:
    assert desk.store.take([DOWN, SLOW], NOON) == ("new", "new")
    assert desk.looks() == ["RedisDown|cache", "ShopSlow|shop"]
    assert desk.store.find(DOWN.fingerprint) == DOWN
    assert sorted(alert.name for alert in desk.store.firing()) == ["RedisDown", "ShopSlow"]
    assert desk.store.find("0" * 32) is None


def test_a_resend_asks_for_nothing_and_is_counted(desk: Desk) -> None:
    desk.store.take([DOWN], NOON)
    desk.looks()
    for n in range(1, 4):
        assert desk.store.take([DOWN], NOON + n * MINUTE) == ("same",)
    assert desk.looks() == []
    with desk.kitchen.database.reading() as connection:
        row = connection.execute(sa.select(table)).one()
    assert (row.times, row.first_seen, row.last_seen) == (4, NOON, NOON + 3 * MINUTE)


def test_an_alert_that_ends_or_fires_again_is_looked_at_again(desk: Desk) -> None:
    desk.store.take([DOWN], NOON)
    desk.looks()
    assert desk.store.take([but(DOWN, ends_at=NOON + MINUTE)], NOON + MINUTE) == ("over",)
    assert desk.looks() == ["RedisDown|cache"]
    assert desk.store.firing() == ()
    assert desk.store.take([but(DOWN, starts_at=NOON + 2 * MINUTE)], NOON + 2 * MINUTE) == ("again",)
    assert desk.looks() == ["RedisDown|cache"]


def test_new_words_are_kept_without_a_look(desk: Desk) -> None:
    desk.store.take([DOWN], NOON)
    desk.looks()
    worse = but(DOWN, annotations={"summary": "Redis still does not answer"})
    assert desk.store.take([worse], NOON) == ("changed",)
    assert desk.looks() == []
    assert desk.store.find(DOWN.fingerprint) == worse


def test_a_sender_that_never_says_since_when_keeps_the_first_time(desk: Desk) -> None:
    first = but(DOWN, starts_guessed=True)
    assert desk.store.take([first], NOON) == ("new",)
    assert desk.store.take([but(first, starts_at=NOON + MINUTE)], NOON + MINUTE) == ("same",)
    kept = desk.store.find(DOWN.fingerprint)
    assert kept is not None
    assert kept.starts_at == NOON


def test_the_same_alert_twice_in_one_batch_is_judged_in_order(desk: Desk) -> None:
    over = but(DOWN, ends_at=NOON + MINUTE)
    assert desk.store.take([DOWN, over], NOON + MINUTE) == ("new", "over")
    assert desk.store.firing() == ()
    assert desk.looks() == ["RedisDown|cache"]
    with desk.kitchen.database.reading() as connection:
        assert connection.scalar(sa.select(table.c.times)) == 2


def test_without_the_look_nothing_is_kept(kitchen: Kitchen) -> None:
    def away(_connection: object, _group: str, _at: object) -> None:
        raise ConnectionError

    store = AlertStore(kitchen.database, enqueue_intake=away)
    with pytest.raises(ConnectionError):
        store.take([DOWN], NOON)
    assert store.firing() == ()


def test_replicas_that_take_the_same_alerts_at_once_in_any_order_agree(kitchen: Kitchen, url: str) -> None:
    other = Database(url)
    desks = (Desk(kitchen), Desk(kitchen, other))
    batch = [but(DOWN, labels={"alertname": f"A{n}"}) for n in range(20)]
    together = Barrier(2)

    def take(who: int) -> int:
        together.wait()
        return len(desks[who].store.take(batch if who else batch[::-1], NOON))

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(take, range(2))) == [20, 20]
    with kitchen.database.reading() as connection:
        assert set(connection.scalars(sa.select(table.c.times))) == {2}
    other.close()


def test_an_alert_waits_for_triage_until_an_open_incident_has_it(desk: Desk, ledger: Ledger) -> None:
    desk.store.take([DOWN, SLOW], NOON)
    ledger.open(declare())
    desk.store.attach(DOWN.fingerprint, 1)
    assert [row.fingerprint for row in desk.store.to_triage()] == [SLOW.fingerprint]
    assert desk.store.group("RedisDown|cache") == ((DOWN, 1),)
    ledger.act(1, partial(gate.resolve, by="ana"))
    assert {row.fingerprint for row in desk.store.to_triage()} == {DOWN.fingerprint, SLOW.fingerprint}
    assert len(desk.store.to_triage(limit=1)) == 1


def test_an_empty_batch_is_no_trouble(desk: Desk) -> None:
    assert desk.store.take([], NOON) == ()


def test_a_full_disk_takes_nothing_and_says_so(desk: Desk) -> None:
    if not desk.kitchen.database.is_sqlite:
        pytest.skip("skipped: only SQLite can be told how large it may grow")
    with desk.kitchen.database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    flood = [but(DOWN, labels={"alertname": f"A{n}"}, annotations={"text": "x" * 500}) for n in range(200)]
    with pytest.raises(Refused, match="is full"):
        desk.store.take(flood, NOON)
    assert desk.store.firing() == ()
    assert desk.looks() == []
