"""Lists say what the logs say, and a clock that has its row cannot be forgotten."""

from __future__ import annotations

from functools import partial
from typing import Any

import sqlalchemy as sa

from fireline.core import approval, gate, incident
from fireline.store import lists
from fireline.store.database import Database
from fireline.store.ledger import Ledger
from store.conftest import declare

ASK = partial(
    approval.ask,
    step="s1",
    title="Restart",
    command="reboot",
    effect="write",
    rule="",
    reason="down",
    yes_needed=1,
    by="ana",
)


def rows(database: Database) -> list[dict[str, Any]]:
    with database.reading() as connection:
        found = connection.execute(sa.select(lists.incidents).order_by(lists.incidents.c.number)).mappings()
        return [dict(row) for row in found]


def story(ledger: Ledger) -> None:
    ledger.open(declare("Redis is down"), join_key="cache|Redis Down")
    ledger.act(1, partial(incident.acknowledge, by="ben"))
    ledger.act(1, ASK)
    ledger.open(declare("Old news", "P3"))
    ledger.act(2, partial(gate.resolve, by="ana"))
    ledger.open(declare("All is lost", "P0"))


def test_a_list_says_what_the_log_says(ledger: Ledger) -> None:
    story(ledger)
    first, second, third = rows(ledger.database)
    assert (first["acknowledged_by"], first["waiting"], first["state"], first["seq"]) == ("ben", 1, "open", 3)
    assert (second["status"], second["state"]) == ("Resolved", "closed")
    assert second["resolved_at"] == ledger.read(2).ended_at
    assert third["acknowledge_by"] == ledger.read(3).acknowledge_by


def test_lists_written_anew_are_the_same(ledger: Ledger) -> None:
    story(ledger)
    before = rows(ledger.database)
    with ledger.database.writing() as connection:
        connection.execute(sa.text("UPDATE incident SET seq = 0, title = '', severity = '', waiting = 9, status = ''"))
    assert ledger.verify() is not None
    assert ledger.rebuild_lists() == 3
    assert rows(ledger.database) == before
    assert ledger.verify() is None


def test_what_burns_stands_first_and_what_is_over_comes_newest_first(ledger: Ledger) -> None:
    story(ledger)
    database = ledger.database
    assert [row.number for row in lists.all_incidents(database, state=lists.OPEN)] == [3, 1]
    assert [row.number for row in lists.all_incidents(database, state=lists.CLOSED)] == [2]
    assert [row.number for row in lists.all_incidents(database)] == [3, 2, 1]
    assert [row.number for row in lists.all_incidents(database, limit=1)] == [3]
