"""On call: ask a person to take an incident, by mail, ntfy, Slack, Apprise, or a gateway that calls or texts.

Every asking carries a link that acknowledges without signing in: once, for this person and this incident. Where
nothing arrives, the phone numbers are what is left, so they are what a person is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit

from fireline.connectors.apprise import notify
from fireline.connectors.gateway import Gateway
from fireline.connectors.http import Permanent
from fireline.connectors.ntfy import Ntfy
from fireline.connectors.smtp import Smtp
from fireline.core.delivery import Data
from fireline.core.events import Log, PeopleAsked
from fireline.core.incident import Incident
from fireline.settings import PersonSettings, Settings
from fireline.workflows.inform import blocks
from fireline.workflows.inform.chat import CLOCKS_DIFFER
from fireline.workflows.inform.chats import workspace
from fireline.workflows.inform.messenger import ByHand, Needless, Sent
from fireline.workflows.inform.slack import SlackChat
from fireline.workflows.on_call import OnCall


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody is told at 3 a.m.: first what is wrong, then why it is them, then what to do."""

    title: str
    text: str
    page: str
    acknowledge: str  # empty where this person has no account here

    @property
    def whole(self) -> str:
        """The text with its addresses, for a mail."""
        yes = f"I have it (opens a page with a button; good once):\n{self.acknowledge}\n\n" if self.acknowledge else ""
        return f"{self.text}\n\n{yes}The incident:\n{self.page}\n"


@dataclass(frozen=True, slots=True)
class OnCallMessenger:
    """Asks people. A verb is "ask ana by ntfy"."""

    on_call: OnCall
    people: Mapping[str, PersonSettings]
    base_url: str
    smtp: Smtp | None
    sender: str
    ntfy: Ntfy | None
    gateways: Mapping[str, Gateway]
    slack: SlackChat | None = None
    presses: bool = False  # Slack tells us of a press

    def send(self, verb: str, now: Incident, log: Log, data: Data) -> Sent:
        """Ask, unless somebody has it meanwhile. Asked twice is better than not at all."""
        if now.acknowledged:
            raise Needless(f"{now.acknowledged.by} has it.")
        if now.resolved:
            raise Needless("It is resolved.")
        who, channel = of(verb)
        person = self.people.get(who)
        if person is None:
            raise Permanent(f"{who} is no longer in the settings.")
        words = self._words(who, now, log)
        name = f"{now.name}/{data['seq']}/{who}/{channel}/{data.get('nth', '')}"  # the same for every try, and no other
        match channel:
            case "mail":
                return self._mail(person, words, now, name=f"{now.name}.{data['seq']}.{who}.{data.get('nth', '')}")
            case "ntfy":
                if self.ntfy is None or not person.ntfy:
                    raise Permanent(f"{who} has no ntfy topic in the settings, or ntfy no server.")
                ref = self.ntfy.publish(
                    person.ntfy, title=words.title, message=words.text, page=words.page, acknowledge=words.acknowledge,
                    key=f"{self._house}/{name}",
                )  # fmt: skip
                return Sent(ref=ref)
            case "slack":
                since = log[int(data["seq"]) - 1].at - CLOCKS_DIFFER
                return self._slack(who, words, now, mark=f"{self._house}/{name}", since=since)
            case "apprise":
                if not person.apprise:
                    raise Permanent(f"{who} has no Apprise address in the settings.")
                return Sent(note=notify(person.apprise, title=words.title, text=words.whole))
            case _:
                gateway = self.gateways.get(channel)
                if gateway is None:
                    raise Permanent(f"The settings have no gateway {channel} any more.")
                if not person.phone:
                    raise Permanent(f"{who} has no phone in the settings.")
                values = {
                    "phone": person.phone, "who": who, "title": words.title, "text": words.text, "page": words.page,
                    "acknowledge": words.acknowledge, "incident": now.name,
                }  # fmt: skip
                return Sent(ref=gateway.ring(values, key=f"{self._house}/{name}"))

    def by_hand(self, verb: str, now: Incident, log: Log) -> ByHand:  # noqa: ARG002  # every messenger's
        """Call them. Whom the runbook names stands beside it anyway."""
        who, _ = of(verb)
        person = self.people.get(who)
        call = f"Call {who}, {person.phone}" if person and person.phone else f"Find {who}, who has no phone here"
        since = f"{now.declared.detected_at:%H:%M} UTC"
        return ByHand(text=f"{call}: {now.outside}. {now.name}, since {since}. Nobody has it yet: can you take it?")

    @property
    def _house(self) -> str:
        """Two houses may share one server or gateway."""
        return urlsplit(self.base_url).netloc

    def _words(self, who: str, now: Incident, log: Log) -> Words:
        private = now.private  # no detail leaves the house
        title = now.outside if private else f"{now.title} ({now.name})"
        asked = next((event for event in reversed(log) if isinstance(event, PeopleAsked)), None)
        why = next((f" ({one.why})" for one in asked.people if one.who == who), "") if asked else ""
        service = f" on {now.declared.service}" if now.declared.service and not private else ""
        secret = self.on_call.accounts.answer_link(who, now.number, self.on_call.now())
        lines = [
            f"{now.severity} {now.severity_name}".strip() + f"{service} since {now.declared.detected_at:%H:%M} UTC.",
            f"You are asked to take it{why}.",
        ]
        if asked:
            lines.append(f"If nobody answers, the next people are asked at {asked.next_at:%H:%M} UTC.")
        return Words(
            title=title,
            text="\n".join(lines),
            page=f"{self.base_url}/incidents/{now.number}",
            acknowledge=f"{self.base_url}/answer/{secret}" if secret else "",
        )

    def _mail(self, person: PersonSettings, words: Words, now: Incident, *, name: str) -> Sent:
        if self.smtp is None or not person.mail:
            raise Permanent("There is no mail address for this person in the settings, or no [smtp] to send by.")
        host = urlsplit(self.base_url).hostname or "fireline"
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.sender, person.mail, words.title
        mail["Message-ID"] = f"<{name}@{host}>"  # the same for each try: programs drop the second copy
        mail["Date"] = format_datetime(now.declared.at)
        mail["Importance"], mail["X-Priority"] = "high", "1"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
        mail["References"] = f"<{now.name}@{host}>"  # one thread an incident
        mail.set_content(words.whole)
        self.smtp.send(mail)
        return Sent(ref=str(mail["Message-ID"]))

    def _slack(self, who: str, words: Words, now: Incident, *, mark: str, since: datetime) -> Sent:
        if self.slack is None:
            raise Permanent("The settings have no [slack] to write to people by.")
        shown = blocks.summons(now.number, words.title, words.text, words.page, words.acknowledge, presses=self.presses)
        text = f"{words.title}\n{words.text}\n{words.page}"  # what a phone's notification shows
        return Sent(ref=self.slack.tell(who, text, mark=mark, since=since, blocks=shown))


def summoner(settings: Settings, on_call: OnCall) -> OnCallMessenger:
    """The messenger with the channels that the settings describe."""
    mail, ntfy, slack = settings.smtp, settings.ntfy, settings.slack
    there = workspace(settings)
    smtp = Smtp(mail.host, mail.port, security=mail.security, user=mail.user, password=mail.password) if mail else None
    return OnCallMessenger(
        on_call=on_call,
        people=settings.people,
        base_url=settings.base_url,
        smtp=smtp,
        sender=mail.sender if mail else "",
        ntfy=Ntfy(ntfy.url, ntfy.token) if ntfy else None,
        gateways={
            name: Gateway(
                one.url, one.body, one.headers | ({"Authorization": f"Bearer {one.token}"} if one.token else {})
            )
            for name, one in settings.gateways.items()
        },
        slack=SlackChat(there, settings.people) if there else None,
        presses=bool(slack and (slack.app_token or slack.signing_secret)),
    )


def of(verb: str) -> tuple[str, str]:
    """The person and the channel of "ask ana by ntfy"."""
    _, who, _, channel = verb.split(" ")
    return who, channel
