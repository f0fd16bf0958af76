"""PagerDuty's REST API: open an incident by hand's rules, keep its title and priority true, see who is on call.

https://developer.pagerduty.com/api-reference/ — it does what the Events API cannot: find a service by its name,
set priority and urgency, rename, and write notes. Everything that changes something is done in the name of a person
of the account, whose address goes along as `From`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from fireline.connectors.http import Http, Permanent, host_of

API_URL = "https://api.pagerduty.com"  # EU service region: https://api.eu.pagerduty.com
ACCEPT = "application/vnd.pagerduty+json;version=2"
MOST = 100  # of a page of answers: PagerDuty gives no more at once
NAMED = 10  # services that an error names
TITLE_MAX_CHARS = 1024  # as for the summary of an event, which becomes the title

T = TypeVar("T")
Urgency = Literal["high", "low"]


class Named(msgspec.Struct, frozen=True):
    """Anything in PagerDuty: its id there, and what people call it."""

    id: str
    summary: str | None = None
    name: str | None = None


class Service(msgspec.Struct, frozen=True):
    """A service, and the policy that says whom it wakes."""

    id: str
    name: str
    escalation_policy: Named | None = None


class _Assignment(msgspec.Struct, frozen=True):
    assignee: Named


class Opened(msgspec.Struct, frozen=True):
    """An incident as PagerDuty has it."""

    id: str
    title: str
    status: Literal["triggered", "acknowledged", "resolved"]
    created_at: datetime
    html_url: str | None = None
    urgency: Urgency | None = None
    priority: Named | None = None
    assignments: tuple[_Assignment, ...] = ()

    @property
    def woken(self) -> tuple[str, ...]:
        """Who it is assigned to, by name."""
        return tuple(one.assignee.summary for one in self.assignments if one.assignee.summary)


class User(msgspec.Struct, frozen=True):
    """A person of the account."""

    name: str
    email: str = ""


class _User(msgspec.Struct, frozen=True):
    user: User


class _OnCall(msgspec.Struct, frozen=True):
    user: Named
    escalation_level: int = 1


class _Note(msgspec.Struct, frozen=True):
    content: str


class _Services(msgspec.Struct, frozen=True):
    services: tuple[Service, ...]


class _Priorities(msgspec.Struct, frozen=True):
    priorities: tuple[Named, ...]


class _Incidents(msgspec.Struct, frozen=True):
    incidents: tuple[Opened, ...]


class _Incident(msgspec.Struct, frozen=True):
    incident: Opened


class _OnCalls(msgspec.Struct, frozen=True):
    oncalls: tuple[_OnCall, ...]


class _Notes(msgspec.Struct, frozen=True):
    notes: tuple[_Note, ...]


@dataclass(frozen=True, slots=True)
class PagerDutyRest:
    """One account, with a REST API key, in the name of `sender`, the address of one of its people.

    Every call raises Temporary or Permanent when PagerDuty did not do it.
    """

    http: Http
    token: str = field(repr=False)
    sender: str
    url: str = API_URL

    def service(self, name: str) -> Service:
        """The service of this name. Permanent, naming those there are, when there is none."""
        found = self._get("/services", _Services, query=name, limit=MOST).services
        for one in found:
            if one.name.casefold() == name.casefold():
                return one
        there = [one.name for one in self._get("/services", _Services, limit=MOST).services]
        more = f" and {len(there) - NAMED} more" if len(there) > NAMED else ""
        names = ", ".join(there[:NAMED]) + more if there else "none that this key may see"
        raise Permanent(f"PagerDuty has no service named {name}. There are: {names}.")

    def priority(self, name: str) -> Named | None:
        """The priority of this name; None when the account has none such."""
        found = self._get("/priorities", _Priorities, limit=MOST).priorities
        return next((one for one in found if (one.name or one.summary or "").casefold() == name.casefold()), None)

    def find(self, key: str, *, since: datetime) -> Opened | None:
        """The newest incident of this key, open or resolved, that was made since then."""
        found = self._get("/incidents", _Incidents, incident_key=key, date_range="all", limit=MOST).incidents
        return max((one for one in found if one.created_at >= since), key=lambda one: one.created_at, default=None)

    def open(
        self, key: str, *, title: str, service: Service, urgency: Urgency, priority: Named | None, details: str
    ) -> Opened:
        """Open an incident, which wakes whoever is on call for the service. `key` is refused while one has it."""
        incident: dict[str, Any] = {
            "type": "incident",
            "title": title[:TITLE_MAX_CHARS],
            "service": {"id": service.id, "type": "service_reference"},
            "urgency": urgency,
            "incident_key": key,
            "body": {"type": "incident_body", "details": details},
        }
        if priority:
            incident["priority"] = {"id": priority.id, "type": "priority_reference"}
        answer = self.http.post(
            f"{self.url}/incidents", {"incident": incident}, headers=self._headers(), wants=201, words=_words
        )
        return self._read(answer, _Incident).incident

    def change(
        self,
        one: Opened,
        *,
        status: Literal["", "acknowledged", "resolved"] = "",
        title: str = "",
        urgency: Urgency | None = None,
        priority: Named | None = None,
    ) -> bool:
        """Make these true of an incident, as far as they are not; whether anything had to change."""
        wanted: dict[str, Any] = {}
        title = title[:TITLE_MAX_CHARS]
        if status and one.status not in {status, "resolved"}:  # acknowledging a resolved one would reopen it
            wanted["status"] = status
        if title and title != one.title:
            wanted["title"] = title
        if urgency and urgency != one.urgency:
            wanted["urgency"] = urgency
        if priority and (one.priority is None or priority.id != one.priority.id):
            wanted["priority"] = {"id": priority.id, "type": "priority_reference"}
        if wanted:
            body = {"incident": {"type": "incident", **wanted}}
            self.http.put(f"{self.url}/incidents/{quote(one.id)}", body, headers=self._headers(), words=_words)
        return bool(wanted)

    def note(self, one: Opened, text: str) -> None:
        """Write a note on an incident, unless it says so already: notes have no key."""
        if text not in {note.content for note in self._get(f"/incidents/{quote(one.id)}/notes", _Notes).notes}:
            address = f"{self.url}/incidents/{quote(one.id)}/notes"
            self.http.post(address, {"note": {"content": text}}, headers=self._headers(), words=_words)

    def on_call(self, service: Service) -> tuple[Named, ...]:
        """Who is woken first for this service now."""
        if service.escalation_policy is None:
            return ()
        asked: dict[str, str | int] = {"escalation_policy_ids[]": service.escalation_policy.id, "limit": MOST}
        found = sorted(self._get("/oncalls", _OnCalls, **asked).oncalls, key=lambda one: one.escalation_level)
        first = [one.user for one in found if one.escalation_level == found[0].escalation_level]
        return tuple({one.id: one for one in first}.values())

    def user(self, who: Named) -> User:
        """What the account knows of somebody."""
        return self._get(f"/users/{quote(who.id)}", _User).user

    def _get(self, path: str, kind: type[T], **asked: str | int) -> T:
        address = f"{self.url}{path}" + (f"?{urlencode(asked)}" if asked else "")
        return self._read(self.http.get(address, headers=self._headers(), words=_words), kind)

    def _read(self, answer: object, kind: type[T]) -> T:
        try:
            return msgspec.convert(answer, kind)
        except msgspec.ValidationError as wrong:
            raise Permanent(f"{host_of(self.url)} answered with something else than PagerDuty does: {wrong}.") from None

    def _headers(self) -> Mapping[str, str]:
        return {
            "Accept": ACCEPT,
            "Authorization": f"Token token={self.token}",
            "Content-Type": "application/json",
            "From": self.sender,
        }


def _words(answer: dict[str, Any]) -> str:
    """What PagerDuty says is wrong."""
    error = answer.get("error")
    if not isinstance(error, dict):
        return ""
    errors = error.get("errors")
    parts = [error.get("message"), *(errors if isinstance(errors, list) else [errors])]
    return "; ".join(str(part) for part in parts if part)
