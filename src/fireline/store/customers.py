"""Customers as rows: whom we may write to, about which services, and who wants no more mail.

Whoever has left stays as a row that says so: the next table brought in must not make them customers again.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from fireline.core.customers import Customer
from fireline.core.mailing import EVERYBODY, Listed, listed
from fireline.core.refusal import Refused
from fireline.store.database import Database, metadata
from fireline.store.lists import Utc

AT_ONCE = 500  # rows of one statement: both databases bound the number of its values

customers = sa.Table(
    "customer",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("mail", sa.Text, nullable=False, unique=True),  # small letters
    sa.Column("leave", sa.Text, nullable=False, unique=True),  # opens nothing but the way out
    sa.Column("by", sa.Text, nullable=False),  # who brought it in
    sa.Column("at", Utc, nullable=False),
    sa.Column("left_at", Utc),
    sqlite_autoincrement=True,
)
services = sa.Table(
    "customer_service",
    metadata,
    sa.Column("customer", sa.Integer, sa.ForeignKey("customer.number"), primary_key=True),
    sa.Column("service", sa.Text, primary_key=True),
    sa.Index("ix_customer_service_service", "service"),
)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One customer as a list shows it."""

    number: int
    mail: str
    services: tuple[str, ...]
    left: bool


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How many customers get mail and how many have left; by service, how many hear of it."""

    here: int
    left: int
    services: dict[str, int]


class Customers:
    """Whom we may write to."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def bring_in(self, found: Sequence[Customer], at: datetime, *, by: str) -> int:
        """Add these, and take over the services of those who are known; how many are new. Who has left stays away."""
        new = 0
        with self.database.writing() as connection:
            for begin in range(0, len(found), AT_ONCE):
                some = {one.mail: one for one in found[begin : begin + AT_ONCE]}
                rows = [{"mail": mail, "leave": secrets.token_urlsafe(24), "by": by, "at": at} for mail in sorted(some)]
                query = sa.select(customers.c.mail, customers.c.number).where(customers.c.mail.in_(list(some)))
                known = {row.mail for row in connection.execute(query)}
                connection.execute(self.database.insert(customers).on_conflict_do_nothing(), rows)
                numbers = {row.mail: row.number for row in connection.execute(query)}
                new += len(numbers.keys() - known)
                connection.execute(services.delete().where(services.c.customer.in_(list(numbers.values()))))
                hears = [{"customer": numbers[one.mail], "service": name}
                         for one in some.values() for name in one.services]  # fmt: skip
                connection.execute(services.insert(), hears)
        return new

    def leave(self, at: datetime, *, token: str = "", mail: str = "") -> bool:
        """They want no more mail: copies that wait are not sent. Twice is as good as once; False for a stranger."""
        who = customers.c.leave == token if token else customers.c.mail == mail.strip().lower()
        gone = customers.update().where(who).values(left_at=sa.func.coalesce(customers.c.left_at, at, type_=Utc))
        with self.database.writing() as connection:
            return connection.execute(gone.returning(customers.c.number)).first() is not None

    def page(self, after: str = "", limit: int = 100) -> tuple[Row, ...]:
        """Customers by address, those behind `after`."""
        query = sa.select(customers).where(customers.c.mail > after).order_by(customers.c.mail).limit(limit)
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
            hears: dict[int, list[str]] = {}
            mine = services.c.customer.in_([row.number for row in rows])
            for row in connection.execute(sa.select(services).where(mine).order_by(services.c.service)):
                hears.setdefault(row.customer, []).append(row.service)
        return tuple(
            Row(number=row.number, mail=row.mail, services=tuple(hears.get(row.number, ())), left=bool(row.left_at))
            for row in rows
        )

    def tally(self) -> Tally:
        """How many there are."""
        here = customers.c.left_at.is_(None)
        each = (
            sa.select(services.c.service, sa.func.count()).join(customers, customers.c.number == services.c.customer)
            .where(here).group_by(services.c.service).order_by(services.c.service)
        )  # fmt: skip
        with self.database.reading() as connection:
            whole = connection.scalar(sa.select(sa.func.count()).select_from(customers)) or 0
            stay = connection.scalar(sa.select(sa.func.count()).select_from(customers).where(here)) or 0
            found = {name: count for name, count in connection.execute(each)}  # noqa: C416  # rows are no tuples
        return Tally(here=stay, left=whole - stay, services=found)

    def listed(self, names: Iterable[str]) -> Listed:
        """Who would get a letter for these services now."""
        with self.database.reading() as connection:
            return listed(row.mail for row in who(connection, tuple(names)))


def who(connection: sa.Connection, names: tuple[str, ...]) -> Sequence[sa.Row[Any]]:
    """Number and address of everybody who hears of one of these services and has not left."""
    here = sa.select(customers.c.number, customers.c.mail).where(customers.c.left_at.is_(None))
    if EVERYBODY not in names:
        hears = sa.select(services.c.customer).where(services.c.service.in_([*names, EVERYBODY]))
        here = here.where(customers.c.number.in_(hears))
    found: Sequence[Any] = connection.execute(here.order_by(customers.c.number)).all()
    return found


def must_be_there(connection: sa.Connection, number: int) -> None:
    """Refuse to write to somebody who has left."""
    row = connection.execute(sa.select(customers.c.left_at).where(customers.c.number == number)).first()
    if row is None or row.left_at:
        raise Refused("They want no more mail.", status=403)
