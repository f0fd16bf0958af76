"""Moving in: the rotations and escalations of another on-call system, read from its API's JSON, as our settings.

What cannot be carried over is never dropped silently: it stands as a comment where it belongs.
"""

from fireline.core.moving import grafana, opsgenie, pagerduty
from fireline.core.moving.found import Found, toml

READERS = {"grafana": grafana.read, "opsgenie": opsgenie.read, "pagerduty": pagerduty.read}

__all__ = ["READERS", "Found", "toml"]
