"""Door: where alerts come in by the thousand, in front of the web framework.

It does what a route does (who sends, how much, what is wrong) and nothing else, because a framework costs
more than storing the alert. Every other request passes on untouched. A token is looked up in the database
once in a few seconds; until then a revoked one still brings alerts.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog

from fireline.core.refusal import Refused

LARGEST = 10_000_000  # bytes of a body; Alertmanager's largest groups stay below a tenth of this
TOKEN_GOOD_FOR = timedelta(seconds=5)  # until it is looked up again
TOKENS = 1_000  # remembered at once
MISTAKE = "fireline made a mistake; its log has more under the reference {}."

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Take = Callable[[bytes, datetime], bytes | Awaitable[bytes]]

log = structlog.get_logger(__name__)


class Door:
    """An ASGI application in front of another one."""

    def __init__(
        self,
        behind: Application,
        *,
        takes: Mapping[str, Take],
        check: Callable[[str], object],
        now: Callable[[], datetime],
    ) -> None:
        """`takes`: for each path what to do with a body, and answer; `check` refuses an Authorization header."""
        self.behind = behind
        self._takes, self._check, self._now = takes, check, now
        self._good: dict[bytes, datetime] = {}  # headers, and until when they need no other look

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass it on."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in self._takes:
            await self.behind(scope, receive, send)
            return
        try:
            body = await self._body(scope["headers"], receive)
            if body is None:
                return
            answer = self._takes[scope["path"]](body, self._now())
            if not isinstance(answer, bytes):
                answer = await answer
            status, headers = 200, [TYPE, (b"content-length", b"%d" % len(answer))] if answer else NOTHING
        except Refused as no:
            status, answer, headers = _refused(no)
        except Exception:
            reference = secrets.token_hex(4)
            log.exception("unexpected", reference=reference, path=scope["path"])
            status, answer, headers = _refused(Refused(MISTAKE.format(reference), status=500))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _body(self, headers: Iterable[tuple[bytes, bytes]], receive: Receive) -> bytes | None:
        """What somebody sends who may; None when they have gone. Raises `Refused` without reading what may not be."""
        authorization = b""
        for name, value in headers:
            if name == b"authorization":
                authorization = value
            elif name == b"content-length" and int(value) > LARGEST:  # the server lets only digits pass
                raise _too_large()
        good_until = self._good.get(authorization)
        if good_until is None or self._now() >= good_until:
            await self._check_again(authorization)
        message = await receive()
        body: bytes = message.get("body", b"")
        if message.get("more_body"):
            parts, size = [body], len(body)
            while message.get("more_body"):
                message = await receive()
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > LARGEST:
                    raise _too_large()
            body = b"".join(parts)
        return None if message["type"] == "http.disconnect" else body

    async def _check_again(self, authorization: bytes) -> None:
        """Ask the database who this is. Raises `Refused(401)`."""
        self._good.pop(authorization, None)
        await asyncio.to_thread(self._check, authorization.decode("latin-1"))
        if len(self._good) >= TOKENS:
            self._good.clear()
        self._good[authorization] = self._now() + TOKEN_GOOD_FOR


def _too_large() -> Refused:
    return Refused(f"No more than {LARGEST} bytes at once: send the alerts in several requests.", status=413)


Headers = list[tuple[bytes, bytes]]
TYPE = (b"content-type", b"application/json")
NOTHING: Headers = [(b"content-length", b"0")]


def _refused(no: Refused) -> tuple[int, bytes, Headers]:
    """A refusal as the API says it, too."""
    body = msgspec.json.encode({"error": no.sentence, "field": no.field})
    headers = [TYPE, (b"content-length", b"%d" % len(body))]
    match no.status:
        case 401:
            headers.append((b"www-authenticate", b"Bearer"))
        case 413:
            headers.append((b"connection", b"close"))  # what is still coming is not read
        case 429 | 503:
            headers.append((b"retry-after", b"%d" % (no.retry_after or 5)))
    return no.status, body, headers
