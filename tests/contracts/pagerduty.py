"""A stand-in for PagerDuty's Events API v2: a real HTTP server on loopback. For tests only, never shipped.

    with PagerDutyStandIn(document, errata) as pd:
        ...                          # the code under test is given pd.url and ROUTING_KEY
        assert pd.pages("INC-142") == 1

Every request and every answer is checked against PagerDuty's own OpenAPI document. A request that
breaks the contract is answered as PagerDuty would, with 400, and makes leaving the `with` fail;
a test that breaks it on purpose clears `pd.violations`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from contracts.document import Contract
from contracts.faulty import Answer, Failure, Faulty, Request

ROUTING_KEY = "fireline0test0routing0key0000000"  # the one integration the stand-in has
PATH = "/v2/enqueue"
EVENT_MAX_BYTES = 512_000


@dataclass(slots=True)
class Alert:
    """What PagerDuty knows under one dedup_key. `events` are the bodies that made it, oldest first."""

    dedup_key: str
    status: Literal["triggered", "acknowledged", "resolved"]
    pages: int = 0  # how often somebody's phone rang
    events: list[dict[str, Any]] = field(default_factory=list)


class PagerDutyStandIn:
    """PagerDuty, as far as a sender of events can tell."""

    def __init__(self, document: Path | None, errata: Path | None = None) -> None:
        """Without PagerDuty's document nothing is checked; the behaviour stays the same."""
        self.requests: list[dict[str, Any]] = []  # every event taken in, oldest first
        self.alerts: dict[str, Alert] = {}
        self.violations: list[str] = []
        self.opens: Callable[[str, str], object] = lambda _key, _title: None  # the incident that follows from a page
        base = "https://events.pagerduty.com"
        self._contract = Contract(document, errata, base=base) if document and errata else None
        self.wire = Faulty(self._take, self._refuse)

    @property
    def url(self) -> str:
        """Where to send events."""
        return f"{self.wire.url}{PATH}"

    @property
    def open_alerts(self) -> dict[str, Alert]:
        """Alerts that nobody has resolved, by dedup_key."""
        return {key: alert for key, alert in self.alerts.items() if alert.status != "resolved"}

    def pages(self, dedup_key: str) -> int:
        """How often the on-call was woken for this key."""
        return self.alerts[dedup_key].pages if dedup_key in self.alerts else 0

    def fail_next(self, n: int, how: Failure, *, retry_after: str = "7") -> None:
        """Fail the next n requests; `retry_after` is the header that comes with a 429."""
        self.wire.fail_next(n, how, retry_after=retry_after)

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Let nothing listen: whoever connects is refused by the kernel. The port stays ours."""
        with self.wire.refusing():
            yield

    def __enter__(self) -> Self:
        self.wire.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wire.stop()
        if kind is None and self.violations:
            raise AssertionError("PagerDuty's contract was broken: " + "; ".join(self.violations))

    def _take(self, asked: Request) -> Answer:
        """Take one event as PagerDuty would."""
        faults = self._judge(asked)
        if faults:
            return self._say(400, _refused(*faults))
        event = json.loads(asked.body)
        self.requests.append(event)
        if event["routing_key"] != ROUTING_KEY:
            return self._say(400, _refused("Invalid routing key"))
        said = {"status": "success", "message": "Event processed", "dedup_key": self._file(event)}
        return self._say(202, said)

    def _judge(self, asked: Request) -> list[str]:
        """Hold a request against the document; what is wrong with it is kept in `violations` as well."""
        if self._contract is None:
            return []
        faults = self._contract.faults_of_request("post", asked.path, asked.body, asked.headers.get("Content-Type", ""))
        if len(asked.body) > EVENT_MAX_BYTES:
            faults.append(f"an event of {len(asked.body)} bytes is over the limit of {EVENT_MAX_BYTES}")
        self.violations += faults
        return faults

    def _say(self, status: int, said: dict[str, Any]) -> Answer:
        """Hold our own answer against the document too."""
        body = json.dumps(said).encode()
        if self._contract:
            # It gives the shape of a refusal for 5XX only; PagerDuty uses it for 400 as well.
            faults = self._contract.faults_of_answer("post", PATH, 500 if status == 400 else status, body)
            self.violations += [f"our own {status}: {fault}" for fault in faults]
        return Answer(status, body)

    def _refuse(self, status: int, wait: str) -> Answer:
        if status == 429:
            return Answer(429, b"", {"Retry-After": wait})
        return self._say(status, {"status": "error", "message": "Internal Server Error"})

    def _file(self, event: dict[str, Any]) -> str:
        """Fold the event into its alert: a trigger rings only where no alert is open."""
        key: str = event.get("dedup_key") or f"made-up-{len(self.alerts)}"
        alert = self.alerts.get(key)
        match event["event_action"]:
            case "trigger":
                alert = alert or self.alerts.setdefault(key, Alert(key, "resolved"))
                if alert.status == "resolved":
                    alert.status = "triggered"
                    alert.pages += 1
                    self.opens(key, event["payload"]["summary"])
            case "acknowledge" if alert and alert.status == "triggered":
                alert.status = "acknowledged"
            case "resolve" if alert:
                alert.status = "resolved"
        if alert:
            alert.events.append(event)
        return key


def _refused(*errors: str) -> dict[str, Any]:
    return {"status": "invalid event", "message": "Event object is invalid", "errors": list(errors)}
