"""A summary that somebody sent arrives by mail and in the stakeholders' chat: real servers on loopback take it."""

from __future__ import annotations

from fireline.core import delivery, recipients, summary
from fireline.core.events import SummaryNudged, SummarySent
from fireline.settings import SmtpSettings, StakeholderSettings
from kiosk import Open, until
from workflows.test_chat_posts import Hook, Mailbox, hook, mailbox

__all__ = ["hook", "mailbox"]  # fixtures


def test_a_summary_is_mailed_and_posted_once(
    open_house: Open, hook: Hook, mailbox: tuple[Mailbox, SmtpSettings]
) -> None:
    kept, smtp = mailbox
    named = StakeholderSettings(mail=("boss@example.com", "care@example.com"), webhook=f"{hook.wire.url}/hooks/1")
    house = open_house(smtp=smtp, stakeholders={"p1": named})
    house.accounts.add("ana", "Ana", "admin")
    number = house.declare.by_person("The coffee is cold", severity="P1", by="ana").number
    due = summary.count(house.ledger.log(number))
    assert due
    assert due.minutes == 30
    house.summarise.send(number, text=house.summarise.draft(house.ledger.log(number)), by="ana")
    until(lambda: len([1 for one in _ours(house.ledger.log(number)) if one.state == "made"]) == 2)
    (mail,) = kept.mails
    assert mail["To"] == "boss@example.com, care@example.com"
    assert "The coffee is cold" in mail.get_content()
    assert "Drill · INC-1 · summary 1 · Investigating" in str(hook.said)
    (sent,) = [one for one in house.ledger.log(number) if isinstance(one, SummarySent)]
    assert sent.to == named.mail
    assert "hooks" not in str(sent)  # the chat's address is a key


def test_the_clock_reminds_once_when_a_summary_is_due(open_house: Open) -> None:
    named = StakeholderSettings(webhook="http://127.0.0.1:9/hooks/1", minutes=0.005)
    house = open_house(stakeholders={"P1": named})
    house.accounts.add("ana", "Ana", "admin")
    number = house.declare.by_person("The coffee is cold", severity="P1", by="ana").number
    until(lambda: any(isinstance(one, SummaryNudged) for one in house.ledger.log(number)))
    assert sum(isinstance(one, SummaryNudged) for one in house.ledger.log(number)) == 1
    assert not any(isinstance(one, SummarySent) for one in house.ledger.log(number))


def _ours(log: object) -> list[delivery.Delivery]:
    return [one for one in delivery.deliveries(log) if one.vendor in recipients.NAMES]  # type: ignore[arg-type]
