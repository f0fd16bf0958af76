"""Order: vendors deliver events side by side and try again, so the beginning may come after the end.

Nothing here is remembered: what the store knows of an alert says whether a delivery is late.
"""

from __future__ import annotations

import msgspec

from fireline.core.alert import Alert


def in_order(known: Alert | None, told: Alert) -> Alert | None:
    """What to store of an event, given what is known of its alert; None when it tells of a firing that is over.

    Only for sources that give each firing one beginning. An end keeps the labels the alert began with: it is
    the same thing that ends, and some vendors' ends say no more than its key.
    """
    if known is None:
        return told
    if told.firing:
        late = not known.firing and told.starts_at <= known.starts_at
        return None if late else told
    return msgspec.structs.replace(told, labels=known.labels, starts_at=max(told.starts_at, known.starts_at))
