"""Drafts: words for the public, filled from the runbook's own templates and checked before anybody says yes.

The check finds what has no place outside: blanks nobody filled, secrets, hosts and addresses, people, words of the
house, and promises of when it will be fixed. Blanks, secrets and characters nobody sees stop a draft. Anything else
may be meant (a support address, say); then whoever approves says so, and the log keeps it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from fireline.core.events import IncidentDeclared, Log, Status
from fireline.core.incident import STATUSES, Incident
from fireline.core.promises import promises
from fireline.core.redaction import mask
from fireline.core.runbook.model import Template

# For a runbook that brings no such words. Each says what is true of that status and nothing else.
OWN: dict[Status, str] = {
    "Investigating": "We are investigating a problem with our service. We will post an update here.",
    "Identified": "We have found the cause: [what it is, in plain words]. We are working on a fix.",
    "Monitoring": "A fix is in place. We are watching that it holds.",
    "Resolved": "The problem is over and our service works as usual.",
}
_HEAD = re.compile(r"\s*\*\*(?P<status>\w+)\*\*[^\n]*(?:\n|\Z)")

# Labels that name machines and things inside the house. https://prometheus.io/docs/concepts/jobs_instances/ and
# the labels of kube-state-metrics.
PLACES = frozenset({
    "instance", "host", "hostname", "node", "server", "pod", "container", "namespace", "deployment", "statefulset",
    "daemonset", "cluster", "job", "device", "address", "ip", "endpoint", "alertname", "service", "app", "queue",
    "topic", "database", "schema",
})  # fmt: skip
SHORTEST = 3  # characters; shorter names are parts of too many words


@dataclass(frozen=True, slots=True)
class Inside:
    """What must not be said outside: people (names and handles), places (hosts, pods, services), further words.

    `ours` are host names that the public may read, such as the status page's own.
    """

    people: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    ours: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the check stumbled over: what it is, and the words as they stand in the draft."""

    kind: str  # blank, unseen, secret, address, mail, person, inside, promise, untested
    found: str
    stops: bool = False  # nobody can mean this

    @property
    def said(self) -> str:
        """For people."""
        return f"{SAYS[self.kind]}: “{self.found}”" if self.found else SAYS[self.kind]


SAYS = {
    "blank": "A blank that nobody filled",
    "unseen": "A character that nobody sees",
    "secret": "Something that looks like a secret",
    "address": "A host or an address",
    "mail": "An e-mail address",
    "person": "Somebody's name",
    "inside": "A word of the house",
    "promise": "A promise of when it will be fixed",
    "untested": "Nobody has had it as a test mail",
}

_BLANK = re.compile(
    r"\[[^\[\]\n]+\](?!\()"  # [brief description], but not the text of a link
    r"|<[A-Za-z][^<>\n]*>|\{\{?[^{}\n]+\}?\}|«[^»\n]+»"
    r"|\bHH:MM\b|#X\b|\b[XYZ] (?=users\b|services\b|people\b|minutes\b|%)|\bX{2,}\b|_{3,}|\bTO ?DO\b|\bTBD\b|\bTBC\b"
)
_MAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?"
_ADDRESS = re.compile(
    rf"\b(?:https?|ssh|tcp|redis|postgres(?:ql)?|amqp|mysql|ftp)://[^\s)>\]]+"
    r"|(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]*\d)(?::\d+)?(?:/\d+)?"  # IPv4
    r"|(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){2,7}[0-9A-Fa-f]{1,4}(?![\w:])|(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){1,6}:[0-9A-Fa-f:]*"
    rf"|\b{_LABEL}(?:\.{_LABEL})*\.[A-Za-z]{{2,}}(?::\d+)?\b"  # a name with dots
    rf"|\b{_LABEL}:\d{{2,5}}\b(?! ?UTC)"  # a name with a port
    r"|\b(?=[a-z0-9-]*[a-z])(?:[a-z0-9]+-)+[a-f0-9]{5,10}-[a-z0-9]{5}\b"  # a pod of a deployment
    r"|\b[a-z]{2,}(?:-[a-z0-9]+)*-?\d{1,4}[a-z]?(?:-[a-z0-9]+)*\b"  # db01, web-3, ip-10-0-0-1, eu-west-1a
    r"|(?<![\w/.])/(?:etc|var|usr|home|opt|srv|tmp|mnt|root|proc)/[\w./-]+"
)
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")
_INSIDE = re.compile(
    r"\bINC-\d+\b|\bP[0-4]\b|\bSEV-?\d\b|\b(?:run ?book|post-?mortem doc|on-?call|pager ?duty|opsgenie|slack|grafana"
    r"|prometheus|alertmanager|sentry|kubectl|kubernetes|k8s|pods?|namespaces?|redis|postgres(?:ql)?|mysql|kafka"
    r"|rabbitmq|nginx|terraform|jira|stack ?trace|root password|fireline)\b",
    re.IGNORECASE,
)


def words(templates: Iterable[Template], status: Status) -> str:
    """The runbook's words for this status, without the line that says status and time; our own where it has none."""
    for one in templates:
        if one.kind == "status" and one.name.casefold() == status.casefold():
            return _HEAD.sub("", one.text, count=1).strip()
    return OWN[status]


def head(status: str, at: datetime) -> str:
    """The line above the words, as runbooks write it: `**Investigating** (14:05 UTC)`. Any zone comes out as UTC."""
    return f"**{status}** ({at.astimezone(UTC):%H:%M} UTC)"


def whole(status: str, text: str, at: datetime) -> str:
    """Status, time and words as one text: the template, filled."""
    return f"{head(status, at)}\n{text}"


def next_status(public: Status | None, now: Status) -> Status:
    """What the next update most likely says: where the incident stands. Before it is over that is not Resolved."""
    if public == now == "Monitoring":
        return "Resolved"
    return now if public is None or STATUSES.index(now) >= STATUSES.index(public) else public


def inside(
    log: Log,
    now: Incident,
    *,
    people: Iterable[str],
    public: Iterable[str] = (),
    words: Iterable[str] = (),
    ours: Iterable[str] = (),
) -> Inside:
    """What this incident holds that must not be said outside. `public` are the status page's own component names."""
    declared = next(event for event in log if isinstance(event, IncidentDeclared))
    labels = [one.joined.labels for one in now.alerts.values()]
    places = {value for one in (declared.values, *labels) for name, value in one.items() if _place(name)}
    places |= {declared.service or "", *(one.joined.name for one in now.alerts.values())}
    places |= {host for value in places if (host := value.partition(":")[0])}  # db01 of db01:9187
    said = {word.casefold() for name in public for word in (name, *name.split())}
    kept = sorted(one for one in places if len(one) >= SHORTEST and one.casefold() not in said)
    return Inside(tuple(people), tuple(kept), tuple(words), tuple(ours))


def lint(text: str, known: Inside) -> tuple[Finding, ...]:
    """What in this text has no place outside, each once, what stops it first."""
    seen: dict[tuple[str, str], Finding] = {}
    for one in _findings(text, known):
        seen.setdefault((one.kind, one.found), one)
    return tuple(sorted(seen.values(), key=lambda one: not one.stops))


def _findings(text: str, known: Inside) -> Iterator[Finding]:
    plain = unicodedata.normalize("NFKC", text)  # ｄｂ01 is db01 to whoever reads it
    for one in text:
        if one != "\n" and unicodedata.category(one) in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}:
            yield Finding("unseen", f"U+{ord(one):04X}", stops=True)
    yield from (Finding("blank", hit[0].strip(), stops=True) for hit in _BLANK.finditer(plain))
    if mask(plain).count:
        yield Finding("secret", "", stops=True)
    mails = [hit.span() for hit in _MAIL.finditer(plain)]
    yield from (Finding("mail", plain[start:end]) for start, end in mails)
    for hit in _ADDRESS.finditer(plain):
        in_mail = any(start <= hit.start() < end for start, end in mails)
        if not (in_mail or _CLOCK.fullmatch(hit[0]) or _ours(hit[0], known.ours) or _initials(hit[0])):
            yield Finding("address", hit[0])
    yield from (Finding("person", hit) for name in known.people for hit in _person(name, plain))
    for kind, names in (("address", known.places), ("inside", known.words)):
        yield from (Finding(kind, hit) for name in names for hit in _standing_alone(name, plain))
    yield from (Finding("inside", hit[0]) for hit in _INSIDE.finditer(plain))
    yield from (Finding("promise", one) for one in promises(plain))


def _person(name: str, text: str) -> Iterator[str]:
    """A name in whole; and its parts, those only as they are written: Will is a name, will is not."""
    yield from _standing_alone(name, text)
    for part in name.split():
        if part != name and len(part) >= SHORTEST:
            yield from _standing_alone(part, text, exactly=True)


def _standing_alone(name: str, text: str, *, exactly: bool = False) -> Iterator[str]:
    found = unicodedata.normalize("NFKC", name).strip()
    if found:
        flags = re.NOFLAG if exactly else re.IGNORECASE
        yield from (hit[0] for hit in re.finditer(rf"(?<!\w){re.escape(found)}(?!\w)", text, flags))


def _place(label: str) -> bool:
    return label.removeprefix("exported_").casefold() in PLACES


def _ours(address: str, ours: tuple[str, ...]) -> bool:
    host = address.partition("://")[2] or address
    return host.partition("/")[0].partition(":")[0].casefold() in {one.casefold() for one in ours}


def _initials(found: str) -> bool:
    """`e.g` and `i.e` are no host names."""
    return bool(re.fullmatch(r"(?:[A-Za-z]\.)+[A-Za-z]", found)) or found.casefold() in {"a.m", "p.m", "covid-19"}
