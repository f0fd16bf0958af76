"""Replicas in the same storm see each other's incidents: together they declare no more than one alone would."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

import sqlalchemy as sa

from fireline.core import alert as alerts
from fireline.core import gate, incident, storm
from fireline.core.alert import Alert
from fireline.core.events import HOUSE, AnyEvent, Log
from fireline.core.storm import Limits, Storm, Stormy
from fireline.store import neighbours
from fireline.store.database import Database
from fireline.store.ledger import Deed, Ledger

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LIMITS = Limits(faults=5)


def ledger(database: Database, at: datetime = NOON) -> Ledger:
    return Ledger(database, now=lambda: at, enqueue=lambda *_: None)


def declaration(n: int, log: Log, at: datetime) -> AnyEvent:
    return incident.declare(
        log, at, title=f"Thing {n}", severity="P1", severity_name="", severity_why="", response_minutes=15,
        service=f"service-{n}", gates=gate.specs(()), by=HOUSE,
    )  # fmt: skip


def seeing(connection: sa.Connection, inner: Deed) -> Deed:
    found = neighbours.lately(connection, NOON - storm.reach(LIMITS))
    return partial(storm.declare, lately=found, declaration=inner, limits=LIMITS)


def declares(database: Database, n: int) -> int | None:
    """What one replica makes of one fault: its new incident, or None in a storm."""
    try:
        return ledger(database).open(partial(declaration, n), join_key=f"fault-{n}", seeing=seeing).number
    except Storm:
        return None


def test_twenty_faults_at_two_replicas_at_once_open_no_more_than_the_limit(database: Database) -> None:
    other = Database(database.url.render_as_string(hide_password=False))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: declares(other if n % 2 else database, n), range(20)))
    other.close()
    opened = sorted(one for one in found if one)
    assert opened == [1, 2, 3, 4, 5]
    holds = [ledger(database).read(number).declared.hold for number in opened]
    assert [bool(hold) for hold in holds] == [False, True, True, True, True]  # and one page


def test_what_is_open_is_found_by_fault_by_service_and_by_storm(database: Database) -> None:
    for n in (1, 2):
        declares(database, n)
    assert neighbours.by_key(database, ["fault-1", "fault-2", "fault-3"]) == {"fault-1": 1, "fault-2": 2}
    (near,) = neighbours.by_service(database, ["SERVICE-2", "other"])
    assert (near.number, near.service, near.began) == (2, "service-2", NOON)
    assert neighbours.storm(database) is None
    begin = partial(storm.begin, count=6, seconds=60.0, names=("a",), incidents=(), by=HOUSE)
    ledger(database).act(1, begin, key="storm:1")
    assert neighbours.storm(database) == Stormy(number=1, severity="P1", joined_at=None)
    seen = Alert(source="probe", labels={"alertname": "A"}, starts_at=NOON)
    ledger(database).act(1, partial(alerts.join, alert=seen, why="w", by=HOUSE))
    assert neighbours.storm(database) == Stormy(number=1, severity="P1", joined_at=NOON)
    assert neighbours.severities(database, [1, 2]) == {1: "P1", 2: "P1"}
    for standing in gate.standings(ledger(database).log(1), NOON):
        if not standing.open:
            aside = partial(gate.override, gate=standing.spec.key, reason="not the subject here", by="ana")
            ledger(database).act(1, aside)
    ledger(database, NOON + timedelta(minutes=1)).act(1, partial(gate.resolve, by="ana"))
    assert neighbours.storm(database) is None
    assert neighbours.by_key(database, ["fault-1"]) == {}
    assert neighbours.by_service(database, ["service-1"]) == []
