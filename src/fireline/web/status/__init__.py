"""The public status page: no scripts, no sign-in, and no question to the database while somebody waits.

It is made from the newest board in memory, so it stays when everything behind it is away; then it says of when it is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any

import msgspec
from litestar import HttpMethod, Request, Response, Router, get, post, route
from litestar.enums import RequestEncodingType
from litestar.exceptions import HTTPException
from litestar.params import Body

from fireline.core.refusal import Refused
from fireline.web.status.rendered import HTML, Look, Rendered, message, render
from fireline.workflows.status_page import StatusPage

Ask = Request[Any, Any, Any]
READ = [HttpMethod.GET, HttpMethod.HEAD]
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # addresses that confirm and leave hold a token
}
# Proxies may keep it for as long as a new notice may be late, and longer when we do not answer.
# https://www.rfc-editor.org/rfc/rfc5861
KEEP = "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"
NOT_MODIFIED = 304


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """The form: where mail should go."""

    mail: str = ""


@route(["/", "/{path:path}"], http_method=READ, sync_to_thread=False)
def page(request: Ask, status_page: StatusPage, now: Callable[[], datetime], path: str = "") -> Response[bytes]:
    """Any page, feed or JSON document."""
    _served(status_page)
    board, stale = status_page.boards.current()
    look = Look(at=now(), stale=stale, mail=status_page.letters is not None)
    found = render(str(path).strip("/"), board, look)
    if found is None:
        raise Refused("There is no such page. The first page tells how things are.", status=404)
    return _answer(request, found)


@post("/subscribers", sync_to_thread=True, status_code=200)
def subscribe(
    *, data: Annotated[Wish, Body(media_type=RequestEncodingType.URL_ENCODED)], status_page: StatusPage,
    now: Callable[[], datetime],
) -> Response[bytes]:  # fmt: skip
    """Somebody wants mail. The answer is the same whether they get it already or not."""
    _served(status_page)
    if status_page.letters is None:
        raise Refused("This page sends no mail. Its feeds tell the same.", status=404)
    if asked := status_page.subscribers.ask(data.mail, now()):
        status_page.letters.link(*asked)
    sentence = "A mail is on its way, unless this address is subscribed already. Follow its link to say yes."
    return _said(status_page, now(), "Look into your mail", sentence)


@get("/confirm/{token:str}", sync_to_thread=False)
def confirm_page(token: str, status_page: StatusPage, now: Callable[[], datetime]) -> Response[bytes]:
    """A button: programs that look into mails follow links, and press nothing."""
    return _said(status_page, now(), "One press more", "Do you want mail about this page?", button="Yes, send me mail")


@post("/confirm/{token:str}", sync_to_thread=True, status_code=200)
def confirm(token: str, status_page: StatusPage, now: Callable[[], datetime]) -> Response[bytes]:
    """The address is subscribed from now on."""
    _served(status_page)
    mail = status_page.subscribers.confirm(token, now())
    return _said(status_page, now(), "Subscribed", f"{mail} gets every update from now on.")


@get("/leave/{token:str}", sync_to_thread=False)
def leave_page(token: str, status_page: StatusPage, now: Callable[[], datetime]) -> Response[bytes]:
    """A button, for the same reason."""
    return _said(status_page, now(), "One press more", "Do you want no more mail?", button="Send me no more mail")


@post("/leave/{token:str}", sync_to_thread=True, status_code=200)
def leave(token: str, status_page: StatusPage, now: Callable[[], datetime]) -> Response[bytes]:
    """The subscription is over; a mail program's own button does the same (RFC 8058)."""
    _served(status_page)
    status_page.subscribers.leave(token, now())
    return _said(status_page, now(), "No more mail", "You get no more mail about this page.")


def refused(_: Ask, no: Refused) -> Response[bytes]:
    """A refusal in plain text: it needs no board, and says nothing of the house."""
    return Response(f"{no.sentence}\n".encode(), status_code=no.status, media_type="text/plain; charset=utf-8",
                    headers=HEADERS | {"Cache-Control": "no-store"})  # fmt: skip


def wrong(request: Ask, trouble: HTTPException) -> Response[bytes]:
    """A request that no page takes."""
    sentence = "There is no such page." if trouble.status_code == 404 else "This request does not fit."
    return refused(request, Refused(sentence, status=trouble.status_code))


router = Router(
    "/status",
    route_handlers=[page, subscribe, confirm_page, confirm, leave_page, leave],
    exception_handlers={Refused: refused, HTTPException: wrong},
    include_in_schema=False,
)


def _served(status_page: StatusPage) -> None:
    if not status_page.served:
        raise Refused("There is no status page here.", status=404)


def _answer(request: Ask, found: Rendered) -> Response[bytes]:
    tag = f'"{sha256(found.body).hexdigest()[:32]}"'
    headers = HEADERS | {"ETag": tag, "Cache-Control": KEEP}
    if found.kind != HTML:
        headers["Access-Control-Allow-Origin"] = "*"  # other people's pages may show ours
    asked = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if tag in asked or "*" in asked:
        return Response(b"", status_code=NOT_MODIFIED, headers=headers)
    body = b"" if request.method == "HEAD" else found.body
    if request.method == "HEAD":
        headers["Content-Length"] = str(len(found.body))
    return Response(body, media_type=found.kind, headers=headers)


def _said(status_page: StatusPage, at: datetime, title: str, sentence: str, *, button: str = "") -> Response[bytes]:
    _served(status_page)
    board, stale = status_page.boards.current()
    body = message(title, sentence, board, Look(at=at, stale=stale), button=button)
    return Response(body, media_type=HTML, headers=HEADERS | {"Cache-Control": "no-store"})
