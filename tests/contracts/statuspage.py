"""A stand-in for Statuspage's REST API: a real HTTP server on loopback. For tests only, never shipped.

    with StatuspageStandIn(document, errata) as vendor:
        ...                          # the code under test is given vendor.url, PAGE and API_KEY
        assert vendor.incidents[0]["status"] == "resolved"

Every request and every answer is checked against Statuspage's own OpenAPI document, as soon as there is one; without
it the behaviour stays. A request that breaks the contract is answered with 422 and makes leaving the `with` fail.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

from contracts.document import Contract

PAGE = "kctbh9vrtdwd"
API_KEY = "0123456789abcdef0123456789abcdef"
COMPONENTS = ("b13yz5g2cw10", "vtnh60py4yd7")  # the page has these two
STARTED = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

# reset: cut before reading. hang: read, say nothing. drop: do it, then cut before answering.
Failure = Literal["500", "429", "420", "reset", "hang", "drop", "nonsense"]


class StatuspageStandIn:
    """Statuspage, as far as whoever manages incidents can tell."""

    def __init__(self, document: Path | None, errata: Path | None) -> None:
        self.incidents: list[dict[str, Any]] = []  # newest last
        self.requests: list[tuple[str, str, dict[str, Any]]] = []  # method, path, body; all that were understood
        self.violations: list[str] = []
        self._contract = Contract(document, errata, base="https://api.statuspage.io") if document and errata else None
        self._failures: deque[tuple[Failure, str, str]] = deque()
        self._lock = threading.Lock()
        self._over = threading.Event()

    @property
    def url(self) -> str:
        """What stands for https://api.statuspage.io/v1."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def wrote(self) -> list[tuple[str, dict[str, Any]]]:
        """Every request that changed something, as method and incident."""
        return [(method, body["incident"]) for method, _, body in self.requests if method != "GET"]

    def fail_next(self, n: int, how: Failure, *, only: str = "", retry_after: str = "7") -> None:
        """Fail the next n requests, or the next n with the method `only`."""
        self._failures.extend([(how, only, retry_after)] * n)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Every request is answered with 500 meanwhile."""
        self.fail_next(1000, "500")
        try:
            yield
        finally:
            self._failures.clear()

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if kind is None and self.violations:
            raise AssertionError("Statuspage's contract was broken: " + "; ".join(self.violations))

    def next_failure(self, method: str) -> tuple[Failure, str] | None:
        """What this request has to suffer."""
        with self._lock:
            if self._failures and self._failures[0][1] in {"", method}:
                how, _, retry_after = self._failures.popleft()
                return how, retry_after
            return None

    def take(self, method: str, target: str, key: str, body: bytes) -> tuple[int, Any]:
        """Do one request as Statuspage would: status and body of the answer."""
        path = urlsplit(target).path
        if key != f"OAuth {API_KEY}":
            return 401, {"error": "Could not authenticate"}
        faults = self._faults(method, path, body)
        if faults:
            self.violations += faults
            return 422, {"error": faults}
        with self._lock:
            said = json.loads(body) if body else {}
            self.requests.append((method, target, said))
            match method, path.removeprefix("/v1/").split("/"):
                case _, ["pages", page, *_] if page != PAGE:
                    return 404, {"error": "Not found"}
                case "GET", ["pages", _, "incidents"]:
                    limit = int(parse_qs(urlsplit(target).query).get("limit", ["100"])[0])
                    return 200, self.incidents[::-1][: min(limit, 100)]
                case "POST", ["pages", _, "incidents"]:
                    return self._create(said["incident"])
                case verb, ["pages", _, "incidents", name]:
                    found = next((one for one in self.incidents if one["id"] == name), None)
                    if found is None:
                        return 404, {"error": "Not found"}
                    return (200, found) if verb == "GET" else self._change(found, said["incident"])
        return 404, {"error": "Not found"}

    def check(self, method: str, target: str, status: int, body: bytes) -> None:
        """Hold our own answer against the document too."""
        if self._contract and status in {200, 201}:
            faults = self._contract.faults_of_answer(method.lower(), urlsplit(target).path, status, body)
            self.violations += [f"our own {status} to {method}: {fault}" for fault in faults]

    def hang(self) -> None:
        """Say nothing until the stand-in closes."""
        self._over.wait()

    def _faults(self, method: str, path: str, body: bytes) -> list[str]:
        incident = json.loads(body).get("incident", {}) if body else {}
        found = ["impact is worked out by Statuspage and cannot be written"] if "impact" in incident else []
        if self._contract:
            kind = "application/json" if body else ""
            found += [
                fault
                for fault in self._contract.faults_of_request(method.lower(), path, body, kind)
                if "SecurityNotFound" not in fault and "Security" not in fault  # the key was looked at above
            ]
        return found

    def _create(self, said: dict[str, Any]) -> tuple[int, Any]:
        if unknown := set(said.get("components", {})) - set(COMPONENTS):
            return 422, {"error": [f"Component {min(unknown)} does not exist"]}
        at = self._now()
        made = {
            "id": f"inc{len(self.incidents) + 1:09}", "name": said["name"], "created_at": at, "page_id": PAGE,
            "impact": said.get("impact_override", "none"), "incident_updates": [], "metadata": {},
            "shortlink": f"https://stspg.io/{len(self.incidents) + 1}", "status": "investigating", "updated_at": at,
        }  # fmt: skip
        self.incidents.append(made)
        self._write(made, said)
        return 201, made

    def _change(self, found: dict[str, Any], said: dict[str, Any]) -> tuple[int, Any]:
        if unknown := set(said.get("components", {})) - set(COMPONENTS):
            return 422, {"error": [f"Component {min(unknown)} does not exist"]}
        self._write(found, said)
        return 200, found

    def _write(self, found: dict[str, Any], said: dict[str, Any]) -> None:
        at = self._now()
        found |= {name: said[name] for name in ("name", "status", "impact_override", "metadata") if name in said}
        found["updated_at"] = at
        if found["status"] == "resolved":
            found["resolved_at"] = at
        if "body" in said:
            update = {"id": f"upd{len(found['incident_updates']) + 1:09}", "incident_id": found["id"],
                      "status": found["status"], "body": said["body"], "created_at": at, "display_at": at}  # fmt: skip
            found["incident_updates"].insert(0, update)

    def _now(self) -> str:
        return (STARTED + timedelta(seconds=len(self.requests))).isoformat().replace("+00:00", "Z")


class _Handler(BaseHTTPRequestHandler):
    """Speaks HTTP/1.0: one request a connection, so that returning without a word cuts it."""

    def __init__(self, stand_in: StatuspageStandIn, *args: Any) -> None:
        self.stand_in = stand_in
        super().__init__(*args)

    def do_GET(self) -> None:
        self._do()

    def do_POST(self) -> None:
        self._do()

    def do_PATCH(self) -> None:
        self._do()

    def _do(self) -> None:
        failure, retry_after = self.stand_in.next_failure(self.command) or (None, "")
        if failure == "reset":
            return  # the unread request makes the kernel close with a reset
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        key = self.headers.get("Authorization", "")
        match failure:
            case "hang":
                self.stand_in.hang()
            case "429" | "420":
                self._say(int(failure), {"error": "Enhance your calm"}, retry_after=retry_after)
            case "500":
                self._say(500, {"error": "Internal Server Error"})
            case "nonsense":
                self._say(200, ["what"])
            case "drop":
                self.stand_in.take(self.command, self.path, key, body)
            case _:
                status, answer = self.stand_in.take(self.command, self.path, key, body)
                self.stand_in.check(self.command, self.path, status, json.dumps(answer).encode())
                self._say(status, answer)

    def _say(self, status: int, answer: Any, *, retry_after: str = "") -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        if retry_after and status == 429:
            self.send_header("Retry-After", retry_after)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep quiet: `requests` is the log."""
