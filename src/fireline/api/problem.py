"""Every no of the API: one shape, one sentence, and never a stack trace for the one who asked."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.openapi import ResponseSpec
from litestar.types import ExceptionHandlersMap

from fireline.core.refusal import Refused

log = structlog.get_logger(__name__)

# how msgspec ends its sentences, and the two that name a field by themselves
WHERE = re.compile(r"^(?P<said>.*?) - at `\$\.?(?P<field>[^`]*)`$", re.DOTALL)
UNKNOWN = re.compile(r"unknown field `(?P<field>[^`]*)`")
MISSING = re.compile(r"missing required field `(?P<field>[^`]*)`")
ALIASES = {"which": "state"}  # `state` is a name that Litestar keeps for itself


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why not. `field` names the field of the request that is to blame, when one is."""

    error: str
    field: str | None = None


def refused(_: Request[Any, Any, Any], no: Refused) -> Response[Problem]:
    """A refusal, in its own words."""
    headers = {"WWW-Authenticate": "Bearer"} if no.status == 401 else {}
    if no.status in {429, 503}:
        headers = {"Retry-After": str(no.retry_after or 5)}
    return _answer(no.status, Problem(error=no.sentence, field=no.field), headers)


def wrong_request(request: Request[Any, Any, Any], trouble: HTTPException) -> Response[Problem]:
    """A request that no handler could take: says which field, or what there is instead."""
    if trouble.status_code >= 500:
        return unexpected(request, trouble)
    path = request.scope["path"]
    match trouble:
        case NotFoundException():
            problem = Problem(error=f"There is nothing at {path}. /api/docs lists what there is.")
        case MethodNotAllowedException():
            problem = Problem(error=f"{path} does not take {request.method}. /api/docs lists what it takes.")
        case _:
            problem = _blame(trouble)
    return _answer(trouble.status_code, problem, trouble.headers or {})


def unexpected(request: Request[Any, Any, Any], trouble: Exception) -> Response[Problem]:
    """A bug: the log gets the trace, whoever asked gets the reference to find it by."""
    reference = secrets.token_hex(4)
    log.error("unexpected", reference=reference, path=request.scope["path"], exc_info=trouble)
    sentence = f"fireline made a mistake; its log has more under the reference {reference}."
    return _answer(500, Problem(error=sentence), {})


exception_handlers: ExceptionHandlersMap = {
    Refused: refused,
    HTTPException: wrong_request,
    Exception: unexpected,
}


def says_no(*statuses: int) -> Mapping[int, ResponseSpec]:
    """For a route's document: the noes it may answer with, besides those that any route may."""
    meaning = {
        400: "The request is wrong; `field` says where.", 401: "Nobody is signed in.",
        403: "This person may not.", 404: "There is no such thing.",
        409: "The state of the incident forbids it.", 413: "Too much.", 429: "Too fast: `Retry-After` says when.",
        500: "fireline made a mistake.", 503: "The database does not answer, or too many act at once: try again.",
    }  # fmt: skip
    return {
        status: ResponseSpec(Problem, generate_examples=False, description=meaning[status])
        for status in sorted({400, 401, 500, 503, *statuses})
    }


def _blame(trouble: HTTPException) -> Problem:
    """The first complaint with its field: Litestar lists them in `extra`, msgspec ends its sentence with them."""
    first: Any = trouble.extra[0] if isinstance(trouble.extra, list) and trouble.extra else {}
    said, field = str(first.get("message") or trouble.detail), str(first.get("key") or "")
    if found := UNKNOWN.search(said):
        return Problem(error=f"There is no field {found['field']} here.", field=found["field"])
    if found := MISSING.search(said):
        return Problem(error=f"The field {found['field']} is missing.", field=found["field"])
    if found := WHERE.match(said):
        said, field = found["said"], found["field"]
    if said == "'data'":  # Litestar's way to say that there is no body at all
        return Problem(error="This needs a JSON object as its body.", field="body")
    if not field or field == "data":
        return Problem(error=f"The body is not the JSON that this takes: {_plain(said)}.", field="body")
    field = ALIASES.get(field, field)
    return Problem(error=f"{field}: {_plain(said)}.", field=field)


def _plain(said: str) -> str:
    return said.rstrip(".").replace("`", "")


def _answer(status: int, problem: Problem, headers: Mapping[str, str]) -> Response[Problem]:
    return Response(problem, status_code=status, headers=dict(headers), media_type="application/json")
