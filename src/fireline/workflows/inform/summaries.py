"""Summaries on their way: to the stakeholders' mail addresses, and to the chat of their severity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fireline.connectors.chat_webhook import ChatWebhook
from fireline.connectors.http import Permanent
from fireline.connectors.smtp import Smtp
from fireline.core import recipients, summary
from fireline.core.delivery import Data
from fireline.core.events import Log, SummarySent
from fireline.core.incident import Incident
from fireline.core.readers import private
from fireline.core.refusal import Refused
from fireline.settings import Settings, StakeholderSettings
from fireline.workflows.inform.messenger import ByHand, Messenger, Needless, Sent
from fireline.workflows.inform.posts import MailPoster, Message, Poster, WebhookPoster, host


@dataclass(frozen=True, slots=True)
class SummaryMessenger:
    """Hands one summary over, as it stands in the log."""

    vendor: str
    mail: tuple[Smtp, str, str] | None  # the server, whom mails are from, and our host
    chats: Mapping[str, StakeholderSettings]  # by severity

    def send(self, verb: str, now: Incident, log: Log, data: Data) -> Sent:
        """Hand it over. What is private by now goes to no chat."""
        one = log[int(data["seq"]) - 1]
        assert isinstance(one, SummarySent), f"{verb} follows from a summary"
        if self.vendor == recipients.CHAT and private(log):
            raise Needless("It is private, and a chat is read by others.")
        message = Message(f"{now.name}.{data['seq']}.{verb}", _title(one, now), one.text, now)
        return Sent(note=self._poster(one).post(message))

    def by_hand(self, verb: str, now: Incident, log: Log) -> ByHand:  # noqa: ARG002  # there is one verb
        """The newest words, and who waits for them."""
        one = summary.summaries(log)[-1]
        whom = ", ".join(one.to) if self.vendor == recipients.MAIL else f"the chat of a {one.severity}'s stakeholders"
        return ByHand(f"To {whom}:\n{_title(one, now)}\n{one.text}")

    def _poster(self, one: SummarySent) -> Poster:
        if self.vendor == recipients.MAIL and self.mail:
            server, sender, ours = self.mail
            return MailPoster(server, sender, one.to, ours)
        named = _of(self.chats, one.severity)
        if named is None or not named.webhook:
            raise Permanent(f"The settings name no chat for stakeholders of a {one.severity} any more.")
        return WebhookPoster(ChatWebhook(named.webhook, named.kind))


def summaries(settings: Settings) -> dict[str, Messenger]:
    """One messenger for each way there is. Raises `Refused` where mail has no server."""
    named = settings.stakeholders
    found: dict[str, Messenger] = {}
    if any(one.mail for one in named.values()):
        mail = settings.smtp
        if mail is None:
            raise Refused("[stakeholders] mail needs a mail server to send by: set up [smtp].", status=400)
        smtp = Smtp(mail.host, mail.port, security=mail.security, user=mail.user, password=mail.password)
        found[recipients.MAIL] = SummaryMessenger(recipients.MAIL, (smtp, mail.sender, host(settings.base_url)), named)
    if any(one.webhook for one in named.values()):
        found[recipients.CHAT] = SummaryMessenger(recipients.CHAT, None, named)
    return found


def reach(named: Mapping[str, StakeholderSettings], severity: str) -> summary.Reach:
    """Whom the settings name for this severity; nobody where it has no section."""
    one = _of(named, severity)
    return summary.Reach(one.mail, bool(one.webhook)) if one else summary.Reach()


def _of(named: Mapping[str, StakeholderSettings], severity: str) -> StakeholderSettings | None:
    return next((one for name, one in named.items() if name.casefold() == severity.casefold()), None)


def _title(one: SummarySent, now: Incident) -> str:
    drill = "Drill · " if now.declared.drill else ""  # whatever the words say: these readers cannot look it up
    return f"{drill}{now.name} · summary {one.number} · {one.status}"
