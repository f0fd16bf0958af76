"""PagerDuty: wake whoever is on call, keep what they see true, stop when somebody has it, close when it is over.

Two ways lead there. Events (Events API v2) page, stop and close under one key, which makes a second telling harmless.
The REST API can do all of that, and besides rename, set the priority, write notes and say who is on call. Where both
are set up, events page, because they need nothing looked up, and the REST API adds what they cannot.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from fireline.connectors.http import ConnectorError, Http, Permanent, Temporary
from fireline.connectors.pagerduty import PagerDuty
from fireline.connectors.pagerduty_rest import Named, Opened, PagerDutyRest, Service, Urgency, User
from fireline.core import delivery
from fireline.core.delivery import Data
from fireline.core.events import HOUSE, Log, StatusChanged
from fireline.core.incident import Incident
from fireline.core.outbox import PAGED
from fireline.settings import Settings
from fireline.workflows.inform.messenger import ByHand, Needless, Sent

CLOCKS_DIFFER = timedelta(minutes=5)  # between us and PagerDuty; an older incident of our key is another house's
NOT_THERE = "PagerDuty does not have the incident yet"
ONLY_REST = "Events cannot do this; `api_token` in [pagerduty] lets fireline use the REST API, which can."


@dataclass(frozen=True, slots=True)
class PagerDutyMessenger:
    """Pages through events, the REST API or both; `service` is the service's name in PagerDuty."""

    events: PagerDuty | None
    rest: PagerDutyRest | None
    service: str
    base_url: str

    def send(self, verb: str, now: Incident, log: Log, data: Data) -> Sent:
        """Tell PagerDuty; the incident's key there makes a second telling harmless."""
        if verb == "trigger":
            if now.acknowledged:
                raise Needless(f"{now.acknowledged.by} had it before the page went out.")
            if now.resolved:
                raise Needless("It is resolved.")
        if self.events and (verb not in {"retitle", "note"} or (verb == "retitle" and not self.rest)):
            return self._send_event(self.events, verb, now)
        if self.rest:
            return self._ask(self.rest, verb, now, log, int(data["seq"]))
        raise Needless(ONLY_REST)

    def by_hand(self, verb: str, now: Incident, log: Log) -> ByHand:
        """Call them, or page with PagerDuty's own command line."""
        page = f"{self.base_url}/incidents/{now.number}"
        match verb:
            case "trigger":
                declared = now.declared
                by = "by itself" if declared.by == HOUSE else f"by {declared.by}"
                said = f"{now.outside}. {now.name}, declared {declared.at:%H:%M} UTC {by}. {page}"
                service = self.service or declared.service or "SERVICE"
                return ByHand(f"{said} Please acknowledge it there.", (create_line(now, service),))
            case "note":
                return ByHand(_status(now, log, len(log)))
            case "retitle":
                return ByHand(f"Rename {now.name} in PagerDuty: {now.outside}")
            case "acknowledge":
                return ByHand(f"{now.name} ({now.outside}) is being worked on: acknowledge it in PagerDuty. {page}")
            case _:
                return ByHand(f"{now.name} ({now.outside}) is over: resolve it in PagerDuty. {page}")

    def key(self, now: Incident) -> str:
        """The incident's name in PagerDuty; two houses may share one service there."""
        return f"{urlsplit(self.base_url).netloc}/{now.name}"

    def _send_event(self, events: PagerDuty, verb: str, now: Incident) -> Sent:
        match verb:
            case "acknowledge":
                events.acknowledge(self.key(now))
            case "resolve":
                events.resolve(self.key(now))
            case "retitle" if now.severity not in PAGED or now.resolved:
                # an event under a key that somebody closed in PagerDuty would page anew
                raise Needless(ONLY_REST)
            case _:
                address = f"{self.base_url}/incidents/{now.number}"
                events.trigger(
                    self.key(now),
                    summary=now.outside,
                    source=("" if now.private else now.declared.service) or "fireline",
                    severity=now.severity,
                    at=now.declared.detected_at,
                    client_url=address,
                    links=[(address, f"{now.name} in fireline")],
                )
        note = "In the alert's log; the title there stays as it was." if verb == "retitle" else ""
        return Sent(note=note)

    def _ask(self, rest: PagerDutyRest, verb: str, now: Incident, log: Log, seq: int) -> Sent:
        there = rest.find(self.key(now), since=now.declared.at - CLOCKS_DIFFER)
        if verb == "trigger":
            return self._open(rest, now, there)
        if there is None:
            raise _absent(log)
        note = ""
        match verb:
            case "acknowledge":
                rest.change(there, status="acknowledged")
            case "resolve":
                rest.change(there, status="resolved")
            case "note":
                rest.note(there, f"{now.name}: {_status(now, log, seq)}")
            case _:
                priority, note = _priority(rest, now.severity)
                rest.change(there, title=now.outside, urgency=_urgency(now), priority=priority)
                note = note or (_on_call(rest, self.service) if not now.acknowledged else "")
        return Sent(there.id, there.html_url or "", note)

    def _open(self, rest: PagerDutyRest, now: Incident, there: Opened | None) -> Sent:
        """Wake them, unless an earlier try did and its answer was lost."""
        note = ""
        if there is None:
            service = rest.service(self.service)
            priority, note = _priority(rest, now.severity)
            there = self._opened(rest, now, service, priority)
            note = note or _says(rest, service)
        woken = f"PagerDuty woke {', '.join(there.woken)}." if there.woken else ""
        return Sent(there.id, there.html_url or "", " ".join(part for part in (woken, note) if part))

    def _opened(self, rest: PagerDutyRest, now: Incident, service: Service, priority: Named | None) -> Opened:
        try:
            return rest.open(
                self.key(now),
                title=now.outside,
                service=service,
                urgency=_urgency(now),
                priority=priority,
                details=f"{self.base_url}/incidents/{now.number}",
            )
        except Permanent:
            # PagerDuty refuses a second incident of an open key: then an earlier try got through after all
            if there := rest.find(self.key(now), since=now.declared.at - CLOCKS_DIFFER):
                return there
            raise


def account(settings: Settings) -> PagerDutyRest | None:
    """PagerDuty's REST API, where it is set up."""
    one = settings.pager
    return PagerDutyRest(Http(), one.api_token, one.from_, one.api_url) if one and one.api_token else None


def called(settings: Settings) -> Callable[[], tuple[User, ...]] | None:
    """Asks PagerDuty whom it wakes first for our service; None where its REST API is not set up."""
    rest, one = account(settings), settings.pager
    if rest is None or one is None:
        return None
    return lambda: tuple(rest.user(who) for who in rest.on_call(rest.service(one.service)))


def create_line(now: Incident, service: str) -> str:
    """The page, as a line for PagerDuty's own command line `pd`."""
    urgency = _urgency(now)
    said = (f"--title {_quoted(now.outside)}", f"--service {_quoted(service)}", f"--urgency {urgency}")
    return " \\\n  ".join(("pd incident create", *said))


def _quoted(text: str) -> str:
    """As one word of a shell: in the double quotes people expect, unless those would change it."""
    return shlex.quote(text) if set(text) & set('"\\$`!') else f'"{text}"'


def _urgency(now: Incident) -> Urgency:
    return "high" if now.severity in PAGED else "low"


def _status(now: Incident, log: Log, seq: int) -> str:
    """One line on the status that the event of this number set, or on the present one."""
    event = log[seq - 1]
    if not isinstance(event, StatusChanged):
        return f"{now.status}."
    return f"{event.status} since {event.at:%H:%M:%S} UTC" + (f": {event.why}" if event.why else ".")


def _absent(log: Log) -> Exception:
    """Why PagerDuty may not have the incident: its page is still on the way, or never went."""
    page = next((one for one in delivery.deliveries(log) if (one.vendor, one.verb) == ("pagerduty", "trigger")), None)
    if page and page.state in {"dropped", "given up", "by hand"}:
        return Needless("fireline's page never got there.")
    return Temporary(f"{NOT_THERE}.")


def _priority(rest: PagerDutyRest, severity: str) -> tuple[Named | None, str]:
    """The priority of this name. A page without one beats no page, so its absence is only told."""
    try:
        found = rest.priority(severity)
    except ConnectorError as trouble:
        return None, f"No priority: {trouble.reason}"
    return found, "" if found else f"PagerDuty has no priority named {severity}."


def _on_call(rest: PagerDutyRest, service: str) -> str:
    try:
        return _says(rest, rest.service(service))
    except ConnectorError:
        return ""


def _says(rest: PagerDutyRest, service: Service) -> str:
    """Who is on call, if PagerDuty says it: a word on the way, which nothing waits for twice."""
    try:
        names = [one.summary for one in rest.on_call(service) if one.summary]
    except ConnectorError:
        return ""
    return f"PagerDuty says {' and '.join(names)} {'is' if len(names) == 1 else 'are'} on call." if names else ""
