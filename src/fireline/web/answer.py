"""Answers: a whole page for a browser, the changed parts for htmx, and always the same safe headers.

A deed done in a page answers htmx with the parts that changed, and everybody else with a redirect to the page
(post, redirect, get), so that every page works without scripts too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from litestar import Request, Response
from litestar.response import Redirect, Template

from fireline.core.people import Person
from fireline.web.rendering import Names

Ask = Request[Any, Any, Any]
Tone = Literal["ok", "bad"]

# Nothing but our own files, no inline script or style, and nobody may put us in a frame.
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # not stricter: browsers then send `Origin: null` with our own forms
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page: who is signed in, everybody's names, how many alerts wait, is it a drill."""

    person: Person
    names: Names
    to_triage: int
    drill: bool
    can: bool = False  # updates are asked for as conditions, actions, needs


def by_htmx(request: Ask) -> bool:
    """The request comes from htmx, which wants a part."""
    return request.headers.get("hx-request") == "true"


def whole(template: str, frame: Frame | None, *, status: int = 200, **context: Any) -> Template:
    """A whole page."""
    return Template(template, context={"frame": frame, **context}, status_code=status, headers=HEADERS)


def part(template: str, frame: Frame, **context: Any) -> Template:
    """A region of a page, as htmx fetches it again."""
    return Template(template, context={"frame": frame, **context}, headers=HEADERS)


def moved(request: Ask, path: str) -> Response[Any]:
    """Go to another page, by htmx or without."""
    if by_htmx(request):
        return Response("", headers=HEADERS | {"HX-Redirect": path}, media_type="text/html")
    return Redirect(path, status_code=303, headers=HEADERS)


def said(sentence: str, *, status: int = 200, tone: Tone = "bad") -> Template:
    """One sentence in the page's own line for such, by htmx."""
    return Template("_said.html", context={"sentence": sentence, "tone": tone}, status_code=status, headers=HEADERS)


def own_path(text: str) -> str:
    """`text` if it is a path of this house, else the home page: a link may not lead people elsewhere."""
    good = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable()
    return quote(text, safe="/?=&#%-._~:@!$'()*+,;") if good else "/"
