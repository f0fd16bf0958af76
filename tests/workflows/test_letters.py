"""Everybody who asked for mail, and said so twice, gets each notice once by real SMTP; nobody else gets any."""

from __future__ import annotations

import email
import re
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage, Message
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from fireline import clock
from fireline.connectors.smtp import Smtp
from fireline.core.board import Notice
from fireline.core.refusal import Refused
from fireline.store.database import Database
from fireline.store.notices import Notices
from fireline.store.subscribers import ASK_AGAIN, ASKS_PER_HOUR, LINK_GOOD_FOR, Subscribers
from fireline.workflows.letters import Letters
from servers import free_port

FIRST = Notice(
    incident="aaa", update=1, at=clock.now(), status="Investigating", title="Slow checkout",
    text="We are investigating — wir prüfen das.", impact="major", components={"Checkout": "partial_outage"},
)  # fmt: skip


class Postbox:
    """A mail server's memory; `answers` come before its 250."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, Message]] = []
        self.answers: list[str] = []
        self.refuses: set[str] = set()
        self.port = free_port()

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if address in self.refuses:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answers:
            return self.answers.pop(0)
        self.mails += [(to, email.message_from_bytes(envelope.content)) for to in envelope.rcpt_tos]
        return "250 OK"

    def to(self) -> list[str]:
        return [to for to, _ in self.mails]


@pytest.fixture
def box() -> Iterator[Postbox]:
    """A real mail server on loopback."""
    found = Postbox()
    controller = Controller(found, hostname="127.0.0.1", port=found.port)
    controller.start()
    yield found
    controller.stop()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    one = Database(f"sqlite:///{tmp_path / 'fireline.db'}")
    one.migrate()
    yield one
    one.close()


@pytest.fixture
def people(database: Database) -> Subscribers:
    return Subscribers(database)


class Times:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> Any:
        return clock.now() + self.ahead


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def letters(people: Subscribers, database: Database, box: Postbox, times: Times) -> Letters:
    server = Smtp("127.0.0.1", box.port, security="none")
    return Letters(
        people, Notices(database), post=server.send, sender="Lantern <status@example.com>", title="Lantern status",
        url="https://status.example.com/status", now=times,
    )  # fmt: skip


def subscribe(people: Subscribers, *mails: str) -> None:
    """They asked, and followed their links, long ago."""
    at = clock.now() - timedelta(days=1)
    for mail in mails:
        asked = people.ask(mail, at)
        assert asked
        people.confirm(asked[1], at)
        at -= timedelta(minutes=1)


def text(mail: Message) -> str:
    body = mail.get_payload(decode=True)
    assert isinstance(body, bytes)
    return body.decode()


def test_an_address_counts_once_its_owner_has_followed_the_link(
    people: Subscribers, letters: Letters, box: Postbox, database: Database
) -> None:
    asked = people.ask("Cleo@Example.com", clock.now())
    assert asked
    letters.link(*asked)
    Notices(database).publish(FIRST)
    letters.look()
    [(to, mail)] = box.mails
    assert to == "cleo@example.com"
    [token] = re.findall(r"/status/confirm/(\S+)", text(mail))
    assert people.confirm(token, clock.now()) == "cleo@example.com"
    assert people.confirm(token, clock.now()) == "cleo@example.com"
    Notices(database).publish(
        Notice(**{name: getattr(FIRST, name) for name in FIRST.__struct_fields__} | {"update": 2})
    )
    letters.look()
    assert box.to() == ["cleo@example.com"] * 2
    assert token not in Path(database.url.database or "").read_bytes().decode("latin-1")


def test_the_mail_says_the_very_words_and_how_to_leave(
    people: Subscribers, letters: Letters, box: Postbox, database: Database
) -> None:
    subscribe(people, "cleo@example.com")
    Notices(database).publish(FIRST)
    letters.look()
    [(_, mail)] = box.mails
    assert mail["Subject"] == "[Lantern status] Investigating: Slow checkout"
    assert f"**Investigating** ({FIRST.at:%H:%M} UTC)\r\nWe are investigating — wir prüfen das." in text(mail).replace(
        "\r\n", "\n"
    ).replace("\n", "\r\n")
    assert "https://status.example.com/status/incidents/aaa" in text(mail)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Auto-Submitted"] == "auto-generated"
    leave = mail["List-Unsubscribe"].strip("<>").rpartition("/")[2]
    people.leave(leave, clock.now())
    people.leave(leave, clock.now())
    people.leave("nonsense", clock.now())
    assert people.count() == 0


def test_whoever_left_gets_nothing_more_and_may_come_back(
    people: Subscribers, letters: Letters, box: Postbox, database: Database
) -> None:
    subscribe(people, "cleo@example.com", "dora@example.com")
    Notices(database).publish(FIRST)
    with database.reading() as connection:
        leave = connection.exec_driver_sql("SELECT leave FROM subscriber WHERE mail LIKE 'cleo%'").scalar_one()
    people.leave(leave, clock.now())  # before the letter went out
    letters.look()
    assert box.to() == ["dora@example.com"]
    asked = people.ask("cleo@example.com", clock.now())
    assert asked
    people.confirm(asked[1], clock.now())
    assert people.count() == 2


def test_a_notice_published_twice_is_mailed_once(
    people: Subscribers, letters: Letters, box: Postbox, database: Database
) -> None:
    subscribe(people, "cleo@example.com")
    for _ in range(3):
        Notices(database).publish(FIRST)
        letters.look()
    assert box.to() == ["cleo@example.com"]


def test_history_that_is_brought_in_is_mailed_to_nobody(
    people: Subscribers, letters: Letters, box: Postbox, database: Database
) -> None:
    subscribe(people, "cleo@example.com")
    Notices(database).bring_in([FIRST])
    letters.look()
    assert box.mails == []


def test_what_the_server_cannot_take_now_is_tried_again_and_what_it_refuses_is_told(
    people: Subscribers, letters: Letters, box: Postbox, database: Database, times: Times
) -> None:
    subscribe(people, "cleo@example.com", "nobody@example.com")
    box.answers, box.refuses = ["451 later"], {"nobody@example.com"}
    Notices(database).publish(FIRST)
    letters.look()
    assert people.letters("aaa") == {1: {"waiting": 1, "failed": 1}}
    letters.look()
    assert box.mails == []  # not before its time
    times.ahead = timedelta(minutes=1)
    letters.look()
    assert people.letters("aaa") == {1: {"sent": 1, "failed": 1}}
    assert box.to() == ["cleo@example.com"]


def test_a_link_that_cannot_be_mailed_now_is_mailed_later(
    people: Subscribers, letters: Letters, box: Postbox, times: Times
) -> None:
    asked = people.ask("cleo@example.com", clock.now())
    assert asked
    letters.link(*asked)
    box.answers = ["451 later"]
    letters.look()
    assert box.mails == []
    times.ahead = timedelta(minutes=1)
    letters.look()
    assert box.to() == ["cleo@example.com"]


def test_nobody_can_be_flooded_with_links(people: Subscribers) -> None:
    at = clock.now()
    assert people.ask("cleo@example.com", at)
    assert people.ask("cleo@example.com", at + ASK_AGAIN / 2) is None
    assert people.ask("cleo@example.com", at + ASK_AGAIN)
    for n in range(ASKS_PER_HOUR - 1):
        people.ask(f"somebody{n}@example.com", at)
    with pytest.raises(Refused, match="Too many"):
        people.ask("dora@example.com", at)


def test_a_link_is_good_for_two_days(people: Subscribers) -> None:
    asked = people.ask("cleo@example.com", clock.now())
    assert asked
    with pytest.raises(Refused, match="no longer good"):
        people.confirm(asked[1], clock.now() + LINK_GOOD_FOR)


@pytest.mark.parametrize("wrong", ["", "cleo", "cleo@", "@x", "a b@example.com", "a@b\r\nBcc: c@d", "x@" + "y" * 300])
def test_what_is_no_address_is_refused(people: Subscribers, wrong: str) -> None:
    with pytest.raises(Refused, match="no e-mail address"):
        people.ask(wrong, clock.now())


SENDER = """
import sys
from fireline import clock
from fireline.connectors.smtp import Smtp
from fireline.store.database import Database
from fireline.store.notices import Notices
from fireline.store.subscribers import Subscribers
from fireline.workflows.letters import Letters
database = Database(f"sqlite:///{sys.argv[1]}")
people = Subscribers(database)
letters = Letters(people, Notices(database), post=Smtp("127.0.0.1", int(sys.argv[2]), security="none").send,
                  sender="status@example.com", title="Lantern", url="http://127.0.0.1/status", now=clock.now)
while "waiting" in people.letters("aaa")[1]:
    letters.look()
"""


def test_killed_in_the_middle_nobody_gets_it_twice_and_who_may_have_missed_it_is_told(
    people: Subscribers, box: Postbox, database: Database
) -> None:
    subscribe(people, *(f"reader{n}@example.com" for n in range(150)))
    Notices(database).publish(FIRST)
    file = str(database.url.database)
    for n in (1, 2, 3):
        sender = subprocess.Popen([sys.executable, "-c", SENDER, file, str(box.port)])
        while len(box.mails) < n * 30:
            assert sender.poll() is None
        sender.kill()
        sender.wait()
    subprocess.run([sys.executable, "-c", SENDER, file, str(box.port)], check=True, timeout=120)
    people.forgotten(clock.now() + timedelta(minutes=10))
    [stands] = people.letters("aaa").values()
    assert max(Counter(box.to()).values()) == 1
    assert stands["sent"] + stands.get("unknown", 0) == 150
    assert stands.get("unknown", 0) <= 3
    with sqlite3.connect(file) as connection:
        sent = {row[0] for row in connection.execute(
            "SELECT mail FROM letter JOIN subscriber ON number = subscriber WHERE state = 'sent'"
        )}  # fmt: skip
    connection.close()
    assert sent <= set(box.to())


def test_a_long_way_out_is_one_that_mail_programs_can_read(
    people: Subscribers, box: Postbox, database: Database, times: Times
) -> None:
    subscribe(people, "cleo@example.com")
    Notices(database).publish(FIRST)
    server = Smtp("127.0.0.1", box.port, security="none")
    url = "https://status.a-rather-long-name-of-a-company.example.com/status"
    letters = Letters(
        people, Notices(database), post=server.send, sender="s@example.com", title="Lantern", url=url, now=times
    )
    letters.look()
    [(_, mail)] = box.mails
    assert mail["List-Unsubscribe"].startswith(f"<{url}/leave/")


def test_a_mail_cannot_be_led_astray_by_its_words(
    people: Subscribers, letters: Letters, box: Postbox, database: Database
) -> None:
    subscribe(people, "cleo@example.com")
    fields = {name: getattr(FIRST, name) for name in FIRST.__struct_fields__}
    Notices(database).publish(Notice(**fields | {"title": "Slow\r\nBcc: everybody@example.com"}))
    letters.look()
    [(to, mail)] = box.mails
    assert to == "cleo@example.com"
    assert mail["Bcc"] is None
    assert isinstance(mail, Message | EmailMessage)
