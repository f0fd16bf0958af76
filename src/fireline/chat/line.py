"""Line: Socket Mode. fireline calls Slack and keeps the line open, so that nothing has to reach it from outside.

Slack's own client keeps a line alive and makes a new one when it breaks or when Slack asks for it. The first one is
tried again until it stands; what was not acknowledged on a broken line Slack sends again on the next.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from fireline.core.refusal import Refused
from fireline.workflows.beat import Beat

if TYPE_CHECKING:
    from slack_bolt import App, BoltResponse
    from slack_sdk.socket_mode.builtin import SocketModeClient
    from slack_sdk.socket_mode.request import SocketModeRequest

EVERY = 5.0  # seconds between tries to connect, and between looks whether the line still stands

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Line:
    """One line to Slack, in threads of its own. `every` is in seconds."""

    app: Callable[[], App]
    token: str = field(repr=False)
    url: str
    every: float = field(default_factory=lambda: EVERY)
    _client: SocketModeClient | None = field(default=None, init=False)
    _beat: Beat | None = field(default=None, init=False)
    _closing: threading.Event = field(default_factory=threading.Event, init=False)

    def start(self) -> None:
        """Begin to connect."""
        self._beat = Beat("slack", self.look, every=self.every)
        self._beat.start()

    def stop(self) -> None:
        """Hang up."""
        self._closing.set()
        if self._beat:
            self._beat.stop()
        if self._client:
            _end(self._client)

    @property
    def open(self) -> bool:
        """Whether the line stands."""
        return self._client is not None and self._client.is_connected()

    def look(self) -> None:
        """Connect, unless that is done: from then on Slack's client looks after the line. Raises `Refused`."""
        from slack_sdk.errors import SlackApiError, SlackClientError  # noqa: PLC0415

        if self._client is not None or self._closing.is_set():
            return
        client = self._new()
        try:
            client.connect()
        except (SlackApiError, SlackClientError, OSError, ValueError) as trouble:
            _end(client)
            error = trouble.response.get("error", "") if isinstance(trouble, SlackApiError) else type(trouble).__name__
            raise Refused(f"The Socket Mode line to Slack does not stand ({error}). It is tried again.") from None
        self._client = client
        log.info("slack", line="open")

    def _new(self) -> SocketModeClient:
        from slack_sdk import WebClient  # noqa: PLC0415
        from slack_sdk.socket_mode.builtin import SocketModeClient  # noqa: PLC0415

        quiet = logging.getLogger("fireline.chat.line")
        quiet.setLevel(logging.CRITICAL)  # it would log whole messages
        client = SocketModeClient(
            app_token=self.token,
            web_client=WebClient(base_url=self.url, timeout=10, retry_handlers=[], logger=quiet),
            logger=quiet,
            ping_interval=self.every,
            concurrency=8,
        )
        client.socket_mode_request_listeners.append(self._take)
        return client

    def _take(self, client: Any, asked: SocketModeRequest) -> None:
        """One envelope: done as over HTTP, acknowledged when it was taken."""
        from slack_bolt.adapter.socket_mode.internals import run_bolt_app, send_response  # noqa: PLC0415

        answer: BoltResponse = run_bolt_app(self.app(), asked)
        send_response(client, asked, answer, 0.0)


def _end(client: SocketModeClient) -> None:
    """Close it for good. Its threads may be closing or renewing the line just now, which its own `close` trips over."""
    for _ in range(3):
        try:
            client.close()
        except AttributeError:  # the socket was there when it looked, and gone when it closed it
            continue
        break
    client.disconnect()  # the line that its last thread may have made meanwhile
