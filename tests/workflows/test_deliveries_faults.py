"""Whatever fails and whoever is killed: every effect happens once at the receiver, or is shown as not delivered.

Each seed is a night of its own: which ways to PagerDuty are set up, what two incidents go through, when the house
is killed with -9, and which requests to PagerDuty, Slack, Statuspage, a chat's webhook, a gateway and ntfy are refused,
dropped, cut, answered late or done twice. `FIRELINE_STORMS` says how many nights; 200 by hand before a release.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from contracts.faulty import EVERY_FAILURE
from fireline import clock
from fireline.core import delivery
from fireline.core.delivery import Delivery
from fireline.house import House, build
from fireline.settings import load
from kiosk import RUNBOOK, until
from workflows.receivers import town

NIGHTS = int(os.environ.get("FIRELINE_STORMS", "2"))
BY_DOCUMENT = 2  # nights whose requests are held against the vendors' documents; in all, that would only take long
STORMY = Path(__file__).with_name("stormy.py")
SHARE = 0.15  # of the requests fail; opening a channel takes ten of them
INCIDENTS = 2
CALM = 90.0  # seconds for all of it to be over, on a busy machine
SETTLED = {"made", "dropped", "given up", "by hand"}


class Stormy:
    """The house's process, which is killed now and then."""

    def __init__(self, door: Path, settings: Path, dice: random.Random) -> None:
        self.door, self.settings, self.dice = door, settings, dice
        self.kills = 0
        self._line: Any = None
        self._pid = 0

    def do(self, **order: Any) -> int:
        """Have a deed done, however often the house is killed over it; the incident's number."""
        while True:
            line = self.awake()
            fate = self.dice.random()
            if fate < 0.06:
                self.kill()  # between two deeds
                continue
            line.write(json.dumps(order) + "\n")
            line.flush()
            if fate < 0.2:
                threading.Event().wait(self.dice.random() / 20)
                self.kill()  # while it is at it
                continue
            said = line.readline().strip()
            assert said.isdigit(), said or "the house ended by itself"
            return int(said)

    def kill(self) -> None:
        """End it as the kernel would."""
        if self._line is not None:
            os.kill(self._pid, signal.SIGKILL)
            with suppress(OSError):
                while self._line.readline():  # its end of the line is closed when it is gone
                    pass
            self._hang_up()
            self.kills += 1

    def awake(self) -> Any:
        """Have it running, so that what waits is done; the line to it."""
        if self._line is None:
            end = socket.socket(socket.AF_UNIX)
            end.connect(str(self.door))
            line = end.makefile("rw")
            end.close()  # the file keeps it open
            line.write(f"{self.settings}\n")
            line.flush()
            self._pid = int(line.readline())
            self._line = line
            assert line.readline() == "open\n"
        return self._line

    def _hang_up(self) -> None:
        with suppress(OSError):
            self._line.close()
        self._line = None


def story(dice: random.Random, n: int) -> list[dict[str, Any]]:
    """What an incident goes through: declared, judged anew perhaps, had, told of, found, over perhaps."""
    first = dice.choice(("P1", "P2")) if n else "P1"
    deeds: list[dict[str, Any]] = [{"deed": "declare", "title": f"kiosk {n} shut", "severity": first}]
    chances: list[tuple[float, dict[str, Any]]] = [
        (0.5, {"deed": "severity", "severity": "P1" if first == "P2" else "P2"}),
        (0.5, {"deed": "publish", "text": f"The kiosk is shut, news {n}."}),
        (0.7, {"deed": "acknowledge"}),
        (0.3, {"deed": "deny"}),
        (0.5, {"deed": "status", "status": "Identified", "why": f"till {n}"}),
        (0.4, {"deed": "publish", "text": f"The till is being mended, news {n}."}),
        (0.6, {"deed": "resolve"}),
    ]
    return deeds + [deed for chance, deed in chances if dice.random() < chance]


def waiting(house: House, numbers: list[int]) -> list[Delivery]:
    """What is still on its way, after a moment. Takes from `numbers` the incidents of which nothing is."""
    threading.Event().wait(0.2)  # reading whole logs all the time would take the house's processor
    vendors, at = house.ledger.vendors, clock.now()
    for n in tuple(numbers):
        found = [one for one in delivery.deliveries(house.ledger.log(n), vendors, at) if one.state not in SETTLED]
        if found:
            return found
        numbers.remove(n)
    return []


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where houses come from."""
    path = tmp_path_factory.mktemp("door") / "door"
    with subprocess.Popen([sys.executable, str(STORMY), str(path)], stdin=subprocess.PIPE) as forge:
        until(path.exists, 60)
        yield path
        forge.kill()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database with every table and nothing in it, so that no night has to make them."""
    folder = tmp_path_factory.mktemp("empty")
    (folder / "fireline.toml").write_text(f'[store]\nurl = "sqlite:///{folder}/fireline.db"\n')
    house = build(load(folder / "fireline.toml"))
    house.database.migrate()
    house.durable.prepare()
    house.database.close()
    return (folder / "fireline.db").read_bytes()


@pytest.mark.req(27, 31, 33, 35, 37)
@pytest.mark.parametrize("night", range(NIGHTS))
def test_every_effect_happens_once_or_is_shown_as_not_delivered(
    tmp_path: Path, door: Path, empty: bytes, shared_if_there: Path | None, night: int
) -> None:
    dice = random.Random(night)
    (tmp_path / "kiosk.md").write_text(RUNBOOK)
    (tmp_path / "fireline.db").write_bytes(empty)
    name = f"night{night}.example"
    with ExitStack() as stack:
        receivers = stack.enter_context(town(dice, name, shared_if_there if night < BY_DOCUMENT else None))
        settings = tmp_path / "fireline.toml"
        settings.write_text(
            f'[server]\nurl = "https://{name}"\n[runbooks]\npaths = ["{tmp_path}/kiosk.md"]\nfirst_look = false\n'
            f'[storm]\nfaults = 0\nhold_seconds = 0\n[status]\ncopy = "{tmp_path}/status.json"\n'
            f'[store]\nurl = "sqlite:///{tmp_path}/fireline.db"\nspool = "{tmp_path}/spool"\n'
            + "".join(one.settings() for one in receivers)
        )
        wires = [wire for one in receivers for wire in one.wires]
        for wire in wires:
            wire.misbehave(random.Random(dice.random()), SHARE, EVERY_FAILURE)
        stormy = Stormy(door, settings, dice)
        stack.callback(stormy.kill)
        numbers = _tell(stormy, dice)
        for _ in range(dice.randrange(4)):  # and while only the house itself has something to do
            threading.Event().wait(dice.random() / 2)
            stormy.kill()
            stormy.awake()
        reader = build(load(settings))
        stack.callback(reader.database.close)
        left = list(numbers)
        until(lambda: not waiting(reader, left), CALM)
        stormy.kill()  # nothing is told any more
        assert sum(wire.failed for wire in wires)
        for number in numbers:
            log = reader.ledger.log(number)
            for one in receivers:
                one.verify(number, log)


def _tell(stormy: Stormy, dice: random.Random) -> list[int]:
    """Have the stories told, side by side; the incidents' numbers."""
    stories = [story(dice, n) for n in range(INCIDENTS)]
    numbers: dict[int, int] = {}
    for step in range(max(map(len, stories))):
        for n, deeds in enumerate(stories):
            if step < len(deeds):
                known = {"number": numbers[n]} if n in numbers else {}
                numbers[n] = stormy.do(**deeds[step], **known, key=f"storm:{n}:{step}")
    stormy.awake()
    return list(numbers.values())
