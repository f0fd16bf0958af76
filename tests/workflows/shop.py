"""A shop in a stand-in Kubernetes: its runbook, and a house whose lanes lead there. For tests about changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fireline import clock
from fireline.core import approval, timeline
from fireline.core.approval import Ask
from fireline.core.events import UndoKept
from fireline.house import House, build
from fireline.settings import Lanes, LaneSettings, Runbooks, Settings, Store
from kiosk import until
from kube import Kube

RUNBOOK = """\
# Shop runbook

## Severity Levels

### P1 - High
**Impact:** Nobody can buy
**Response Time:** < 15 minutes
**Examples:**
- Shop down

## Mitigate

**If the queue grows:**
```bash
# Scale up
kubectl scale deployment/checkout --replicas=5 -n prod
```

## Common Incidents

### Checkout Slow

**Symptoms:** long queue

**Quick Diagnosis:**
```bash
# Look at the pods
kubectl get pods -n prod
```

**Resolution:**
1. Scale up if the queue grows

## Further

**If nothing else helps:**
```bash
# Restart the database (last resort)
kubectl rollout restart statefulset/db -n prod
```
"""

OpenShop = Callable[..., House]


@pytest.fixture
def open_shop(tmp_path: Path, kube: Kube) -> Iterator[OpenShop]:
    """Opens a house whose lanes lead into the stand-in's production cluster."""
    opened: list[House] = []
    street = tmp_path / "street"
    street.mkdir()
    (tmp_path / "shop.md").write_text(RUNBOOK)

    def open_(**more: Any) -> House:
        lanes = {
            name: LaneSettings(directory=str(street), environment=kube.environment(name)) for name in ("read", "write")
        }
        settings = Settings(
            store=Store(url=f"sqlite:///{tmp_path / 'fireline.db'}", spool=str(tmp_path / "spool")),
            runbooks=Runbooks(paths=(str(tmp_path / "shop.md"),)),
            lanes=Lanes(**lanes),
            **more,
        )
        house = build(settings)
        house.open()
        opened.append(house)
        return house

    yield open_
    for house in opened:
        house.durable.close(grace=0)
        house.close()


def ask(house: House, text: str, *, by: str = "ana") -> Ask:
    """Ana asks for a command in an incident of its own; the ask as it stands in the log."""
    if not house.ledger.head(1):
        house.declare.by_person("Nobody can buy", by=by, severity="P1")
    house.propose.text(1, text, reason="the queue grows", by=by)
    return approval.asks(house.ledger.log(1))[-1]


def say_yes(house: House, one: Ask, *people: str, typed: str = "") -> None:
    """These people say yes to what they were shown."""
    for person in people or ("ben",):
        deed = partial(approval.give, number=one.number, shown=one.digest, typed=typed, by=person)
        house.ledger.act(1, deed)


def ended(house: House, one: Ask) -> str:
    """How it ended: the state of its run, or why its yes was void."""

    def over() -> str:
        now = approval.find(house.ledger.log(1), one.number)
        if now.void:
            return f"void: {now.void.why}"
        run = house.ledger.read(1).runs.get(f"1.ask{one.number}")
        return run.state if run and run.finished else ""

    until(over)
    return over()


def kept(house: House) -> list[UndoKept]:
    """The ways back that were kept."""
    return [event for event in house.ledger.log(1) if isinstance(event, UndoKept)]


def told(house: House) -> list[str]:
    """The timeline's sentences."""
    return [one.sentence for one in timeline.entries(house.ledger.log(1))]


def waits(house: House, one: Ask) -> bool:
    """Whether it still waits for an answer."""
    return approval.find(house.ledger.log(1), one.number).waiting(clock.now())
