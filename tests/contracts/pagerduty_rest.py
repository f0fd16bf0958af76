"""A stand-in for PagerDuty's REST API: services, priorities, incidents, notes and who is on call. For tests only.

    with PagerDutyRestStandIn(shared) as pd:
        ...                          # the code under test is given pd.url, TOKEN and SENDER
        assert pd.opened("fireline/INC-142") == 1

Every request and every answer is checked against PagerDuty's own OpenAPI document, where it is there; without it the
behaviour stays the same. A request that breaks the contract makes leaving the `with` fail.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from contracts.document import Contract
from contracts.faulty import Answer, Faulty, Request

TOKEN = "y_NbAkKc66ryYTWUXYEu"  # the shape of a REST key: 20 characters
SENDER = "ana@example.com"  # a user of the account
POLICY = {"id": "PPOLICY", "type": "escalation_policy_reference", "summary": "Shop policy"}
ON_CALL = {"id": "PANA", "type": "user_reference", "summary": "Ana Duarte"}
SECOND = {"id": "PBEN", "type": "user_reference", "summary": "Ben Okafor"}
PRIORITIES = {"P0": "PRIO0", "P1": "PRIO1", "P2": "PRIO2"}  # this account has no P3


@dataclass(slots=True)
class Opened:
    """An incident in PagerDuty, and the notes on it."""

    id: str
    facts: dict[str, Any]
    notes: list[str] = field(default_factory=list)


class PagerDutyRestStandIn:
    """The account of a shop: its services, and what was opened there."""

    def __init__(self, shared: Path | None, services: tuple[str, ...] = ("shop-platform", "shop-search")) -> None:
        self.services = {name: f"PSERVICE{n}" for n, name in enumerate(services)}
        self.incidents: list[Opened] = []
        self.turns = [(ON_CALL, 1), (SECOND, 2)]  # who is woken, and at which level
        self.requests: list[Request] = []
        self.violations: list[str] = []
        folder = shared / "contracts" if shared else None
        self._contract = (
            Contract(
                folder / "pagerduty" / "rest-openapiv3.json",
                folder / "errata.json",
                base="https://api.pagerduty.com",
                loose=True,
            )
            if folder
            else None
        )
        self.wire = Faulty(self._take, self._refuse, once=lambda asked: asked.path.endswith("/notes"))

    @property
    def url(self) -> str:
        """The API's address."""
        return self.wire.url

    def opened(self, key: str) -> int:
        """How often somebody was woken for this key."""
        return len(self.of(key))

    def of(self, key: str) -> list[Opened]:
        """The incidents of this key, oldest first."""
        return [one for one in self.incidents if one.facts["incident_key"] == key]

    def from_event(self, key: str, title: str) -> Opened:
        """An incident that an event opened, under the event's key."""
        return self._new({"title": title, "incident_key": key, "urgency": "high"}, next(iter(self.services)))

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
        self.requests.append(asked)
        faults = self._faults(asked)
        if faults:
            return self._refused(asked, 400, *faults)
        if asked.headers.get("Authorization") != f"Token token={TOKEN}":
            return Answer(401, b"")
        writes = asked.method != "GET"
        if writes and asked.headers.get("From") != SENDER:
            return self._refused(asked, 400, "Requester User Not Found")
        status, said = self._route(asked, json.loads(asked.body) if writes else {})
        return self._say(asked, status, said)

    def _route(self, asked: Request, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        query = {name: values[0] for name, values in asked.query.items()}
        found = re.fullmatch(r"/incidents/(\w+)(/notes)?", asked.path)
        match asked.method, asked.path:
            case "GET", "/services":
                wanted = query.get("query", "").lower()
                there = [self._service(name) for name in self.services if wanted in name.lower()]
                return 200, _page("services", there)
            case "GET", "/priorities":
                return 200, _page(
                    "priorities", [{"id": id_, "type": "priority", "name": name} for name, id_ in PRIORITIES.items()]
                )
            case "GET", "/oncalls":
                turns = self.turns if query.get("escalation_policy_ids[]") == POLICY["id"] else []
                return 200, _page("oncalls", [self._turn(who, level) for who, level in turns])
            case "GET", path if path.startswith("/users/"):
                who = next((who for who, _ in self.turns if path == f"/users/{who['id']}"), None)
                return (200, {"user": _user(who)}) if who else (404, _error("Not Found"))
            case "GET", "/incidents":
                return 200, _page("incidents", [one.facts for one in self.of(query["incident_key"])])
            case "POST", "/incidents":
                return self._open(body["incident"])
        one = next((one for one in self.incidents if found and one.id == found[1]), None)
        if one is None:
            return 404, _error("Not Found")
        match asked.method, bool(found and found[2]):
            case "PUT", False:
                return self._change(one, body["incident"])
            case "GET", True:
                return 200, {"notes": [{"id": f"PN{n}", "content": text} for n, text in enumerate(one.notes)]}
            case "POST", True:
                one.notes.append(body["note"]["content"])
                return 200, {"note": {"id": f"PN{len(one.notes)}", "content": one.notes[-1]}}
        return 404, _error("Not Found")

    def _open(self, wanted: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        name = next((name for name, id_ in self.services.items() if id_ == wanted["service"]["id"]), None)
        if name is None:
            return 400, _error("Service Not Found")
        if any(one.facts["status"] != "resolved" for one in self.of(wanted["incident_key"])):
            return 400, _error("Open incident already exists with this key")
        return 201, {"incident": self._new(wanted, name).facts}

    def _new(self, wanted: dict[str, Any], service: str) -> Opened:
        id_ = f"PINC{len(self.incidents)}"
        facts = {
            "id": id_,
            "type": "incident",
            "summary": wanted["title"],
            "title": wanted["title"],
            "status": "triggered",
            "created_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "incident_key": wanted["incident_key"],
            "urgency": wanted.get("urgency", "high"),
            "service": {"id": self.services[service], "type": "service_reference", "summary": service},
            "html_url": f"https://shop.pagerduty.example/incidents/{id_}",
            "assignments": [{"at": "2031-05-04T03:12:09Z", "assignee": ON_CALL}],
        }
        self._prioritise(facts, wanted)
        one = Opened(id_, facts)
        self.incidents.append(one)
        return one

    def _change(self, one: Opened, wanted: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        for name in ("title", "urgency", "status"):
            if name in wanted:
                one.facts[name] = wanted[name]
        self._prioritise(one.facts, wanted)
        if one.facts["status"] == "resolved":
            one.facts["assignments"] = []
        return 200, {"incident": one.facts}

    def _prioritise(self, facts: dict[str, Any], wanted: dict[str, Any]) -> None:
        if "priority" in wanted:
            name = next(name for name, id_ in PRIORITIES.items() if id_ == wanted["priority"]["id"])
            facts["priority"] = {"id": PRIORITIES[name], "type": "priority", "name": name, "summary": name}

    def _service(self, name: str) -> dict[str, Any]:
        return {"id": self.services[name], "type": "service", "name": name, "escalation_policy": POLICY}

    def _turn(self, who: dict[str, str], level: int) -> dict[str, Any]:
        return {"user": who, "escalation_policy": POLICY, "escalation_level": level}

    def _faults(self, asked: Request) -> list[str]:
        if self._contract is None:
            return []
        faults = self._contract.faults_of_request(
            asked.method.lower(),
            asked.path,
            asked.body,
            asked.headers.get("Content-Type", ""),
            headers=asked.headers,
            query=asked.query,
        )
        self.violations += faults
        return faults

    def _say(self, asked: Request, status: int, said: dict[str, Any]) -> Answer:
        body = json.dumps(said).encode()
        if self._contract:
            # it names no 400 for changing an incident
            faults = self._contract.faults_of_answer(asked.method.lower(), asked.path, status, body)
            self.violations += [f"our own {status} to {asked.method} {asked.path}: {fault}" for fault in faults]
        return Answer(status, body)

    def _refused(self, asked: Request, status: int, *errors: str) -> Answer:
        return self._say(asked, status, _error(*errors))

    def _refuse(self, status: int, wait: str) -> Answer:
        said = json.dumps(_error("Too Many Requests" if status == 429 else "Internal Server Error")).encode()
        return Answer(status, said, {"ratelimit-reset": wait} if wait else {})


def _user(who: dict[str, str]) -> dict[str, Any]:
    """A person; their address begins with their first name."""
    first = who["summary"].split()[0].lower()
    return {**who, "type": "user", "name": who["summary"], "email": f"{first}@example.com"}


def _page(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: rows, "limit": 100, "offset": 0, "more": False, "total": None}


def _error(*errors: str) -> dict[str, Any]:
    return {"error": {"code": 2001, "message": "Invalid Input Provided", "errors": list(errors)}}
