"""Spans: rows that hold from one time to another and that somebody may end early, such as overrides and silences."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from fireline.core.refusal import Refused
from fireline.store.database import Database


def end(
    database: Database, table: sa.Table, number: int, *, by: str, at: datetime, key: str | None
) -> tuple[sa.Row[Any], bool]:
    """End one now; the row, and whether that is news: the same `key` again is answered the same, and ends nothing.

    `table` has `number`, `starts_at`, `ends_at`, `ended_by` and `ended_key`; it is called in a refusal what its rows
    are. Raises `Refused` when there is none, or it is over.
    """
    mine = table.c.number == number
    with database.writing() as connection:
        row = connection.execute(
            table.update()
            .where(mine, table.c.ends_at > at)
            # one that has not begun yet never will
            .values(ends_at=at, starts_at=sa.case((table.c.starts_at > at, at), else_=table.c.starts_at),
                    ended_by=by, ended_key=key)
            .returning(table)
        ).first()  # fmt: skip
        if row is not None:
            return row, True
        there = connection.execute(sa.select(table).where(mine)).first()
    if there is None:
        raise Refused(f"There is no {table.name} {number}.", status=404)
    if not key or there.ended_key != key:
        raise Refused(f"{table.name.capitalize()} {number} is over already.")
    return there, False
