"""Chat with rooms: one channel for each incident, with its people, its card and its topic, and every turn of it.

What is said there comes from `core.room`; here is when, and what must not happen twice. Before anything is written
again the chat is asked whether it is there already, so an answer that got lost makes no second channel and no second
message. A channel is archived only after all that was said in it is kept as evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from fireline.connectors.http import ConnectorError, Permanent, Temporary
from fireline.connectors.pagerduty_rest import User
from fireline.core import delivery, room
from fireline.core.delivery import Data, Delivery
from fireline.core.events import HOUSE, IncidentMerged, Log, RoomKept, StatusChanged
from fireline.core.incident import Incident
from fireline.core.readers import listed
from fireline.core.redaction import mask
from fireline.core.roles import crew
from fireline.core.runbook import Runbook
from fireline.store.evidence import EvidenceStore
from fireline.workflows.inform.messenger import ByHand, Needless, Sent
from fireline.workflows.library import Library
from fireline.workflows.on_call import OnCall

INTO = {"card", "invite", "topic", "post"}  # what needs a channel that is open
CLOCKS_DIFFER = timedelta(minutes=5)  # between us and the chat
PAGER_TRIES = 4  # so many times PagerDuty is asked whom it has on call: within a minute, or people invite them
Blocks = Callable[[str, str, Incident], Sequence[Mapping[str, Any]]]  # of a verb, its text and the incident


@dataclass(frozen=True, slots=True)
class Room:
    """A channel: its id there, its name, and where a browser opens it."""

    id: str
    name: str
    link: str


class Chat(Protocol):
    """A chat that has rooms. Everything raises Temporary or Permanent; everything may be asked twice."""

    def open(self, name: Callable[[int], str], mark: str, *, private: bool) -> Room:
        """The room of this mark, made if it is not there; called `name(1)`, or `name(2)` where that is taken."""

    def invite(self, room: str, people: Sequence[str]) -> tuple[str, ...]:
        """Ask people in, by handle, mail address or id; answers a sentence for each who could not come."""

    def set_topic(self, room: str, text: str) -> None:
        """Set what stands on top."""

    def post(
        self, room: str, text: str, *, mark: str, since: datetime, blocks: Sequence[Mapping[str, Any]] = ()
    ) -> str:
        """Write it, unless a message of this mark was written `since` then. The answer is the message's id."""

    def pin(self, room: str, message: str) -> None:
        """Pin a message."""

    def messages(self, room: str) -> tuple[int, str]:
        """How many messages there are, and all of them as JSON."""

    def archived(self, room: str) -> bool:
        """Whether it is archived."""

    def archive(self, room: str) -> None:
        """Close it; it can be read still."""

    def unarchive(self, room: str) -> None:
        """Open it again."""


@dataclass(frozen=True, slots=True)
class ChatMessenger:
    """Keeps one room an incident. `leads` and `owners` (by service) are invited beside who is on call.

    `blocks` draws a message that has buttons besides its text; `paged` asks PagerDuty whom it has on call.
    """

    vendor: str
    chat: Chat
    base_url: str
    call: str  # the pattern of the call's link
    library: Library
    evidence: EvidenceStore
    on_call: OnCall
    leads: tuple[str, ...] = ()
    owners: Mapping[str, tuple[str, ...]] | None = None
    blocks: Blocks | None = None
    paged: Callable[[], Sequence[User]] | None = None

    def send(self, verb: str, now: Incident, log: Log, data: Data) -> Sent:
        """Do it in the room, or make the room."""
        seq = int(data["seq"])
        if verb == "open":
            found = self.chat.open(lambda n: room.name(now.declared.at, n), self.mark(now), private=now.private)
            return Sent(ref=found.id, link=found.link, note=f"#{found.name}")
        where = self._room(log, verb)
        match verb:
            case "card":
                text = room.card(now, log, self._books(now), page=self._page(now), call=self._call(now, log))
                self.chat.pin(where, self._post(where, verb, text, now, log, seq))
                return Sent(ref=where)
            case "invite":
                return Sent(ref=where, note=self._invite(where, now, log, last=int(data["attempt"]) >= PAGER_TRIES))
            case "topic":
                self.chat.set_topic(where, self._topic(now, log))
                return Sent(ref=where)
            case "post":
                self._in_order(log, seq)
                return Sent(ref=self._post(where, verb, room.said(now, log, seq, page=self._page(now)), now, log, seq))
            case "export":
                self._still_ends(now, log, seq)
                digest, count = self._kept(where)
                return Sent(ref=where, evidence=digest, note=f"{count} messages kept as evidence {digest[:12]}")
            case "archive":
                self._still_ends(now, log, seq)
                return self._archive(where, log, seq)
            case _:
                if not self.chat.archived(where):
                    raise Needless("It is not archived.")
                self.chat.unarchive(where)
                return Sent(ref=where)

    def by_hand(self, verb: str, now: Incident, log: Log) -> ByHand:
        """The name, the people and the words, to do it in the chat itself."""
        match verb:
            case "open":
                kind = "private channel" if now.private else "channel"
                return ByHand(f"Make the {kind} #{room.name(now.declared.at)} with the topic: {self._topic(now, log)}")
            case "card":
                return ByHand(room.card(now, log, self._books(now), page=self._page(now), call=self._call(now, log)))
            case "invite":
                more = " Whoever PagerDuty has on call belongs there as well." if self.paged and not now.private else ""
                return ByHand(f"Invite {', '.join(self.people(now, log)) or 'whoever is on call'}.{more}")
            case "topic":
                return ByHand(f"Set the topic: {self._topic(now, log)}")
            case "post":
                missing = [one for one in delivery.deliveries(log) if one.vendor == self.vendor and one.missing]
                posts = [_seq(one) for one in missing if one.verb == "post"]
                return ByHand("\n\n".join(room.said(now, log, seq, page=self._page(now)) for seq in posts))
            case "export":
                return ByHand("Export the channel's messages, and keep them with the incident.")
            case "archive":
                return ByHand("Archive the channel when its messages are kept.")
            case _:
                return ByHand("Take the channel out of the archive, and invite fireline's app to it again.")

    def mark(self, now: Incident) -> str:
        """The incident's name there; two houses may share one workspace."""
        return f"{urlsplit(self.base_url).netloc}/{now.name}"

    def people(self, now: Incident, log: Log) -> tuple[str, ...]:
        """Who belongs there. Leads and owners of the service are not asked into what only chosen people may know."""
        taken = crew(log)
        turns = (one.now.who for one in self.on_call.standings())
        roles = (*(reign.who for reign in taken.holding.values()), *taken.smes)
        wider = () if now.private else (*self.leads, *(self.owners or {}).get(now.declared.service or "", ()))
        found = (now.declared.by, *(who for who in turns if who), *roles, *wider)
        if now.private:
            found = listed(log)  # whoever has the turn belongs there when they were asked
        return tuple(dict.fromkeys(who for who in found if who != HOUSE))

    def _invite(self, where: str, now: Incident, log: Log, *, last: bool) -> str:
        """Ask everybody in; the answer says who could not come. Nobody waits for PagerDuty to say whom it woke."""
        people, missing, trouble = list(self.people(now, log)), list[str](), ""
        if self.paged and not now.private:  # whoever has the turn is on no list of chosen people
            try:
                for one in self.paged():
                    people += [one.email] if one.email else []
                    missing += [] if one.email else [f"{one.name} could not be invited: PagerDuty shows no address."]
            except ConnectorError as error:
                trouble = f"Whoever PagerDuty has on call could not be invited: {error.reason}"
                if isinstance(error, Temporary) and not last:
                    self.chat.invite(where, people)
                    raise Temporary(f"The others are there. {trouble}", error.retry_after) from None
        return " ".join((*self.chat.invite(where, people), *missing, *filter(None, [trouble])))

    def _post(self, where: str, verb: str, text: str, now: Incident, log: Log, seq: int) -> str:  # noqa: PLR0917
        blocks = self.blocks(verb, text, now) if self.blocks else ()
        since = log[seq - 1].at - CLOCKS_DIFFER
        return self.chat.post(where, text, mark=f"{self.mark(now)}/{seq}/{verb}", since=since, blocks=blocks)

    def _room(self, log: Log, verb: str) -> str:
        """The room's id; what needs one waits while it is not there."""
        if ref := delivery.ref(log, self.vendor, "open"):
            return ref
        opened = next((one for one in self._own(log) if one.verb == "open"), None)
        if opened and opened.state == "by hand":
            if verb in {"card", "post"}:
                raise Permanent("Somebody made the channel by hand: say it there.")
            raise Needless("Somebody made the channel by hand: keep it by hand.")
        raise Temporary("The channel is not there yet.")

    def _in_order(self, log: Log, seq: int) -> None:
        for one in self._own(log):
            if one.verb in {"card", "post"} and one.state == "waiting" and _seq(one) < seq:
                raise Temporary("An earlier message has not arrived yet, and they go out in order.")

    def _still_ends(self, now: Incident, log: Log, seq: int) -> None:
        if not now.resolved:
            raise Needless("It is not resolved any more.")
        if room.kept(log):
            by = next(event.by for event in reversed(log) if isinstance(event, RoomKept))
            raise Needless(f"{by} wants it to stay.")
        ends = [n for n, event in enumerate(log, 1) if isinstance(event, StatusChanged | IncidentMerged)]
        if ends and ends[-1] > seq:
            raise Needless("It was resolved again later.")

    def _archive(self, where: str, log: Log, seq: int) -> Sent:
        """Close it, when all that was said in it is kept, what came since the export too."""
        export = next((one for one in self._own(log) if one.verb == "export" and _seq(one) == seq), None)
        if export is None or export.state not in {"made", "by hand"}:
            raise Temporary("Its messages are not kept yet.")
        if any(one.state == "waiting" and one.verb in INTO and _seq(one) <= seq for one in self._own(log)):
            raise Temporary("Something has not arrived in the channel yet, and nothing gets into an archived one.")
        if self.chat.archived(where):
            return Sent(ref=where)
        digest, count = self._kept(where)
        self.chat.archive(where)
        return Sent(ref=where, evidence=digest, note=f"{count} messages kept as evidence {digest[:12]}")

    def _kept(self, where: str) -> tuple[str, int]:
        count, text = self.chat.messages(where)
        return self.evidence.keep(mask(text).text), count

    def _own(self, log: Log) -> tuple[Delivery, ...]:
        return tuple(one for one in delivery.deliveries(log) if one.vendor == self.vendor)

    def _topic(self, now: Incident, log: Log) -> str:
        return room.topic(now, page=self._page(now), call=self._call(now, log))

    def _call(self, now: Incident, log: Log) -> str:
        return room.call(log, now.number, self.call)

    def _page(self, now: Incident) -> str:
        return f"{self.base_url}/incidents/{now.number}"

    def _books(self, now: Incident) -> tuple[Runbook | None, ...]:
        ref = now.declared.runbook
        return (self.library.at(ref) if ref else None, self.library.main)


def _seq(one: Delivery) -> int:
    """The number of the event this delivery follows from."""
    return int(one.key.split("/")[1])
