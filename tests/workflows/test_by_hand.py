"""What did not arrive says so, and how a person does it: the words, the phone numbers, the line for a shell."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from contracts.pagerduty import ROUTING_KEY, PagerDutyStandIn
from fireline.core import delivery, incident
from fireline.core.incident import Incident, fold
from fireline.core.refusal import Refused
from fireline.core.work import Effect
from fireline.house import House
from fireline.settings import PagerDutySettings
from fireline.workflows.inform.pagerduty import create_line
from fireline.workflows.inform.told import Phone
from kiosk import RUNBOOK, Open, until

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PAGE = "pagerduty/1/trigger"
BOOK = f"""{RUNBOOK}
## Emergency Contacts

| Role | Contact | Phone |
|------|---------|-------|
| Owner | Ana Duarte | +49 30 901820 |
| Wholesaler | the depot | XXX-XXX-XXXX |
"""


def declared(title: str, severity: str) -> Incident:
    deed = partial(incident.declare, severity_name="", severity_why="", response_minutes=5, by="ana")
    return fold(1, (deed((), NOON, title=title, severity=severity),))


@pytest.fixture
def cut_off(open_house: Open) -> House:
    """A house whose pager refuses every connection."""
    pager = PagerDutySettings(routing_key=ROUTING_KEY, url="http://127.0.0.1:9/v2/enqueue", service="kiosks")
    house = open_house(pagerduty=pager, runbook=BOOK)
    house.declare.by_person("Kiosk shut", by="ana", severity="P1")
    until(lambda: [one.state for one in delivery.deliveries(house.ledger.log(1))] == ["waiting"])
    return house


@pytest.mark.req(28)
def test_the_line_for_a_shell_is_the_one_the_runbook_of_the_seed_says(shared: Path) -> None:
    page = (shared / "seed" / "incident-response-runbook.md").read_text()
    block = next(one for one in re.findall(r"```bash\n(.*?)```", page, re.DOTALL) if "pd incident create" in one)
    lines = [line.strip() for line in block.splitlines() if line.strip() and not line.strip().startswith("#")]
    ours = create_line(declared("Marketing site down", "P0"), "akaind-platform")
    assert [line.strip() for line in ours.splitlines()] == lines


@pytest.mark.req(28)
def test_the_line_for_a_shell_survives_what_a_title_may_hold() -> None:
    line = create_line(declared('The "till" is `gone` for $5! \\o/', "P2"), "kiosks")
    words = shlex.split(line.replace("\\\n", " "))
    assert words == [
        "pd", "incident", "create", "--title", 'P2: The "till" is `gone` for $5! \\o/', "--service", "kiosks",
        "--urgency", "low",
    ]  # fmt: skip


@pytest.mark.req(28, 37)
def test_a_page_that_waits_says_how_to_do_it_by_hand(cut_off: House) -> None:
    told = cut_off.deliveries(1)
    [line] = told.missing
    assert line.by_hand is not None
    assert line.by_hand.text.startswith("P1: Kiosk shut. INC-1, declared ")
    assert line.by_hand.lines == (
        'pd incident create \\\n  --title "P1: Kiosk shut" \\\n  --service "kiosks" \\\n  --urgency high',
    )
    assert told.phones == (
        Phone("Owner", "Ana Duarte", "+49 30 901820", blank=False),
        Phone("Wholesaler", "the depot", "XXX-XXX-XXXX", blank=True),
    )


@pytest.mark.req(37)
def test_what_a_person_did_is_not_done_again(open_house: Open) -> None:
    with PagerDutyStandIn(None) as pager:
        house = open_house(pagerduty=PagerDutySettings(routing_key=ROUTING_KEY, url=pager.url), runbook=BOOK)
        with pager.refusing():
            house.declare.by_person("Kiosk shut", by="ana", severity="P1")
            until(lambda: [one.state for one in delivery.deliveries(house.ledger.log(1))] == ["waiting"])
            house.deliveries.did_by_hand(1, PAGE, by="ana")
        until(lambda: house.durable.health()["ENQUEUED"] + house.durable.health()["DELAYED"] == 0)
        assert pager.requests == []
    told = house.deliveries(1)
    assert [(one.delivery.state, one.delivery.by) for one in told.lines] == [("by hand", "ana")]
    assert not told.missing
    assert not told.phones


@pytest.mark.req(37)
def test_what_was_given_up_is_tried_again_when_a_person_asks(open_house: Open) -> None:
    with PagerDutyStandIn(None) as pager:
        house = open_house(pagerduty=PagerDutySettings(routing_key="x" * 32, url=pager.url), runbook=BOOK)
        house.declare.by_person("Kiosk shut", by="ana", severity="P1")
        until(lambda: [one.state for one in delivery.deliveries(house.ledger.log(1))] == ["given up"])
        house.durable.close(grace=0)
        house.close()
        right = open_house(pagerduty=PagerDutySettings(routing_key=ROUTING_KEY, url=pager.url), runbook=BOOK)
        right.deliveries.try_again(1, PAGE, by="ana")
        until(lambda: [one.state for one in delivery.deliveries(right.ledger.log(1))] == ["made"])
        assert pager.pages("127.0.0.1:8000/INC-1") == 1
        with pytest.raises(Refused, match="this is made"):
            right.deliveries.try_again(1, PAGE, by="ana")


def test_a_mistake_of_our_own_is_a_delivery_given_up_and_not_lost(open_house: Open) -> None:
    with PagerDutyStandIn(None) as pager:
        house = open_house(pagerduty=PagerDutySettings(routing_key=ROUTING_KEY, url=pager.url))
        house.declare.by_person("Kiosk shut", by="ana", severity="P2")
        page: dict[str, str | int] = {"verb": "trigger", "attempt": 1, "delivery": PAGE}
        effect = Effect(kind="pagerduty", key="1:1:pagerduty:trigger", incident=1, seq=1, data=page)
        house.handlers.gave_up(effect, "ZeroDivisionError: division by zero")
    [one] = delivery.deliveries(house.ledger.log(1))
    assert (one.state, one.reason) == ("given up", "A mistake of fireline's own: ZeroDivisionError: division by zero")
