"""A stand-in for Statuspage's REST API: a real HTTP server on loopback. For tests only, never shipped.

    with StatuspageStandIn(document, errata) as vendor:
        ...                          # the code under test is given vendor.url, PAGE and API_KEY
        assert vendor.incidents[0]["status"] == "resolved"

Every request and every answer is checked against Statuspage's own OpenAPI document, as soon as there is one; without
it the behaviour stays. A request that breaks the contract is answered with 422 and makes leaving the `with` fail.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from contracts.document import Contract
from contracts.faulty import Answer, Failure, Faulty, Request

PAGE = "kctbh9vrtdwd"
API_KEY = "0123456789abcdef0123456789abcdef"
COMPONENTS = ("b13yz5g2cw10", "vtnh60py4yd7")  # the page has these two
STARTED = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

__all__ = ["API_KEY", "COMPONENTS", "PAGE", "Failure", "StatuspageStandIn"]


class StatuspageStandIn:
    """Statuspage, as far as whoever manages incidents can tell."""

    def __init__(self, document: Path | None, errata: Path | None) -> None:
        self.incidents: list[dict[str, Any]] = []  # newest last
        self.requests: list[tuple[str, str, dict[str, Any]]] = []  # method, path, body; all that were understood
        self.violations: list[str] = []
        self._contract = Contract(document, errata, base="https://api.statuspage.io") if document and errata else None
        # no key, so that nobody on the way may repeat what changes something: RFC 9110, section 9.2.2
        self.wire = Faulty(self._take, _refuse, once=lambda asked: asked.method != "GET")

    @property
    def url(self) -> str:
        """What stands for https://api.statuspage.io/v1."""
        return f"{self.wire.url}/v1"

    def wrote(self) -> list[tuple[str, dict[str, Any]]]:
        """Every request that changed something, as method and incident."""
        return [(method, body["incident"]) for method, _, body in self.requests if method != "GET"]

    def fail_next(self, n: int, how: Failure, *, only: str = "", retry_after: str = "7") -> None:
        """Fail the next n requests, or the next n with the method `only`."""
        self.wire.fail_next(n, how, only=only, retry_after=retry_after)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Every request is answered with 500 meanwhile."""
        self.fail_next(1000, "500")
        try:
            yield
        finally:
            self.wire.fail_no_more()

    def __enter__(self) -> Self:
        self.wire.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wire.stop()
        if kind is None and self.violations:
            raise AssertionError("Statuspage's contract was broken: " + "; ".join(self.violations))

    def _take(self, asked: Request) -> Answer:
        """Do one request as Statuspage would."""
        if asked.headers.get("Authorization") != f"OAuth {API_KEY}":
            return Answer(401, b'{"error": "Could not authenticate"}')
        faults = self._faults(asked.method, asked.path, asked.body)
        if faults:
            self.violations += faults
            return Answer(422, json.dumps({"error": faults}).encode())
        said = json.loads(asked.body) if asked.body else {}
        self.requests.append((asked.method, asked.path, said))
        status, found = self._route(asked, said)
        body = json.dumps(found).encode()
        if self._contract and status in {200, 201}:  # our own answer is held against the document too
            wrong = self._contract.faults_of_answer(asked.method.lower(), asked.path, status, body)
            self.violations += [f"our own {status} to {asked.method}: {fault}" for fault in wrong]
        return Answer(status, body)

    def _route(self, asked: Request, said: dict[str, Any]) -> tuple[int, Any]:
        match asked.method, asked.path.removeprefix("/v1/").split("/"):
            case _, ["pages", page, *_] if page != PAGE:
                return 404, {"error": "Not found"}
            case "GET", ["pages", _, "incidents"]:
                limit = int(asked.query.get("limit", ["100"])[0])
                return 200, self.incidents[::-1][: min(limit, 100)]
            case "POST", ["pages", _, "incidents"]:
                return self._create(said["incident"])
            case verb, ["pages", _, "incidents", name]:
                found = next((one for one in self.incidents if one["id"] == name), None)
                if found is not None:
                    return (200, found) if verb == "GET" else self._change(found, said["incident"])
        return 404, {"error": "Not found"}

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


def _refuse(status: int, wait: str) -> Answer:
    error = "Internal Server Error" if status == 500 else "Enhance your calm"
    return Answer(status, json.dumps({"error": error}).encode(), {"Retry-After": wait} if wait else {})
