"""Without PagerDuty a P0 in the night wakes somebody: the primary, then the backup, until one of them has it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from litestar.testing import TestClient

from contracts.pagerduty import ROUTING_KEY, PagerDutyStandIn
from fireline import clock
from fireline.app import asgi
from fireline.core import delivery, incident, timeline
from fireline.core.events import DeliveryMade, EscalationEnded, PeopleAsked
from fireline.core.refusal import Refused
from fireline.core.roster import Step
from fireline.durable import ringer
from fireline.house import House, build
from fireline.settings import (
    ChainSettings,
    GatewaySettings,
    NtfySettings,
    OnCallSettings,
    PagerDutySettings,
    PersonSettings,
    RotationSettings,
    Runbooks,
    Settings,
    SmtpSettings,
    Store,
)
from fireline.workflows.inform.on_call import summoner
from kiosk import RUNBOOK, until
from servers import free_port

MINUTE = timedelta(minutes=1)
PHONES = """
## Contacts

| Role | Contact | Phone |
|---|---|---|
| Shop owner | olga | +36 1 555 0100 |
"""


@dataclass
class Town:
    """A mail server, and one sink for ntfy and for the gateway that calls people."""

    mails: list[str] = field(default_factory=list)
    posts: list[tuple[str, Any]] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)  # paths that answer 404
    smtp: int = 0
    url: str = ""

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.mails.append(envelope.content.decode())
        return "250 OK"

    def calls(self, path: str = "/calls") -> list[Any]:
        return [body for where, body in self.posts if where == path]


@pytest.fixture
def town() -> Iterator[Town]:
    found = Town()

    class Sink(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            refused = self.path in found.refuses
            if not refused:
                found.posts.append((self.path, body))
            self.send_response(404 if refused else 200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    thread = Thread(target=server.serve_forever)
    thread.start()
    controller = Controller(found, hostname="127.0.0.1", port=free_port())
    controller.start()
    found.smtp, found.url = controller.port, f"http://127.0.0.1:{server.server_port}"
    yield found
    controller.stop()
    server.shutdown()
    thread.join()
    server.server_close()


class Watch:
    """A clock that goes on by itself and can be put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return clock.now() + self.ahead


@pytest.fixture
def watch() -> Watch:
    return Watch()


Opens = Callable[..., House]


@pytest.fixture
def opens(tmp_path: Path, town: Town, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opens]:
    """Opens houses on one database: Ana is the primary (mail), Ben the backup (a call), Cem has an app."""
    monkeypatch.setattr(ringer, "IDLE", 0.1)  # seconds: it cannot know that its clock was put forward
    monkeypatch.setattr(delivery, "FIRST_WAIT", timedelta(milliseconds=50))
    houses: list[House] = []
    (tmp_path / "kiosk.md").write_text(RUNBOOK + PHONES)

    def rotation(name: str, who: str) -> RotationSettings:
        return RotationSettings(name=name, people=(who,), starts=date(2026, 1, 5))

    steps = (("rota:primary", "0m"), ("rota:backup", "5m"), ("cem", "10m"))
    chain = ChainSettings(name="night", steps=tuple(Step(notify=(who,), after=after) for who, after in steps), repeat=1)

    def open_(**more: Any) -> House:
        facts: dict[str, Any] = {
            "store": Store(url=f"sqlite:///{tmp_path / 'fireline.db'}", spool=str(tmp_path / "spool")),
            "runbooks": Runbooks(paths=(str(tmp_path / "kiosk.md"),)),
            "on_call": OnCallSettings(
                rotations=(rotation("primary", "ana"), rotation("backup", "ben")), chains=(chain,)
            ),
            "people": {
                "ana": PersonSettings(channels=("mail",), mail="ana@example.com", phone="+36 1 555 0101"),
                "ben": PersonSettings(channels=("voice",), phone="+36 1 555 0102"),
                "cem": PersonSettings(channels=("ntfy",), ntfy="cem-night"),
            },
            "smtp": SmtpSettings(host="127.0.0.1", port=town.smtp, sender="fireline@example.com", security="none"),
            "ntfy": NtfySettings(url=f"{town.url}/ntfy"),
            "gateways": {
                "voice": GatewaySettings(url=f"{town.url}/calls", body={"to": "{phone}", "say": "{title}. {text}"})
            },
        }
        house = build(Settings(**facts | more), now=watch)
        house.open()
        houses.append(house)
        if not house.accounts.people():
            for handle in ("ana", "ben", "cem"):
                house.accounts.add(handle, handle.capitalize())
        return house

    yield open_
    for house in houses:
        house.durable.close(grace=0)
        house.close()


def steps(house: House) -> list[list[str]]:
    """Who was asked, step by step."""
    return [[one.who for one in event.people] for event in house.ledger.log(1) if isinstance(event, PeopleAsked)]


def reached(house: House) -> list[str]:
    return [event.what for event in house.ledger.log(1) if isinstance(event, DeliveryMade)]


def link(mail: str) -> str:
    """The path of the link that acknowledges."""
    found = re.search(r"http://\S+(/answer/\S+)", mail)
    assert found, mail
    return found[1]


@pytest.mark.req(29)
def test_a_p0_asks_the_primary_then_the_backup_and_stops_when_one_has_it(
    opens: Opens, town: Town, watch: Watch
) -> None:
    house = opens()
    house.declare.by_person("Kiosk shut", by="cem", severity="P1", service="kiosk")
    until(lambda: town.mails and reached(house) == ["Ask ana by mail"])
    assert "P1: Kiosk shut" in town.mails[0]
    assert town.posts == []
    watch.ahead = 5 * MINUTE
    until(lambda: reached(house) == ["Ask ana by mail", "Ask ben by voice"])
    (call,) = town.calls()
    assert call["to"] == "+36 1 555 0102"
    assert "P1: Kiosk shut (INC-1)" in call["say"]
    assert "on call in backup" in call["say"]
    told = [one.sentence for one in timeline.entries(house.ledger.log(1)) if one.kind == "deliveries"]
    assert told == [
        "fireline asks ana to take it",
        "On call: ask ana by mail: done",
        "fireline asks ben to take it",
        "On call: ask ben by voice: done",
    ]
    house.ledger.act(1, partial(incident.acknowledge, by="ben"))
    watch.ahead = 60 * MINUTE
    until(lambda: not [one for one in house.ledger.log(1) if isinstance(one, PeopleAsked) and one.next_at > watch()])
    until(lambda: open_clocks(house) == set())
    assert steps(house) == [["ana"], ["ben"]]


def open_clocks(house: House) -> set[str]:
    """Kinds of clocks that have not rung."""
    from fireline.store import clocks  # noqa: PLC0415  # one look

    return {one.kind for one in clocks.open_clocks(house.database, 1)}


def test_nobody_ever_answers_and_that_is_loud(opens: Opens, town: Town, watch: Watch) -> None:
    house = opens()
    house.declare.by_person("Kiosk shut", by="dora", severity="P1")
    for n in range(1, 7):
        until(lambda n=n: len(steps(house)) == n)  # type: ignore[misc]  # a lambda's default
        watch.ahead = 5 * n * MINUTE
    until(lambda: isinstance(house.ledger.log(1)[-1], EscalationEnded) or reached(house)[6:])
    until(lambda: house.ledger.read(1).unanswered)
    assert steps(house) == [["ana"], ["ben"], ["cem"]] * 2
    until(lambda: len(town.mails) == 2 and len(town.calls()) == 2 and len(town.calls("/ntfy/")) == 2)
    (entry,) = [one for one in timeline.entries(house.ledger.log(1)) if "call by phone" in one.sentence]
    assert (entry.tone, entry.key) == ("bad", True)


@pytest.mark.req(26)
def test_a_p2_is_quiet_until_it_becomes_a_p1(opens: Opens, town: Town) -> None:
    house = opens()
    house.declare.by_person("Long queue", by="cem", severity="P2")
    until(lambda: "escalate" not in open_clocks(house))
    assert steps(house) == []
    worse = partial(
        incident.change_severity, severity="P1", severity_name="", response_minutes=15, reason="x", by="cem"
    )
    house.ledger.act(1, worse)
    until(lambda: town.mails)
    assert steps(house) == [["ana"]]


def test_the_mails_link_shows_a_button_and_only_the_button_acknowledges_once(opens: Opens, town: Town) -> None:
    house = opens()
    house.declare.by_person("Kiosk shut", by="cem", severity="P1")
    until(lambda: town.mails)
    path = link(town.mails[0])
    client = TestClient(asgi(house))  # without its lifespan: the house is open
    for _ in range(3):  # scanners, previews, and the person
        assert "I have it" in client.get(path).text
    assert house.ledger.read(1).acknowledged is None
    assert "You have it, Ana" in client.post(path).text
    acknowledged = house.ledger.read(1).acknowledged
    assert acknowledged
    assert acknowledged.by == "ana"
    assert client.post(path).status_code == 200, "a phone that heard no answer presses twice"
    assert client.get(path + "x").status_code == 403


def test_a_used_link_is_no_key(opens: Opens, watch: Watch) -> None:
    house = opens()
    house.declare.by_person("Kiosk shut", by="cem", severity="P1")
    secret = house.accounts.answer_link("ana", 1, watch())
    assert secret
    house.accounts.answered(secret, watch())
    client = TestClient(asgi(house))
    assert client.post(f"/answer/{secret}").status_code == 403
    assert house.ledger.read(1).acknowledged is None
    watch.ahead = timedelta(hours=25)
    assert client.get(f"/answer/{house.accounts.answer_link('ana', 1, clock.now())}").status_code == 403
    assert house.accounts.answer_link("nobody", 1, watch()) is None


@pytest.mark.req(30, 136)
def test_a_gateway_that_says_no_leaves_the_phone_numbers_and_asks_the_next_people_at_once(
    opens: Opens, town: Town, watch: Watch
) -> None:
    town.refuses.add("/calls")
    house = opens()
    house.declare.by_person("Kiosk shut", by="dora", severity="P1")
    until(lambda: town.mails)
    watch.ahead = 5 * MINUTE
    until(lambda: steps(house) == [["ana"], ["ben"], ["cem"]])  # five minutes early: Ben cannot be reached
    log = house.ledger.log(1)
    (lost,) = [one for one in delivery.deliveries(log) if one.state == "given up"]
    assert "404" in lost.reason
    card = summoner(house.settings, house.on_call).by_hand(lost.verb, house.ledger.read(1), log)
    assert card.text.startswith("Call ben, +36 1 555 0102: P1: Kiosk shut. INC-1, since ")
    assert [(one.role, one.phone) for one in house.on_call.contacts()] == [("Shop owner", "+36 1 555 0100")]


def test_a_house_killed_between_two_steps_goes_on_where_it_was(opens: Opens, town: Town, watch: Watch) -> None:
    house = opens()
    house.declare.by_person("Kiosk shut", by="dora", severity="P1")
    until(lambda: reached(house) == ["Ask ana by mail"])
    house.durable.close(grace=0)
    house.close()
    watch.ahead = 7 * MINUTE
    again = opens()
    until(lambda: reached(again) == ["Ask ana by mail", "Ask ben by voice"])
    assert len(town.mails) == 1
    asked = [event for event in again.ledger.log(1) if isinstance(event, PeopleAsked)][-1]
    assert asked.next_at - asked.at == 5 * MINUTE


def test_apprise_carries_the_link_that_acknowledges(opens: Opens, town: Town) -> None:
    address = f"{town.url.replace('http', 'json')}/apprise"
    house = opens(people={"ana": PersonSettings(channels=("apprise",), apprise=(address,))})
    house.declare.by_person("Kiosk shut", by="dora", severity="P1")
    until(lambda: reached(house) == ["Ask ana by apprise"])
    (said,) = town.calls("/apprise")
    assert said["title"] == "P1: Kiosk shut (INC-1)"
    assert TestClient(asgi(house)).post(link(said["message"])).status_code == 200
    assert house.ledger.read(1).acknowledged


def test_an_override_is_asked_instead(opens: Opens, town: Town, watch: Watch) -> None:
    house = opens()
    house.on_call.override(
        rotation="primary", who="cem", starts_at=None, ends_at=watch() + 60 * MINUTE, by="ana", why="dentist"
    )
    house.declare.by_person("Kiosk shut", by="dora", severity="P1")
    until(lambda: town.calls("/ntfy/"))
    (said,) = town.calls("/ntfy/")
    assert (said["topic"], said["priority"]) == ("cem-night", 5)
    assert said["actions"][0]["url"].startswith(f"{house.settings.base_url}/answer/")
    assert town.mails == []


def test_who_is_unknown_takes_no_turn(opens: Opens, watch: Watch) -> None:
    house = opens()
    wish: dict[str, Any] = {"starts_at": None, "ends_at": watch() + MINUTE, "by": "ana", "why": "x"}
    with pytest.raises(Refused, match="no person zoe"):
        house.on_call.override(rotation="primary", who="zoe", **wish)
    with pytest.raises(Refused, match=r"no rotation third. There is primary, backup"):
        house.on_call.override(rotation="third", who="ana", **wish)


def test_where_pagerduty_pages_nobody_else_is_asked_until_it_cannot_be_reached(
    opens: Opens, town: Town, shared: Path
) -> None:
    folder = shared / "contracts"
    with PagerDutyStandIn(folder / "pagerduty" / "events-v2-openapiv3.json", folder / "errata.json") as pager:
        house = opens(pagerduty=PagerDutySettings(routing_key=ROUTING_KEY, url=pager.url))
        house.declare.by_person("Kiosk shut", by="dora", severity="P1")
        until(lambda: reached(house))
        assert (steps(house), town.mails) == ([], [])
        house.ledger.act(1, partial(incident.acknowledge, by="dora"))
        with pager.refusing():
            house.declare.by_person("Kiosk shut again", by="dora", severity="P1")
            until(lambda: town.mails)
    assert "Kiosk shut again" in town.mails[0]


def test_a_private_incident_tells_a_phone_no_details(opens: Opens, town: Town) -> None:
    house = opens()
    declared = partial(
        incident.declare, title="Stolen keys", severity="P1", severity_name="", severity_why="", response_minutes=15,
        by="dora", private=True, detected_at=datetime(2026, 3, 3, 3, tzinfo=UTC),
    )  # fmt: skip
    house.ledger.open(declared)
    until(lambda: town.mails)
    assert "Stolen keys" not in town.mails[0]
    assert "INC-1 (private)" in town.mails[0]
