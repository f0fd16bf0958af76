"""An alert taken in is on the disk together with the look at it; a re-send asks for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
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
from fireline.store.looks import looks as look_table
from fireline.store.sightings import seal
from fireline.store.sightings import sightings as seen
from fireline.store.writer import WAITING, Errand
from kiosk import until
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
    """A store, and what it asks to be looked at."""

    def __init__(self, kitchen: Kitchen, database: Database | None = None) -> None:
        self.kitchen = kitchen
        self.store = AlertStore(database or kitchen.database, kitchen.now)

    def looks(self) -> list[str]:
        """The names of the alerts that wait for a look since the last call."""
        with self.kitchen.database.writing() as connection:
            rows = connection.scalars(sa.select(look_table.c.fingerprints).order_by(look_table.c.id)).all()
            connection.execute(look_table.delete())
        asked = [one for row in rows for one in msgspec.json.decode(row)]
        return [alert.name for one in asked if (alert := self.store.find(one))]

    def row(self, alert: Alert = DOWN) -> Any:
        """What the tables say of an alert."""
        self.store.flush()
        query = sa.select(table, seen.c.last_seen, seen.c.times, seen.c.until).outerjoin(
            seen, seen.c.fingerprint == table.c.fingerprint
        )
        with self.kitchen.database.reading() as connection:
            return connection.execute(query.where(table.c.fingerprint == alert.fingerprint)).one()


@pytest.fixture
def desk(kitchen: Kitchen) -> Iterator[Desk]:
    """See Desk."""
    found = Desk(kitchen)
    yield found
    found.store.stop()


def test_an_alert_is_kept_whole_and_looked_at(desk: Desk) -> None:
    assert desk.store.take([DOWN, SLOW], NOON) == ("new", "new")
    assert desk.looks() == ["RedisDown", "ShopSlow"]
    assert desk.store.find(DOWN.fingerprint) == DOWN
    assert sorted(alert.name for alert in desk.store.firing()) == ["RedisDown", "ShopSlow"]
    assert desk.store.find("0" * 32) is None


def test_a_resend_asks_for_nothing_and_is_counted(desk: Desk) -> None:
    desk.store.take([DOWN], NOON)
    desk.looks()
    for n in range(1, 4):
        assert desk.store.take([DOWN], NOON + n * MINUTE) == ("same",)
    assert desk.looks() == []
    row = desk.row()
    assert (row.times, row.first_seen, row.last_seen) == (4, NOON, NOON + 3 * MINUTE)


def test_an_alert_that_ends_or_fires_again_is_looked_at_again(desk: Desk) -> None:
    desk.store.take([DOWN], NOON)
    desk.looks()
    assert desk.store.take([but(DOWN, ends_at=NOON + MINUTE)], NOON + MINUTE) == ("over",)
    assert desk.looks() == ["RedisDown"]
    assert desk.store.firing() == ()
    assert desk.store.take([but(DOWN, starts_at=NOON + 2 * MINUTE)], NOON + 2 * MINUTE) == ("again",)
    assert desk.looks() == ["RedisDown"]


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
    assert desk.looks() == ["RedisDown"]
    assert desk.row().times == 2


def test_replicas_that_take_the_same_alerts_at_once_in_any_order_agree(kitchen: Kitchen, url: str) -> None:
    other = Database(url)
    desks = (Desk(kitchen), Desk(kitchen, other))
    batch = [but(DOWN, labels={"alertname": f"A{n}"}) for n in range(20)]
    together = Barrier(2)

    def take(who: int) -> tuple[str, ...]:
        together.wait()
        return desks[who].store.take(batch if who else batch[::-1], NOON)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(take, range(2))
    assert sorted((first[0], second[0])) == ["new", "same"]  # all by one of them, and the other says so
    assert len(desks[0].looks()) == 20
    for desk in desks:
        desk.store.stop()
    with kitchen.database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 20
        assert set(connection.scalars(sa.select(seen.c.times))) == {2}
    other.close()


def test_an_alert_waits_for_triage_until_an_open_incident_has_it(desk: Desk, ledger: Ledger) -> None:
    desk.store.take([DOWN, SLOW], NOON)
    ledger.open(declare())
    desk.store.attach(DOWN.fingerprint, 1)
    assert [row.fingerprint for row in desk.store.to_triage()] == [SLOW.fingerprint]
    assert [one.incident for one in desk.store.kept([DOWN.fingerprint])] == [1]
    ledger.act(1, partial(gate.resolve, by="ana"))
    assert {row.fingerprint for row in desk.store.to_triage()} == {DOWN.fingerprint, SLOW.fingerprint}
    assert len(desk.store.to_triage(limit=1)) == 1


def test_an_empty_batch_is_no_trouble(desk: Desk) -> None:
    assert desk.store.take([], NOON) == ()


def test_a_full_disk_takes_nothing_and_says_so(desk: Desk) -> None:
    if not desk.kitchen.database.is_sqlite:
        pytest.skip("skipped: only SQLite can be told how large it may grow")
    limited(desk, may_grow=False)
    flood = [but(DOWN, labels={"alertname": f"A{n}"}, annotations={"text": "x" * 500}) for n in range(200)]
    with pytest.raises(Refused, match="is full"):
        desk.store.take(flood, NOON)
    assert desk.store.firing() == ()
    assert desk.looks() == []
    assert list(desk.store.sightings.unwritten()) == []
    limited(desk, may_grow=True)
    assert set(desk.store.take(flood, NOON)) == {"new"}  # nothing of the failed batch is remembered


def limited(desk: Desk, *, may_grow: bool) -> None:
    """From its next connection on the file may not grow, or may."""
    desk.store.stop()  # gives its connection back

    def set_(connection: Any, _record: Any) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={10**6 if may_grow else pages}")

    desk.kitchen.database.engine.dispose()
    sa.event.listen(desk.kitchen.database.engine, "connect", set_)
    desk.store.start(NOON, lambda _look, _alerts: None)


def test_a_promise_that_is_not_kept_makes_the_alert_unseen_and_the_next_word_brings_it_back(desk: Desk) -> None:
    promised = but(DOWN, until=NOON + 4 * MINUTE)
    desk.store.take([promised], NOON)
    desk.looks()
    assert desk.store.silence(NOON + 5 * MINUTE) == 0  # a minute of grace
    assert desk.store.silence(NOON + 5 * MINUTE + timedelta(seconds=1)) == 1
    kept = desk.store.find(DOWN.fingerprint)
    assert kept is not None
    assert kept.state == "no data"
    assert desk.looks() == ["RedisDown"]
    assert desk.store.silence(NOON + 9 * MINUTE) == 0  # told once
    assert desk.store.take([but(promised, until=NOON + 20 * MINUTE)], NOON + 10 * MINUTE) == ("again",)
    assert desk.looks() == ["RedisDown"]
    again = desk.store.find(DOWN.fingerprint)
    assert again is not None
    assert again.state == "firing"
    assert len(desk.store.kept([DOWN.fingerprint])[0].turns) == 1  # it neither ended nor began


def test_a_promise_renewed_by_a_mere_resend_counts(desk: Desk) -> None:
    desk.store.take([but(DOWN, until=NOON + MINUTE)], NOON)
    assert desk.store.take([but(DOWN, until=NOON + 9 * MINUTE)], NOON + MINUTE) == ("same",)
    assert desk.store.silence(NOON + 8 * MINUTE) == 0


def test_a_restart_gives_every_source_five_minutes(desk: Desk, kitchen: Kitchen) -> None:
    desk.store.take([but(DOWN, until=NOON + MINUTE), SLOW], NOON)
    desk.store.stop()
    later = Desk(kitchen)
    later.store.start(NOON + 60 * MINUTE, lambda _look, _alerts: None)
    assert len(later.store.sightings) == 2
    assert later.store.silence(NOON + 66 * MINUTE) == 0
    assert later.store.silence(NOON + 66 * MINUTE + timedelta(seconds=1)) == 1  # not the one that promised nothing
    assert later.store.take([SLOW], NOON + 67 * MINUTE) == ("same",)
    later.store.stop()


def test_a_word_heard_by_another_replica_counts(desk: Desk, kitchen: Kitchen, url: str) -> None:
    if kitchen.database.is_sqlite:
        pytest.skip("skipped: one process serves a SQLite file")
    other = Desk(kitchen, Database(url))
    desk.store.take([but(DOWN, until=NOON + MINUTE)], NOON)
    for n in range(2):
        other.store.take([but(DOWN, until=NOON + (8 + n) * MINUTE)], NOON + 4 * MINUTE)
    other.store.flush()
    assert desk.store.silence(NOON + 5 * MINUTE) == 0
    other.store.stop()
    other.store.database.close()


def test_what_another_replica_changed_is_not_remembered_wrongly(desk: Desk, kitchen: Kitchen, url: str) -> None:
    if kitchen.database.is_sqlite:
        pytest.skip("skipped: one process serves a SQLite file")
    other = Desk(kitchen, Database(url))
    for one in (desk, other):
        one.store.start(NOON, lambda _look, _alerts: None)
        until(lambda one=one: one.store.sightings.trusted)  # type: ignore[misc]
    desk.store.take([DOWN], NOON)
    other.store.take([but(DOWN, ends_at=NOON + MINUTE)], NOON + MINUTE)
    until(lambda: DOWN.fingerprint in desk.store.sightings and not remembered(desk.store))
    assert desk.store.take([DOWN], NOON + 2 * MINUTE) == ("again",)  # the same bytes as ever
    other.store.stop()
    other.store.database.close()


def remembered(store: AlertStore) -> bool:
    """Whether a re-send of the alert would be believed without its row."""
    return seal(DOWN) in store.sightings._digests


def test_beginnings_and_ends_are_kept_ten_at_most(desk: Desk) -> None:
    for n in range(8):
        desk.store.take([but(DOWN, starts_at=NOON + 2 * n * MINUTE)], NOON + 2 * n * MINUTE)
        ends_at = NOON + (2 * n + 1) * MINUTE
        desk.store.take([but(DOWN, starts_at=NOON + 2 * n * MINUTE, ends_at=ends_at)], ends_at)
    (kept,) = desk.store.kept([DOWN.fingerprint])
    assert kept.turns == tuple(NOON + n * MINUTE for n in range(6, 16))
    assert kept.changed_at == NOON + 15 * MINUTE


def test_a_late_word_of_an_earlier_end_changes_nothing(desk: Desk) -> None:
    desk.store.take([DOWN], NOON)
    assert desk.store.take([but(DOWN, ends_at=NOON - MINUTE)], NOON) == ("stale",)
    assert desk.store.find(DOWN.fingerprint) == DOWN


def test_what_was_decided_is_in_the_row(desk: Desk) -> None:
    desk.store.take([DOWN], NOON)
    desk.store.settle(DOWN.fingerprint, verdict="ignored", why="the rule says so")
    (kept,) = desk.store.kept([DOWN.fingerprint])
    assert (kept.verdict, kept.why, kept.incident) == ("ignored", "the rule says so", None)
    assert desk.store.by_verdict("ignored") == (DOWN.fingerprint,)


def test_names_of_any_length_are_kept(desk: Desk) -> None:
    monster = but(DOWN, labels={"alertname": "ü" * 100_000, "service": "<script>" * 10_000})
    assert desk.store.take([monster], NOON) == ("new",)
    assert desk.store.find(monster.fingerprint) == monster


def test_what_the_database_cannot_hold_hurts_nobody_else(desk: Desk) -> None:
    if desk.kitchen.database.is_sqlite:
        pytest.skip("skipped: SQLite holds anything")
    good, bad = Future[Any](), Future[Any]()
    store = desk.store
    both = Barrier(2)
    store._writer.put(Errand(lambda _driver: both.wait(), None))  # meanwhile both deliveries wait
    store._put([DOWN], [seal(DOWN)], NOON, good)
    wrong = but(SLOW, labels={"alertname": "a\x00b"})
    store._put([wrong], [seal(wrong)], NOON, bad)
    both.wait()
    assert good.result() == ("new",)
    with pytest.raises(Refused, match="cannot hold") as no:
        bad.result()
    assert no.value.status == 400


def test_too_much_at_once_is_told_to_come_again(desk: Desk) -> None:
    gate = Barrier(2)
    desk.store._writer.put(Errand(lambda _driver: gate.wait(), None))
    many = [but(DOWN, labels={"alertname": f"A{n}"}) for n in range(WAITING)]
    answer = Future[Any]()
    desk.store._put(many, [seal(one) for one in many], NOON, answer)
    with pytest.raises(Refused, match="wait to be stored already") as no:
        desk.store.take([SLOW], NOON)
    assert (no.value.status, no.value.retry_after) == (429, 1)
    gate.wait()
    assert len(answer.result()) == WAITING
    assert desk.store.take([SLOW], NOON) == ("new",)
