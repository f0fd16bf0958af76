"""Statuspage: what was approved for the public, in the order in which it was approved, each once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from shlex import quote
from urllib.parse import urlsplit

import msgspec

from fireline.connectors.http import Permanent, Temporary
from fireline.connectors.statuspage import Incident as Shown
from fireline.connectors.statuspage import Statuspage
from fireline.core import public
from fireline.core.delivery import Data
from fireline.core.events import Log
from fireline.core.incident import Incident
from fireline.core.public import Update
from fireline.workflows.inform.messenger import ByHand, Needless, Sent

VENDOR = "statuspage"


@dataclass(frozen=True, slots=True)
class StatuspageMessenger:
    """Publishes on Statuspage. `components` are the page's ids by our components' names."""

    page: Statuspage
    base_url: str
    components: Mapping[str, str]

    def send(self, verb: str, now: Incident, log: Log, data: Data) -> Sent:  # noqa: ARG002  # the update says all
        """Bring the page to this update, unless it is there already: an answer may have got lost."""
        one = public.find(log, int(data["update"]))
        told = public.approved(log)
        before, after = told[: told.index(one)], told[told.index(one) + 1 :]
        if any(_stands(other, "waiting") for other in before):
            raise Temporary("An earlier update has not arrived yet, and they go out in order.")
        if any(_stands(other, "made", "by hand") for other in after):
            raise Needless("A later update is out already.")
        ref = _ref(told)  # the list of incidents ends with the newest hundred; what the log knows does not
        there = self.page.read(ref) if ref else self.page.find(self.mark(now))
        if there is None and any(_stands(other, "by hand") for other in before):
            raise Permanent("Somebody opened this incident on Statuspage by hand: go on with it there.")
        place = len(before) + 1  # among those approved: numbers of drafts may come in any order
        if there is None:
            there = self.page.create(self.mark(now), place, **self._said(one))
        elif there.mark[1] < place:
            there = self.page.update(there.id, self.mark(now), place, **self._said(one))
        return self._read_back(there, one)

    def by_hand(self, verb: str, now: Incident, log: Log) -> ByHand:  # noqa: ARG002
        """The words to paste into Statuspage's own form, and the call that does the same."""
        told = public.approved(log)
        if not told:
            return ByHand(text="")
        said = told[-1].drafted
        parts = "".join(f"\n{name}: {state.replace('_', ' ')}" for name, state in said.components.items())
        text = f"{said.title}\nStatus: {said.status}. Impact: {said.impact}.\n\n{said.text}\n{parts}".rstrip()
        sent = {"name": said.title, "status": said.status.lower(), "body": said.text, "impact_override": said.impact}
        body = quote(msgspec.json.encode({"incident": sent}).decode())
        ref = _ref(told)
        path = f"{self.page.url}/pages/{self.page.page}/incidents" + (f"/{ref}" if ref else "")
        line = f'curl -X {"PATCH" if ref else "POST"} -H "Authorization: OAuth $FIRELINE_STATUSPAGE_API_KEY"'
        return ByHand(text=text, lines=(f"{line} -H 'Content-Type: application/json' -d {body} {path}",))

    def mark(self, now: Incident) -> str:
        """The incident's name there; two houses may share one page."""
        return f"{urlsplit(self.base_url).netloc}/{now.name}"

    def _said(self, one: Update) -> dict[str, object]:
        said = one.drafted
        known = {self.components[name]: state for name, state in said.components.items() if name in self.components}
        return {
            "name": said.title, "status": said.status, "body": said.text, "impact": said.impact, "components": known,
        }  # fmt: skip

    def _read_back(self, there: Shown, one: Update) -> Sent:
        """A gate hangs on the last word, so the page itself is asked what it says."""
        if one.drafted.status == "Resolved":
            there = self.page.read(there.id)
            if there.status != "resolved":
                raise Temporary(f"Statuspage still says {there.status}.")
        return Sent(ref=there.id, link=there.shortlink or "", note=f"It says {there.status}")


def _ref(told: tuple[Update, ...]) -> str:
    """The page's own id of this incident; empty when nothing has arrived yet."""
    sent = (one for update in told for one in update.deliveries if one.vendor == VENDOR and one.ref)
    return next((one.ref for one in sent), "")


def _stands(one: Update, *states: str) -> bool:
    return any(delivery.vendor == VENDOR and delivery.state in states for delivery in one.deliveries)
