"""Access: who is asking, and may they.

People come with a session cookie, programs with a bearer token. A request that changes something and came
with a cookie must come from our own pages: browsers say so in `Sec-Fetch-Site` and `Origin`, and what does
not say so is refused.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.types import ASGIApp, Receive, Scope, Send

from fireline.core.people import Person, must_act
from fireline.core.refusal import Refused
from fireline.store import eyes
from fireline.store.accounts import Accounts

COOKIE = "fireline_session"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
Connection = ASGIConnection[Any, Any, Any, Any]


class SignInNeeded(Refused):
    """Nobody is signed in: a page answers with the sign-in page, everything else with 401."""


@dataclass(frozen=True, slots=True)
class Access:
    """Answers who is asking."""

    accounts: Accounts
    now: Callable[[], datetime]

    def person(self, connection: Connection) -> Person:
        """Who asks for a page or uses the API. Raises `SignInNeeded`, or `Refused(403)` on foreign forms."""
        method = connection.scope.get("method", "GET")
        if token := bearer(connection):
            found = self.accounts.by_token(token, "api", self.now())
        else:
            found = self.accounts.by_session(connection.cookies.get(COOKIE, ""), self.now())
            if found and method not in SAFE:
                from_our_pages(connection)
        if found is None:
            raise SignInNeeded("Sign in first: `fireline people link YOU` makes a link.", status=401)
        if method not in SAFE:
            must_act(found)
        eyes.belong_to(found.handle)
        return found

    def runner(self, connection: Connection) -> str:
        """The name of the runner whose token this is. Raises `Refused(401)`."""
        found = self.accounts.runner_of(bearer(connection) or "", self.now())
        if found is None:
            raise Refused(
                "This wants the token of a runner: `fireline token add --scope runner --label NAME` makes one.",
                status=401,
            )
        eyes.belong_to_the_house()
        return found

    def hook(self, connection: Connection) -> str:
        """The owner of a token that may bring alerts. Raises `Refused(401)`."""
        return self.bringer(connection.headers.get("authorization", ""))

    def bringer(self, authorization: str) -> str:
        """The same, by the header's text."""
        found = self.accounts.by_token(token_in(authorization) or "", "hooks", self.now())
        if found is None:
            raise Refused(
                "This hook wants `Authorization: Bearer TOKEN`. `fireline token add --scope hooks` makes one.",
                status=401,
            )
        return found.handle


def as_stranger(app: ASGIApp) -> ASGIApp:
    """Let every request for people read as a stranger until `Access.person` knows who asks (`store.eyes`)."""

    async def look(scope: Scope, receive: Receive, send: Send) -> None:
        with eyes.of():
            await app(scope, receive, send)

    return look


def bearer(connection: Connection) -> str | None:
    """The token a program sent."""
    return token_in(connection.headers.get("authorization", ""))


def token_in(authorization: str) -> str | None:
    """The token of this header: as bearer, as Opsgenie's GenieKey, or as the password of basic authentication."""
    kind, _, value = authorization.partition(" ")
    match kind.lower():
        case "bearer" | "geniekey":  # what tools that speak Opsgenie call it
            return value.strip() or None
        case "basic":
            try:
                return base64.b64decode(value, validate=True).decode().partition(":")[2] or None
            except (binascii.Error, UnicodeDecodeError):
                return None
        case _:
            return None


def from_our_pages(connection: Connection) -> None:
    """Refuse a form that another site sent in this person's name."""
    site = connection.headers.get("sec-fetch-site")
    origin = connection.headers.get("origin")
    ours = urlsplit(origin).netloc == connection.headers.get("host") if origin else None
    if site in {"same-origin", "none"} if site else ours:
        return
    raise Refused("This request did not come from fireline's own pages. Open the page and try there.", status=403)
