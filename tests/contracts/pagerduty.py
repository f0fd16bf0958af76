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
import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from contracts.document import Contract

ROUTING_KEY = "fireline0test0routing0key0000000"  # the one integration the stand-in has
PATH = "/v2/enqueue"
EVENT_MAX_BYTES = 512_000

# reset: cut before reading. hang: read, say nothing. drop: accept, then cut before answering,
# so that the sender cannot know whether anybody was paged.
Failure = Literal["500", "429", "reset", "hang", "drop"]


@dataclass(slots=True)
class Alert:
    """What PagerDuty knows under one dedup_key. `events` are the bodies that made it, oldest first."""

    dedup_key: str
    status: Literal["triggered", "acknowledged", "resolved"]
    pages: int = 0  # how often somebody's phone rang
    events: list[dict[str, Any]] = field(default_factory=list)


class PagerDutyStandIn:
    """PagerDuty, as far as a sender of events can tell."""

    def __init__(self, document: Path, errata: Path) -> None:
        self.requests: list[dict[str, Any]] = []  # every event taken in, oldest first
        self.alerts: dict[str, Alert] = {}
        self.violations: list[str] = []
        self._contract = Contract(document, errata, base="https://events.pagerduty.com")
        self._failures: deque[tuple[Failure, str]] = deque()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._port = 0

    @property
    def url(self) -> str:
        """Where to send events."""
        return f"http://127.0.0.1:{self._port}{PATH}"

    @property
    def open_alerts(self) -> dict[str, Alert]:
        """Alerts that nobody has resolved, by dedup_key."""
        return {key: alert for key, alert in self.alerts.items() if alert.status != "resolved"}

    def pages(self, dedup_key: str) -> int:
        """How often the on-call was woken for this key."""
        return self.alerts[dedup_key].pages if dedup_key in self.alerts else 0

    def fail_next(self, n: int, how: Failure, *, retry_after: str = "7") -> None:
        """Fail the next n requests; `retry_after` is the header that comes with a 429."""
        self._failures.extend([(how, retry_after)] * n)

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Let nothing listen: whoever connects is refused by the kernel. The port stays ours."""
        self._stop()
        try:
            with socket.socket() as held:
                held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                held.bind(("127.0.0.1", self._port))
                yield
        finally:
            self._start()

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._stop()
        if kind is None and self.violations:
            raise AssertionError("PagerDuty's contract was broken: " + "; ".join(self.violations))

    def judge(self, path: str, content_type: str, body: bytes) -> list[str]:
        """Hold a request against the document; what is wrong with it is kept in `violations` as well."""
        faults = self._contract.faults_of_request("post", path, body, content_type)
        if len(body) > EVENT_MAX_BYTES:
            faults.append(f"an event of {len(body)} bytes is over the limit of {EVENT_MAX_BYTES}")
        self.violations += faults
        return faults

    def take(self, body: bytes, faults: list[str]) -> tuple[int, bytes]:
        """Take one event as PagerDuty would: status and body of the answer to it."""
        if faults:
            return 400, _refused(*faults)
        event = json.loads(body)
        with self._lock:
            self.requests.append(event)
            if event["routing_key"] != ROUTING_KEY:
                return 400, _refused("Invalid routing key")
            key = self._file(event)
        return 202, json.dumps({"status": "success", "message": "Event processed", "dedup_key": key}).encode()

    def check(self, status: int, body: bytes) -> None:
        """Hold our own answer against the document too."""
        # It gives the shape of a refusal for 5XX only; PagerDuty uses it for 400 as well.
        written_under = 500 if status == 400 else status
        faults = self._contract.faults_of_answer("post", PATH, written_under, body)
        self.violations += [f"our own {status}: {fault}" for fault in faults]

    def next_failure(self) -> tuple[Failure, str] | None:
        """What the next request has to suffer."""
        with self._lock:
            return self._failures.popleft() if self._failures else None

    def hang(self) -> None:
        """Say nothing until the stand-in closes."""
        self._over.wait()

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
            case "acknowledge" if alert and alert.status == "triggered":
                alert.status = "acknowledged"
            case "resolve" if alert:
                alert.status = "resolved"
        if alert:
            alert.events.append(event)
        return key

    def _start(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), partial(_Handler, self))
        self._port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def _stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _refused(*errors: str) -> bytes:
    said = {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
    return json.dumps(said).encode()


class _Handler(BaseHTTPRequestHandler):
    """Speaks HTTP/1.0: one request a connection, so that returning without a word cuts it."""

    def __init__(self, stand_in: PagerDutyStandIn, *args: Any) -> None:
        self.stand_in = stand_in
        super().__init__(*args)

    def do_POST(self) -> None:
        failure, retry_after = self.stand_in.next_failure() or (None, "")
        if failure == "reset":
            return  # the unread request makes the kernel close with a reset
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        faults = self.stand_in.judge(self.path, self.headers.get("Content-Type", ""), body)
        match failure:
            case "hang":
                self.stand_in.hang()
            case "429":
                self._say(429, b"", retry_after=retry_after)
            case "500":
                self._say(500, b'{"status": "error", "message": "Internal Server Error"}')
            case "drop":
                self.stand_in.take(body, faults)
            case _:
                self._say(*self.stand_in.take(body, faults))

    def _say(self, status: int, body: bytes, *, retry_after: str = "") -> None:
        self.stand_in.check(status, body)
        self.send_response(status)
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep quiet: `requests` is the log."""
