"""Communicate: what doors need to send an update, to hand a role over and to give a task, beside the log itself.

The words of an update come from the incident's runbook, so they are looked up here; and a role or a task is for
somebody who may act in this house.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from fireline.core import brief, roles, task, update
from fireline.core.brief import Line
from fireline.core.events import HOUSE, Log, UpdateSent
from fireline.core.incident import Incident, fold
from fireline.core.refusal import Refused
from fireline.core.update import Draft
from fireline.store.accounts import Accounts
from fireline.store.ledger import Ledger
from fireline.workflows.library import Library


@dataclass(frozen=True, slots=True)
class Communicate:
    """Updates, roles and tasks of incidents, for every door."""

    ledger: Ledger
    library: Library
    accounts: Accounts
    base_url: str
    now: Callable[[], datetime]

    def draft(self, number: int) -> Draft:
        """The next update, filled from what is new. Nothing is sent."""
        return update.draft(self.ledger.log(number), self.now())

    def preview(
        self, number: int, log: Log, *, actions: str, users: int | None, services: Iterable[str] | None
    ) -> UpdateSent:
        """The update as it would go out now. Raises `Refused` as sending does; nothing is sent."""
        template = self.template(fold(number, log))
        return update.send(
            log, self.now(), actions=actions, users=users, services=services, template=template, by=HOUSE
        )

    def send(
        self,
        number: int,
        *,
        actions: str,
        users: int | None,
        services: Iterable[str] | None,
        by: str,
        status: str | None = None,
        needs: str = "",
        key: str | None = None,
    ) -> Incident:
        """Send an update to our own people. Raises `Refused` naming the field that is wrong."""
        template = self.template(self.ledger.read(number))
        deed = partial(
            update.send, actions=actions, users=users, services=services, template=template, by=by, status=status,
            needs=needs,
        )  # fmt: skip
        return self.ledger.act(number, deed, key=key)

    def offer(self, number: int, *, role: str, to: str, by: str, subject: str = "", key: str | None = None) -> Incident:
        """Ask somebody of this house to take a role."""
        deed = partial(roles.offer, role=role, to=self._responder(to), by=by, subject=subject)
        return self.ledger.act(number, deed, key=key)

    def give(self, number: int, *, to: str, text: str, minutes: int, by: str, key: str | None = None) -> Incident:
        """Ask somebody of this house to do one thing within so many minutes."""
        deed = partial(task.give, to=self._responder(to), text=text, minutes=minutes, by=by)
        return self.ledger.act(number, deed, key=key)

    def brief(self, number: int) -> tuple[Line, ...]:
        """Ten lines for somebody who comes in the middle."""
        return brief.brief(number, self.ledger.log(number), self.now(), base_url=self.base_url)

    def template(self, now: Incident) -> str:
        """The internal template of the incident's own runbook, else of the main one, else ours."""
        ref = now.declared.runbook
        return update.template_of(self.library.at(ref) if ref else None, self.library.main)

    def _responder(self, handle: str) -> str:
        handle = handle.strip().lower()
        known = {one.handle: one for one in self.accounts.people()}
        if handle not in known:
            who = ", ".join(name for name, one in known.items() if one.may_act)
            raise Refused(
                f"There is no person {handle or 'without a handle'}. There are {who}.", status=400, field="to"
            )
        if not known[handle].may_act:
            raise Refused(f"{handle} may only look. Choose somebody who may act.", status=400, field="to")
        return handle
