"""Copies of letters as rows: one a customer, written in the transaction of the yes, and never two.

A mail server knows no key that would make a second handing-over harmless. So a copy goes through two doors. *taken*: a
fireline has it in hand and the mail server has no word of it; whoever finds it left behind may hand it over. *sending*:
the server was told to take the words; whoever finds it left behind cannot know what came of it, says so, and leaves it.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa

from fireline.core.mailing import listed
from fireline.core.refusal import Refused
from fireline.core.work import Mail, Work
from fireline.store import customers as people
from fireline.store.customers import customers
from fireline.store.database import Database, metadata
from fireline.store.lists import Utc

OPEN = ("waiting", "taken", "sending")
TROUBLE = ("unknown", "refused", "bounced", "failed")  # what people should look at, the gravest first
AGAIN = (*TROUBLE, "stopped")  # what may be sent once more
LOST = timedelta(minutes=15)  # longer than a mail server may take to answer: see connectors.smtp.ANSWER
WROTE_LATELY = timedelta(days=14)  # for bounces that name no mail: servers give up after about five days
KILLED = "fireline was ended while the mail server had it: it may have arrived."

copies = sa.Table(
    "letter_copy",
    metadata,
    sa.Column("incident", sa.Integer, sa.ForeignKey("incident.number"), primary_key=True),
    sa.Column("letter", sa.Integer, primary_key=True),
    sa.Column("customer", sa.Integer, sa.ForeignKey("customer.number"), primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),  # of its Message-ID; nobody can guess it
    sa.Column("state", sa.Text, nullable=False),  # waiting, taken, sending, sent, left, stopped, and TROUBLE
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("again_at", Utc),  # not before
    sa.Column("since", Utc, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Index("ix_letter_copy_state", "state", "incident", "letter", "customer"),
)
KEY = (copies.c.incident, copies.c.letter, copies.c.customer)


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """One copy in hand. `before` are names of earlier letters of the incident that this customer got."""

    incident: int
    letter: int
    customer: int
    name: str
    attempt: int
    mail: str
    leave: str
    before: tuple[str, ...] = ()


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One copy as people see it."""

    customer: int
    mail: str
    state: str
    reason: str
    since: datetime


def write(connection: sa.Connection, work: Iterable[Work]) -> None:
    """Write, stop or send again what follows from an event, in its transaction. Raises `Refused` to undo that."""
    for one in work:
        match one:
            case Mail(again=int(customer)):
                _again(connection, one, customer)
            case Mail(services=()):
                mine = (copies.c.incident == one.incident, copies.c.letter == one.letter)
                waits = copies.c.state.in_(["waiting", "taken"])
                connection.execute(copies.update().where(*mine, waits).values(state="stopped", since=one.at))
            case Mail():
                _write(connection, one)
            case _:
                pass


def _write(connection: sa.Connection, one: Mail) -> None:
    rows = people.who(connection, one.services)
    if listed(row.mail for row in rows).digest != one.listed:
        raise Refused("The list of customers has just changed. Reload, look at it, and decide again.")
    new = {"incident": one.incident, "letter": one.letter, "state": "waiting", "attempt": 0, "since": one.at}
    connection.execute(
        copies.insert(),
        [new | {"customer": row.number, "name": secrets.token_hex(16), "reason": ""} for row in rows],
    )


def _again(connection: sa.Connection, one: Mail, customer: int) -> None:
    people.must_be_there(connection, customer)
    mine = (copies.c.incident == one.incident, copies.c.letter == one.letter, copies.c.customer == customer)
    fresh = {"state": "waiting", "attempt": 0, "again_at": None, "since": one.at, "reason": ""}
    found = copies.update().where(*mine, copies.c.state.in_(AGAIN)).values(**fresh).returning(copies.c.customer)
    if connection.execute(found).first() is None:
        raise Refused("This copy was not sent to them, or arrived as far as anybody knows: nothing to send again.")


class Copies:
    """Takes copies out of the queue, and notes what became of them."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def take(self, at: datetime, limit: int) -> tuple[Copy, ...]:
        """Take some that are due; no other fireline takes them meanwhile. Whoever has left is passed over."""
        due = sa.select(*KEY).where(
            copies.c.state == "waiting", sa.or_(copies.c.again_at.is_(None), copies.c.again_at <= at)
        )
        with self.database.reading() as connection:  # most looks find nothing, and take no lock for that
            if connection.execute(due.limit(1)).first() is None:
                return ()
        due = due.order_by(*KEY).limit(limit)
        if not self.database.is_sqlite:
            due = due.with_for_update(skip_locked=True)
        with self.database.writing() as connection:
            keys = [tuple(row) for row in connection.execute(due)]
            these = sa.tuple_(*KEY).in_(keys)
            gone = sa.select(customers.c.number).where(customers.c.left_at.isnot(None))
            left = copies.update().where(these, copies.c.customer.in_(gone))
            connection.execute(left.values(state="left", since=at, reason="They want no more mail."))
            mine = copies.update().where(these, copies.c.state == "waiting")
            connection.execute(mine.values(state="taken", since=at, attempt=copies.c.attempt + 1))
            rows = connection.execute(
                sa.select(copies, customers.c.mail, customers.c.leave)
                .join(customers, customers.c.number == copies.c.customer)
                .where(these, copies.c.state == "taken").order_by(*KEY)
            ).all()  # fmt: skip
            return tuple(
                Copy(
                    incident=row.incident, letter=row.letter, customer=row.customer, name=row.name,
                    attempt=row.attempt, mail=row.mail, leave=row.leave, before=_before(connection, row),
                )
                for row in rows
            )  # fmt: skip

    def sending(self, copy: Copy, at: datetime) -> bool:
        """From now on nobody can know what became of it until the server has answered. False: it was stopped."""
        stays = sa.select(customers.c.number).where(customers.c.left_at.is_(None))
        mine = copies.update().where(*_key(copy), copies.c.state == "taken", copies.c.customer.in_(stays))
        with self.database.writing() as connection:
            return connection.execute(mine.values(state="sending", since=at).returning(KEY[0])).first() is not None

    def settle(
        self, copy: Copy, state: str, at: datetime, *, reason: str = "", again_at: datetime | None = None
    ) -> None:
        """What became of it: `sent`, `refused`, `failed`, `unknown`, or `waiting` for another try."""
        values = {"state": state, "since": at, "reason": reason, "again_at": again_at}
        with self.database.writing() as connection:
            connection.execute(copies.update().where(*_key(copy), copies.c.state.in_(OPEN)).values(**values))

    def give_back(self, unsent: Collection[Copy], at: datetime) -> None:
        """Those of these that are only taken wait again, and that was no attempt."""
        keys = [(one.incident, one.letter, one.customer) for one in unsent]
        back = copies.update().where(sa.tuple_(*KEY).in_(keys), copies.c.state == "taken")
        with self.database.writing() as connection:
            connection.execute(back.values(state="waiting", since=at, attempt=copies.c.attempt - 1))

    def under_way(self) -> frozenset[tuple[int, int]]:
        """Incident and number of the letters of which a copy waits or is in somebody's hand."""
        return self._letters(copies.c.state.in_(OPEN))

    def letters(self) -> frozenset[tuple[int, int]]:
        """The same of all letters that ever went out."""
        return self._letters(sa.true())

    def _letters(self, which: sa.ColumnElement[bool]) -> frozenset[tuple[int, int]]:
        query = sa.select(copies.c.incident, copies.c.letter).where(which).distinct()
        with self.database.reading() as connection:
            return frozenset((row.incident, row.letter) for row in connection.execute(query))

    def forgotten(self, at: datetime, *, alone: bool = False) -> int:
        """Copies that a fireline had in hand when it was ended. What was only taken waits again.

        The rest is `unknown`; how many of those. `alone`: no other fireline can have one in hand.
        """
        old = () if alone else (copies.c.since < at - LOST,)
        held = sa.select(copies.c.incident).where(copies.c.state.in_(["taken", "sending"]), *old).limit(1)
        with self.database.reading() as connection:
            if connection.execute(held).first() is None:
                return 0
        with self.database.writing() as connection:
            taken = copies.update().where(copies.c.state == "taken", *old)
            connection.execute(taken.values(state="waiting", since=at, attempt=copies.c.attempt - 1))
            lost = copies.update().where(copies.c.state == "sending", *old)
            lost = lost.values(state="unknown", since=at, reason=KILLED).returning(copies.c.customer)
            return len(connection.execute(lost).all())

    def bounced(self, name: str, mails: Collection[str], reason: str, at: datetime, *, final: bool) -> bool:
        """A server told that a copy did not arrive, or (not `final`) not yet; False when we do not know the copy.

        `name` is that of its Message-ID; where the server told none, the newest one to any of these addresses counts.
        """
        to = sa.select(customers.c.number).where(customers.c.mail.in_([one.lower() for one in mails]))
        newest = sa.select(copies.c.name).where(copies.c.customer.in_(to), copies.c.since > at - WROTE_LATELY)
        newest = newest.where(copies.c.state == "sent").order_by(copies.c.since.desc()).limit(1)
        which = copies.c.name == name if name else copies.c.name.in_(newest)
        # what nobody knew is known now; one that is on its way again has outlived the news
        mine = copies.update().where(which, copies.c.state.in_(["sent", "unknown", "bounced"]))
        values = {"state": "bounced", "since": at, "reason": reason} if final else {"reason": reason}
        with self.database.writing() as connection:
            return connection.execute(mine.values(**values).returning(KEY[0])).first() is not None

    def counts(self, incident: int) -> dict[int, dict[str, int]]:
        """How the copies of an incident's letters stand: by letter, how many in which state."""
        query = sa.select(copies.c.letter, copies.c.state, sa.func.count()).where(copies.c.incident == incident)
        found: dict[int, dict[str, int]] = {}
        with self.database.reading() as connection:
            for letter, state, count in connection.execute(query.group_by(copies.c.letter, copies.c.state)):
                found.setdefault(letter, {})[state] = count
        return found

    def held_up(self, incident: int) -> dict[int, str]:
        """Why copies that wait have to, as the mail server said it last; by letter."""
        mine = (copies.c.incident == incident, copies.c.state == "waiting", copies.c.reason != "")
        query = sa.select(copies.c.letter, copies.c.reason).where(*mine).order_by(copies.c.since)
        with self.database.reading() as connection:
            return {row.letter: row.reason for row in connection.execute(query)}

    def shown(self, incident: int, letter: int, states: Collection[str], limit: int) -> tuple[Shown, ...]:
        """Copies in these states, the newest trouble first."""
        mine = (copies.c.incident == incident, copies.c.letter == letter, copies.c.state.in_(list(states)))
        query = sa.select(copies, customers.c.mail).join(customers, customers.c.number == copies.c.customer)
        query = query.where(*mine).order_by(copies.c.since.desc(), copies.c.customer).limit(limit)
        with self.database.reading() as connection:
            return tuple(
                Shown(customer=row.customer, mail=row.mail, state=row.state, reason=row.reason, since=row.since)
                for row in connection.execute(query)
            )


def _before(connection: sa.Connection, row: sa.Row[tuple[int, int, int]]) -> tuple[str, ...]:
    """Names of the incident's earlier letters to the same customer."""
    mine = (copies.c.incident == row.incident, copies.c.customer == row.customer, copies.c.letter < row.letter)
    query = sa.select(copies.c.name).where(*mine, copies.c.state.in_(["sent", "unknown"])).order_by(copies.c.letter)
    return tuple(connection.scalars(query))


def _key(copy: Copy) -> tuple[sa.ColumnElement[bool], ...]:
    return copies.c.incident == copy.incident, copies.c.letter == copy.letter, copies.c.customer == copy.customer
