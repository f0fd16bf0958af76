"""Accounts: people, one-time sign-in links, sessions and API tokens. Plain rows.

No password exists. Every secret is 256 bits from the system's generator and is kept only as its sha256,
so that a copied database lets nobody in; a fast hash is enough for random secrets of that length.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from fireline.core import errand
from fireline.core.people import Person, check
from fireline.core.refusal import Refused
from fireline.store.database import Database, metadata
from fireline.store.lists import Utc

LINK_GOOD_FOR = timedelta(minutes=30)
ANSWER_GOOD_FOR = timedelta(hours=24)  # of a link in a mail that asks somebody to take an incident
SESSION_GOOD_FOR = timedelta(hours=12)  # longer than a shift's worst night, shorter than a forgotten laptop
Scope = Literal["hooks", "api", "runner"]
PREFIX = "fl_"  # makes a leaked token findable by secret scanners

people = sa.Table(
    "person",
    metadata,
    sa.Column("handle", sa.String(32), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False, default=False),
)
keys = sa.Table(
    "key",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),  # link, session, token, answer, calendar
    sa.Column("handle", sa.String(32), sa.ForeignKey("person.handle"), nullable=False),
    sa.Column("scope", sa.Text),
    sa.Column("label", sa.Text, nullable=False, default=""),
    sa.Column("made_at", Utc, nullable=False),
    sa.Column("ends_at", Utc),
    sa.Column("used_at", Utc),
)


class Answer(msgspec.Struct, frozen=True):
    """Whose answer a link carries, to which incident, and whether it was given already."""

    person: Person
    incident: int
    used: bool


class Accounts:
    """Who may come in."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, handle: str, name: str, role: str = "responder") -> Person:
        """A new person. They come in with a link."""
        person = check(handle, name, role)
        with self.database.writing() as connection:
            row = self.database.insert(people).values(handle=handle, name=person.name, role=role)
            added = connection.execute(row.on_conflict_do_nothing().returning(people.c.handle)).first()
            if added is None:  # a row count would do on SQLite only
                raise Refused(f"There is a person {handle} already.", field="handle")
        return person

    def people(self) -> tuple[Person, ...]:
        """Everybody who may come in, by handle."""
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(people).where(~people.c.disabled).order_by(people.c.handle)).all()
        return tuple(Person(row.handle, row.name, row.role) for row in rows)

    def find(self, handle: str) -> Person:
        """The person with this handle."""
        for person in self.people():
            if person.handle == handle:
                return person
        raise Refused(f"There is no person {handle}. `fireline people add {handle} NAME` makes one.", status=404)

    def link(self, handle: str, at: datetime) -> str:
        """A secret that signs this person in once within 30 minutes."""
        return self._make("link", self.find(handle), at, ends_at=at + LINK_GOOD_FOR)

    def sign_in(self, secret: str, at: datetime) -> str:
        """Use a link up; the secret of a new session. The second use of a link is refused."""
        with self.database.writing() as connection:
            row = connection.execute(
                keys.update()
                .where(
                    keys.c.digest == _digest(secret),
                    keys.c.kind == "link",
                    keys.c.used_at.is_(None),
                    keys.c.ends_at > at,
                )
                .values(used_at=at)
                .returning(keys.c.handle)
            ).first()
        if row is None:
            raise Refused(
                "This sign-in link is used up or too old. `fireline people link NAME` makes a new one.",
                status=403,
            )
        return self._make("session", self.find(row.handle), at, ends_at=at + SESSION_GOOD_FOR)

    def sign_out(self, secret: str) -> None:
        """End a session."""
        with self.database.writing() as connection:
            connection.execute(keys.delete().where(keys.c.digest == _digest(secret), keys.c.kind == "session"))

    def token(
        self, handle: str, scope: Scope, at: datetime, *, label: str = "", ends_at: datetime | None = None
    ) -> str:
        """A token for programs: `hooks` may only bring alerts, `api` acts as this person.

        One of scope `runner` is good for the runner whose name is its label, and acts as nobody.
        """
        if scope == "runner" and not errand.NAME.fullmatch(label):
            raise Refused("Give --label: the runner's name, small letters, digits, dots and dashes.", status=400)
        return self._make("token", self.find(handle), at, ends_at=ends_at, scope=scope, label=label)

    def revoke(self, digest: str) -> None:
        """End a token by the start of its digest, as `tokens` lists it."""
        if len(digest) < 8:
            raise Refused("Give at least 8 characters of the token's digest.", status=400)
        with self.database.writing() as connection:
            done = connection.execute(
                keys.delete().where(keys.c.digest.startswith(digest, autoescape=True), keys.c.kind == "token")
            )
        if done.rowcount == 0:
            raise Refused("There is no such token.", status=404)

    def tokens(self) -> Sequence[sa.Row[Any]]:
        """Every token's row; the secret itself is nowhere."""
        with self.database.reading() as connection:
            return connection.execute(sa.select(keys).where(keys.c.kind == "token").order_by(keys.c.made_at)).all()

    def by_session(self, secret: str, at: datetime) -> Person | None:
        """Who holds this session."""
        return self._holder(secret, at, "session", None)

    def by_token(self, secret: str, scope: Scope, at: datetime) -> Person | None:
        """Who holds this token, if it is good for `scope`."""
        return self._holder(secret, at, "token", scope)

    def runner_of(self, secret: str, at: datetime) -> str | None:
        """The name of the runner that holds this token. It ends with its person's account, too."""
        if self._holder(secret, at, "token", "runner") is None:
            return None
        with self.database.reading() as connection:
            return connection.scalar(sa.select(keys.c.label).where(keys.c.digest == _digest(secret)))

    def answer_link(self, handle: str, incident: int, at: datetime) -> str | None:
        """A secret that acknowledges this incident as this person, once; None for somebody without an account."""
        person = next((one for one in self.people() if one.handle == handle and one.may_act), None)
        if person is None:
            return None
        return self._make("answer", person, at, ends_at=at + ANSWER_GOOD_FOR, label=str(incident))

    def answer(self, secret: str, at: datetime) -> Answer:
        """Whose answer this is. Raises `Refused(403)`."""
        query = sa.select(people, keys.c.label, keys.c.used_at).join(keys, keys.c.handle == people.c.handle).where(
            keys.c.digest == _digest(secret), keys.c.kind == "answer", keys.c.ends_at > at, ~people.c.disabled
        )  # fmt: skip
        with self.database.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise Refused("This link is too old, or none of ours. Sign in and acknowledge there.", status=403)
        return Answer(Person(row.handle, row.name, row.role), int(row.label), row.used_at is not None)

    def answered(self, secret: str, at: datetime) -> None:
        """Use an answer up."""
        with self.database.writing() as connection:
            connection.execute(keys.update().where(keys.c.digest == _digest(secret)).values(used_at=at))

    def calendar(self, handle: str, at: datetime) -> str:
        """A secret for this person's calendar program, which reads the plan only. It ends the one before."""
        person = self.find(handle)
        with self.database.writing() as connection:
            connection.execute(keys.delete().where(keys.c.kind == "calendar", keys.c.handle == handle))
        return self._make("calendar", person, at, ends_at=None)

    def by_calendar(self, secret: str, at: datetime) -> Person | None:
        """Whose calendar program this is."""
        return self._holder(secret, at, "calendar", None)

    def _make(
        self,
        kind: str,
        person: Person,
        at: datetime,
        *,
        ends_at: datetime | None,
        scope: str | None = None,
        label: str = "",
    ) -> str:
        secret = PREFIX + secrets.token_urlsafe(32)
        with self.database.writing() as connection:
            connection.execute(
                keys.insert().values(
                    digest=_digest(secret),
                    kind=kind,
                    handle=person.handle,
                    scope=scope,
                    label=label,
                    made_at=at,
                    ends_at=ends_at,
                )
            )
        return secret

    def _holder(self, secret: str, at: datetime, kind: str, scope: str | None) -> Person | None:
        query = (
            sa.select(people)
            .join(keys, keys.c.handle == people.c.handle)
            .where(
                keys.c.digest == _digest(secret),
                keys.c.kind == kind,
                ~people.c.disabled,
                sa.or_(keys.c.ends_at.is_(None), keys.c.ends_at > at),
            )
        )
        query = query.where(keys.c.scope == scope) if scope else query
        with self.database.reading() as connection:
            row = connection.execute(query).first()
        return Person(row.handle, row.name, row.role) if row else None


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
