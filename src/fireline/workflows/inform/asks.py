"""Asks: each approval stands in the incident's channel with its buttons, and says there what was answered.

Whoever presses a button comes in through `chat`; what the message shows is rendered from the log alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fireline.connectors.http import Temporary
from fireline.connectors.slack import No, Slack
from fireline.core import approval, asking, delivery
from fireline.core.delivery import Data
from fireline.core.events import HOUSE, Log
from fireline.core.incident import Incident
from fireline.settings import Settings
from fireline.store.accounts import Accounts
from fireline.workflows.inform import blocks
from fireline.workflows.inform.chats import workspace
from fireline.workflows.inform.messenger import ByHand, Messenger, Needless, Sent

CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SlackAsks:
    """Shows approvals in Slack. `name` says who somebody is."""

    slack: Slack
    base_url: str
    name: Callable[[str], str]
    now: Callable[[], datetime]

    def send(self, verb: str, now: Incident, log: Log, data: Data) -> Sent:
        """Post the ask, or bring its message up to date."""
        room = delivery.ref(log, asking.ROOM, "open")
        one = approval.find(log, int(data["ask"]))
        text, shown = self._rendered(now, one)
        if verb == "ask":
            mark = f"{self.base_url} {now.name} approval {one.number}"
            since = (one.asked.at - CLOCKS_DIFFER).timestamp()
            # an answer may have got lost, or we were killed before it came, and Slack takes no key: so look first
            there = self.slack.posted(room, mark, since=since)
            if not there and one.asked.yes_needed and not one.waiting(self.now()):
                raise Needless("It was answered, or went stale, before the channel could show it.")
            return Sent(ref=there or self.slack.post(room, text, mark=mark, blocks=shown))
        self._settle(room, self._message(log, one), text, shown)
        return Sent()

    def by_hand(self, verb: str, now: Incident, log: Log) -> ByHand:  # noqa: ARG002  # the page has the ask itself
        """The page, to paste into the channel."""
        waits = [one for one in approval.asks(log) if one.waiting(self.now())]
        lines = [f"{now.name} waits for a yes: {one.asked.title}. {self._page(now, one)}" for one in waits]
        return ByHand("\n".join(lines) or f"{now.name}: every ask is answered. {self.base_url}/incidents/{now.number}")

    def _settle(self, room: str, ts: str, text: str, shown: list[blocks.Block]) -> None:
        try:
            self.slack.update(room, ts, text, blocks=shown)
        except No as no:
            if no.error in {"message_not_found", "is_archived", "cant_update_message"}:
                raise Needless(f"The message is not there to be changed: {no.error}.") from no
            raise

    def _message(self, log: Log, one: approval.Ask) -> str:
        """The message that shows this ask. Raises where there is none, or not yet."""
        made = delivery.find(log, asking.shown(log, one.number))
        if made is None or made.state == "waiting":
            raise Temporary("The channel does not show this ask yet.")
        if not made.ref:
            raise Needless("The channel never showed this ask.")
        return made.ref

    def _rendered(self, now: Incident, one: approval.Ask) -> tuple[str, list[blocks.Block]]:
        at = self.now()
        found = blocks.approval(now.number, one, at, names=self.name, url=self._page(now, one))
        ran = next((run for run in now.runs.values() if run.started.ask == one.number), None)
        if ran and ran.finished:
            ended = "It ran well." if ran.state == "ok" else f"It ran and {ran.state}."
            found.append(blocks.context(f"{ended} {ran.finished.summary}"))
        return f"{now.name}: {one.asked.title}. {blocks.outcome(one, at, self.name)}", found

    def _page(self, now: Incident, one: approval.Ask) -> str:
        return f"{self.base_url}/incidents/{now.number}/approvals/{one.number}"


def slack_asks(settings: Settings, accounts: Accounts, now: Callable[[], datetime]) -> dict[str, Messenger]:
    """The messenger of approvals, where Slack is set up."""
    slack = workspace(settings)

    def name(handle: str) -> str:
        if handle == HOUSE:
            return "fireline"
        return next((one.name for one in accounts.people() if one.handle == handle), handle)

    return {asking.VENDOR: SlackAsks(slack, settings.base_url, name, now)} if slack else {}
