"""The rule: whatever gets lost on the way to Slack, there is one channel and one card, and every message once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from contracts.faulty import EVERY_FAILURE, Failure
from contracts.slack import TOKEN, SlackStandIn
from contracts.slack_channel import BOT, Channel
from fireline.connectors.http import Permanent
from fireline.connectors.slack import Slack
from fireline.core import delivery, incident, outbox
from fireline.core.events import DeliveryGivenUp
from fireline.house import House
from fireline.settings import PersonSettings, SlackSettings
from fireline.workflows.inform.slack import SlackChat
from kiosk import Open, resolve, until

TITLE = "The coffee is cold"
# The calls that change something, of those it takes to open: the channel, its purpose, card, pin, people, topic.
WRITES = (0, 2, 5, 6, 8, 9)


@pytest.fixture
def slack(shared_if_there: Path | None) -> Iterator[SlackStandIn]:
    with SlackStandIn(shared_if_there) as stand_in:
        yield stand_in


@pytest.fixture
def house(open_house: Open, slack: SlackStandIn, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(delivery, "FIRST_WAIT", timedelta(milliseconds=20))
    monkeypatch.setattr(
        Slack.__init__, "__defaults__", (*(Slack.__init__.__defaults__ or ())[:-1], 0.5)
    )  # the patience
    people = {"ana": PersonSettings(mail="ana@example.com")}
    return open_house(slack=SlackSettings(token=TOKEN, url=slack.url, archive_after_hours=0), people=people)


def settled(house: House, number: int = 1) -> bool:
    found = delivery.deliveries(house.ledger.log(number), house.ledger.vendors, house.now())
    return bool(found) and all(one.state != "waiting" for one in found)


def told(house: House, slack: SlackStandIn) -> Channel:
    """The story of an incident, to its end."""
    house.declare.by_person(TITLE, by="ana", severity="P1")
    act = partial(house.ledger.act, 1)
    act(partial(incident.acknowledge, by="ana"))
    house.communicate.send(1, actions="the machine is being warmed", users=3, services=None, by="ana")
    act(partial(incident.change_status, status="Identified", why="a fuse", by="ana"))
    until(lambda: slack.channels and settled(house))
    resolve(house)
    until(lambda: settled(house))
    (channel,) = slack.channels.values()
    return channel


def everything_once(channel: Channel) -> None:
    texts = [one["text"].splitlines()[0][:24] for one in channel.posted]
    assert texts[0].startswith("🚨 P1: ")
    assert [one.split(" (")[0] for one in texts[1:3]] == ["ana has it.", "📊 Incident Update #1"]
    assert [one.split(" since")[0] for one in texts[3:]] == ["Status: Identified", "Status: Resolved"]
    assert channel.pins == [channel.posted[0]["ts"]]
    assert "UANA00001" in channel.members
    assert channel.topic.startswith("P1: The coffee is cold · Resolved")
    assert channel.archived


@pytest.mark.req(31, 33)
@pytest.mark.parametrize("n", WRITES)
def test_an_answer_that_gets_lost_makes_nothing_twice(house: House, slack: SlackStandIn, n: int) -> None:
    slack.wire.let_pass(n)
    slack.wire.fail_next(1, "drop")
    everything_once(told(house, slack))


@pytest.mark.parametrize("how", EVERY_FAILURE)
def test_whatever_fails_everything_arrives_once_in_the_end(house: House, slack: SlackStandIn, how: Failure) -> None:
    for n in (1, 2, 3, 4):
        slack.wire.let_pass(n)
        slack.wire.fail_next(1, how, retry_after="0")
    everything_once(told(house, slack))


@pytest.mark.req(31, 33)
@pytest.mark.parametrize("verb", ["open", "card", "invite", "topic"])
def test_a_try_that_was_killed_after_it_succeeded_does_nothing_twice(
    house: House, slack: SlackStandIn, verb: str
) -> None:
    house.declare.by_person(TITLE, by="ana", severity="P1")
    until(lambda: slack.channels and settled(house))
    log = house.ledger.log(1)
    before = {one.id: (len(one.posted), one.members, one.pins) for one in slack.channels.values()}
    again = house.deliveries.messengers["slack"].send(verb, incident.fold(1, log), log, {"seq": 1, "attempt": 1})
    assert {one.id: (len(one.posted), one.members, one.pins) for one in slack.channels.values()} == before
    assert again.ref == delivery.ref(log, "slack", "open")


@pytest.mark.req(31)
def test_a_channel_that_was_made_and_lost_is_taken_up_again_by_whoever_claims_it_first(slack: SlackStandIn) -> None:
    with_ = SlackChat(Slack(TOKEN, slack.url), {})
    lost = slack.add_channel("incident-1", BOT)
    lost.creator = BOT
    name = {1: "incident-1", 2: "incident-1-2", 3: "incident-1-3"}.__getitem__
    opened = [with_.open(name, f"house/INC-{n}", private=False) for n in (1, 2, 1, 2)]
    assert [one.id for one in opened[:2]] == [one.id for one in opened[2:]]
    assert (opened[0].id, opened[1].name) == (lost.id, "incident-1-2")
    assert lost.purpose == "fireline house/INC-1"


@pytest.mark.req(31)
def test_of_two_that_claim_one_channel_at_once_the_first_has_it(slack: SlackStandIn) -> None:
    with_ = SlackChat(Slack(TOKEN, slack.url), {})
    both = with_.open({1: "incident-1"}.__getitem__, "house/INC-1", private=False)
    Slack(TOKEN, slack.url).set_purpose(both.id, "fireline house/INC-10")  # it had looked before INC-1 wrote
    name = {1: "incident-1", 2: "incident-1-2"}.__getitem__
    assert with_.open(name, "house/INC-10", private=False).name == "incident-1-2"
    assert with_.open(name, "house/INC-1", private=False).id == both.id


def test_where_slack_lets_the_app_do_nothing_the_page_shows_the_words(house: House, slack: SlackStandIn) -> None:
    slack.refuse("conversations.create", "restricted_action")
    house.declare.by_person(TITLE, by="ana", severity="P1")
    until(lambda: any(isinstance(one, DeliveryGivenUp) for one in house.ledger.log(1)))
    missing = house.deliveries(1).missing
    lines = {one.delivery.verb: one.by_hand.text for one in missing if one.by_hand}
    assert lines["open"].startswith("Make the channel #incident-")
    house.deliveries.try_again(1, next(one.delivery.key for one in missing if one.delivery.verb == "open"), by="ana")
    until(lambda: slack.channels and settled(house))  # and what waited for it follows by itself
    (channel,) = slack.channels.values()
    assert channel.pins


def test_a_channel_that_a_person_made_by_hand_is_left_to_people(house: House, slack: SlackStandIn) -> None:
    with slack.wire.refusing():
        house.declare.by_person(TITLE, by="ana", severity="P1")
        until(lambda: any(one.verb == "open" and one.attempt for one in delivery.deliveries(house.ledger.log(1))))
        key = next(one.key for one in delivery.deliveries(house.ledger.log(1)) if one.verb == "open")
        house.deliveries.did_by_hand(1, key, by="ana")
    until(lambda: settled(house))
    states = Counter((one.verb, one.state) for one in delivery.deliveries(house.ledger.log(1)))
    assert states == {
        ("open", "by hand"): 1,
        ("card", "given up"): 1,
        ("invite", "dropped"): 1,
        ("topic", "dropped"): 1,
    }
    assert not slack.channels


@pytest.mark.req(26, 27)
def test_declaring_waits_for_nobody(house: House, slack: SlackStandIn) -> None:
    with slack.wire.refusing():
        begun = house.now()
        house.declare.by_person(TITLE, by="ana", severity="P1")
        assert house.now() - begun < timedelta(seconds=2)
        due = outbox.pending(house.ledger.log(1), house.ledger.vendors, house.now())
        assert {str(one.data["verb"]) for one in due} <= {"open", "card", "invite", "topic"}


class Late(Slack):
    """Whose purpose always comes after another incident's."""

    def set_purpose(self, channel: str, text: str) -> None:
        """Be second."""
        if not self.purposes(channel):
            Slack.set_purpose(self, channel, "fireline house/INC-1")
        Slack.set_purpose(self, channel, text)


def test_a_channel_says_whose_it_is_though_another_incident_wanted_it_in_the_same_moment(slack: SlackStandIn) -> None:
    lost = slack.add_channel("incident-1", BOT)
    lost.creator = BOT
    with pytest.raises(Permanent, match="20 channels"):
        SlackChat(Late(TOKEN, slack.url), {}).open(lambda _: "incident-1", "house/INC-2", private=False)
    assert lost.purpose == "fireline house/INC-1"


def test_a_channel_is_archived_only_when_all_that_was_on_its_way_is_in_it(house: House, slack: SlackStandIn) -> None:
    slack.refuse("chat.postMessage", "ratelimited", 6)
    house.declare.by_person(TITLE, by="ana", severity="P1")
    resolve(house)
    until(lambda: settled(house) and all(one.archived for one in slack.channels.values()))
    [channel] = slack.channels.values()
    assert [one["text"].splitlines()[0].split(" since")[0] for one in channel.posted][1:] == ["Status: Resolved"]
    assert not [one for one in house.ledger.log(1) if isinstance(one, DeliveryGivenUp) and one.needed]


def test_an_ask_whose_outcome_was_lost_with_the_process_is_not_shown_twice(house: House, slack: SlackStandIn) -> None:
    house.declare.by_person("Kiosk shut", by="ana", severity="P1")
    until(lambda: [one for one in delivery.deliveries(house.ledger.log(1)) if one.vendor == "slack_asks"])
    until(lambda: settled(house))
    log = house.ledger.log(1)
    [channel] = slack.channels.values()
    before = len(channel.posted)
    data = {"ask": 1, "seq": 1, "attempt": 1}  # the very same try
    again = house.deliveries.messengers["slack_asks"].send("ask", incident.fold(1, log), log, data)
    assert len(channel.posted) == before
    assert again.ref in {one["ts"] for one in channel.posted}
