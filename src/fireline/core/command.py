"""Command: the exact bytes to run. It starts once, it ends once, and both are in the log.

A command that only reads may start by itself. Any other has to have been asked for and granted, byte for
byte, within the last 15 minutes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fireline.core import approval
from fireline.core.events import (
    ApprovalGiven,
    CommandFinished,
    CommandStarted,
    Ending,
    GlassBroken,
    Log,
    Purpose,
    StepSkipped,
)
from fireline.core.incident import Run, fold
from fireline.core.refusal import Refused


def start_read(
    log: Log,
    at: datetime,
    *,
    run: str,
    step: str,
    title: str,
    command: str,
    effect: str,
    rule: str,
    unattended: bool,
    purpose: Purpose,
    by: str,
    asked_as: str | None = None,
    lane: Literal["read", "write"] = "read",
) -> CommandStarted:
    """Start a command that only reads. Anything else is refused, whoever asks.

    The write lane is for what only it can tell: which cluster its kubeconfig names, and what the server would say.
    """
    if effect != "read" or not unattended:
        raise Refused(f"This command does not run by itself (judged {effect}): ask for approval instead.")
    _not_yet(log, run)
    return CommandStarted(
        at=at,
        by=by,
        run=run,
        step=step,
        title=title,
        command=command,
        digest=approval.digest(command),
        effect=effect,
        rule=rule,
        lane=lane,
        purpose=purpose,
        asked_as=asked_as,
    )


def start_approved(log: Log, at: datetime, *, run: str, number: int, by: str) -> CommandStarted:
    """Use up the yes. What is judged to read runs in the read lane, anything else in the one that may write."""
    one = approval.find(log, number)
    if one.started:
        raise Refused("This approval is used up: it was for one run.")
    if one.void:
        raise Refused(f"The yes is void: {one.void.why}")
    if one.denied:
        raise Refused(f"{one.denied.by} has said no to this.")
    if not one.granted:
        raise Refused(f"This command needs {one.asked.yes_needed} yes and has {len(one.yes)}.")
    if at >= granted_at(log, number) + approval.GOOD_FOR:
        raise Refused("The yes has gone stale after 15 minutes. Ask again.")
    _not_yet(log, run)
    return CommandStarted(
        at=at,
        by=by,
        run=run,
        step=one.asked.step,
        title=one.asked.title,
        command=one.asked.command,
        digest=one.digest,
        effect=one.asked.effect,
        rule=one.asked.rule,
        lane="read" if one.asked.effect == "read" else "write",
        purpose=one.asked.purpose,
        ask=number,
    )


def finish(
    log: Log,
    at: datetime,
    *,
    run: str,
    ending: Ending,
    exit_code: int | None,
    seconds: float,
    evidence: str,
    size: int,
    cut: int = 0,
    masked: int = 0,
    summary: str = "",
    ran: str = "",
    findings: tuple[str, ...] = (),
    by: str,
) -> CommandFinished:
    """The command ended. A second ending of the same run is refused."""
    match fold(0, log).run(run):
        case None:
            raise Refused(f"Run {run} never started.")
        case Run(finished=CommandFinished()):
            raise Refused(f"Run {run} has ended already.")
        case _:
            return CommandFinished(
                at=at,
                by=by,
                run=run,
                ending=ending,
                exit_code=exit_code,
                seconds=seconds,
                evidence=evidence,
                size=size,
                cut=cut,
                masked=masked,
                summary=summary,
                ran=ran,
                findings=findings,
            )


def skip(
    log: Log,
    at: datetime,
    *,
    step: str,
    title: str,
    command: str,
    reason: str,
    by: str,
    purpose: Purpose = "diagnosis",
) -> StepSkipped:
    """Say why a step is not run. The same step is skipped once for the same reason."""
    if any(isinstance(event, StepSkipped) and (event.step, event.reason) == (step, reason) for event in log):
        raise Refused("This step is skipped already.")
    return StepSkipped(at=at, by=by, step=step, title=title, command=command, reason=reason, purpose=purpose)


def granted_at(log: Log, number: int) -> datetime:
    """When the last needed yes was given; what needs none is granted as it is asked."""
    words = [e.at for e in log if isinstance(e, ApprovalGiven | GlassBroken) and e.ask == number]
    return max(words, default=approval.find(log, number).asked.at)


def _not_yet(log: Log, run: str) -> None:
    if fold(0, log).run(run):
        raise Refused(f"Run {run} has started already.")
