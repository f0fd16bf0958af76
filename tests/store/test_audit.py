"""A log that was changed, cut, grown or emptied behind the ledger's back is found, at the first such row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from fireline.store.database import Database
from fireline.store.ledger import Broken, Ledger, events
from store.conftest import NOON, declare, note


@pytest.fixture
def audited(ledger: Ledger) -> Ledger:
    """Two incidents of three events each."""
    for number in (1, 2):
        ledger.open(declare())
        ledger.act(number, note("first"))
        ledger.act(number, note("second"))
    assert ledger.verify() is None
    return ledger


def tamper(ledger: Ledger, statement: str) -> None:
    with ledger.database.writing() as connection:
        connection.execute(sa.text(statement))


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE event SET body = replace(body, 'first', 'third') WHERE incident = 2", Broken(2, 2, "changed")),
        ("UPDATE event SET hash = '0' WHERE incident = 1 AND seq = 3", Broken(1, 3, "changed")),
        ("DELETE FROM event WHERE incident = 1 AND seq = 2", Broken(1, 2, "missing")),
        ("DELETE FROM event WHERE incident = 2 AND seq = 1", Broken(2, 1, "missing")),
        ("DELETE FROM event WHERE incident = 2 AND seq = 3", Broken(2, 3, "missing")),
        ("DELETE FROM event WHERE incident = 2", Broken(2, 1, "missing")),
        (
            "INSERT INTO event SELECT 1, 4, body, hash, NULL FROM event WHERE incident = 1 AND seq = 3",
            Broken(1, 4, "changed"),
        ),
    ],
    ids=["changed", "hash changed", "removed", "first removed", "cut off", "emptied", "added"],
)
def test_what_was_done_behind_the_ledgers_back_is_found(audited: Ledger, statement: str, found: Broken) -> None:
    tamper(audited, statement)
    assert audited.verify() == found


def test_a_row_added_with_a_true_hash_is_found_by_the_length(audited: Ledger) -> None:
    from fireline.store.ledger import _hash  # noqa: PLC0415  # what a careful forger would compute

    with audited.database.writing() as connection:
        last = connection.execute(sa.select(events).where(events.c.incident == 1, events.c.seq == 3)).one()
        forged = last.body.replace("second", "forged")
        row = events.insert().values(incident=1, seq=4, body=forged, hash=_hash(last.hash, forged))
        connection.execute(row)
    assert audited.verify() == Broken(1, 4, "added")


def test_swapped_rows_are_found(audited: Ledger) -> None:
    tamper(audited, "UPDATE event SET seq = 9 WHERE incident = 1 AND seq = 2")
    tamper(audited, "UPDATE event SET seq = 2 WHERE incident = 1 AND seq = 3")
    tamper(audited, "UPDATE event SET seq = 3 WHERE incident = 1 AND seq = 9")
    assert audited.verify() == Broken(1, 2, "changed")


@pytest.fixture(scope="module")
def long() -> Iterator[Ledger]:
    """One incident of twelve events, on SQLite: the chain is the same code on both databases."""
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'fireline.db'}")
        database.migrate()
        ledger = Ledger(database, now=lambda: NOON, enqueue=lambda _connection, _work: None)
        ledger.open(declare())
        for n in range(11):
            ledger.act(1, note(f"word {n}"))
        yield ledger
        database.close()


@settings(max_examples=60, deadline=None)
@given(seq=st.integers(1, 12), where=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_any_single_changed_byte_is_found(long: Ledger, seq: int, where: float, flip: int) -> None:
    which = (events.c.incident == 1) & (events.c.seq == seq)
    with long.database.writing() as connection:
        body = connection.scalar(sa.select(events.c.body).where(which)) or ""
        raw = bytearray(body.encode())
        raw[int(where * len(raw))] ^= flip
        connection.execute(events.update().where(which).values(body=raw.decode("latin-1")))
    assert long.verify() == Broken(1, seq, "changed")
    with long.database.writing() as connection:
        connection.execute(events.update().where(which).values(body=body))
    assert long.verify() is None


def test_an_empty_house_is_as_written(ledger: Ledger) -> None:
    assert ledger.verify() is None
