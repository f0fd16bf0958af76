"""What an incident's page shows of updates, roles and tasks: the draft with its preview, the clocks, who does what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fireline.core import cadence, decision, roles, summary, task, update
from fireline.core.cadence import Count
from fireline.core.events import HOUSE, DecisionMade, Log, RoleName, RoleOffered, SummarySent, UpdateSent
from fireline.core.incident import fold
from fireline.core.refusal import Refused
from fireline.core.roles import Crew, Reign
from fireline.core.task import Task
from fireline.core.update import Draft

WHOSE = {"internal": "our people", "public": "the public"}
SENT_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Composed:
    """Words for the form, and what would go out with them: `text`, or why it may not."""

    actions: str
    users: str
    services: str
    text: str
    problem: str
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Seat:
    """One role on the page, with whoever has it and whom it is offered."""

    role: RoleName
    title: str
    duty: str
    reign: Reign | None
    offers: tuple[RoleOffered, ...]

    @property
    def who(self) -> str:
        """Empty when nobody has it."""
        return self.reign.who if self.reign else ""


@dataclass(frozen=True, slots=True)
class Telling:
    """Everything of it, in one reading of the log."""

    draft: Draft
    composed: Composed
    counts: tuple[Count, ...]
    sent: tuple[UpdateSent, ...]  # newest first
    crew: Crew
    seats: tuple[Seat, ...]
    missing: bool  # a grave incident, and nobody commands
    command_by: datetime | None
    tasks: tuple[Task, ...]  # those that are not done first
    stakeholders: summary.Count | None  # their clock, if it runs
    summaries: tuple[SummarySent, ...]  # newest first
    decisions: tuple[DecisionMade, ...]

    def count(self, audience: str) -> Count | None:
        """One audience's clock, if it runs."""
        return next((one for one in self.counts if one.audience == audience), None)


def telling(log: Log, at: datetime, template: str) -> Telling:
    """Read the log for the page. `template` is the runbook's own for internal updates."""
    draft, crew = update.draft(log, at), roles.crew(log)
    services = "unknown" if draft.services is None else ", ".join(draft.services) or "none"
    users = "unknown" if draft.users is None else str(draft.users)
    return Telling(
        draft=draft,
        composed=compose(log, at, template, actions=draft.actions, users=users, services=services),
        counts=cadence.counts(log),
        sent=tuple(reversed(update.updates(log)))[:SENT_SHOWN],
        crew=crew,
        seats=tuple(_seats(crew)),
        missing=roles.missing_commander(fold(0, log), log),
        command_by=roles.commander_by(log),
        tasks=tuple(sorted(task.tasks(log), key=lambda one: one.done is not None)),
        stakeholders=summary.count(log),
        summaries=tuple(reversed(summary.summaries(log))),
        decisions=decision.decisions(log),
    )


def compose(
    log: Log, at: datetime, template: str, *, actions: str, users: str, services: str, needs: str = ""
) -> Composed:
    """What would go out now with these words."""
    try:
        count, names = update.impact(users, services)
        sent = update.send(
            log, at, actions=actions, users=count, services=names, template=template, by=HOUSE, needs=needs
        )
    except Refused as no:
        return Composed(actions, users, services, "", no.sentence, needs)
    return Composed(actions, users, services, sent.text, "", needs)


def _seats(crew: Crew) -> list[Seat]:
    offers = {role: tuple(one for (name, _), one in crew.offers.items() if name == role) for role in roles.ROLES}
    found = [
        Seat(role, roles.TITLES[role], roles.DUTIES[role], crew.holding.get(role), offers[role])
        for role in roles.ROLES
        if role != "sme"
    ]
    smes = [Seat("sme", roles.TITLES["sme"], one.subject or roles.DUTIES["sme"], one, ()) for one in crew.smes.values()]
    return [*found, *smes, Seat("sme", roles.TITLES["sme"], roles.DUTIES["sme"], None, offers["sme"])]
