"""One try at one delivery, and what became of it.

Declaring never waits for this. The next try is written down with its time in the same transaction as the reason
for it, so a restart in between loses nothing, and a vendor that answered but was not heard is told the same thing
again under the same key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from fireline.connectors.http import Permanent, Temporary
from fireline.core import delivery, outbox
from fireline.core.events import HOUSE, Log
from fireline.core.follow import Effect
from fireline.core.incident import fold
from fireline.core.refusal import AWAY, Refused
from fireline.store.ledger import Deed, Ledger
from fireline.workflows.inform.messenger import Messenger, Needless

CUT_SHORT = "fireline was stopped while it told this. It may be there: look before you say it by hand."
OURS = frozenset({"verb", "attempt", "delivery", "seq"})  # what a try is, beside what the vendor's verb needs


@dataclass(frozen=True, slots=True)
class Inform:
    """Makes deliveries, through one messenger a vendor."""

    ledger: Ledger
    messengers: Mapping[str, Messenger]

    def __call__(self, effect: Effect) -> None:
        """One attempt at one delivery; what became of it goes into the log."""
        key, attempt, facts = _facts(effect)
        log = self.ledger.log(effect.incident)
        before = delivery.find(log, key)
        if before and (before.state != "waiting" or before.attempt >= attempt):
            return  # heard already: we were killed between the log and the engine, or a person did it by hand
        begin = partial(delivery.begin, attempt=attempt, **facts)
        if effect.kind in outbox.BLIND and not self.ledger.offer(effect.incident, begin):
            data = {name: value for name, value in effect.data.items() if name not in OURS}
            deed: Deed = partial(delivery.give_up, reason=CUT_SHORT, attempt=attempt, data=data, **facts)
        else:
            deed = self._deed(effect, log, before, attempt, facts)
        self.ledger.offer(effect.incident, deed, key=f"delivery:{effect.incident}:{key}:{attempt}")

    def lost(self, effect: Effect, why: str) -> None:
        """The try itself broke, by a mistake of ours: a person has to do it."""
        key, attempt, facts = _facts(effect)
        deed = partial(delivery.give_up, reason=f"A mistake of fireline's own: {why}", attempt=attempt, **facts)
        self.ledger.offer(effect.incident, deed, key=f"delivery:{effect.incident}:{key}:{attempt}")

    def _deed(
        self, effect: Effect, log: Log, before: delivery.Delivery | None, attempt: int, facts: dict[str, Any]
    ) -> Deed:
        """Try it; answers the deed that says what became of it."""
        data = {name: value for name, value in effect.data.items() if name not in OURS}
        give_up = partial(delivery.give_up, attempt=attempt, data=data, **facts)
        messenger = self.messengers.get(effect.kind)
        if messenger is None:
            return partial(give_up, reason=f"{effect.kind} is no longer set up.")
        seq = outbox.origin(facts["key"])[1]
        if outbox.too_late(log, facts["key"]):
            return partial(give_up, reason="It became private before this went out.", needed=False)
        try:
            sent = messenger.send(
                str(effect.data["verb"]), fold(effect.incident, log), log, {**data, "seq": seq, "attempt": attempt}
            )
        except Needless as why:
            return partial(give_up, reason=str(why), needed=False)
        except Temporary as trouble:
            if delivery.exhausted(before, attempt):
                return partial(give_up, reason=f"{attempt} tries. {trouble}")
            return partial(
                delivery.delayed,
                attempt=attempt,
                reason=str(trouble),
                retry_after=trouble.retry_after,
                data=data,
                **facts,
            )
        except Permanent as trouble:
            return partial(give_up, reason=str(trouble))
        except Refused as no:
            if no.status == AWAY:
                raise  # our own database: the engine tries again
            return partial(give_up, reason=no.sentence)
        return partial(
            delivery.made,
            attempt=attempt,
            ref=sent.ref,
            link=sent.link,
            note=sent.note,
            evidence=sent.evidence,
            **facts,
        )


def _facts(effect: Effect) -> tuple[str, int, dict[str, Any]]:
    """The delivery's key, the number of this try, and what every word about it says."""
    verb, attempt = str(effect.data["verb"]), int(effect.data["attempt"])
    key = str(effect.data.get("delivery") or f"{effect.kind}/{effect.seq}/{verb}")
    return key, attempt, {"key": key, "vendor": effect.kind, "what": outbox.what(effect.kind, verb), "by": HOUSE}
