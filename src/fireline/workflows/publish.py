"""Publish: what the public is told, with what the house knows around it: templates, components, people's names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from fireline.core import board, draft, public, publish
from fireline.core.draft import Finding, Inside
from fireline.core.events import Log, PublicUpdateDrafted, Status
from fireline.core.incident import Incident, fold
from fireline.store.accounts import Accounts
from fireline.store.ledger import Ledger
from fireline.workflows.library import Library


@dataclass(frozen=True, slots=True)
class Wording:
    """What a draft begins with; every part of it can be changed."""

    status: Status
    title: str
    text: str
    impact: str
    components: dict[str, str]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Publish:
    """Drafts, checks and approves words for the public."""

    ledger: Ledger
    library: Library
    accounts: Accounts
    components: tuple[tuple[str, tuple[str, ...]], ...]  # name, and the services it stands for
    never: tuple[str, ...]  # words of this site that stay inside
    ours: tuple[str, ...]  # host names that the public may read
    places: tuple[str, ...]  # where it is published: own_page, statuspage

    @property
    def names(self) -> tuple[str, ...]:
        """The status page's components."""
        return tuple(name for name, _ in self.components)

    def wording(self, log: Log, now: Incident, status: Status | None = None) -> Wording:
        """What the next update most likely says: the runbook's words for this status, the last title."""
        said = status or draft.next_status(public.status(log), now.status)
        before = public.approved(log)
        ref = now.declared.runbook
        text = draft.words(self.library.at(ref).templates if ref else (), said)
        if before:
            last = before[-1].drafted
            parts: dict[str, str] = dict(last.components)
            title, impact = last.title, str(last.impact)
        else:
            impact = publish.IMPACT.get(now.severity, "major")
            hit = board.components_of(now.declared.service, self.components)
            parts = {name: publish.STATE[publish.IMPACT.get(now.severity, "major")] for name in hit}
            title = f"Problems with {' and '.join(hit)}" if hit else "Service disruption"
        if said == "Resolved":
            parts = dict.fromkeys(parts, "operational")
        return Wording(said, title, text, impact, parts, draft.lint(f"{title}\n{text}", self.inside(log, now)))

    def draft(
        self,
        number: int,
        *,
        status: str,
        title: str,
        text: str,
        impact: str,
        components: Mapping[str, str],
        by: str,
        key: str | None = None,
    ) -> Incident:
        """Write down words for the public; nobody reads them yet."""
        deed = partial(
            publish.draft, status=status, title=title, text=text, impact=impact, components=components,
            known=self.names, by=by,
        )  # fmt: skip
        return self.ledger.act(number, deed, key=key)

    def approve(
        self, number: int, update: int, *, shown: str, meant: bool, by: str, key: str | None = None
    ) -> Incident:
        """Say yes to exactly what was shown; it is published by that."""
        log = self.ledger.log(number)
        deed = partial(
            publish.approve, number=update, shown=shown, meant=meant, known=self.inside(log, fold(number, log)),
            places=self.places, by=by,
        )  # fmt: skip
        return self.ledger.act(number, deed, key=key)

    def withdraw(self, number: int, update: int, *, reason: str, by: str, key: str | None = None) -> Incident:
        """Take a draft back, or say no to it."""
        return self.ledger.act(number, partial(publish.withdraw, number=update, reason=reason, by=by), key=key)

    def findings(self, log: Log, now: Incident, drafted: PublicUpdateDrafted) -> tuple[Finding, ...]:
        """What in a draft has no place outside."""
        return publish.check(drafted, self.inside(log, now))

    def inside(self, log: Log, now: Incident) -> Inside:
        """What must not be said outside: our people, and what the alerts name."""
        people = [word for one in self.accounts.people() for word in dict.fromkeys((one.handle, one.name))]
        return draft.inside(log, now, people=people, public=self.names, words=self.never, ours=self.ours)
