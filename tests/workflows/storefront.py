"""A shop with customers: a house that sends mail, in which nothing runs by itself, and the clock that tests move."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fireline import clock
from fireline.core import incident, mailing
from fireline.core.customers import customer
from fireline.house import House, build
from fireline.settings import (
    CustomersSettings,
    PersonSettings,
    Runbooks,
    Settings,
    SmtpSettings,
    StatusComponentSettings,
    StatusSettings,
    Store,
)
from workflows.postbox import Postbox, postbox

RUNBOOKS = Path(__file__).resolve().parents[2] / "examples" / "runbooks"
COMPONENT = StatusComponentSettings(name="Web shop", services=("shop",))
FILLED = {
    "choice": "FYI", "began": "2026-03-02T12:00", "ended": "2026-03-02T12:50", "impact": "You could not pay — schade.",
    "cause": "A disk was full.", "resolution": "We made room.", "prevention": "We watch it.",
}  # fmt: skip


class Times:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> Any:
        return clock.now() + self.ahead


class Shop:
    """A house with customers; nothing in it runs by itself."""

    def __init__(self, folder: Path, box: Postbox, times: Times, url: str = "", **more: Any) -> None:
        told: dict[str, Any] = {
            "from_": "Lantern Bücher <care@lantern.example>", "reply_to": "help@lantern.example", "pace": 0,
            "url": "https://fireline.lantern.example", "bounces": "bounces@lantern.example",
        }  # fmt: skip
        self.house: House = build(
            Settings(
                store=Store(url=url or f"sqlite:///{folder / 'shop.db'}", spool=str(folder / "spool")),
                runbooks=Runbooks(paths=(str(RUNBOOKS),)),
                smtp=SmtpSettings(host="127.0.0.1", port=box.port, security="none", sender="house@lantern.example"),
                customers=CustomersSettings(**told | more),
                status=StatusSettings(own_page=False, components=(COMPONENT,)),
                people={"ana": PersonSettings(mail="ana@lantern.example")},
            ),
            now=times,
        )
        self.house.database.migrate()
        self.house.durable.prepare()
        self.house.library.load()
        for handle, name in (("ana", "Ana Duarte"), ("ben", "Ben Okoro")):
            self.house.accounts.add(handle, name, "responder")
        self.mail, self.ledger, self.times = self.house.customer_mail, self.house.ledger, times
        deed = partial(
            incident.declare, title="db01 is full", severity="P1", severity_name="High", severity_why="",
            response_minutes=15, by="ana", service="shop",
        )  # fmt: skip
        self.number = self.ledger.open(deed).number

    def bring_in(self, *mails: str, services: tuple[str, ...] = ("shop",)) -> None:
        self.mail.customers.bring_in([customer(one, services) for one in mails], clock.now(), by="ana")

    def draft(self, **more: Any) -> int:
        """Ana writes a letter; its number."""
        now = self.ledger.read(self.number)
        found = self.mail.fill(now, **FILLED | more)
        self.mail.draft(self.number, subject=found.subject, text=found.text, services=("shop",), by="ana")
        return len(mailing.letters(self.ledger.log(self.number)))

    def approve(self, number: int = 1, *, meant: bool = True) -> None:
        """Ben says yes to what he was shown."""
        self.mail.approve(self.number, number, shown=self.shown(number), meant=meant, by="ben")

    def shown(self, number: int = 1) -> str:
        return mailing.digest(mailing.find(self.ledger.log(self.number), number).drafted, self.mail.listed(("shop",)))

    def look(self, times: int = 2) -> None:
        assert self.mail.mailer
        for _ in range(times):
            self.mail.mailer.look()

    def counts(self, number: int = 1) -> dict[str, int]:
        return self.mail.copies.counts(self.number).get(number, {})


@pytest.fixture
def box() -> Iterator[Postbox]:
    with postbox() as found:
        yield found


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def shop(tmp_path: Path, box: Postbox, times: Times) -> Iterator[Shop]:
    """With two customers of the shop, one of everything, one of the blog."""
    found = Shop(tmp_path, box, times)
    found.bring_in("cleo@example.com", "dora@example.com")
    found.bring_in("emil@example.com", services=())
    found.bring_in("fred@example.com", services=("blog",))
    with closing(found.house.database):
        yield found
