"""Doors for everything that calls us. 2xx is answered only once the alert is on the disk."""

from fireline.hooks import alertmanager, github, grafana, heartbeats, opsgenie, pagerduty, sentry, tickets
from fireline.hooks.alertmanager import takes
from fireline.hooks.mail import mailbox

handlers = (
    *alertmanager.handlers,
    *github.handlers,
    *grafana.handlers,
    *heartbeats.handlers,
    *opsgenie.handlers,
    *pagerduty.handlers,
    *sentry.handlers,
    *tickets.handlers,
)

__all__ = ["handlers", "mailbox", "takes"]
