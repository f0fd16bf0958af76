"""The ledger is the one write path: nothing is lost, nothing happens twice, and what follows is as durable."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
import sqlalchemy as sa

from fireline.core import gate, incident
from fireline.core.events import AnyEvent, IncidentDeclared, Log, NoteAdded, from_json
from fireline.core.refusal import Refused
from fireline.store import clocks, lists
from fireline.store.database import Database
from fireline.store.ledger import AlreadyOpen, Deed, Ledger, events
from store.conftest import NOON, Kitchen, declare, note

STATUS = partial(incident.change_status, status="Monitoring", by="ana", why="seen by hand")


def texts(ledger: Ledger, number: int) -> list[str]:
    return [event.text for event in ledger.log(number) if isinstance(event, NoteAdded)]


def test_an_incident_begins_at_one_and_counts_its_events(ledger: Ledger) -> None:
    assert ledger.open(declare()).name == "INC-1"
    assert ledger.act(1, note("slow")).seq == 2
    assert ledger.open(declare()).name == "INC-2"
    assert (ledger.head(1), ledger.head(2), ledger.head(3), ledger.heads()) == (2, 1, 0, 3)


def test_what_was_written_is_read_back_the_same(ledger: Ledger) -> None:
    ledger.open(declare())
    now = ledger.act(1, note("größer als 5 % 🔥"))
    assert now == ledger.read(1)
    assert texts(ledger, 1) == ["größer als 5 % 🔥"]


def test_a_log_read_before_is_the_log_as_it_is_now(database: Database, kitchen: Kitchen) -> None:
    mine, other = kitchen.ledger(), kitchen.ledger()  # each remembers for itself
    mine.open(declare())
    mine.act(1, note("slow"))
    other.act(1, note("slower"))
    assert texts(mine, 1) == ["slow", "slower"]
    with database.writing() as connection:  # as a backup that was laid back would
        connection.execute(events.delete().where(events.c.seq == 3))
    assert texts(mine, 1) == texts(other, 1) == ["slow"]
    other.act(1, note("well"))
    assert (texts(mine, 1), mine.read(1)) == (["slow", "well"], other.read(1))
    mine.act(1, note("seen"))
    assert mine.verify() is None


def test_two_houses_writing_at_once_lose_nothing_and_number_without_gaps(
    database: Database, kitchen: Kitchen, url: str
) -> None:
    kitchen.ledger().open(declare())
    other = Database(url)  # a second replica's own connections
    replicas = (kitchen.ledger(), Ledger(other, now=lambda: NOON, enqueue=kitchen.enqueue))
    together = Barrier(4)

    def write(who: int) -> None:
        together.wait()
        for n in range(10):
            replicas[who % 2].act(1, note(f"{who}.{n}"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    with database.reading() as connection:
        assert list(connection.scalars(sa.select(events.c.seq).order_by(events.c.seq))) == list(range(1, 42))
    assert sorted(texts(replicas[0], 1)) == sorted(f"{who}.{n}" for who in range(4) for n in range(10))
    assert replicas[0].verify() is None
    other.close()


def test_a_deed_with_the_same_key_happens_once_even_when_both_come_at_once(kitchen: Kitchen) -> None:
    ledger = kitchen.ledger()
    ledger.open(declare())
    together = Barrier(4)

    def write(_: int) -> int:
        together.wait()
        return ledger.act(1, note("once"), key="note:1").seq

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(write, range(4))) == [2, 2, 2, 2]
    assert texts(ledger, 1) == ["once"]


def test_a_declaration_with_the_same_key_opens_one_incident(ledger: Ledger) -> None:
    first = ledger.open(declare(), key="declare:1")
    assert ledger.open(declare("Something else"), key="declare:1") == first
    assert ledger.heads() == 1


def test_replicas_that_declare_for_the_same_fault_at_once_open_one_incident(kitchen: Kitchen, url: str) -> None:
    other = Database(url)
    replicas = (kitchen.ledger(), Ledger(other, now=lambda: NOON, enqueue=kitchen.enqueue))
    together = Barrier(4)

    def open_(who: int) -> str:
        together.wait()
        try:
            return f"opened {replicas[who % 2].open(declare(), join_key='cache|Redis Down').number}"
        except AlreadyOpen as already:
            return f"join {already.number}"

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(open_, range(4)))
    number = answers[-1].removeprefix("opened ")
    assert answers == [f"join {number}"] * 3 + [f"opened {number}"]
    assert replicas[0].heads() == 1
    other.close()


def test_a_fault_that_was_resolved_opens_a_new_incident(ledger: Ledger) -> None:
    ledger.open(declare(), join_key="cache|Redis Down")
    ledger.act(1, partial(gate.resolve, by="ana"))
    assert ledger.open(declare(), join_key="cache|Redis Down").number == 2


def test_an_incident_is_not_reopened_beside_a_newer_one_for_the_same_fault(ledger: Ledger) -> None:
    ledger.open(declare(), join_key="cache|Redis Down")
    ledger.act(1, partial(gate.resolve, by="ana"))
    ledger.open(declare(), join_key="cache|Redis Down")
    with pytest.raises(Refused, match=r"INC-2 is open for the same fault by now\. Go on there\."):
        ledger.act(1, STATUS)
    assert ledger.head(1) == 2
    ledger.act(2, partial(gate.resolve, by="ana"))
    assert ledger.act(1, STATUS).status == "Monitoring"


def test_a_refused_deed_writes_nothing(kitchen: Kitchen) -> None:
    ledger = kitchen.ledger()
    with pytest.raises(Refused, match="in a few words"):
        ledger.open(declare(""))
    ledger.open(declare())
    before = (ledger.heads(), kitchen.written())
    with pytest.raises(Refused, match="empty note"):
        ledger.act(1, note(" "))
    assert (ledger.heads(), kitchen.written()) == before
    assert [row.number for row in lists.all_incidents(kitchen.database)] == [1]


@pytest.mark.parametrize("deed", [note("x"), STATUS, declare()])
def test_an_incident_nobody_declared_takes_no_deed(ledger: Ledger, deed: Deed) -> None:
    with pytest.raises(Refused):
        ledger.act(99, deed)
    with pytest.raises(Refused, match="no incident 99") as no:
        ledger.read(99)
    assert no.value.status == 404
    assert ledger.heads() == 0


def test_what_follows_is_written_with_the_event(kitchen: Kitchen) -> None:
    ledger = kitchen.ledger("pagerduty")
    ledger.open(declare(severity="P0"))
    assert kitchen.written() == ["Clock 1:1", "Effect 1:1:pagerduty:trigger"]
    assert [one.kind for one in clocks.open_clocks(kitchen.database, 1)] == ["acknowledge"]


def test_when_what_follows_cannot_be_written_neither_is_the_event(kitchen: Kitchen) -> None:
    calls = 0

    def enqueue(connection: sa.Connection, work: object) -> None:
        nonlocal calls
        calls += 1
        kitchen.enqueue(connection, work)  # type: ignore[arg-type]
        if calls > 1:
            raise ConnectionError("the engine is away")

    ledger = Ledger(kitchen.database, now=kitchen.now, enqueue=enqueue)
    ledger.open(declare())
    before = kitchen.written()
    with pytest.raises(ConnectionError):
        ledger.act(1, STATUS)
    assert (ledger.heads(), ledger.read(1).status, kitchen.written()) == (1, "Investigating", before)
    assert len(clocks.open_clocks(kitchen.database, 1)) == 1


def test_a_deed_that_makes_an_unreadable_event_crashes_unwritten(ledger: Ledger) -> None:
    ledger.open(declare())

    def wrong(_log: Log, at: object) -> AnyEvent:
        return NoteAdded(at=at, by="ana", text=42)  # type: ignore[arg-type]

    with pytest.raises(ValueError, match="Expected `str`"):
        ledger.act(1, wrong)
    assert ledger.head(1) == 1


def test_a_second_declaration_never_lands_in_the_same_log(ledger: Ledger) -> None:
    first = ledger.open(declare())

    def again(_log: Log, _at: object) -> IncidentDeclared:
        return first.declared

    with pytest.raises(Refused):
        ledger.act(1, again)


def test_every_event_of_an_older_release_is_read_from_the_database(ledger: Ledger) -> None:
    golden = _golden()
    ledger.open(lambda _log, _at: golden[0])
    for event in golden[1:]:
        with ledger.database.writing() as connection:  # as rows: these were decided long ago
            head = connection.scalar(sa.select(sa.func.max(events.c.seq))) or 0
            body = _lines()[head]
            connection.execute(events.insert().values(incident=1, seq=head + 1, body=body, hash="-"))
        assert ledger.log(1)[-1] == event
    assert ledger.log(1) == golden


def _lines() -> list[str]:
    from core.test_events import GOLDEN  # noqa: PLC0415  # the golden text has one home

    return GOLDEN.splitlines()


def _golden() -> Log:
    return tuple(from_json(line) for line in _lines())


def test_an_offer_that_has_become_pointless_changes_nothing_and_says_so(kitchen: Kitchen) -> None:
    ledger = kitchen.ledger()
    ledger.open(declare("Redis is down"))
    acknowledge = partial(incident.acknowledge, by="ana")
    assert ledger.offer(1, acknowledge, key="first")
    assert not ledger.offer(1, acknowledge, key="second")
    assert ledger.head(1) == 2


def test_an_offer_to_a_database_that_is_away_is_raised_so_that_it_is_tried_again(kitchen: Kitchen) -> None:
    def away(log: Log, at: object) -> AnyEvent:
        raise Refused("The database does not answer.", status=503)

    ledger = kitchen.ledger()
    ledger.open(declare("Redis is down"))
    with pytest.raises(Refused, match="does not answer"):
        ledger.offer(1, away, key="away")
