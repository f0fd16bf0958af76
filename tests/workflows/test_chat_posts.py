"""The rule: a chat that only takes messages gets the room's words, and mail is the last resort.

Real servers take them: a webhook on loopback, and an SMTP server.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from functools import partial
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from contracts.faulty import Answer, Faulty, Request
from contracts.slack import TOKEN, SlackStandIn
from fireline.core import chat, delivery, incident, outbox
from fireline.core.events import UpdateSent
from fireline.core.refusal import Refused
from fireline.house import House
from fireline.settings import ChatSettings, SlackSettings, SmtpSettings
from kiosk import Open, until
from servers import free_port

TITLE = "The coffee is cold"


class Hook:
    """A chat's incoming webhook: it keeps what it was told."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []
        self.wire = Faulty(self._take, lambda status, wait: Answer(status, b"", {"Retry-After": wait} if wait else {}))

    def _take(self, asked: Request) -> Answer:
        self.said.append(json.loads(asked.body))
        return Answer(200, b"ok")


@pytest.fixture
def hook() -> Iterator[Hook]:
    one = Hook()
    one.wire.start()
    yield one
    one.wire.stop()


class Mailbox:
    """A mail server's memory."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802, ARG002
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(message_from_bytes(content, policy=policy.default))
        return "250 kept"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, SmtpSettings]]:
    kept = Mailbox()
    port = free_port()
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    yield kept, SmtpSettings(host="127.0.0.1", port=port, sender="fireline@example.com", security="none")
    controller.stop()


def story(house: House) -> UpdateSent:
    """Declared, had, told; the update that was sent."""
    house.declare.by_person(TITLE, by="ana", severity="P1")
    house.ledger.act(1, partial(incident.acknowledge, by="ana"))
    house.communicate.send(1, actions="the machine is being warmed", users=None, services=None, by="ana")
    until(lambda: settled(house))
    return next(one for one in house.ledger.log(1) if isinstance(one, UpdateSent))


def settled(house: House) -> bool:
    found = delivery.deliveries(house.ledger.log(1), house.ledger.vendors, house.now())
    return bool(found) and all(one.state != "waiting" for one in found)


@pytest.mark.req(34, 85)
def test_mattermost_gets_the_words_of_the_room_without_a_room(open_house: Open, hook: Hook) -> None:
    house = open_house(chat=ChatSettings(webhook=f"{hook.wire.url}/hooks/k", call="https://meet.example.com/{number}"))
    sent = story(house)
    texts = [one["text"] for one in hook.said]
    assert texts[0].startswith("INC-1 · P1: The coffee is cold\n🚨 P1: The coffee is cold\n")
    assert "Call: https://meet.example.com/1" in texts[0]
    assert texts[1:] == [
        "INC-1 · P1: The coffee is cold\nana has it.",
        f"INC-1 · P1: The coffee is cold\n{sent.text}",
    ]


@pytest.mark.req(34)
def test_teams_gets_them_as_a_card(open_house: Open, hook: Hook) -> None:
    house = open_house(chat=ChatSettings(webhook=f"{hook.wire.url}/workflows/1", kind="teams"))
    story(house)
    (attached,) = hook.said[1]["attachments"]
    assert attached["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert attached["content"]["body"][0]["text"] == "INC-1 · P1: The coffee is cold\n\nana has it."


def test_a_webhook_that_is_busy_is_asked_again(open_house: Open, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "FIRST_WAIT", timedelta(milliseconds=20))
    house = open_house(chat=ChatSettings(webhook=hook.wire.url))
    hook.wire.fail_next(2, "429", retry_after="0")
    story(house)
    assert len(hook.said) == 3


def test_an_answer_that_got_lost_is_not_said_twice_but_shown(open_house: Open, hook: Hook) -> None:
    house = open_house(chat=ChatSettings(webhook=hook.wire.url))
    hook.wire.fail_next(1, "drop")
    house.declare.by_person(TITLE, by="ana", severity="P1")
    until(lambda: settled(house))
    (line,) = house.deliveries(1).missing
    assert line.delivery.reason.endswith("It may be there: look before you say it by hand.")
    assert line.by_hand
    assert line.by_hand.text.startswith("INC-1 · P1: The coffee is cold\n🚨")
    assert len(hook.said) == 1


@pytest.mark.req(34)
def test_without_any_chat_the_team_is_mailed_in_one_thread(
    open_house: Open, mailbox: tuple[Mailbox, SmtpSettings]
) -> None:
    kept, smtp = mailbox
    sent = story(open_house(smtp=smtp, chat=ChatSettings(mail=("team@example.com",))))
    assert [one["Subject"] for one in kept.mails] == ["INC-1 · P1: The coffee is cold"] * 3
    assert kept.mails[2].get_content().splitlines() == sent.text.splitlines()  # mail ends lines its own way
    assert len({one["Message-ID"] for one in kept.mails}) == 3
    assert len({one["References"] for one in kept.mails}) == 1


@pytest.mark.req(34)
def test_what_slack_has_not_taken_for_a_while_is_mailed_once(
    open_house: Open, mailbox: tuple[Mailbox, SmtpSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "FIRST_WAIT", timedelta(milliseconds=20))
    kept, smtp = mailbox
    with SlackStandIn() as slack:
        workspace = SlackSettings(token=TOKEN, url=slack.url)
        house = open_house(smtp=smtp, slack=workspace, chat=ChatSettings(mail=("team@example.com",)))
        slack.wire.fail_next(6, "500")
        house.declare.by_person(TITLE, by="ana", severity="P1")
        until(lambda: kept.mails)
        until(lambda: slack.channels and settled(house))
    (mail,) = kept.mails
    assert mail.get_content().startswith("🚨 P1: The coffee is cold")


def test_mail_without_a_server_is_refused_at_the_start(build_house: Open) -> None:
    with pytest.raises(Refused, match=r"set up \[smtp\]"):
        build_house(chat=ChatSettings(mail=("team@example.com",)))


@pytest.mark.req(26)
def test_nothing_of_a_private_incident_reaches_a_chat_that_many_read(house: House) -> None:
    deed = house.declare.deed(
        title="Somebody reads our mail", text="", found=None, by="ana", source="person", severity="P1", values={},
        private=True,
    )  # fmt: skip
    log = house.ledger.log(house.ledger.open(deed).number)
    told = outbox.told(1, log, frozenset({chat.ROOMS, chat.POSTS, chat.MAIL}))
    assert {one.kind for one in told} == {chat.ROOMS}
