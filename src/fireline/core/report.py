"""Report: what a person wrote, as a ticket, a mail or in public. It says that something is wrong, never that it ends.

So a report joins the open incident of its service whenever it comes, waits for a person where there is none, and
keeps no gate shut: nobody takes back what they wrote.
"""

from __future__ import annotations

from collections.abc import Iterable

from fireline.core.joined import JoinedAlert

REPORTS = frozenset({"ticket", "mail", "mention"})  # the sources that are people


def reports(alerts: Iterable[JoinedAlert]) -> tuple[JoinedAlert, ...]:
    """Those of an incident's alerts that people wrote, in the order they came."""
    return tuple(one for one in alerts if one.joined.source in REPORTS)
