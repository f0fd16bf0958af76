"""Signing in: a one-time link, opened, and a button pressed. No password exists.

The link only shows a button: chat programs and mail scanners open links to preview them, and a preview must
not use the link up.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.params import Body, QueryParameter
from litestar.response import Redirect, Template

from fireline.access import COOKIE, from_our_pages
from fireline.settings import Settings
from fireline.store.accounts import SESSION_GOOD_FOR, Accounts
from fireline.web.answer import HEADERS, Ask, own_path, whole


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """The link's secret, and where to go afterwards."""

    secret: str = ""
    next: str = "/"


@get("/sign-in", sync_to_thread=False)
def how(back: Annotated[str, QueryParameter(name="next")] = "/") -> Template:
    """How to get a link."""
    return whole("sign_in.html", None, secret="", next=own_path(back))


@get("/sign-in/{secret:str}", sync_to_thread=False)
def knock(secret: str) -> Template:
    """The button that uses the link up."""
    return whole("sign_in.html", None, secret=secret, next="/")


@post("/sign-in", sync_to_thread=True)
def enter(
    request: Ask, data: Annotated[Link, Body(media_type=RequestEncodingType.URL_ENCODED)], accounts: Accounts,
    settings: Settings, now: Callable[[], datetime],
) -> Response[Any]:  # fmt: skip
    """Use the link up and begin a session."""
    from_our_pages(request)
    secret = data.secret.strip().rsplit("/", 1)[-1]  # people paste the whole link
    session = accounts.sign_in(secret, now())
    cookie = Cookie(
        COOKIE, value=session, httponly=True, samesite="lax", path="/", secure=settings.base_url.startswith("https:"),
        max_age=int(SESSION_GOOD_FOR.total_seconds()),
    )  # fmt: skip
    return Redirect(own_path(data.next), status_code=303, cookies=[cookie], headers=HEADERS)


@post("/sign-out", sync_to_thread=True)
def leave(request: Ask, accounts: Accounts) -> Response[Any]:
    """End the session."""
    from_our_pages(request)
    accounts.sign_out(request.cookies.get(COOKIE, ""))
    gone = Cookie(COOKIE, value="", httponly=True, samesite="lax", path="/", max_age=0)
    return Redirect("/sign-in", status_code=303, cookies=[gone], headers=HEADERS)


handlers = (how, knock, enter, leave)
