"""Chat webhook: post a message to Mattermost or Microsoft Teams, which give it an address and nothing else.

Mattermost: https://developers.mattermost.com/integrate/webhooks/incoming/. Teams, through its Workflows app, takes an
Adaptive Card: https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook.

A webhook takes no key and tells nothing back, so a message whose answer got lost is not posted again: it may be there.
"""

from __future__ import annotations

from typing import Any, Literal

from fireline.connectors.http import Http, Permanent, Temporary, host_of

Kind = Literal["mattermost", "teams"]
CARD = "application/vnd.microsoft.card.adaptive"
TEXT_MAX_CHARS = {"mattermost": 16_383, "teams": 20_000}  # Mattermost's limit of a post; Teams takes 28 kB of JSON
# What `connectors.http` says where nothing was sent: these can be tried again without harm.
NOT_SENT = ("refused the connection", "does not resolve", "certificate", "TLS handshake")


class ChatWebhook:
    """One incoming webhook."""

    def __init__(self, url: str, kind: Kind = "mattermost", *, http: Http | None = None) -> None:
        self._url, self._kind, self._http = url, kind, http or Http()

    def post(self, text: str) -> None:
        """Write it. Raises Temporary, or Permanent where it may have arrived."""
        body = self._body(text[: TEXT_MAX_CHARS[self._kind]])
        try:
            self._http.post(self._url, body)
        except Temporary as trouble:
            if trouble.status is not None or any(words in trouble.reason for words in NOT_SENT):
                raise
            raise Permanent(f"{trouble.reason} It may be there: look before you say it by hand.") from None

    @property
    def host(self) -> str:
        """The host it posts to; the rest of the address is a key."""
        return host_of(self._url)

    def _body(self, text: str) -> dict[str, Any]:
        if self._kind == "mattermost":
            return {"text": text, "username": "fireline"}
        part = {"type": "TextBlock", "text": text.replace("\n", "\n\n"), "wrap": True}
        content = {"type": "AdaptiveCard", "version": "1.4", "body": [part]}
        return {"type": "message", "attachments": [{"contentType": CARD, "content": content}]}
