"""Trouble: every no and every mistake as a page in plain words, never a stack trace."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import quote

import structlog
from litestar import Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect
from litestar.types import ExceptionHandlersMap

from fireline.access import SignInNeeded
from fireline.core.refusal import Refused
from fireline.web.answer import HEADERS, Ask, by_htmx, said, whole

TITLES = {
    400: "That does not fit", 403: "Not with this account", 404: "There is no such page", 405: "Not like this",
    409: "Not now", 413: "Too much", 503: "Try again in a moment",
}  # fmt: skip

log = structlog.get_logger(__name__)


def sign_in_needed(request: Ask, _: SignInNeeded) -> Response[Any]:
    """Off to the sign-in page, and back afterwards."""
    back = request.url.path if request.method == "GET" else "/"
    address = f"/sign-in?next={quote(back)}" if back != "/" else "/sign-in"
    if by_htmx(request):
        return Response("", status_code=401, headers=HEADERS | {"HX-Redirect": "/sign-in"}, media_type="text/html")
    if "text/event-stream" in request.headers.get("accept", ""):
        return Response("Sign in first.", status_code=401, headers=HEADERS, media_type="text/plain")
    return Redirect(address, status_code=303, headers=HEADERS)


def refused(request: Ask, no: Refused) -> Any:
    """A refusal in its own words, where the person looks."""
    return _answer(request, no.status, no.sentence)


def wrong_request(request: Ask, trouble: HTTPException) -> Any:
    """A request that no page takes."""
    if trouble.status_code >= 500:
        return unexpected(request, trouble)
    if trouble.status_code == 404:
        return _answer(request, 404, "The address leads nowhere. The incidents are on the home page.")
    return _answer(request, trouble.status_code, "This form or address does not fit. Go back and reload the page.")


def unexpected(request: Ask, trouble: Exception) -> Any:
    """A bug: the log gets the trace, the person gets the reference to find it by."""
    reference = secrets.token_hex(4)
    log.error("unexpected", reference=reference, path=request.scope["path"], exc_info=trouble)
    sentence = f"fireline made a mistake. Its log has more under the reference {reference}; nothing you wrote was kept."
    return _answer(request, 500, sentence, title="That went wrong")


exception_handlers: ExceptionHandlersMap = {
    SignInNeeded: sign_in_needed,
    Refused: refused,
    HTTPException: wrong_request,
    Exception: unexpected,
}


def _answer(request: Ask, status: int, sentence: str, title: str | None = None) -> Any:
    if by_htmx(request):
        return said(sentence, status=status)
    title = title or TITLES.get(status, "That did not work")
    return whole("trouble.html", None, status=status, title=title, sentence=sentence, code=status)
