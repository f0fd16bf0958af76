"""Home: what is wrong now, what waits for whom, and what was lately."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from litestar import get
from litestar.response import Template

from fireline.core.approval import Ask as Question
from fireline.core.incident import STATUSES
from fireline.store import lists
from fireline.store.alerts import AlertStore
from fireline.store.database import Database
from fireline.store.ledger import Ledger
from fireline.web.alerts import Waiting, waiting
from fireline.web.answer import Ask, Frame, by_htmx, part, whole
from fireline.web.standing import Reader, Standing

RECENT = 12  # ended incidents on the home page; all of them are under /incidents
DETAILED = 20  # open incidents whose log is read for what they wait for; more than that is a day for the phone


@dataclass(frozen=True, slots=True)
class Row:
    """One open incident: its list row, and its log's own answer to what it waits for."""

    row: sa.Row[Any]
    at: Standing | None

    @property
    def marks(self) -> list[str]:
        """The four small bars: done, current, or to come."""
        here = STATUSES.index(self.row.status)
        return ["d" if n < here else "c" if n == here else "" for n in range(len(STATUSES))]


@dataclass(frozen=True, slots=True)
class Home:
    """What the page shows."""

    head: int
    now: datetime
    active: list[Row]
    triage: list[Waiting]
    recent: Sequence[sa.Row[Any]]

    @property
    def waits(self) -> list[tuple[Standing, Question]]:
        """Approvals that want an answer, with their incident."""
        return [(one.at, ask) for one in self.active if one.at for ask in one.at.waiting]

    @property
    def idle(self) -> bool:
        """Nothing waits for anybody."""
        ready = any(one.at and not one.at.shut for one in self.active)
        return not self.waits and not ready and all(one.row.acknowledged_by for one in self.active)


@get("/", sync_to_thread=True)
def page(
    *, request: Ask, frame: Frame, database: Database, alerts: AlertStore, ledger: Ledger, reader: Reader,
    now: Callable[[], datetime],
) -> Template:  # fmt: skip
    """The home page, or its lists for a live one."""
    rows = lists.all_incidents(database, state=lists.OPEN)
    active = [Row(row, reader(row.number) if n < DETAILED else None) for n, row in enumerate(rows)]
    recent = lists.all_incidents(database, state=lists.CLOSED, limit=RECENT)
    home = Home(ledger.heads(), now(), active, waiting(alerts), recent)
    if by_htmx(request):
        return part("home/_lists.html", frame, home=home)
    return whole("home/page.html", frame, home=home)


handlers = (page,)
