"""The rule: a grave incident has one channel in Slack, with its people, card and topic, and says every turn there.

A real house talks to a stand-in for Slack over HTTP. What the room says is the log read aloud, so it stands in
fireline as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from html import unescape
from pathlib import Path

import pytest

from contracts.pagerduty_rest import ON_CALL, SECOND, SENDER, PagerDutyRestStandIn
from contracts.pagerduty_rest import TOKEN as REST_TOKEN
from contracts.slack import TOKEN, USER_TOKEN, SlackStandIn
from contracts.slack_channel import Channel
from fireline.core import delivery, incident, merge, roles, room
from fireline.core.events import DeliveryDelayed, DeliveryMade, UpdateSent
from fireline.house import House
from fireline.settings import (
    ChatSettings,
    OnCallSettings,
    PagerDutySettings,
    PersonSettings,
    RotationSettings,
    SlackSettings,
)
from kiosk import RUNBOOK, Open, resolve, until

PEOPLE = {
    "ana": PersonSettings(mail="ana@example.com"),
    "ben": PersonSettings(mail="ben@example.com"),
    "cleo": PersonSettings(slack="UCLEO0001"),
    "zoe": PersonSettings(mail="zoe@example.com"),  # who has left Slack
}
CALL = "https://meet.example.com/{channel}"


@pytest.fixture
def slack(shared_if_there: Path | None) -> Iterator[SlackStandIn]:
    with SlackStandIn(shared_if_there) as stand_in:
        yield stand_in


@pytest.fixture
def setting(slack: SlackStandIn) -> SlackSettings:
    return SlackSettings(
        token=TOKEN, user_token=USER_TOKEN, url=slack.url, leads=("zoe", "ben"), owners={"kiosk": ("cleo",)},
        archive_after_hours=0,
    )  # fmt: skip


@pytest.fixture
def house(open_house: Open, setting: SlackSettings) -> House:
    return open_house(slack=setting, people=PEOPLE, chat=ChatSettings(call=CALL))


def declare(house: House, title: str = "The coffee is cold", severity: str = "P1", by: str = "ana") -> int:
    return house.declare.by_person(title, by=by, severity=severity, service="kiosk").number


def settled(house: House, number: int = 1) -> bool:
    """Everything decided has arrived, or will not."""
    found = delivery.deliveries(house.ledger.log(number), house.ledger.vendors, house.now())
    return bool(found) and all(one.state != "waiting" for one in found)


def states(house: House, number: int = 1) -> dict[str, str]:
    return {one.verb: one.state for one in delivery.deliveries(house.ledger.log(number))}


def note(house: House, verb: str, number: int = 1) -> str:
    log = house.ledger.log(number)
    return next(one.note for one in delivery.deliveries(log) if one.verb == verb and one.state == "made")


def the_room(slack: SlackStandIn) -> Channel:
    (one,) = slack.channels.values()
    return one


def says(channel: Channel) -> list[str]:
    """What fireline wrote there, as people read it."""
    return [unescape(one["text"]) for one in channel.posted]


@pytest.mark.req(31)
def test_a_declaration_makes_one_channel_named_after_its_utc_minute(house: House, slack: SlackStandIn) -> None:
    number = declare(house)
    until(lambda: settled(house, number))
    channel = the_room(slack)
    at = house.ledger.log(number)[0].at
    assert channel.name == f"incident-{at:%Y%m%d-%H%M}"
    assert re.fullmatch(r"incident-\d{8}-\d{4}", channel.name)
    assert not channel.private
    assert delivery.ref(house.ledger.log(number), "slack", "open") == channel.id


@pytest.mark.req(31)
def test_a_second_incident_of_one_minute_gets_a_suffix(house: House, slack: SlackStandIn) -> None:
    first, second = declare(house, "The coffee is cold"), declare(house, "The tea is cold")
    until(lambda: settled(house, first) and settled(house, second))
    stamp = {f"{house.ledger.log(one)[0].at:%Y%m%d-%H%M}" for one in (first, second)}
    names = sorted(one.name for one in slack.channels.values())
    assert len(names) == 2
    if len(stamp) == 1:  # the minute may have turned between them
        assert names == [f"incident-{min(stamp)}", f"incident-{min(stamp)}-2"]


@pytest.mark.req(31)
def test_a_channel_of_that_name_that_is_not_ours_is_left_alone(
    open_house: Open, setting: SlackSettings, slack: SlackStandIn
) -> None:
    house = open_house(slack=setting)
    at = house.now()
    theirs = [slack.add_channel(room.name(at + timedelta(minutes=n)), "UANA00001") for n in range(2)]
    number = declare(house)
    until(lambda: settled(house, number))
    assert not any(one.messages for one in theirs)
    ours = slack.channel(delivery.ref(house.ledger.log(number), "slack", "open"))
    assert ours.name == room.name(house.ledger.log(number)[0].at, 2)


@pytest.mark.req(32)
def test_on_call_leads_and_owners_are_invited_and_whom_slack_does_not_know_is_named(
    open_house: Open, setting: SlackSettings, slack: SlackStandIn
) -> None:
    turn = RotationSettings(name="kiosk", people=("dan",), starts=date(2026, 1, 5))
    people = PEOPLE | {"dan": PersonSettings(slack="UDAN00001")}
    house = open_house(slack=setting, people=people, on_call=OnCallSettings(rotations=(turn,)))
    number = declare(house)
    until(lambda: settled(house, number))
    assert {"UANA00001", "UBEN00001", "UCLEO0001", "UDAN00001"} <= the_room(slack).members
    assert note(house, "invite") == "zoe could not be invited: Slack knows nobody with this mail address."


@pytest.mark.req(32, 109)
def test_whom_pagerduty_has_on_call_is_invited_by_mail_and_holds_nobody_else_up(
    open_house: Open, slack: SlackStandIn, shared_if_there: Path | None
) -> None:
    with PagerDutyRestStandIn(shared_if_there) as pager:
        pager.turns = [(SECOND, 1), ({"id": "PZOE", "type": "user_reference", "summary": "Zoe Park"}, 1), (ON_CALL, 2)]
        pager.wire.fail_next(1, "500")
        account = PagerDutySettings(api_token=REST_TOKEN, from_=SENDER, service="shop-platform", api_url=pager.url)
        workspace = SlackSettings(token=TOKEN, url=slack.url, severities=("P2",))  # which PagerDuty wakes nobody for
        house = open_house(slack=workspace, people=PEOPLE, pagerduty=account)
        declare(house, severity="P2", by="cleo")
        until(lambda: settled(house))
    assert the_room(slack).members == {"UBOT00001", "UCLEO0001", "UBEN00001"}
    assert note(house, "invite") == "zoe@example.com could not be invited: Slack knows nobody with this mail address."
    (late,) = [one for one in house.ledger.log(1) if isinstance(one, DeliveryDelayed)]
    assert late.reason.startswith("The others are there. Whoever PagerDuty has on call could not be invited: ")


@pytest.mark.req(32)
def test_who_takes_a_role_later_is_invited_then(house: House, slack: SlackStandIn) -> None:
    slack.people["UEVA00001"] = "eva"
    number = declare(house)
    house.ledger.act(number, partial(roles.take, role="scribe", by="eva@example.com"))
    until(lambda: slack.channels and "UEVA00001" in the_room(slack).members)


@pytest.mark.req(33)
def test_the_card_is_the_first_message_and_pinned(house: House, slack: SlackStandIn) -> None:
    number = declare(house)
    until(lambda: settled(house, number))
    channel = the_room(slack)
    card = says(channel)[0]
    assert card.startswith("🚨 P1: The coffee is cold\nINC-1 · Investigating · declared ")
    assert f"Call: https://meet.example.com/{channel.name}" in card
    assert f"Page: {house.settings.base_url}/incidents/{number}" in card
    assert "📊 Incident Update #X (HH:MM UTC)" in card  # the form of the updates that follow
    assert channel.pins == [channel.posted[0]["ts"]]


@pytest.mark.req(33)
def test_a_runbooks_own_card_is_filled_in(open_house: Open, setting: SlackSettings, slack: SlackStandIn) -> None:
    own = (
        "\n## Communicate\n\n### Incident channel template\n\n```\nStatus: [Investigating / Resolved]\nUsers: X\n```\n"
    )
    house = open_house(slack=setting, runbook=RUNBOOK + own)
    number = declare(house)
    until(lambda: settled(house, number))
    assert says(the_room(slack))[0].endswith("\n\nStatus: Investigating\nUsers: unknown")


@pytest.mark.req(38)
@pytest.mark.req(43)
def test_the_topic_names_severity_status_call_and_page_and_is_kept_in_step(house: House, slack: SlackStandIn) -> None:
    number = declare(house)
    until(lambda: settled(house, number))
    channel, page = the_room(slack), f"{house.settings.base_url}/incidents/{number}"
    call = f"Call: https://meet.example.com/{channel.name}"
    assert channel.topic == f"P1: The coffee is cold · Investigating · {call} · {page}"
    graver = partial(incident.change_severity, severity="P0", severity_name="", response_minutes=5, reason="all shut")
    house.ledger.act(number, partial(graver, by="ana"))
    house.ledger.act(number, partial(incident.change_status, status="Identified", why="a broken lock", by="ana"))
    house.ledger.act(number, partial(room.link_call, url="https://zoom.example.com/j/7", by="ana"))
    wanted = f"P0: The coffee is cold · Identified · Call: https://zoom.example.com/j/7 · {page}"
    until(lambda: channel.topic == wanted and settled(house, number))
    assert says(channel)[1:] == [
        "Severity: P0, was P1: all shut",
        f"Status: Identified since {house.ledger.log(number)[-1].at:%H:%M} UTC: a broken lock",
        "Call: https://zoom.example.com/j/7",
    ]


@pytest.mark.req(85)
def test_an_update_arrives_exactly_as_it_was_rendered(house: House, slack: SlackStandIn) -> None:
    number = declare(house)
    house.communicate.send(number, actions="errors <5 % & *falling*", users=12, services=("kiosk",), by="ana")
    until(lambda: settled(house, number) and len(the_room(slack).posted) == 2)
    sent = next(event for event in house.ledger.log(number) if isinstance(event, UpdateSent))
    assert says(the_room(slack))[1] == sent.text
    assert sent.text.startswith("📊 Incident Update #1 (")


@pytest.mark.req(26)
@pytest.mark.parametrize(("severities", "made"), [((), 0), (("P1", "P2"), 1)])
def test_a_lesser_incident_gets_a_channel_where_the_settings_say_so(
    open_house: Open, slack: SlackStandIn, severities: tuple[str, ...], made: int
) -> None:
    house = open_house(slack=SlackSettings(token=TOKEN, url=slack.url, severities=severities))
    number = declare(house, severity="P2")
    until(lambda: len(slack.channels) == made and (not made or settled(house, number)))
    assert len(slack.channels) == made


@pytest.mark.req(31)
def test_a_graver_severity_opens_the_channel_then(house: House, slack: SlackStandIn) -> None:
    number = declare(house, severity="P2")
    assert not slack.channels
    graver = partial(incident.change_severity, severity="P1", severity_name="", response_minutes=15, reason="worse")
    house.ledger.act(number, partial(graver, by="ana"))
    until(lambda: slack.channels and settled(house, number))
    assert the_room(slack).topic.startswith("P1: The coffee is cold")


@pytest.mark.req(31)
def test_a_private_incident_has_a_private_channel_without_leads_and_owners(house: House, slack: SlackStandIn) -> None:
    deed = house.declare.deed(
        title="Somebody reads our mail", text="", found=None, by="ana", source="person", service="kiosk",
        severity="P1", values={}, private=True,
    )  # fmt: skip
    number = house.ledger.open(deed).number
    until(lambda: settled(house, number))
    assert the_room(slack).private
    assert the_room(slack).members == {"UBOT00001", "UANA00001"}


@pytest.mark.req(111)
def test_a_channel_is_archived_after_its_messages_are_kept(house: House, slack: SlackStandIn) -> None:
    number = declare(house)
    until(lambda: settled(house, number))
    channel = the_room(slack)
    first = slack.says(channel.id, "UANA00001", "the key is AKIAIOSFODNN7EXAMPLE, password=hunter2hunter2")
    slack.says(channel.id, "UBEN00001", "I have a crowbar", thread_ts=first)
    resolve(house, number)
    until(lambda: channel.archived and settled(house, number))
    order = [method for method, _ in slack.calls if method in {"conversations.history", "conversations.archive"}]
    assert order[-1] == "conversations.archive"
    made = [one for one in house.ledger.log(number) if isinstance(one, DeliveryMade) and one.evidence]
    kept = house.evidence.read(str(made[-1].evidence))
    assert "I have a crowbar" in kept
    assert "🚨 P1: The coffee is cold" in kept
    assert "hunter2hunter2" not in kept
    assert states(house, number)["archive"] == "made"


@pytest.mark.req(111)
def test_nothing_is_archived_before_its_time(open_house: Open, slack: SlackStandIn) -> None:
    house = open_house(slack=SlackSettings(token=TOKEN, url=slack.url, archive_after_hours=48))
    number = declare(house)
    until(lambda: settled(house, number))
    resolve(house, number)
    until(lambda: the_room(slack).topic.startswith("P1: The coffee is cold · Resolved"))
    waiting = {one.verb for one in delivery.deliveries(house.ledger.log(number), house.ledger.vendors, house.now())
               if one.state == "waiting"}  # fmt: skip
    assert waiting >= {"export", "archive"}
    assert not the_room(slack).archived


@pytest.mark.req(111)
def test_an_incident_that_comes_back_takes_its_channel_out_of_the_archive(house: House, slack: SlackStandIn) -> None:
    number = declare(house)
    until(lambda: settled(house, number))
    resolve(house, number)
    channel = the_room(slack)
    until(lambda: channel.archived and settled(house, number))
    house.ledger.act(number, partial(incident.change_status, status="Investigating", why="shut again", by="ana"))
    until(lambda: not channel.archived and settled(house, number))
    assert says(channel)[-1].startswith("Status: Investigating since ")
    assert channel.topic.startswith("P1: The coffee is cold · Investigating")


@pytest.mark.req(111)
def test_a_channel_that_somebody_wants_to_keep_stays(house: House, slack: SlackStandIn) -> None:
    number = declare(house)
    until(lambda: settled(house, number))
    resolve(house, number)
    channel = the_room(slack)
    until(lambda: channel.archived and settled(house, number))
    house.ledger.act(number, partial(room.keep, by="ben", why="the review is held there"))
    until(lambda: not channel.archived and settled(house, number))
    assert states(house, number)["unarchive"] == "made"


def test_a_merged_incident_says_where_it_goes_on(house: House, slack: SlackStandIn) -> None:
    first, second = declare(house, "The coffee is cold"), declare(house, "The tea is cold")
    until(lambda: settled(house, first) and settled(house, second))
    target = incident.fold(first, house.ledger.log(first))
    house.ledger.act(second, partial(merge.merge, number=second, into=target, why="the same door", by="ana"))
    mine = delivery.ref(house.ledger.log(second), "slack", "open")
    page = f"{house.settings.base_url}/incidents/{first}"
    until(lambda: slack.channels[mine].archived)
    assert says(slack.channels[mine])[-1] == f"This is part of INC-{first} now: the same door. It goes on there: {page}"


@pytest.mark.req(34)
def test_the_whole_incident_works_without_slack(open_house: Open) -> None:
    house = open_house()
    number = declare(house)
    house.ledger.act(number, partial(incident.acknowledge, by="ana"))
    house.ledger.act(number, partial(room.link_call, url="https://zoom.example.com/j/7", by="ana"))
    house.communicate.send(number, actions="the lock is being drilled", users=None, services=None, by="ana")
    resolve(house, number)
    log = house.ledger.log(number)
    assert not delivery.deliveries(log, house.ledger.vendors, house.now())
    page = f"{house.settings.base_url}/incidents/{number}"
    said = [room.said(incident.fold(number, log), log, seq, page=page) for seq in range(1, len(log) + 1)]
    assert any(one.startswith("📊 Incident Update #1 (") for one in said)
    assert "ana has it." in said
