"""Our own status page: what was approved becomes a notice there, and a letter to everybody who asked for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fireline.connectors.http import Temporary
from fireline.core import draft, public
from fireline.core.board import Notice, code
from fireline.core.delivery import Data
from fireline.core.events import Log
from fireline.core.incident import Incident
from fireline.store.notices import Notices
from fireline.workflows.inform.messenger import ByHand, Sent


@dataclass(frozen=True, slots=True)
class OwnPageMessenger:
    """Publishes on our own page at `url`; `shown` makes the page look anew."""

    notices: Notices
    url: str
    shown: Callable[[], object]

    def send(self, verb: str, now: Incident, log: Log, data: Data) -> Sent:  # noqa: ARG002  # there is one verb
        """Publish it. The notice's key makes a second telling harmless."""
        one = public.find(log, int(data["update"]))
        said, name = one.drafted, public_id(now)
        assert one.approved, "only what was approved is sent"
        place = public.approved(log).index(one) + 1
        notice = Notice(
            incident=name, update=place, at=one.approved.at, status=said.status, title=said.title, text=said.text,
            impact=said.impact, components=said.components,
        )  # fmt: skip
        self.notices.publish(notice, number=now.number)
        if self.notices.find(name, place) != notice:  # read back: a gate hangs on it
            raise Temporary("The status page does not show it yet.")
        self.shown()
        return Sent(ref=name, link=f"{self.url}/incidents/{name}", note=f"It says {said.status}")

    def by_hand(self, verb: str, now: Incident, log: Log) -> ByHand:  # noqa: ARG002
        """The words, to be published wherever customers look."""
        told = public.approved(log)
        if not told or not told[-1].approved:
            return ByHand(text="")
        said = told[-1].drafted
        text = draft.whole(said.status, said.text, told[-1].approved.at)
        return ByHand(text=f"{said.title}\n\n{text}", lines=("fireline status export FOLDER",))


def public_id(now: Incident) -> str:
    """What the public knows the incident by: it tells nothing, and stays."""
    return code(f"{now.name} {now.declared.at.isoformat()}")
