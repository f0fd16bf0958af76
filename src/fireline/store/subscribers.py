"""Subscribers as rows: who asked for mail about our status page, and each letter to each of them.

An address counts once its owner has followed the link that was mailed to it; the link is kept as its sha256. The
token that ends a subscription stands in every letter and is kept as it is: it opens nothing else.

A mail server knows no key that would make a second handing-over harmless. So a letter is taken out of the queue
before it is handed over: a fireline that is killed in between leaves it *unknown*, told to people and never sent again.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec
import sqlalchemy as sa

from fireline.core.refusal import Refused
from fireline.store.database import Database, metadata
from fireline.store.lists import Utc

MAIL = re.compile(r"[^\s@<>,;\"']{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*")
MAIL_MAX_CHARS = 254  # of an address on the wire: https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.3
ASK_AGAIN = timedelta(minutes=15)  # until one address can be mailed another link
ASKS_PER_HOUR = 200  # of all addresses together: a form that anybody may use must not become a mail cannon
LINK_GOOD_FOR = timedelta(days=2)
HANDED_OVER = timedelta(minutes=5)  # longer than a mail server may take: see connectors.smtp

subscribers = sa.Table(
    "subscriber",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("mail", sa.Text, nullable=False, unique=True),  # lower case
    sa.Column("leave", sa.Text, nullable=False, unique=True),
    sa.Column("link", sa.String(64), index=True),  # sha256 of the token that confirms
    sa.Column("asked_at", Utc, nullable=False, index=True),
    sa.Column("confirmed_at", Utc),
    sa.Column("left_at", Utc),
    sqlite_autoincrement=True,
)
letters = sa.Table(
    "letter",
    metadata,
    sa.Column("subscriber", sa.Integer, sa.ForeignKey("subscriber.number"), primary_key=True),
    sa.Column("incident", sa.String(32), primary_key=True),
    sa.Column("update", sa.Integer, primary_key=True),
    sa.Column("state", sa.Text, nullable=False, default="waiting"),  # waiting, handed over, sent, failed, unknown
    sa.Column("attempt", sa.Integer, nullable=False, default=0),
    sa.Column("again_at", Utc),  # not before
    sa.Column("since", Utc),  # when it came into this state
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Index("ix_letter_state", "state"),
)


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One mail to one subscriber, taken out of the queue."""

    subscriber: int
    incident: str
    update: int
    attempt: int
    mail: str
    leave: str


def write_to_all(connection: sa.Connection, database: Database, incident: str, update: int) -> None:
    """A letter to everybody subscribed now, in the caller's transaction."""
    who = sa.select(
        subscribers.c.number, sa.literal(incident), sa.literal(update), sa.literal("waiting"), sa.literal(0),
        sa.literal(""),
    ).where(subscribers.c.confirmed_at.isnot(None), subscribers.c.left_at.is_(None))  # fmt: skip
    columns = ["subscriber", "incident", "update", "state", "attempt", "reason"]
    connection.execute(database.insert(letters).from_select(columns, who))


class Subscribers:
    """Who asked for mail."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def ask(self, mail: str, at: datetime) -> tuple[str, str] | None:
        """Somebody wants mail at this address: the address and the token to send there.

        None when it is subscribed already or was asked a moment ago: whoever typed it must not learn which.
        """
        mail = mail.strip().lower()
        if len(mail) > MAIL_MAX_CHARS or not MAIL.fullmatch(mail) or not mail.isprintable():
            raise Refused("That is no e-mail address.", field="mail", status=400)
        token = secrets.token_urlsafe(32)
        fresh: dict[str, Any] = {"link": _digest(token), "asked_at": at}
        row = self.database.insert(subscribers).values(mail=mail, leave=secrets.token_urlsafe(24), **fresh)
        lapsed = sa.or_(subscribers.c.confirmed_at.is_(None), subscribers.c.left_at.isnot(None))
        row = row.on_conflict_do_update(
            index_elements=["mail"], set_=fresh, where=sa.and_(lapsed, subscribers.c.asked_at <= at - ASK_AGAIN)
        )
        lately = sa.select(sa.func.count()).where(subscribers.c.asked_at > at - timedelta(hours=1))
        with self.database.writing() as connection:
            if (connection.scalar(lately) or 0) >= ASKS_PER_HOUR:
                raise Refused("Too many people subscribe just now. Try again in an hour.", status=429, retry_after=3600)
            asked = connection.execute(row.returning(subscribers.c.number)).first()
        return (mail, token) if asked else None

    def confirm(self, token: str, at: datetime) -> str:
        """The owner followed the link: the address, subscribed from now on. Twice is as good as once."""
        good = (subscribers.c.link == _digest(token), subscribers.c.asked_at > at - LINK_GOOD_FOR)
        done = subscribers.update().where(*good).values(confirmed_at=at, left_at=None).returning(subscribers.c.mail)
        with self.database.writing() as connection:
            mail = connection.scalar(done)
        if mail is None:
            raise Refused("This link is no longer good. Subscribe once more to get a new one.", status=404)
        return str(mail)

    def leave(self, token: str, at: datetime) -> None:
        """End a subscription; letters that wait are not sent. Twice is as good as once, and so is a strange token."""
        gone = subscribers.update().where(subscribers.c.leave == token)
        with self.database.writing() as connection:
            number = connection.scalar(gone.values(left_at=at, link=None).returning(subscribers.c.number))
            if number is not None:
                connection.execute(
                    letters.update()
                    .where(letters.c.subscriber == number, letters.c.state == "waiting")
                    .values(state="failed", reason="They have left.", since=at)
                )

    def count(self) -> int:
        """How many get mail."""
        here = (subscribers.c.confirmed_at.isnot(None), subscribers.c.left_at.is_(None))
        query = sa.select(sa.func.count()).where(*here)
        with self.database.reading() as connection:
            return connection.scalar(query) or 0

    def take(self, at: datetime) -> Letter | None:
        """Take one letter that is due out of the queue, so that nobody else hands it over. None when none is due."""
        due = (
            sa.select(letters.c.subscriber, letters.c.incident, letters.c.update)
            .where(letters.c.state == "waiting", sa.or_(letters.c.again_at.is_(None), letters.c.again_at <= at))
            .order_by(letters.c.incident, letters.c.update, letters.c.subscriber)
            .limit(1)
        )
        if not self.database.is_sqlite:
            due = due.with_for_update(skip_locked=True)
        with self.database.reading() as connection:  # most looks find nothing, and take no lock for that
            if connection.execute(due).first() is None:
                return None
        with self.database.writing() as connection:
            row = connection.execute(due).first()
            if row is None:
                return None
            where = (letters.c.subscriber == row.subscriber, letters.c.incident == row.incident,
                     letters.c.update == row.update)  # fmt: skip
            taken = letters.update().where(*where).values(
                state="handed over", attempt=letters.c.attempt + 1, since=at
            ).returning(letters.c.attempt)  # fmt: skip
            attempt = connection.scalar(taken)
            who = connection.execute(
                sa.select(subscribers.c.mail, subscribers.c.leave).where(subscribers.c.number == row.subscriber)
            ).one()
        return Letter(
            subscriber=row.subscriber, incident=row.incident, update=row.update, attempt=attempt or 1,
            mail=who.mail, leave=who.leave,
        )  # fmt: skip

    def settle(
        self, letter: Letter, state: str, at: datetime, *, reason: str = "", again_at: datetime | None = None
    ) -> None:
        """What became of it: `sent`, `failed`, or `waiting` for another try."""
        where = (letters.c.subscriber == letter.subscriber, letters.c.incident == letter.incident,
                 letters.c.update == letter.update)  # fmt: skip
        values = {"state": state, "since": at, "reason": reason, "again_at": again_at}
        with self.database.writing() as connection:
            connection.execute(letters.update().where(*where).values(**values))

    def forgotten(self, at: datetime) -> int:
        """Letters that were handed over by a fireline that never said what came of it; they are `unknown` now."""
        lost = letters.update().where(letters.c.state == "handed over", letters.c.since < at - HANDED_OVER)
        reason = "fireline was ended while the mail server had it: it may have arrived."
        with self.database.reading() as connection:
            waits = sa.select(letters.c.incident).where(
                letters.c.state == "handed over", letters.c.since < at - HANDED_OVER
            )
            if connection.execute(waits.limit(1)).first() is None:
                return 0
        with self.database.writing() as connection:
            lost = lost.values(state="unknown", reason=reason, since=at)
            return len(connection.execute(lost.returning(letters.c.update)).all())

    def letters(self, incident: str) -> dict[int, dict[str, int]]:
        """How the letters of an incident stand: by update, how many in which state."""
        query = (
            sa.select(letters.c.update, letters.c.state, sa.func.count())
            .where(letters.c.incident == incident)
            .group_by(letters.c.update, letters.c.state)
        )
        found: dict[int, dict[str, int]] = {}
        with self.database.reading() as connection:
            for update, state, count in connection.execute(query):
                found.setdefault(update, {})[state] = count
        return found


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
