"""Houses that can be killed at any moment, each a process of its own that is there at once. For tests only.

    python stormy.py SOCKET

Imports fireline once and listens; every connection is a new process, forked from that, so that a house killed with -9
is back within a moment. The first line of a connection names the settings, the answer is the process; then follow
deeds as JSON lines: {"deed": "declare", "key": "…", …}. Told twice, a deed is done once.

Everything is the real thing, but vendors get less than half a second instead of ten to answer, Statuspage takes more
than one request a second, the waits between tries begin at 30 ms, and the queue is looked into more often.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import threading
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

# what a house imports when it first needs it, so that the processes need not
import slack_sdk.web.client  # noqa: F401
from dbos import _workflow_commands as jobs

from fireline.connectors.http import Http
from fireline.connectors.slack import Slack
from fireline.connectors.statuspage import Pace
from fireline.core import approval, delivery, gate, incident, public
from fireline.core.refusal import Refused
from fireline.durable import queues
from fireline.house import House, build
from fireline.settings import load

PATIENCE = 0.4  # seconds for an answer


def hurry() -> None:
    """Shorten what would be waited for."""
    delivery.FIRST_WAIT, delivery.LONGEST_WAIT = timedelta(milliseconds=30), timedelta(seconds=0.3)
    queues.IDLE = 0.1
    jobs._BACKGROUND_JOBS_INTERVAL_SEC = 0.1  # how often the engine looks whether a wait is over
    (Http.__init__.__kwdefaults__ or {})["timeout"] = PATIENCE
    Slack.__init__.__defaults__ = (*(Slack.__init__.__defaults__ or ())[:-1], PATIENCE)
    Pace.__init__.__defaults__ = (0.01,)


def done(house: House, order: dict[str, Any]) -> int:
    """Do a deed; the incident's number."""
    number, key = int(order.get("number", 0)), str(order["key"])
    act = partial(house.ledger.act, number, key=key)
    match order["deed"]:
        case "declare":
            return house.declare.by_person(order["title"], by="ana", severity=order["severity"], key=key).number
        case "acknowledge":
            act(partial(incident.acknowledge, by="ana"))
        case "severity":
            level = partial(incident.change_severity, severity=order["severity"], severity_name="", reason="seen")
            act(partial(level, response_minutes=15, by="ana"))
        case "status":
            act(partial(incident.change_status, status=order["status"], why=order["why"], by="ana"))
        case "publish":
            publish(house, number, order["text"], key)
        case "deny":
            ask = next((one for one in approval.asks(house.ledger.log(number)) if one.waiting(house.now())), None)
            if ask:
                act(partial(approval.deny, number=ask.number, reason="not now", by="ana"))
        case "resolve":
            for one in gate.standings(house.ledger.log(number), house.now()):
                if not one.open:
                    aside = partial(gate.override, gate=one.spec.key, reason="not the subject", by="ana")
                    house.ledger.act(number, aside, key=f"{key}:{one.spec.key}")
            act(partial(gate.resolve, by="ana"))
    return number


def publish(house: House, number: int, text: str, key: str) -> None:
    """Ana writes for the public, Ben says yes."""
    house.publish.draft(
        number, status="Investigating", title=f"Kiosk {number}", text=text, impact="major", components={}, by="ana",
        key=f"{key}:draft",
    )  # fmt: skip
    one = next(one for one in public.updates(house.ledger.log(number)) if one.drafted.text == text)
    house.publish.approve(number, one.number, shown=one.digest, meant=True, by="ben", key=key)


def live(line: socket.socket) -> None:
    """One house, until the line ends or somebody kills it."""
    with line.makefile("rw") as orders:
        house = build(load(Path(orders.readline().strip())))
        orders.write(f"{os.getpid()}\n")
        orders.flush()
        house.open()
        orders.write("open\n")
        orders.flush()
        for order in orders:
            try:
                answer = str(done(house, json.loads(order)))
            except Refused as no:
                answer = no.sentence
            orders.write(f"{answer}\n")
            orders.flush()


def main(path: str) -> None:
    """Fork a process for every connection."""
    hurry()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries them
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(path)
        door.listen()
        assert threading.active_count() == 1, "a fork takes one thread along"
        while not select.select([door, sys.stdin], [], [])[0].count(sys.stdin):  # closed when whoever began this ends
            line, _ = door.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                door.close()
                live(line)
                os._exit(0)
            line.close()


if __name__ == "__main__":
    main(sys.argv[1])
