"""Events of what the public is told: a draft, the yes to its exact words, a draft taken back."""

from __future__ import annotations

from typing import Literal

import msgspec

from fireline.core.events.event import Event, Status

# Words of Statuspage's API, which monitors and feeds everywhere read: https://developer.statuspage.io/
Impact = Literal["none", "minor", "major", "critical"]
State = Literal["operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance"]


class PublicUpdateDrafted(Event, frozen=True, kw_only=True):
    """Words for the public, which nobody has published yet."""

    update: int  # the first of an incident is 1
    status: Status
    title: str  # what the public calls the incident
    text: str
    impact: Impact
    components: dict[str, State] = msgspec.field(default_factory=dict)  # of the status page, by name


class PublicUpdateApproved(Event, frozen=True, kw_only=True):
    """A yes to exactly these words: they are published, once, everywhere the settings say."""

    update: int
    digest: str  # sha256 of what was drafted, hexadecimal
    places: tuple[str, ...]  # where it is published: own_page, statuspage
    despite: tuple[str, ...] = ()  # what the check found, and this person meant


class PublicUpdateWithdrawn(Event, frozen=True, kw_only=True):
    """A draft will not be published."""

    update: int
    reason: str
