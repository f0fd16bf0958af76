"""A house in a process of its own that can be killed at any moment, told what to do a line at a time. For tests only.

    python stormy.py fireline.toml       # then JSON lines on standard input: {"deed": "declare", "key": "…", …}

Each deed has a name: told twice, it is done once. Everything is the real thing, but vendors get half a second instead
of ten to answer, the waits between tries begin at 50 ms, and the queue is looked into more often.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from fireline.connectors.http import Http
from fireline.core import delivery, gate, incident
from fireline.durable import queues
from fireline.house import House, build
from fireline.settings import load

delivery.FIRST_WAIT, delivery.LONGEST_WAIT = timedelta(milliseconds=50), timedelta(seconds=1)
queues.IDLE = 0.1
(Http.__init__.__kwdefaults__ or {})["timeout"] = 0.5


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
        case "resolve":
            for one in gate.standings(house.ledger.log(number), house.now()):
                if not one.open:
                    aside = partial(gate.override, gate=one.spec.key, reason="not the subject", by="ana")
                    house.ledger.act(number, aside, key=f"{key}:{one.spec.key}")
            act(partial(gate.resolve, by="ana"))
    return number


def main() -> None:
    """Open the house, and do what is asked until the input ends."""
    house = build(load(Path(sys.argv[1])))
    house.open()
    sys.stdout.write("open\n")
    sys.stdout.flush()
    for line in sys.stdin:
        sys.stdout.write(f"{done(house, json.loads(line))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
