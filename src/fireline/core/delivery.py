"""Delivery: something that has to reach a vendor, tried until it does, and never failing unseen.

What happens to one is an event; a person who did it by hand, or wants another try, says so with one too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec

from fireline.core import outbox
from fireline.core.events import (
    AnyEvent,
    DeliveredByHand,
    DeliveryAskedAgain,
    DeliveryBegun,
    DeliveryDelayed,
    DeliveryGivenUp,
    DeliveryMade,
    Log,
)
from fireline.core.refusal import Refused

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=5)
ATTEMPTS_MAX = 30  # with the waits above: about two hours, by then a person has seen it on the page

Data = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where one delivery stands: `made`, `by hand`, `waiting` for a try, `given up`, or `dropped` as pointless.

    `attempt` counts the tries so far; a waiting one without `again_at` is being tried now, or about to be.
    """

    key: str
    vendor: str
    what: str
    state: str
    at: datetime
    attempt: int
    reason: str = ""
    again_at: datetime | None = None
    by: str = ""  # who did it by hand
    ref: str = ""  # the vendor's own id
    link: str = ""
    note: str = ""
    before: int = 0  # tries that do not count any more, because a person asked for another round

    @property
    def verb(self) -> str:
        """What the vendor was asked to do."""
        return outbox.origin(self.key)[2]

    @property
    def missing(self) -> bool:
        """Somebody may have to do it by hand: it has not arrived, and is needed."""
        return self.state == "given up" or (self.state == "waiting" and self.attempt > 0)


def deliveries(log: Log, vendors: frozenset[str] = frozenset(), at: datetime | None = None) -> tuple[Delivery, ...]:
    """Every delivery with its newest word, in the order of their first.

    With the `vendors` that are set up and the time `at`, those too of which nothing was heard yet, last.
    """
    found: dict[str, Delivery] = {}
    for event in log:
        if isinstance(event, DeliveryMade | DeliveryDelayed | DeliveryGivenUp | DeliveryAskedAgain | DeliveredByHand):
            found[event.delivery] = _after(found.get(event.delivery), event)
    for effect in outbox.pending(log, vendors, at) if vendors and at else ():
        key = str(effect.data["delivery"])
        said = outbox.what(effect.kind, str(effect.data["verb"]))
        found[key] = Delivery(key, effect.kind, said, "waiting", log[effect.seq - 1].at, 0, again_at=effect.due_at)
    return tuple(found.values())


def find(log: Log, key: str) -> Delivery | None:
    """The delivery of this key, if anything was heard of it."""
    return next((one for one in deliveries(log) if one.key == key), None)


def ref(log: Log, vendor: str, verb: str) -> str:
    """The vendor's own id of what this verb made there; empty when it has made nothing yet."""
    made_there = (one.ref for one in deliveries(log) if (one.vendor, one.verb) == (vendor, verb) and one.ref)
    return next(made_there, "")


def begin(log: Log, at: datetime, *, key: str, vendor: str, what: str, attempt: int, by: str) -> DeliveryBegun:
    """It is about to be told, for the only time in this try. Refuses when this try was begun before."""
    _still_open(log, key)
    if any(isinstance(one, DeliveryBegun) and (one.delivery, one.attempt) == (key, attempt) for one in log):
        raise Refused("This try was begun already.")
    return DeliveryBegun(at=at, by=by, delivery=key, vendor=vendor, what=what, attempt=attempt)


def made(
    log: Log,
    at: datetime,
    *,
    key: str,
    vendor: str,
    what: str,
    attempt: int,
    by: str,
    ref: str = "",
    link: str = "",
    note: str = "",
    evidence: str = "",
) -> DeliveryMade:
    """It arrived. `ref`, `link` and `note` are the vendor's id of it, its page there, and a word for people.

    `evidence` is the sha256 of what was kept with it.
    """
    _still_open(log, key)
    return DeliveryMade(
        at=at, by=by, delivery=key, vendor=vendor, what=what, attempt=attempt,
        ref=ref or msgspec.UNSET, link=link or msgspec.UNSET, note=note or msgspec.UNSET,
        evidence=evidence or msgspec.UNSET,
    )  # fmt: skip


def delayed(
    log: Log,
    at: datetime,
    *,
    key: str,
    vendor: str,
    what: str,
    attempt: int,
    reason: str,
    by: str,
    retry_after: float | None = None,
    data: Data | None = None,
) -> DeliveryDelayed:
    """It did not arrive this time. `retry_after` is the vendor's own wish, in seconds."""
    now = _still_open(log, key)
    again = at + wait_before(attempt - (now.before if now else 0) + 1, retry_after)
    return DeliveryDelayed(
        at=at, by=by, delivery=key, vendor=vendor, what=what, attempt=attempt, reason=reason, again_at=again,
        data=dict(data) if data else msgspec.UNSET,
    )  # fmt: skip


def give_up(
    log: Log,
    at: datetime,
    *,
    key: str,
    vendor: str,
    what: str,
    reason: str,
    by: str,
    attempt: int = 0,
    needed: bool = True,
    data: Data | None = None,
) -> DeliveryGivenUp:
    """It will not arrive. `needed=False` when the incident has moved past it."""
    _still_open(log, key)
    return DeliveryGivenUp(
        at=at, by=by, delivery=key, vendor=vendor, what=what, reason=reason, needed=needed,
        attempt=attempt or msgspec.UNSET, data=dict(data) if data else msgspec.UNSET,
    )  # fmt: skip


def ask_again(log: Log, at: datetime, *, key: str, by: str) -> DeliveryAskedAgain:
    """Try now what was given up: the key is right by now, say."""
    now = _known(deliveries(log), key)
    if now.state != "given up":
        raise Refused(f"Only what was given up can be tried again; this is {now.state}.")
    return DeliveryAskedAgain(at=at, by=by, delivery=key, vendor=now.vendor, what=now.what, attempt=now.attempt + 1)


def by_hand(log: Log, at: datetime, *, key: str, by: str, vendors: frozenset[str] = frozenset()) -> DeliveredByHand:
    """I did it by hand: do not try it any more."""
    now = _known(deliveries(log, vendors, at), key)
    if now.state not in {"waiting", "given up"}:
        raise Refused(f"Nothing is left to do by hand: this is {now.state}.")
    return DeliveredByHand(at=at, by=by, delivery=key, vendor=now.vendor, what=now.what)


def exhausted(now: Delivery | None, attempt: int) -> bool:
    """It was tried often enough, since a person last asked for it."""
    return attempt - (now.before if now else 0) >= ATTEMPTS_MAX


def wait_before(attempt: int, retry_after: float | None = None) -> timedelta:
    """Doubling from 2 s to 5 min; never shorter than what the vendor asks for."""
    doubled: timedelta = FIRST_WAIT * 2 ** min(attempt - 2, 20)
    return max(min(doubled, LONGEST_WAIT), timedelta(seconds=retry_after or 0))


def _after(before: Delivery | None, event: AnyEvent) -> Delivery:
    match event:
        case DeliveryMade(delivery=key):
            return Delivery(
                key, event.vendor, event.what, "made", event.at, event.attempt,
                ref=event.ref or "", link=event.link or "", note=event.note or "",
            )  # fmt: skip
        case DeliveryDelayed(delivery=key):
            since = before.before if before else 0
            return Delivery(
                key, event.vendor, event.what, "waiting", event.at, event.attempt, event.reason, event.again_at,
                before=since,
            )  # fmt: skip
        case DeliveryGivenUp(delivery=key):
            state = "given up" if event.needed else "dropped"
            attempt = event.attempt or (before.attempt if before else 0)
            return Delivery(key, event.vendor, event.what, state, event.at, attempt, event.reason)
        case DeliveryAskedAgain():
            assert before, "only what was given up can be tried again"
            tries = event.attempt - 1
            return replace(before, state="waiting", at=event.at, attempt=tries, before=tries)
        case DeliveredByHand(delivery=key):
            attempt = before.attempt if before else 0
            return Delivery(key, event.vendor, event.what, "by hand", event.at, attempt, by=event.by)
        case _:
            raise AssertionError(f"{type(event).__name__} is no word about a delivery")


def _known(among: tuple[Delivery, ...], key: str) -> Delivery:
    now = next((one for one in among if one.key == key), None)
    if now is None:
        raise Refused("There is no such delivery.", status=404)
    return now


def _still_open(log: Log, key: str) -> Delivery | None:
    now = find(log, key)
    if now and now.state != "waiting":
        raise Refused("This delivery is settled already.")
    return now
