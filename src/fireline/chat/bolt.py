"""Bolt: Slack's own framework tells commands, buttons, forms and events apart, whichever way they came.

It asks nobody: whether Slack sent this is known before (the signature, or the Socket Mode connection), and who may act
is decided by `people`. What nothing here listens to is acknowledged, or Slack would tell it again and again.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

import structlog

from fireline.chat.clerk import Clerk
from fireline.connectors.http import ConnectorError
from fireline.core.refusal import Refused

if TYPE_CHECKING:
    from slack_bolt import App, BoltResponse

ANY = re.compile("")
MAYBE_LATER = 503  # Slack tells an event again: at once, after a minute, after five

log = structlog.get_logger(__name__)


def listener(clerk: Clerk) -> App:
    """The application that hands everything to the clerk."""
    # imported here: a house without Slack stays 20 MB smaller, and a command line starts at once
    from slack_bolt import App  # noqa: PLC0415
    from slack_bolt.authorization import AuthorizeResult  # noqa: PLC0415

    quiet = logging.getLogger("fireline.chat.bolt")
    quiet.setLevel(logging.CRITICAL)  # its sentences are for developers; ours are in structlog
    app = App(
        name="fireline",
        logger=quiet,
        authorize=lambda enterprise_id, team_id: AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id),
        process_before_response=True,
        request_verification_enabled=False,
        ignoring_self_events_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    app.command(ANY)(clerk.command)
    app.action(ANY)(clerk.press)
    app.view(ANY)(clerk.submit)
    app.view_closed(ANY)(lambda ack: ack())
    app.shortcut(ANY)(lambda ack: ack())
    app.event(ANY)(clerk.event)
    app.error(_trouble)
    return app


def answered(app: App, body: dict[str, Any], headers: dict[str, str]) -> BoltResponse:
    """What the application answers to a body that Slack sent."""
    from slack_bolt import BoltRequest  # noqa: PLC0415

    # as in Socket Mode, where the body is read already: its own reader loses a command with the word "payload"
    return app.dispatch(BoltRequest(body=body, headers=dict(headers), mode="socket_mode"))


def _trouble(error: Exception) -> BoltResponse:
    """The answer to a payload that could not be taken, or not just now."""
    from slack_bolt import BoltResponse  # noqa: PLC0415

    match error:
        case Refused(status=status, sentence=sentence):
            return BoltResponse(status=status, body={"error": sentence})
        case ConnectorError(reason=reason):
            log.warning("chat", trouble=reason)
            return BoltResponse(status=MAYBE_LATER, body={"error": reason})
        case _:
            log.error("chat", exc_info=error)
            return BoltResponse(status=500, body={"error": "fireline made a mistake; its log has more."})
