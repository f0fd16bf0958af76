"""The rule: people can be asked to take an incident in Slack, directly, once, and one press there ends the asking.

A press obeys the rules of every acknowledgement. Where Slack fails, the next channel and step come all the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from litestar.testing import TestClient

from chat.workspace import ANA, BEN, VERA, Workspace, settings, settle_in
from contracts.slack import SlackStandIn
from fireline.app import asgi
from fireline.core import delivery
from fireline.core.events import DeliveryDelayed, PeopleAsked
from fireline.core.refusal import Refused
from fireline.core.roster import Step
from fireline.house import House
from fireline.settings import ChainSettings, GatewaySettings, OnCallSettings, PersonSettings
from kiosk import Open, until
from workflows.receivers import Sink


@pytest.fixture
def phone() -> Iterator[Sink]:
    """A gateway that calls people, and keeps to the key it is given."""
    sink = Sink(lambda asked, _: asked.headers["Idempotency-Key"])
    sink.wire.start()
    yield sink
    sink.wire.stop()


def night(slack: SlackStandIn, phone: Sink, ana: PersonSettings) -> dict[str, Any]:
    """Ana first, by all of her channels at once, and five minutes later Ben in Slack."""
    facts = settings(slack, severities=("P0",))  # so that a P1 has no channel, and Slack is asked nothing else
    facts["people"] |= {"ana": ana, "ben": PersonSettings(channels=("slack",), slack=BEN)}
    steps = (Step(notify=("ana",)), Step(notify=("ben",), after="5m"))
    chains = (ChainSettings(name="night", steps=steps, repeat=0),)
    voice = GatewaySettings(url=f"{phone.wire.url}/calls", body={"to": "{phone}"})
    return facts | {"on_call": OnCallSettings(between="0m", chains=chains), "gateways": {"voice": voice}}


@contextmanager
def a_house(build_house: Open, slack: SlackStandIn, facts: dict[str, Any]) -> Iterator[Workspace]:
    house = build_house(**facts)
    settle_in(house)
    with TestClient(asgi(house)) as client:
        yield Workspace(house, slack, client)
        house.durable.close(grace=0)


def directly(slack: SlackStandIn, user: str) -> list[Any]:
    """What was written to one person alone."""
    return slack.directs[user].posted if user in slack.directs else []


def states(house: House) -> dict[str, str]:
    log = house.ledger.log(1)
    return {one.verb: one.state for one in delivery.deliveries(log) if one.vendor == "on_call"}


def asked(house: House) -> list[str]:
    return [one.who for event in house.ledger.log(1) if isinstance(event, PeopleAsked) for one in event.people]


@pytest.mark.req(29, 31)
def test_who_is_asked_in_slack_has_it_with_one_press_and_nobody_else_is_asked(
    build_house: Open, slack: SlackStandIn, phone: Sink
) -> None:
    facts = night(slack, phone, PersonSettings(channels=("slack",), slack=ANA))
    with a_house(build_house, slack, facts) as workspace:
        house = workspace.house
        slack.wire.fail_next(2, "429", retry_after="1")
        house.declare.by_person("Kiosk <shut>", by="cleo", severity="P1", service="kiosk")
        until(lambda: states(house).get("ask ana by slack") == "made")
        (message,) = directly(slack, ANA)
        said = json.dumps(message["blocks"])
        assert "P1: Kiosk &lt;shut&gt; (INC-1)" in said
        assert "You are asked to take it (named in the chain)." in said
        late = [one for one in house.ledger.log(1) if isinstance(one, DeliveryDelayed)]
        assert len(late) == 2
        assert all(one.again_at >= one.at + timedelta(seconds=1) for one in late), "Slack named the second"
        workspace.presses(VERA, message, "fireline.acknowledge", slack.directs[ANA].id)
        assert "may only look" in workspace.said(1)["text"]
        assert house.ledger.read(1).acknowledged is None
        workspace.presses(ANA, message, "fireline.acknowledge", slack.directs[ANA].id)
        shown = workspace.said(2)
        assert (shown["text"], shown["replace_original"]) == ("Ana has INC-1.", True)
        had = house.ledger.read(1).acknowledged
        assert had
        assert had.by == "ana"
        with pytest.raises(Refused, match="somebody has it"):  # which is what the clock of Ben's step will hear
            house.on_call.go_on(house.ledger.log(1), house.now() + timedelta(minutes=5))
        assert asked(house) == ["ana"]
        assert not directly(slack, BEN)


def test_an_answer_that_got_lost_writes_to_nobody_twice(build_house: Open, slack: SlackStandIn, phone: Sink) -> None:
    with a_house(build_house, slack, night(slack, phone, PersonSettings(channels=("slack",), slack=ANA))) as workspace:
        house = workspace.house
        slack.wire.let_pass(2)  # the conversation, and what was said there
        slack.wire.fail_next(1, "drop")
        house.declare.by_person("Kiosk shut", by="cleo", severity="P1")
        until(lambda: states(house).get("ask ana by slack") == "made")
        assert len(directly(slack, ANA)) == 1


@pytest.mark.req(30, 136)
def test_while_slack_is_away_the_next_channel_rings_each_time_it_stands_there(
    build_house: Open, slack: SlackStandIn, phone: Sink
) -> None:
    ana = PersonSettings(channels=("slack", "voice", "voice"), slack=ANA, phone="+36 1 555 0101")
    with a_house(build_house, slack, night(slack, phone, ana)) as workspace, slack.wire.refusing():
        workspace.house.declare.by_person("Kiosk shut", by="cleo", severity="P1")
        until(lambda: len(phone.shown) == 2)
        assert states(workspace.house)["ask ana by slack"] == "waiting"


def test_whom_slack_does_not_know_leaves_the_next_step_no_wait(
    build_house: Open, slack: SlackStandIn, phone: Sink
) -> None:
    facts = night(slack, phone, PersonSettings(channels=("slack",), slack="UGONE0001"))
    with a_house(build_house, slack, facts) as workspace:
        house = workspace.house
        house.declare.by_person("Kiosk shut", by="cleo", severity="P1")
        until(lambda: states(house) == {"ask ana by slack": "given up", "ask ben by slack": "made"})
        lost = next(one for one in delivery.deliveries(house.ledger.log(1)) if one.state == "given up")
        assert lost.reason == "Slack knows nobody of this id."


def test_an_app_that_may_not_look_writes_all_the_same_and_one_that_hears_no_press_shows_the_link(
    build_house: Open, slack: SlackStandIn, phone: Sink
) -> None:
    facts = night(slack, phone, PersonSettings(channels=("slack",), slack=ANA))
    facts["slack"] = type(facts["slack"])(token=facts["slack"].token, url=slack.url)
    slack.refuse("conversations.open", "missing_scope")
    with a_house(build_house, slack, facts) as workspace:
        workspace.house.declare.by_person("Kiosk shut", by="cleo", severity="P1")
        until(lambda: directly(slack, ANA))
        (row,) = [one for one in directly(slack, ANA)[0]["blocks"] if one["type"] == "actions"]
        yes = row["elements"][0]["url"].removeprefix(workspace.house.settings.base_url)
        assert "You have it, Ana" in workspace.client.post(yes).text
