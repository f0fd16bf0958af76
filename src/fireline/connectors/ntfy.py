"""ntfy: wake a phone by its app, through ntfy.sh or a server of one's own.

A message published as JSON: https://docs.ntfy.sh/publish/#publish-as-json
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from fireline.connectors.http import Http

LOUDEST = 5  # vibrates and rings through; https://docs.ntfy.sh/publish/#message-priority
MESSAGE_MAX_BYTES = 4096  # a longer one becomes an attachment; https://docs.ntfy.sh/publish/#limitations


class Ntfy:
    """One ntfy server."""

    def __init__(self, url: str, token: str = "", *, http: Http | None = None) -> None:
        """`token` where the server wants one: https://docs.ntfy.sh/publish/#access-tokens."""
        self._url = url.rstrip("/") + "/"
        self._headers = {"Authorization": f"Bearer {token}"} if token else None
        self._http = http or Http()

    def publish(self, topic: str, *, title: str, message: str, page: str, acknowledge: str = "", key: str = "") -> str:
        """Ring this topic. A tap opens `page`; a button posts to `acknowledge`. The answer is the message's id.

        A second message of the same `key` takes the first one's place on the phone; a server older than 2.16 shows
        it beside the first, and whoever is asked twice is awake. Raises Temporary or Permanent.
        """
        body: dict[str, Any] = {
            "topic": topic,
            "title": title,
            "message": message.encode()[:MESSAGE_MAX_BYTES].decode(errors="ignore"),
            "priority": LOUDEST,
            "tags": ["rotating_light"],
            "click": page,
        }
        if key:
            # https://docs.ntfy.sh/publish/#updating-deleting-notifications: up to 64 letters, digits, - and _
            body["sequence_id"] = sha256(key.encode()).hexdigest()[:32]
        if acknowledge:
            # https://docs.ntfy.sh/publish/#send-http-request: the phone posts, no browser opens
            body["actions"] = [
                {"action": "http", "label": "Acknowledge", "url": acknowledge, "method": "POST", "clear": True}
            ]
        answer = self._http.post(self._url, body, headers=self._headers, words=lambda said: str(said.get("error", "")))
        return str((answer or {}).get("id", ""))
