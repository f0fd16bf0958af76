"""A checklist that many tick at once: one item is ticked once, two items are both ticked, on both stores."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest

from fireline.core import checklist
from fireline.core.checklist import Already
from fireline.core.events import ChecklistTicked
from fireline.core.runbook import parse
from fireline.shell import parse as shell
from fireline.store.database import Database
from fireline.store.ledger import Ledger
from store.conftest import NOON, Kitchen, declare

BOOKS = (parse("# Harbour\n\n**At once:**\n- [ ] Ring the bell\n- [ ] Light the lamp\n", path="h.md", shell=shell),)
PEOPLE = ("ana", "ben", "cleo", "dana")


@pytest.mark.req(44)
def test_four_people_on_two_replicas_tick_one_item_and_two_items_at_once(
    database: Database, kitchen: Kitchen, url: str
) -> None:
    kitchen.ledger().open(declare())
    other = Database(url)  # a second replica's own connections
    replicas = (kitchen.ledger(), Ledger(other, now=lambda: NOON, enqueue=kitchen.enqueue))
    bell, lamp = (one.key for one in checklist.lists(BOOKS, replicas[0].log(1))[0].items)

    def ticks(together: Barrier, who: int, item: str) -> str:
        together.wait()
        try:
            replicas[who % 2].act(1, partial(checklist.tick, books=BOOKS, item=item, by=PEOPLE[who]))
        except Already as already:
            return already.sentence.split()[0]
        return PEOPLE[who]

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(partial(ticks, Barrier(4)), range(4), [bell] * 4))
    (one,) = [event for event in replicas[0].log(1) if isinstance(event, ChecklistTicked)]
    assert said == [one.by] * 4  # each of the four knows whose tick it is
    replicas[0].act(1, partial(checklist.untick, books=BOOKS, item=bell, by="ana"))
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(partial(ticks, Barrier(2)), range(2), [bell, lamp])) == ["ana", "ben"]
    (found,) = checklist.lists(BOOKS, replicas[1].log(1))
    assert [one.tick.by if one.tick else "" for one in found.items] == ["ana", "ben"]
    assert replicas[0].verify() is None
    other.close()
