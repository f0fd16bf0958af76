"""Outbox: what is told to whom because something happened. One table of events, one of severities, one of words.

Every delivery is decided here from the newest event of a log, so what is still on its way can be read from the
log as well: it was decided, and nothing has been heard of it yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from fireline.core import asking, chat, recipients
from fireline.core.events import (
    AnyEvent,
    DeliveryAskedAgain,
    DeliveryBegun,
    DeliveryDelayed,
    DeliveryGivenUp,
    IncidentAcknowledged,
    IncidentDeclared,
    IncidentMerged,
    Log,
    PageReleased,
    PeopleAsked,
    PublicUpdateApproved,
    PublicUpdateDrafted,
    SeverityChanged,
    StatusChanged,
)
from fireline.core.readers import closed_at, private
from fireline.core.work import Effect

# Which severities a vendor is told of at the declaration, by default; one that is in no row, at every severity.
TOLD: Mapping[str, tuple[str, ...]] = {
    # lower severities do not wake anybody; of tables that begin with 1, as SEV1 and S1 do, the first two as well
    "pagerduty": ("P0", "P1", "SEV0", "SEV1", "SEV2", "S0", "S1", "S2"),
}
PAGED = TOLD["pagerduty"]
# They take no key and cannot be asked what they have: what was begun there and got lost is not begun again.
BLIND = frozenset({chat.POSTS, recipients.CHAT})
# What PagerDuty is set up for, among `vendors`: to be sent events, to be asked through its REST API, or both.
EVENTS, REST = "pagerduty events", "pagerduty rest"
# What many people read.
SPOKEN = frozenset({*chat.CHATS, chat.MAIL, asking.VENDOR, *recipients.NAMES, "own_page", "statuspage"})
SETTLES_WITHIN = timedelta(hours=1)  # the first try of a delivery; it takes seconds, and a restart in between minutes
# What a verb is called where people read it: vendor -> verb -> words.
WHAT: Mapping[str, Mapping[str, str]] = {
    "pagerduty": {
        "trigger": "Page the on-call",
        "acknowledge": "Stop the paging",
        "resolve": "Close the page",
        "retitle": "Keep title and priority in step",
        "note": "Tell the status",
    },
    "own_page": {"publish": "Publish on our own status page"},
    "statuspage": {
        "open": "Open the incident for the public",
        "update": "Update the incident for the public",
        "resolve": "Tell the public that it is over",
    },
    **chat.WHAT,
    **asking.WHAT,
    **recipients.WHAT,
}


class Teller(Protocol):
    """Makes the effect of one delivery, which follows from the newest event."""

    def __call__(
        self, vendor: str, verb: str, n: str = "", due_at: datetime | None = None, **data: str | int
    ) -> Effect:
        """`n` tells apart what has one verb: each invited person, say. `data` comes back with every try."""


def what(vendor: str, verb: str) -> str:
    """What this verb does, for people."""
    return WHAT.get(vendor, {}).get(verb, verb.capitalize())


def told(number: int, log: Log, vendors: frozenset[str]) -> tuple[Effect, ...]:
    """What has to be told because of the newest event. `vendors` are those set up.

    Each part decides for one kind of vendor, so that one event can be told to several.
    """
    seq = len(log)

    def tell(vendor: str, verb: str, n: str = "", due_at: datetime | None = None, **data: str | int) -> Effect:
        """`n` tells apart what has one verb: each invited person, say. `data` comes back with every try."""
        key = f"{vendor}/{seq}/{verb}" + (f"/{n}" if n else "")
        return Effect(
            kind=vendor,
            key=f"{number}:{seq}:{vendor}:{verb}" + (f":{n}" if n else ""),
            incident=number,
            seq=seq,
            data={"verb": verb, "attempt": 1, "delivery": key, **data},
            due_at=due_at,
        )

    told_now = (effect for part in (_pager, _people, _public, recipients.told) for effect in part(log, vendors, tell))
    return (*told_now, *chat.told(log, vendors, tell, PAGED), *asking.told(log, vendors, tell), *_again(number, log))


def _pager(log: Log, vendors: frozenset[str], tell: Teller) -> Iterable[Effect]:
    """Whoever is on call in PagerDuty."""
    match log[-1]:
        case IncidentDeclared() | PageReleased() | SeverityChanged() if _first_page(log, vendors):
            # an event has no priority: where both ways are set up, the REST API adds it to what the event opened
            more = (tell("pagerduty", "retitle"),) if {EVENTS, REST} <= vendors else ()
            return (tell("pagerduty", "trigger"), *more)
        case SeverityChanged() if paged(log, vendors):
            return (tell("pagerduty", "retitle"),)
        case IncidentAcknowledged() if paged(log, vendors):
            return (tell("pagerduty", "acknowledge"),)
        case IncidentMerged() | StatusChanged(status="Resolved") if paged(log, vendors):
            return (tell("pagerduty", "resolve"),)
        case StatusChanged() if paged(log, vendors) and REST in vendors and not private(log):
            return (tell("pagerduty", "note"),)
        case _:
            return ()


def _people(log: Log, vendors: frozenset[str], tell: Teller) -> Iterable[Effect]:
    """The people of our own rotations."""
    match log[-1]:
        case PeopleAsked(at=at, people=people):
            return tuple(
                # a channel may stand several times: each of them is an asking of its own
                tell("on_call", f"ask {one.who} by {reach.channel}", str(n), reach.at if reach.at > at else None, nth=n)
                for one in people
                for n, reach in enumerate(one.reaches, 1)
            )
        case _:
            return ()


def _public(log: Log, vendors: frozenset[str], tell: Teller) -> Iterable[Effect]:
    """The public, on the status pages a person approved the words for."""
    match log[-1]:
        case PublicUpdateApproved(update=update, places=places):
            verbs = {"own_page": "publish", "statuspage": _public_verb(log)}
            here = {one: verb for one, verb in verbs.items() if one in vendors and one in places}
            return tuple(tell(one, verb, update=update) for one, verb in here.items())
        case _:
            return ()


def _again(number: int, log: Log) -> Iterable[Effect]:
    """What did not arrive, or was asked for again."""
    match log[-1]:
        case DeliveryDelayed(delivery=key) | DeliveryAskedAgain(delivery=key):
            return (_next_try(number, log, key),)
        case _:
            return ()


def _public_verb(log: Log) -> str:
    """The newest approval opens the incident for the public, goes on with it, or ends it."""
    *before, newest = (event.update for event in log if isinstance(event, PublicUpdateApproved))
    said = next(one for one in log if isinstance(one, PublicUpdateDrafted) and one.update == newest)
    return "open" if not before else "resolve" if said.status == "Resolved" else "update"


def pending(log: Log, vendors: frozenset[str], at: datetime) -> tuple[Effect, ...]:
    """What was decided and not heard of since: it is on its way, or waits for its first try.

    What was decided long ago was heard of, or never begun: its vendor was not set up yet.
    """
    heard = {getattr(event, "delivery", "") for event in log if not isinstance(event, DeliveryBegun)}
    return tuple(
        effect
        for seq, event in enumerate(log, 1)
        if at - event.at < SETTLES_WITHIN and not isinstance(event, DeliveryDelayed | DeliveryAskedAgain)
        for effect in told(0, log[:seq], vendors)
        if effect.data["delivery"] not in heard
    )


def paged(log: Log, vendors: frozenset[str]) -> bool:
    """The on-call was paged, or is being paged: what follows has to be told to the pager too."""
    return "pagerduty" in vendors and any(pages(event, log) for event in log)


def _first_page(log: Log, vendors: frozenset[str]) -> bool:
    return "pagerduty" in vendors and pages(log[-1], log) and not any(pages(event, log) for event in log[:-1])


def pages(event: AnyEvent, log: Log) -> bool:
    """Whether this event wakes somebody. What PagerDuty told us of has woken its people already."""
    if isinstance(log[0], IncidentDeclared) and log[0].source == "pagerduty":
        return False
    match event:
        case IncidentDeclared(severity=severity, hold=hold):
            return severity in PAGED and not hold
        case SeverityChanged(severity=severity):
            return severity in PAGED  # a graver one does not wait for the hold
        case _:
            return isinstance(event, PageReleased)


def too_late(log: Log, key: str) -> bool:
    """It was to be told where many read, and the incident became private before it was."""
    vendor, seq, verb = origin(key)
    return vendor in SPOKEN and verb not in {"export", "archive"} and seq < closed_at(log)


def origin(key: str) -> tuple[str, int, str]:
    """The vendor, the number of the event and the verb that a delivery's key names."""
    vendor, seq, verb, *_ = key.split("/", 3)
    return vendor, int(seq), verb


def _next_try(number: int, log: Log, key: str) -> Effect:
    """The next try of a delivery, with all that the one before it knew."""
    event, seq, more = log[-1], len(log), dict[str, str | int]()
    due_at: datetime | None = None
    vendor, _, verb = origin(key)
    for one in log:
        if isinstance(one, DeliveryDelayed | DeliveryGivenUp) and one.delivery == key and one.data:
            more = one.data
    match event:
        case DeliveryDelayed():
            attempt, due_at = event.attempt + 1, event.again_at
        case DeliveryAskedAgain():
            attempt = event.attempt
        case _:
            raise AssertionError(f"{type(event).__name__} asks for no further try")
    return Effect(
        kind=vendor,
        key=f"{number}:{seq}:{vendor}:{verb}",
        incident=number,
        seq=seq,
        data={**more, "verb": verb, "attempt": attempt, "delivery": key},
        due_at=due_at,
    )
