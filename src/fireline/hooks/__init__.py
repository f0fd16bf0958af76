"""Doors for everything that calls us. 2xx is answered only once the alert is on the disk."""

from fireline.hooks.alertmanager import handlers

__all__ = ["handlers"]
