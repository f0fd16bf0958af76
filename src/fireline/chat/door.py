"""Door: where Slack knocks over HTTP. One address for commands, buttons, forms and events.

What comes in is believed when Slack signed exactly this body within the last five minutes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Request, Response, post
from litestar.status_codes import HTTP_200_OK

from fireline.core.refusal import Refused

if TYPE_CHECKING:
    from fireline.chat import Chat

FORM = "application/x-www-form-urlencoded"


@post("/hooks/slack", status_code=HTTP_200_OK, include_in_schema=False)
async def knock(request: Request[Any, Any, Any], chat: Any, now: Callable[[], datetime]) -> Response[Any]:
    """Take what Slack sends. 401 where Slack did not sign it, 400 where it cannot be read."""
    body, found = await request.body(), _chat(chat)
    believe(found.secrets, request.headers, body, now())
    payload = read(body, request.headers.get("content-type", ""))
    answer = await asyncio.to_thread(found.take, payload, dict(request.headers))
    kind = next(iter(answer.headers.get("content-type", ())), "text/plain")
    return Response(answer.body or "", status_code=answer.status, media_type=kind.partition(";")[0])


def believe(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, at: datetime) -> None:
    """Return if Slack signed this body just now. Raises `Refused(401)`.

    Several secrets hold at once while one is changed for another.
    """
    from slack_sdk.signature import Clock, SignatureVerifier  # noqa: PLC0415  # as in `bolt`

    class House(Clock):
        def now(self) -> float:
            return at.timestamp()

    time, signature = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
    good = False
    if time.isascii() and time.isdigit() and len(time) < 12 and signature.isascii() and not _broken(body):
        verifiers = [SignatureVerifier(one, House()) for one in secrets]
        # all are asked, each in constant time
        good = any([one.is_valid(body=body, timestamp=time, signature=signature) for one in verifiers])  # noqa: C419
    if not good:
        raise Refused(
            "Slack did not sign this, or not within the last five minutes: see that `signing_secret` in [slack] is"
            " the app's, that both clocks are right, and that nothing between changes the body.",
            status=401,
        )


def read(body: bytes, kind: str) -> dict[str, Any]:
    """What the body says: a form (a command), a form around JSON (a button), JSON (an event). Raises `Refused(400)`."""
    try:
        if kind.partition(";")[0].strip().lower() == FORM:
            form = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
            found = msgspec.json.decode(form["payload"]) if "payload" in form else form
        else:
            found = msgspec.json.decode(body)
    except (ValueError, msgspec.DecodeError) as trouble:
        raise Refused(f"This body is neither a form nor JSON: {trouble}.", status=400) from trouble
    if not isinstance(found, dict):
        raise Refused("Slack sends an object, and this is none.", status=400)
    return found


def _broken(body: bytes) -> bool:
    """No text: what checks the signature would stumble over it."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return True
    return False


def _chat(chat: Any) -> Chat:
    found: Chat = chat
    return found


handlers = (knock,)
