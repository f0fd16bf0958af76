"""Whatever fails and whoever is killed: every effect happens once at the receiver, or is shown as not delivered.

Each seed is a night of its own: which ways to PagerDuty are set up, what three incidents go through, when the house
is killed with -9, and which requests are refused, dropped, cut, answered late or done twice. `--storm-seeds 200`
runs more of them.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from contracts.faulty import EVERY_FAILURE, Faulty
from contracts.pagerduty import ROUTING_KEY, PagerDutyStandIn
from contracts.pagerduty_rest import SENDER, TOKEN, PagerDutyRestStandIn
from fireline import clock
from fireline.core import delivery
from fireline.core.delivery import Delivery
from fireline.core.events import Log
from fireline.core.incident import fold
from fireline.house import House, build
from fireline.settings import load
from kiosk import RUNBOOK, until

STORMY = Path(__file__).with_name("stormy.py")
SHARE = 0.3  # of the requests fail
INCIDENTS = 3
CALM = 90.0  # seconds for all of it to be over, on a busy machine
SETTLED = {"made", "dropped", "given up", "by hand"}


class Vendor(Protocol):
    """A receiver in the storm: what the settings say of it, its wire, and what must be true there in the end."""

    wire: Faulty

    def settings(self) -> str:
        """Lines for fireline.toml."""

    def verify(self, number: int, log: Log) -> None:
        """Every effect of this incident happened exactly once here, or the log shows it as not delivered."""


@dataclass
class PagerDutyVendor:
    """PagerDuty through events, the REST API, or both."""

    dice: random.Random
    shared: Path | None
    ways: str = ""
    events: PagerDutyStandIn = field(init=False)
    rest: PagerDutyRestStandIn = field(init=False)

    def __post_init__(self) -> None:
        self.ways = self.dice.choice(["events", "rest"])
        folder = self.shared / "contracts" if self.shared else None
        errata = folder / "errata.json" if folder else None
        self.events = PagerDutyStandIn(folder / "pagerduty" / "events-v2-openapiv3.json" if folder else None, errata)
        self.rest = PagerDutyRestStandIn(self.shared)

    @property
    def wire(self) -> Faulty:
        return self.events.wire if self.ways == "events" else self.rest.wire

    def settings(self) -> str:
        if self.ways == "events":
            return f'[pagerduty]\nrouting_key = "{ROUTING_KEY}"\nurl = "{self.events.url}"\n'
        return (
            f'[pagerduty]\napi_token = "{TOKEN}"\nfrom = "{SENDER}"\nservice = "shop-platform"\n'
            f'api_url = "{self.rest.url}"\n'
        )

    def verify(self, number: int, log: Log) -> None:
        key, now = f"127.0.0.1:8000/INC-{number}", fold(number, log)
        sent = {one.verb: one for one in delivery.deliveries(log) if one.vendor == "pagerduty"}
        if self.ways == "events":
            rang = self.events.pages(key)
            status = self.events.alerts[key].status if rang else ""
        else:
            rang = self.rest.opened(key)
            status = self.rest.of(key)[0].facts["status"] if rang else ""
        assert rang <= 1, f"{key} rang {rang} times"
        if "trigger" not in sent:
            assert rang == 0, "nobody was to be paged"
            return
        assert rang == 1 or sent["trigger"].state != "made", "told as paged, and nobody was"
        if rang and "resolve" in sent:
            assert (status == "resolved") == (sent["resolve"].state == "made")
        elif rang and "acknowledge" in sent and sent["acknowledge"].state == "made":
            assert status == "acknowledged"
        if rang and self.ways == "rest":
            self._verify_words(self.rest.of(key)[0].facts, self.rest.of(key)[0].notes, now.title, log)

    def _verify_words(self, facts: dict[str, Any], notes: list[str], title: str, log: Log) -> None:
        """The title is the last one, and each status change was noted once."""
        said = delivery.deliveries(log)
        if any(one.verb in {"trigger", "retitle"} and one.state == "made" for one in said):
            assert facts["title"] == title
        assert len(notes) == len(set(notes)) == sum((one.verb, one.state) == ("note", "made") for one in said)


VENDORS: tuple[Callable[[random.Random, Path | None], PagerDutyVendor], ...] = (PagerDutyVendor,)


class Stormy:
    """The house's process, which is killed now and then."""

    def __init__(self, settings: Path, dice: random.Random) -> None:
        self.settings, self.dice = settings, dice
        self.kills = 0
        self._process: subprocess.Popen[str] | None = None

    def do(self, **order: Any) -> int:
        """Have a deed done, however often the house is killed over it; the incident's number."""
        while True:
            process = self._alive()
            assert process.stdin
            assert process.stdout
            fate = self.dice.random()
            if fate < 0.08:
                self.kill()  # between two deeds
                continue
            try:
                process.stdin.write(json.dumps(order) + "\n")
                process.stdin.flush()
                if fate < 0.2:
                    threading.Event().wait(self.dice.random() / 20)
                    self.kill()  # while it is at it
                    continue
                return int(process.stdout.readline())
            except (BrokenPipeError, ValueError):
                assert self.kills, "the house ended by itself"
                self._process = None

    def kill(self) -> None:
        """End it as the kernel would."""
        if self._process:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._close(self._process)
            self._process, self.kills = None, self.kills + 1

    def awake(self) -> None:
        """Have it running, so that what waits is done."""
        self._alive()

    def _alive(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, str(STORMY), str(self.settings)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert self._process.stdout
            assert self._process.stdout.readline() == "open\n"
        return self._process

    def _close(self, process: subprocess.Popen[str]) -> None:
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with suppress(BrokenPipeError):
                    pipe.close()


def story(dice: random.Random, n: int) -> list[dict[str, Any]]:
    """What an incident goes through: declared, judged anew perhaps, had, found, over perhaps."""
    first = dice.choice(("P1", "P2")) if n else "P1"
    deeds: list[dict[str, Any]] = [{"deed": "declare", "title": f"kiosk {n} shut", "severity": first}]
    if dice.random() < 0.5:
        deeds.append({"deed": "severity", "severity": "P1" if first == "P2" else "P2"})
    if dice.random() < 0.8:
        deeds.append({"deed": "acknowledge"})
    if dice.random() < 0.6:
        deeds.append({"deed": "status", "status": "Identified", "why": f"till {n}"})
    if dice.random() < 0.7:
        deeds.append({"deed": "resolve"})
    return deeds


def waiting(house: House, numbers: list[int]) -> list[Delivery]:
    """What is still on its way."""
    vendors, at = house.ledger.vendors, clock.now()
    found = [one for n in numbers for one in delivery.deliveries(house.ledger.log(n), vendors, at)]
    return [one for one in found if one.state not in SETTLED]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where the house lives."""
    (tmp_path / "kiosk.md").write_text(RUNBOOK)
    return tmp_path


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a seed."""
    if "storm_seed" in metafunc.fixturenames:
        metafunc.parametrize("storm_seed", range(int(metafunc.config.getoption("storm_seeds"))))


@pytest.mark.req(27, 37)
def test_every_effect_happens_once_or_is_shown_as_not_delivered(
    home: Path, shared_if_there: Path | None, storm_seed: int
) -> None:
    dice = random.Random(storm_seed)
    vendors = [make(dice, shared_if_there) for make in VENDORS]
    with ExitStack() as stack:
        for vendor in vendors:
            stack.enter_context(vendor.events)
            stack.enter_context(vendor.rest)
        settings = home / "fireline.toml"
        settings.write_text(
            f'[runbooks]\npaths = ["{home}/kiosk.md"]\nfirst_look = false\n[storm]\nfaults = 0\nhold_seconds = 0\n'
            f'[store]\nurl = "sqlite:///{home}/fireline.db"\nspool = "{home}/spool"\n'
            + "".join(vendor.settings() for vendor in vendors)
        )
        for vendor in vendors:
            vendor.wire.fail_next(1, dice.choice(EVERY_FAILURE), retry_after="0")  # no night is without a fault
            vendor.wire.misbehave(random.Random(storm_seed), SHARE, EVERY_FAILURE)
        stormy = Stormy(settings, dice)
        stack.callback(stormy.kill)
        stories = [story(dice, n) for n in range(INCIDENTS)]
        numbers: dict[int, int] = {}
        for step in range(max(map(len, stories))):
            for n, deeds in enumerate(stories):
                if step < len(deeds):
                    known = {"number": numbers[n]} if n in numbers else {}
                    numbers[n] = stormy.do(**deeds[step], **known, key=f"storm:{n}:{step}")
        stormy.awake()
        reader = build(load(settings))
        stack.callback(reader.database.close)
        until(lambda: not waiting(reader, list(numbers.values())), CALM)
        assert all(vendor.wire.failed for vendor in vendors)
        for number in numbers.values():
            log = reader.ledger.log(number)
            for vendor in vendors:
                vendor.verify(number, log)
