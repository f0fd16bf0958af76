"""Merge and split: one deed in each of two logs, and the alerts' rows after them.

The first deed is a person's (or a storm's) and says everything. What follows from it, the other log's half and
the rows, is durable work in the same transaction, and every half is named by a key: whatever dies in between,
it is done once. It is also done at once here, so that whoever asked sees it whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from fireline.core import merge as core
from fireline.core.events import Part
from fireline.core.follow import Effect
from fireline.core.incident import Incident
from fireline.core.private import same_readers
from fireline.core.readers import listed
from fireline.core.runbook.match import Facts
from fireline.store.alerts import AlertStore, Settled
from fireline.store.ledger import Ledger
from fireline.workflows.declare import Declare


@dataclass(frozen=True, slots=True)
class Merge:
    """Makes one incident of two, and two of one."""

    ledger: Ledger
    alerts: AlertStore
    declare: Declare
    now: Callable[[], datetime]

    def merge(self, number: int, *, into: int, why: str, by: str, key: str | None = None) -> Incident:
        """End `number` as part of `into`; the latter, as it is then. Raises `Refused` in words."""
        target = self.ledger.read(into)
        same_readers(self.ledger.log(number), self.ledger.log(into))
        self.ledger.act(number, partial(core.merge, number=number, into=target, why=why, by=by), key=key)
        self._take_in(number)
        return self.ledger.read(into)

    def split(
        self, number: int, *, fingerprints: Sequence[str], title: str, why: str, by: str, key: str | None = None
    ) -> Incident:
        """Let chosen alerts begin an incident of their own; that one. Raises `Refused` in words."""
        if (earlier := self.ledger.done(key)) is not None:
            return self.ledger.read(earlier)
        found_in = self.ledger.read(number)
        found = core.chosen(found_in, fingerprints, why)
        first = min((one.joined for one in found), key=lambda one: one.starts_at)
        title = title.strip() or first.summary or first.name
        match = self.declare.library.find(
            Facts(name=first.name, labels=first.labels, annotations={"summary": first.summary})
        )
        deed = self.declare.deed(
            title=title,
            text=f"{title} {first.name} {first.summary}",
            found=match,
            by=by,
            source=first.source,
            service=first.labels.get("service"),
            detected_at=first.starts_at,
            values=first.labels,
            private=found_in.private,
            people=listed(self.ledger.log(number)) if found_in.private else (),
            split_from=Part(number=number, fingerprints=tuple(fingerprints), why=why.strip()),
        )
        new = self.ledger.open(deed, key=key)
        self._bring(new.number)
        return self.ledger.read(new.number)

    def __call__(self, effect: Effect) -> None:
        """Finish what a deed began: an effect of kind `merge` or `split`."""
        self._take_in(effect.incident) if effect.kind == "merge" else self._bring(effect.incident)

    def _take_in(self, number: int) -> None:
        """The other log's half of a merge. Where that one was merged meanwhile, the alerts go on to where it went."""
        part = self.ledger.read(number)
        seen = {number}
        into, merged = number, part.merged
        while merged and merged.into not in seen:
            into, merged = merged.into, self.ledger.read(merged.into).merged
            seen.add(into)
        assert part.merged
        if not merged:
            deed = partial(core.take_in, part=part, by=part.merged.by)
            self.ledger.offer(into, deed, key=f"take in:{number}")
        self._hand_over(list(part.alerts), seen, into, f"from {part.name} because {part.merged.why}")

    def _bring(self, number: int) -> None:
        """The new log's alerts, then the old log's half of a split."""
        new = self.ledger.read(number)
        part = new.declared.split_from
        assert part
        old = self.ledger.read(part.number)
        alerts = [old.alerts[one] for one in part.fingerprints if one in old.alerts]
        bring = partial(core.bring, alerts=alerts, source=part.number, by=new.declared.by)
        self.ledger.offer(number, bring, key=f"bring:{number}")
        move = partial(core.move, to=number, fingerprints=part.fingerprints, why=part.why, by=new.declared.by)
        self.ledger.offer(part.number, move, key=f"move:{number}")
        self._hand_over(part.fingerprints, {part.number}, number, f"from {old.name} because {part.why}")

    def _hand_over(self, fingerprints: Sequence[str], of: set[int], to: int, why: str) -> None:
        """The rows say where the alerts are; a look makes sure that both logs know what became of them since.

        Only those that still belong to one of these incidents: this is done at least once, and what was split off
        or merged further in between stays where it went.
        """
        theirs = [
            one.fingerprint for one in self.alerts.kept(fingerprints) if one.incident is None or one.incident in of
        ]
        if theirs:
            settled = [Settled(fingerprint=one, verdict="joined", why=why, incident=to) for one in theirs]
            self.alerts.settle_all(settled)
            self.alerts.look_later(theirs, self.now())
