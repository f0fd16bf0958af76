"""fireline: the runbook your team already has, running the incident."""

__version__ = "0.1.0"
