"""Events about deliveries: what reached a vendor, what waits, what never arrives, what people did about it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from fireline.core.events.event import Event


class PageReleased(Event, frozen=True, kw_only=True):
    """A held page is due: nobody has acknowledged this incident meanwhile."""

    why: str = ""


class DeliveryMade(Event, frozen=True, kw_only=True):
    """Something reached a vendor. `ref` is the vendor's own id of it, `note` what people should know about it."""

    delivery: str
    vendor: str
    what: str
    attempt: int = 1
    ref: str | msgspec.UnsetType = msgspec.UNSET
    link: str | msgspec.UnsetType = msgspec.UNSET
    note: str | msgspec.UnsetType = msgspec.UNSET
    evidence: str | msgspec.UnsetType = msgspec.UNSET  # sha256 of what was kept with it


class DeliveryBegun(Event, frozen=True, kw_only=True):
    """A vendor is told now that takes no key and cannot be asked: should the outcome get lost, it is not told again."""

    delivery: str
    vendor: str
    what: str
    attempt: int


class DeliveryDelayed(Event, frozen=True, kw_only=True):
    """A vendor did not take it; fireline tries again by itself."""

    delivery: str
    vendor: str
    what: str
    reason: str
    attempt: int
    again_at: datetime
    data: dict[str, str | int] | msgspec.UnsetType = msgspec.UNSET  # what the next try has to know


class DeliveryGivenUp(Event, frozen=True, kw_only=True):
    """A vendor will not take it, or it is no longer needed. A person has to know."""

    delivery: str
    vendor: str
    what: str
    reason: str
    needed: bool = True  # False: the incident moved on, nothing is missing
    attempt: int | msgspec.UnsetType = msgspec.UNSET
    data: dict[str, str | int] | msgspec.UnsetType = msgspec.UNSET  # as above, should a person ask for another try


class DeliveryAskedAgain(Event, frozen=True, kw_only=True):
    """Somebody wants another try at what was given up."""

    delivery: str
    vendor: str
    what: str
    attempt: int  # the number of the next try


class DeliveredByHand(Event, frozen=True, kw_only=True):
    """Somebody did by hand what did not arrive by itself: it is not tried any more."""

    delivery: str
    vendor: str
    what: str
