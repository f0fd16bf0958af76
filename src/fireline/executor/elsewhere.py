"""Outcomes of runs that a runner carries out: how they are put into words that travel, and taken out of them."""

from __future__ import annotations

from datetime import datetime

from fireline.core.errand import Told
from fireline.executor import Outcome


def told(instance: str, outcome: Outcome) -> Told:
    """What the runner with this spool tells of an outcome."""
    return Told(
        instance=instance, exit_code=outcome.exit_code, output=outcome.output, seconds=outcome.seconds,
        started_at=outcome.started_at, timed_out=outcome.timed_out, interrupted=outcome.interrupted,
        cancelled=outcome.cancelled, bytes_total=outcome.bytes_total, bytes_cut=outcome.bytes_cut,
        masked=outcome.masked,
    )  # fmt: skip


def arrived(run: str, said: Told, at: datetime) -> Outcome:
    """The outcome that was told; `at` is when it was started, where nobody said."""
    return Outcome(
        run_id=run, exit_code=said.exit_code, output=said.output, seconds=said.seconds,
        started_at=said.started_at or at, timed_out=said.timed_out, interrupted=said.interrupted,
        cancelled=said.cancelled, bytes_total=said.bytes_total, bytes_cut=said.bytes_cut, masked=said.masked,
        whole=said.whole,
    )  # fmt: skip
