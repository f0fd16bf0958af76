"""How long from an alert to the page leaving us, while other alerts come in; Alertmanager telling a webhook beside it.

    python bench/latency.py                       # both stores, a hundred alerts a second beside it
    python bench/latency.py --pages 30 --gate

An alert is posted; the time runs from before the first byte is sent until the pager's address has read the call. For
fireline that is after the alert, the incident and the wish to page were each on the disk; Alertmanager (group_wait
0s) keeps alerts in memory. Every page is for a fault of its own. The alerts beside it are new ones, which are stored
and decided about and declare nothing.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from houses import RULES, SETTINGS, Houses, Store
from meter import machine
from peers import Missing, Postgres, Server, alertmanager, folder

LIMITS = {"p50_ms": 100.0, "p99_ms": 1000.0, "missing": 0.0, "twice": 0.0}
PAGES = 100
PAGES_A_SECOND = 2.0
BESIDE_A_SECOND = 100.0  # alerts that page nobody
BATCH = 5  # of them in one request
PATIENCE = 30.0  # seconds for the last page
PACE = 3.0  # seconds to find it, before the first page
FAULT = "TillDown"
# without the storm's brakes: a hundred faults a minute would be one incident, rightly
STORM_OFF = "[storm]\nfaults = 0\nhold_seconds = 0\n"
ONE_EACH = f"""
[[rules]]
name = "each till is a fault"
match = {{ alertname = "{FAULT}" }}
do = "declare"
severity = "P1"
"""


@dataclass(frozen=True, slots=True)
class Paged:
    """What one system did. Times in milliseconds."""

    system: str
    pages: tuple[float, ...]  # from the alert to the page
    answers: tuple[float, ...]  # from the alert to its answer
    missing: int  # alerts that should have paged, and did not in time
    twice: int

    def figures(self) -> dict[str, float]:
        """By the names of `LIMITS`, and the worst."""
        found = {"p50_ms": at(0.5, self.pages), "p99_ms": at(0.99, self.pages), "max_ms": at(1.0, self.pages)}
        return found | {"missing": float(self.missing), "twice": float(self.twice), "answer_ms": at(0.5, self.answers)}


def at(share: float, times: Sequence[float]) -> float:
    """The time within which this share of them lies; 0 without any."""
    return sorted(times)[min(int(len(times) * share), len(times) - 1)] if times else 0.0


class Pager:
    """The pager's address: notes when it was called for which service, and takes everything."""

    def __init__(self) -> None:
        self.heard: dict[str, list[float]] = {}
        pager = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                now = time.monotonic()
                for service in _services(body):
                    pager.heard.setdefault(service, []).append(now)
                said = json.dumps({"status": "success", "message": "Event processed", "dedup_key": "0"}).encode()
                self.send_response(202)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it is called."""
        return f"http://127.0.0.1:{self._server.server_port}/v2/enqueue"

    def close(self) -> None:
        """Hear nothing more."""
        self._server.shutdown()
        self._server.server_close()


def every(where: Path, postgres: Postgres | None, count: int = PAGES, rate: float = PAGES_A_SECOND) -> Iterator[Paged]:
    """Measure each system that is here: Alertmanager, then fireline on each store."""
    with closing(Pager()) as pager:
        with suppress(Missing):
            telling = f"receivers: [{{name: pager, webhook_configs: [{{url: '{pager.url}', send_resolved: false}}]}}]\n"
            route = "route: {receiver: pager, group_by: [alertname, service], group_wait: 0s, group_interval: 1s}\n"
            yield measure(alertmanager(where, route + telling), pager, pages=count, rate=rate)
        houses = Houses(where, postgres, settings=settings(pager))
        stores: tuple[Store, ...] = ("sqlite", "postgres") if postgres else ("sqlite",)
        for store in stores:
            yield measure(houses.start(store), pager, pages=count, rate=rate)


def settings(pager: Pager) -> str:
    """Of a house that this can measure: it pages there, for every till."""
    paging = f'[pagerduty]\nrouting_key = "{"0" * 32}"\nurl = "{pager.url}"\n'
    return f"{SETTINGS}{STORM_OFF}{paging}{ONE_EACH}{RULES}"


def measure(
    server: Server,
    pager: Pager,
    *,
    pages: int = PAGES,
    rate: float = PAGES_A_SECOND,
    beside: float = BESIDE_A_SECOND,
) -> Paged:
    """Let so many faults a second happen, and end the server."""
    pager.heard.clear()
    told: dict[str, float] = {}
    answers = []
    with _beside(server, beside), closing(Line(server)) as line:
        _wait(lambda: False, PACE)
        began = time.monotonic()
        for n in range(pages):
            _wait(lambda: False, began + n / rate - time.monotonic())
            till = f"till-{n}"
            told[till] = time.monotonic()
            line.tell([_alert(FAULT, till, pod=till)])
            answers.append((time.monotonic() - told[till]) * 1000)
        _wait(lambda: pager.heard.keys() >= told.keys(), PATIENCE)
    server.end()
    heard = {till: pager.heard[till] for till in told if till in pager.heard}
    return Paged(
        system=server.name,
        pages=tuple((heard[till][0] - told[till]) * 1000 for till in heard),
        answers=tuple(answers),
        missing=len(told) - len(heard),
        twice=sum(len(times) > 1 for times in heard.values()),
    )


class Line:
    """One kept-alive connection to where a system takes alerts."""

    def __init__(self, server: Server) -> None:
        self._wire = "webhook" if "webhook" in server.paths else "api"
        self._path = server.paths["webhook"] if "webhook" in server.paths else server.paths["api"]
        self._head = {"Content-Type": "application/json"}
        if server.token:
            self._head["Authorization"] = f"Bearer {server.token}"
        self._line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)

    def tell(self, alerts: list[dict[str, Any]]) -> None:
        """Bring these alerts, and wait for the answer, which has to be 200."""
        body: Any = alerts
        if self._wire == "webhook":
            body = {"version": "4", "groupKey": "{}", "status": "firing", "receiver": "fireline", "groupLabels": {}}
            body |= {"commonLabels": {}, "commonAnnotations": {}, "externalURL": "", "alerts": alerts}
        self._line.request("POST", self._path, json.dumps(body), self._head)
        answer = self._line.getresponse()
        said = answer.read()
        assert answer.status == http.client.OK, f"{answer.status}: {said!r}"

    def close(self) -> None:
        """Hang up."""
        self._line.close()


@contextmanager
def _beside(server: Server, rate: float) -> Iterator[None]:
    """So many new alerts a second that page nobody, until the end."""
    over = threading.Event()

    def send() -> None:
        began, sent = time.monotonic(), 0
        with closing(Line(server)) as line:
            while not over.wait(max(0.0, began + sent / rate - time.monotonic())):
                line.tell([_alert("QueueLong", "warehouse", pod=f"beside-{sent + n}") for n in range(BATCH)])
                sent += BATCH

    thread = threading.Thread(target=send, daemon=True)
    if rate:
        thread.start()
    try:
        yield
    finally:
        over.set()
        if rate:
            thread.join()


def _alert(name: str, service: str, **labels: str) -> dict[str, Any]:
    return {
        "labels": {"alertname": name, "service": service, "severity": "critical", **labels},
        "annotations": {"summary": f"{name} at {service}"},
        "startsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "endsAt": "0001-01-01T00:00:00Z",  # not yet
        "generatorURL": "",
        "status": "firing",
    }


def _services(body: dict[str, Any]) -> Iterator[str]:
    """Whom a call is about: PagerDuty's event, or Alertmanager's webhook."""
    if "payload" in body:
        yield body["payload"]["source"]
    for alert in body.get("alerts", ()):
        if alert["labels"]["alertname"] == FAULT:
            yield alert["labels"]["service"]


def _wait(true: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not true() and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, 0.02))


def main() -> int:
    """Measure, print JSON; with --gate end with 1 when fireline is past a limit."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--pages", type=int, default=PAGES)
    words.add_argument("--gate", action="store_true")
    asked = words.parse_args()
    say = partial(print, file=sys.stderr)
    results: dict[str, dict[str, float]] = {}
    wrong = []
    with folder() as where:
        postgres = None
        try:
            postgres = Postgres(where)
        except Missing as missing:
            say(f"skipped: {missing}")
        for one in every(where, postgres, asked.pages):
            results[one.system] = found = one.figures()
            say(f"{one.system}: {found}")
            if one.system.startswith("fireline"):
                past = [name for name, limit in LIMITS.items() if found[name] > limit]
                wrong += [f"{one.system}: {name} is {found[name]:.3g}, {LIMITS[name]:g} was promised" for name in past]
        told = {"machine": machine(where), "limits": LIMITS, "results": results, "past": wrong}
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    return 1 if wrong and asked.gate else 0


if __name__ == "__main__":
    sys.exit(main())
