"""How the work stands: who is there to do it, and what should have been done by now."""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa

from fireline.durable.replicas import alive
from fireline.store import clocks
from fireline.store.database import Database
from fireline.store.looks import looks


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Who is alive, and by how many seconds the oldest of each kind of work is overdue, 0 when none is.

    `clock` is a promise that has not rung, `look` is alerts whose change nobody has looked at.
    """

    replicas: tuple[str, ...]
    late: dict[str, float]


def standing(database: Database, at: datetime) -> Standing:
    """Ask the database, as any process may. Raises `Refused` when it does not answer."""
    wanted = sa.func.coalesce(looks.c.due_at, looks.c.asked_at, type_=looks.c.asked_at.type)
    with database.reading() as connection:
        look = connection.scalar(sa.select(sa.func.min(wanted, type_=looks.c.asked_at.type)))
    found = {"clock": clocks.next_due(database), "look": look}
    late = {what: max(0.0, (at - due).total_seconds()) if due else 0.0 for what, due in found.items()}
    if database.is_sqlite:
        return Standing(replicas=("the one that SQLite can have",) if database.served() else (), late=late)
    return Standing(replicas=alive(database), late=late)
