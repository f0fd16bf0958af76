"""Deploy: a change that somebody made to a service, as another system told of it. The first question is what changed.

A change is no alert and no event: it happened whether or not anything broke. An incident's page shows those that
came before it began; which of them is to blame, people decide.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import msgspec

# How far back to look: a little first, because most faults follow their cause within the hour, then further.
WINDOWS = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=7))


class Deploy(msgspec.Struct, frozen=True, kw_only=True):
    """One change. `key` names it for ever: told again, it is the same change with newer words."""

    key: str
    at: datetime  # when it took effect, UTC
    kind: Literal["deploy", "push", "release", "workflow", "merge"]
    source: str
    service: str
    ref: str = ""
    sha: str = ""
    title: str = ""
    by: str = ""
    url: str = ""
    environment: str = ""


@dataclass(frozen=True, slots=True)
class Before:
    """What changed before an incident began: `mine` of its service, `others` within the same `window`; newest first."""

    window: timedelta
    mine: tuple[Deploy, ...] = ()
    others: tuple[Deploy, ...] = ()


def before(changes: Iterable[Deploy], began: datetime, service: str | None) -> Before:
    """Look back, a wider window at a time, until a change of the service is found, or else any change."""
    known = sorted((one for one in changes if one.at <= began), key=lambda one: one.at, reverse=True)
    mine = [one for one in known if service and one.service.lower() == service.lower()]
    wanted = mine if mine and began - mine[0].at <= WINDOWS[-1] else known
    window = next((one for one in WINDOWS if wanted and began - wanted[0].at <= one), WINDOWS[-1])
    within = [one for one in known if began - one.at <= window]
    return Before(
        window,
        tuple(one for one in within if one in mine),
        tuple(one for one in within if one not in mine),
    )
