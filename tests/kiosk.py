"""The kiosk: a small runbook with real commands, and its alarm. For tests that need a whole story."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import msgspec

from fireline import clock
from fireline.core import gate
from fireline.core.alert import Alert
from fireline.house import House
from fireline.settings import PagerDutySettings

RUNBOOK = """\
# Kiosk runbook

## Severity Levels

### P1 - High
**Impact:** The kiosk is shut
**Response Time:** < 15 minutes
**Examples:**
- Kiosk shut

### P2 - Medium
**Impact:** The kiosk is slow
**Response Time:** < 1 hour
**Examples:**
- Long queue

## Common Incidents

### Kiosk Shut

**Symptoms:** nobody can buy

**Quick Diagnosis:**
```bash
# Look at the door
ls -a

# Look at the till
cat <till>

# Ask the wholesaler
cat <wholesaler>
```

**Resolution:**
1. Open the door
   ```bash
   # Open the door
   echo opened >> door

   # Verify that it is open
   grep opened door
   ```
2. Break a window
   ```bash
   # Break the window
   echo broken >> window

   # Verify that there is a way in
   grep broken window
   ```

## Resolve

**Resolution Checklist:**
- [ ] Root cause identified
- [ ] No alerts firing
- [ ] The kiosk is verified healthy
- [ ] Monitored for 30+ minutes
- [ ] The owner knows
"""


class Open(Protocol):
    """Builds or opens a house on the test's own database."""

    def __call__(self, *, pagerduty: PagerDutySettings | None = None, runbook: str = RUNBOOK, **more: Any) -> House: ...


def kiosk_shut(**labels: str) -> Alert:
    """The alarm of the story."""
    return Alert(
        source="alertmanager",
        labels={"alertname": "KioskShut", "service": "kiosk", **labels},
        annotations={"summary": "The kiosk is shut"},
        starts_at=clock.now(),
    )


def over(alert: Alert) -> Alert:
    """The same alarm, over."""
    return msgspec.structs.replace(alert, ends_at=clock.now())


def resolve(house: House, number: int = 1) -> None:
    """End an incident whose gates are not the subject: those that are shut are set aside."""
    for standing in gate.standings(house.ledger.log(number), clock.now()):
        if not standing.open:
            aside = partial(gate.override, gate=standing.spec.key, reason="not the subject here", by="ana")
            house.ledger.act(number, aside)
    house.ledger.act(number, partial(gate.resolve, by="ana"))


def until(true: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something is true; fail with its last answer when it does not come."""
    limit = time.monotonic() + seconds
    pause = time.sleep
    while not (last := true()):
        assert time.monotonic() < limit, f"waited {seconds:.0f} s, last answer {last!r}"
        pause(0.02)
