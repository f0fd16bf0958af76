"""Delivery: something that has to reach a vendor, tried until it does, and never failing unseen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from fireline.core.events import DeliveryDelayed, DeliveryGivenUp, DeliveryMade, Log
from fireline.core.refusal import Refused

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=5)
ATTEMPTS_MAX = 30  # with the waits above: about two hours, by then a person has seen it on the page


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where one delivery stands: `made`, `waiting` for the next try, `given up` or `dropped`."""

    key: str
    vendor: str
    what: str
    state: str
    at: datetime
    attempt: int
    reason: str = ""
    again_at: datetime | None = None


def deliveries(log: Log) -> tuple[Delivery, ...]:
    """Every delivery with its newest word, in the order of their first."""
    found: dict[str, Delivery] = {}
    for event in log:
        match event:
            case DeliveryMade(delivery=key):
                found[key] = Delivery(key, event.vendor, event.what, "made", event.at, event.attempt)
            case DeliveryDelayed(delivery=key):
                found[key] = Delivery(
                    key,
                    event.vendor,
                    event.what,
                    "waiting",
                    event.at,
                    event.attempt,
                    event.reason,
                    event.again_at,
                )
            case DeliveryGivenUp(delivery=key):
                state = "given up" if event.needed else "dropped"
                attempt = found[key].attempt if key in found else 0
                found[key] = Delivery(key, event.vendor, event.what, state, event.at, attempt, event.reason)
            case _:
                pass
    return tuple(found.values())


def made(log: Log, at: datetime, *, key: str, vendor: str, what: str, attempt: int, by: str) -> DeliveryMade:
    """It arrived."""
    _still_open(log, key)
    return DeliveryMade(at=at, by=by, delivery=key, vendor=vendor, what=what, attempt=attempt)


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
) -> DeliveryDelayed:
    """It did not arrive this time. `retry_after` is the vendor's own wish, in seconds."""
    _still_open(log, key)
    again = at + wait_before(attempt + 1, retry_after)
    return DeliveryDelayed(
        at=at, by=by, delivery=key, vendor=vendor, what=what, attempt=attempt, reason=reason, again_at=again
    )


def give_up(
    log: Log, at: datetime, *, key: str, vendor: str, what: str, reason: str, by: str, needed: bool = True
) -> DeliveryGivenUp:
    """It will not arrive. `needed=False` when the incident has moved past it."""
    _still_open(log, key)
    return DeliveryGivenUp(at=at, by=by, delivery=key, vendor=vendor, what=what, reason=reason, needed=needed)


def wait_before(attempt: int, retry_after: float | None = None) -> timedelta:
    """Doubling from 2 s to 5 min; never shorter than what the vendor asks for."""
    doubled: timedelta = FIRST_WAIT * 2 ** min(attempt - 2, 20)
    return max(min(doubled, LONGEST_WAIT), timedelta(seconds=retry_after or 0))


def _still_open(log: Log, key: str) -> None:
    for one in deliveries(log):
        if one.key == key and one.state != "waiting":
            raise Refused("This delivery is settled already.")
