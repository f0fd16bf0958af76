"""Chats: the messengers of those that the settings describe."""

from __future__ import annotations

from fireline.connectors.chat_webhook import ChatWebhook
from fireline.connectors.slack import Slack
from fireline.connectors.smtp import Smtp
from fireline.core import chat
from fireline.core.refusal import Refused
from fireline.settings import Settings
from fireline.store.evidence import EvidenceStore
from fireline.workflows.inform.chat import Blocks, ChatMessenger
from fireline.workflows.inform.messenger import Messenger
from fireline.workflows.inform.pagerduty import called
from fireline.workflows.inform.posts import MailPoster, PostMessenger, WebhookPoster, host
from fireline.workflows.inform.slack import SlackChat
from fireline.workflows.library import Library
from fireline.workflows.on_call import OnCall


def workspace(settings: Settings) -> Slack | None:
    """Slack, where it is set up."""
    one = settings.slack
    return Slack(one.token, one.url, one.user_token) if one else None


def chats(
    settings: Settings, library: Library, evidence: EvidenceStore, on_call: OnCall, blocks: Blocks | None = None
) -> dict[str, Messenger]:
    """One messenger for each chat that is set up. Raises `Refused` where mail has no server."""
    found: dict[str, Messenger] = {}
    if (slack := workspace(settings)) and settings.slack:
        found[chat.ROOMS] = ChatMessenger(
            vendor=chat.ROOMS,
            chat=SlackChat(slack, settings.people),
            base_url=settings.base_url,
            call=settings.chat.call,
            library=library,
            evidence=evidence,
            on_call=on_call,
            leads=settings.slack.leads,
            owners=settings.slack.owners,
            blocks=blocks,
            paged=called(settings),
        )
    posters = {chat.POSTS: _webhook(settings), chat.MAIL: _mail(settings)}
    for vendor, poster in posters.items():
        if poster:
            found[vendor] = PostMessenger(vendor, poster, settings.base_url, settings.chat.call, library)
    return found


def _webhook(settings: Settings) -> WebhookPoster | None:
    one = settings.chat
    return WebhookPoster(ChatWebhook(one.webhook, one.kind)) if one.webhook else None


def _mail(settings: Settings) -> MailPoster | None:
    if not settings.chat.mail:
        return None
    mail = settings.smtp
    if mail is None:
        raise Refused("[chat] mail needs a mail server to send by: set up [smtp].", status=400)
    smtp = Smtp(mail.host, mail.port, security=mail.security, user=mail.user, password=mail.password)
    return MailPoster(smtp, mail.sender, settings.chat.mail, host(settings.base_url))
