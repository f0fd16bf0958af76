"""Receivers of a storm: the vendors a house tells, what the settings say of each, and what must be true there after it.

Each holds its own state against the log of an incident: an effect happened exactly once, or the log shows it as not
delivered. For tests only.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from contracts.faulty import Answer, Faulty, Request
from contracts.pagerduty import ROUTING_KEY, PagerDutyStandIn
from contracts.pagerduty_rest import SENDER, TOKEN, PagerDutyRestStandIn
from contracts.slack import TOKEN as SLACK_TOKEN
from contracts.slack import SlackStandIn
from contracts.slack_channel import Channel
from contracts.statuspage import API_KEY, PAGE, StatuspageStandIn
from fireline.core import asking, chat, delivery, escalation, incident, public, room
from fireline.core.delivery import Delivery
from fireline.core.events import Log
from fireline.workflows.inform import statuspage


class Receiver(Protocol):
    """One vendor in the storm."""

    @property
    def wires(self) -> Sequence[Faulty]:
        """What can fail."""

    def settings(self) -> str:
        """Lines for fireline.toml."""

    def verify(self, number: int, log: Log) -> None:
        """Every effect of this incident happened exactly once here, or the log shows it as not delivered."""


def told(log: Log, vendor: str) -> list[Delivery]:
    """What this vendor was to be told."""
    return [one for one in delivery.deliveries(log) if one.vendor == vendor]


def made(log: Log, vendor: str, *verbs: str) -> list[Delivery]:
    """What the log says has arrived."""
    return [one for one in told(log, vendor) if one.state == "made" and (not verbs or one.verb in verbs)]


@dataclass
class Pager:
    """PagerDuty through events, the REST API, or both; or not at all, so that our own people are asked."""

    house: str
    ways: str
    events: PagerDutyStandIn
    rest: PagerDutyRestStandIn

    @property
    def wires(self) -> Sequence[Faulty]:
        return [wire for way, wire in (("events", self.events.wire), ("rest", self.rest.wire)) if way in self.ways]

    def settings(self) -> str:
        lines = ["[pagerduty]"] if self.ways else []
        if "events" in self.ways:
            lines += [f'routing_key = "{ROUTING_KEY}"', f'url = "{self.events.url}"']
        if "rest" in self.ways:
            lines += [f'api_token = "{TOKEN}"', f'from = "{SENDER}"', 'service = "shop-platform"']
            lines += [f'api_url = "{self.rest.url}"']
        return "\n".join(lines) + "\n"

    def verify(self, number: int, log: Log) -> None:
        key = f"{self.house}/INC-{number}"
        sent = {one.verb: one for one in told(log, "pagerduty")}
        there = self.rest.of(key)
        if "events" in self.ways:
            rang = self.events.pages(key)
            status = self.events.alerts[key].status if rang else ""
        else:
            rang, status = len(there), there[0].facts["status"] if there else ""
        assert rang <= 1, f"{key} rang {rang} times"
        if "trigger" not in sent:
            assert rang == 0, "nobody was to be paged"
            return
        assert rang == 1 or sent["trigger"].state != "made", "told as paged, and nobody was"
        if rang and "resolve" in sent:
            assert (status == "resolved") == (sent["resolve"].state == "made")
        elif rang and "acknowledge" in sent and sent["acknowledge"].state == "made":
            assert status == "acknowledged"
        if there and "rest" in self.ways:
            self._verify_words(there[0].facts, there[0].notes, incident.fold(number, log).title, log)

    def _verify_words(self, facts: dict[str, Any], notes: list[str], title: str, log: Log) -> None:
        """The title is the last one, and each status change was noted once."""
        if made(log, "pagerduty", "trigger", "retitle"):
            assert facts["title"] == title
        assert len(notes) == len(set(notes)) == len(made(log, "pagerduty", "note"))


@dataclass
class Workspace:
    """Slack: one channel for each incident, with its card, its people, every turn and every ask."""

    house: str
    slack: SlackStandIn

    @property
    def wires(self) -> Sequence[Faulty]:
        return [self.slack.wire]

    def settings(self) -> str:
        return f'[slack]\ntoken = "{SLACK_TOKEN}"\nurl = "{self.slack.url}"\narchive_after_hours = 0\n'

    def verify(self, number: int, log: Log) -> None:
        name = f"{self.house}/INC-{number}"
        self._verify_directly(name, log)
        mine = [one for one in self.slack.channels.values() if owner(one) == name]
        assert len(mine) <= 1, "two channels"
        if not mine:
            assert not made(log, chat.ROOMS), "told as done, and there is no channel"
            return
        [channel] = mine
        wrote = Counter(
            one["metadata"]["event_payload"]["mark"] for one in channel.posted if "metadata" in one
        )  # every message of ours has a mark
        assert set(wrote.values()) <= {1}, f"written twice: {wrote.most_common(2)}"
        asks = {mark for mark in wrote if " approval " in mark}
        marks = {f"{name}/{one.key.split('/')[1]}/{one.verb}" for one in made(log, chat.ROOMS, "card", "post")}
        assert marks == set(wrote) - asks, "told as said, and not there"
        assert len(made(log, asking.VENDOR, "ask")) <= len(asks) <= len(told(log, asking.VENDOR))
        if made(log, chat.ROOMS, "topic"):
            now = incident.fold(number, log)
            assert channel.topic == room.topic(now, page=f"https://{self.house}/incidents/{number}")
        if made(log, chat.ROOMS, "archive"):
            assert channel.archived

    def _verify_directly(self, name: str, log: Log) -> None:
        """Who was asked in Slack was asked once, by a message of their own."""
        asked = [one for one in told(log, escalation.ON_CALL) if one.verb.endswith(" slack")]
        said = [one["metadata"]["event_payload"]["mark"] for room in self.slack.directs.values() for one in room.posted]
        mine = Counter(mark for mark in said if mark.startswith(f"{name}/"))
        assert set(mine.values()) <= {1}, f"asked twice: {mine.most_common(1)}"
        assert len([one for one in asked if one.state == "made"]) <= len(mine) <= len(asked)


def owner(channel: Channel) -> str:
    """Whose a channel is: the mark that was set first as its purpose."""
    set_ = (one["text"] for one in channel.messages if one.get("subtype") == "channel_purpose")
    return next((text.rpartition(" ")[2] for text in set_), "")


@dataclass
class Page:
    """Statuspage: each approved update is one update there."""

    house: str
    page: StatuspageStandIn

    @property
    def wires(self) -> Sequence[Faulty]:
        return [self.page.wire]

    def settings(self) -> str:
        return f'[statuspage]\npage = "{PAGE}"\napi_key = "{API_KEY}"\nurl = "{self.page.url}"\n'

    def verify(self, number: int, log: Log) -> None:
        mark = f"{self.house}/INC-{number}"
        mine = [one for one in self.page.incidents if one["metadata"]["fireline"]["incident"] == mark]
        assert len(mine) <= 1, "opened twice for the public"
        read = Counter(one["body"] for found in mine for one in found["incident_updates"])
        assert set(read.values()) <= {1}, "published twice"
        for update in public.approved(log):
            arrived = any((one.vendor, one.state) == (statuspage.VENDOR, "made") for one in update.deliveries)
            assert arrived == (update.drafted.text in read)


class Sink:
    """A wire that takes JSON and tells nothing of it; `key` names what is the same for whoever looks there."""

    def __init__(self, key: Callable[[Request, Any], str], *, blind: bool = False) -> None:
        """`blind`: a second copy is a second message, so that nobody on the way would dare to repeat one."""
        self.taken: list[str] = []  # every copy that came
        self.shown: dict[str, Any] = {}  # what a person sees in the end
        self._key = key
        self.wire = Faulty(
            self._take, lambda status, wait: Answer(status, b"{}", {"Retry-After": wait}), lambda _: blind
        )

    def _take(self, asked: Request) -> Answer:
        said = json.loads(asked.body)
        key = self._key(asked, said)
        self.taken.append(key)
        self.shown.setdefault(key, said)
        return Answer(200, json.dumps({"id": str(len(self.shown))}).encode())


@dataclass
class People:
    """Our own people: a gateway that calls them and keeps to the key it is given, and ntfy, which does too."""

    house: str
    gateway: Sink = field(default_factory=lambda: Sink(lambda asked, _: asked.headers["Idempotency-Key"]))
    ntfy: Sink = field(default_factory=lambda: Sink(lambda _, said: str(said["sequence_id"])))

    @property
    def wires(self) -> Sequence[Faulty]:
        return [self.gateway.wire, self.ntfy.wire]

    def settings(self) -> str:
        return (
            f'[ntfy]\nurl = "{self.ntfy.wire.url}"\n'
            f'[gateways.voice]\nurl = "{self.gateway.wire.url}/calls"\nbody = {{ to = "{{phone}}", of = "{{page}}" }}\n'
            '[people.ana]\nchannels = ["voice"]\nphone = "+36 1 555 0101"\nmail = "ana@example.com"\n'
            '[people.ben]\nchannels = ["ntfy"]\nntfy = "ben-night"\n'
            '[people.cleo]\nchannels = ["slack"]\nslack = "UCLEO0001"\n'
            '[[on_call.chains]]\nname = "night"\nsteps = [{ notify = ["ana", "ben", "cleo"] }]\n'
        )

    def verify(self, number: int, log: Log) -> None:
        page = f"https://{self.house}/incidents/{number}"
        asked = told(log, escalation.ON_CALL)
        for channel, rang in (
            ("voice", [key for key, said in self.gateway.shown.items() if said["of"] == page]),
            ("ntfy", [key for key, said in self.ntfy.shown.items() if said["click"] == page]),
        ):
            mine = [one for one in asked if one.verb.endswith(f" {channel}")]
            arrived = [one for one in mine if one.state == "made"]
            assert len(arrived) <= len(rang) <= len(mine), f"{channel}: {len(rang)} rang, {mine}"


@dataclass
class Hook:
    """A chat's webhook, which takes no key and tells nothing back."""

    house: str
    sink: Sink = field(default_factory=lambda: Sink(lambda _, said: str(said["text"]), blind=True))

    @property
    def wires(self) -> Sequence[Faulty]:
        return [self.sink.wire]

    def settings(self) -> str:
        return f'[chat]\nwebhook = "{self.sink.wire.url}/hooks/secret"\n'

    def verify(self, number: int, log: Log) -> None:
        mine = Counter(text for text in self.sink.taken if text.startswith(f"INC-{number} "))
        assert set(mine.values()) <= {1}, f"posted twice: {mine.most_common(1)}"
        cards = [text for text in mine if len(text.splitlines()) > 3]
        assert len(cards) <= 1, "two cards"
        asked, arrived = told(log, chat.POSTS), made(log, chat.POSTS)
        lost = [one for one in asked if one.state == "given up"]
        assert len(arrived) <= len(mine) <= len(arrived) + len(lost)


@contextmanager
def town(dice: random.Random, house: str, shared: Path | None) -> Iterator[list[Receiver]]:
    """All the vendors of one night. With `shared` each request and answer is held against the vendor's document."""
    folder = shared / "contracts" if shared else None
    errata = folder / "errata.json" if folder else None
    with ExitStack() as stack:
        enter = stack.enter_context
        events = PagerDutyStandIn(folder / "pagerduty" / "events-v2-openapiv3.json" if folder else None, errata)
        pager = Pager(
            house,
            dice.choice(["events", "rest", "events and rest", ""]),
            enter(events),
            enter(PagerDutyRestStandIn(shared)),
        )
        events.opens = pager.rest.from_event
        page = StatuspageStandIn(folder / "statuspage" / "openapi3.json" if folder else None, errata)
        found: list[Receiver] = [
            pager, Workspace(house, enter(SlackStandIn(shared))), Page(house, enter(page)), People(house), Hook(house),
        ]  # fmt: skip
        for sink in (found[3], found[4]):
            for wire in sink.wires:
                wire.start()
                stack.callback(wire.stop)
        yield found
