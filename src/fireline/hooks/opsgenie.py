"""Opsgenie's Alert API, as far as tools need it to raise and end alerts: `Authorization: GenieKey TOKEN`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from time import perf_counter
from typing import Annotated, Any, Literal
from uuid import uuid4

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import HTTPException
from litestar.openapi import ResponseSpec
from litestar.params import QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED
from litestar.types import ExceptionHandlersMap

from fireline.access import Access
from fireline.connectors import opsgenie
from fireline.core.alert import Alert
from fireline.core.outside import clean
from fireline.core.refusal import AWAY, Refused
from fireline.store.alerts import AlertStore

PATH = "/v2/alerts"
Answer = dict[str, Any]
Kind = Annotated[Literal["id", "alias", "tiny"], QueryParameter(name="identifierType")]
DONE = {"create": ("Create", "Created alert"), "close": ("Close", "Closed alert")}


def _refused(_: Request[Any, Any, Any], no: Exception) -> Response[Answer]:
    """A no in the shape Opsgenie's clients read."""
    status, said = 500, "fireline made a mistake; its log says more."
    headers = {}
    match no:
        case Refused():
            status, said = no.status, no.sentence
            headers = {"Retry-After": "5"} if status == AWAY else {}
        case HTTPException() if no.status_code < 500:
            status, said = no.status_code, no.detail
    return Response({"message": said, "took": 0.0, "requestId": str(uuid4())}, status_code=status, headers=headers)


NOES: ExceptionHandlersMap = {Refused: _refused, HTTPException: _refused}


class No(msgspec.Struct, frozen=True, rename="camel"):
    """Why not, as Opsgenie says it."""

    message: str
    took: float
    request_id: str


WORDS = {400: "Something in it is wrong.", 401: "The key is wrong.", 404: "There is no such thing.", 413: "Too much."}
WORDS |= {429: "Too fast.", 500: "fireline made a mistake.", 503: "The database does not answer."}
SAYS_NO = {status: ResponseSpec(No, generate_examples=False, description=said) for status, said in WORDS.items()}


@post("/v2/alerts", status_code=HTTP_202_ACCEPTED, exception_handlers=NOES, responses=SAYS_NO)
async def create(
    request: Request[Any, Any, Any], access: Access, alerts: AlertStore, now: Callable[[], datetime]
) -> Answer:
    """Raise an alert, or change the open one with this alias. It is on the disk when this is answered."""
    began = perf_counter()
    await asyncio.to_thread(access.hook, request)
    alert = opsgenie.created(await request.body(), now(), alias=str(uuid4()))
    await asyncio.to_thread(alerts.take, (alert,), now())
    return _done("create", alert.fingerprint, now(), began)


@post("/v2/alerts/{rest:path}", status_code=HTTP_202_ACCEPTED, exception_handlers=NOES, responses=SAYS_NO)
async def close(
    *, request: Request[Any, Any, Any], rest: str, kind: Kind = "id", access: Access, alerts: AlertStore,
    now: Callable[[], datetime],
) -> Answer:  # fmt: skip
    """End the alert with this alias or id: the path goes on with it and with /close.

    Of one that is not known there is nothing to end: that is no error. An alias may hold a slash.
    """
    began = perf_counter()
    await asyncio.to_thread(access.hook, request)
    identifier, _, verb = rest.strip("/").rpartition("/")
    if verb != "close" or not identifier:
        raise Refused("Of Opsgenie's API fireline takes creating and closing alerts, nothing else.", status=404)
    if kind == "tiny":
        raise Refused("fireline has no tiny ids. Close by alias or by id.", status=400, field="identifierType")
    fingerprint = opsgenie.key_of(identifier) if kind == "alias" else clean(identifier)
    body = await request.body()
    await asyncio.to_thread(_close, alerts, fingerprint, body, now())
    return _done("close", fingerprint, now(), began)


@get("/v2/alerts/requests/{request_id:str}", status_code=HTTP_200_OK, exception_handlers=NOES, responses=SAYS_NO)
async def status(
    *, request: Request[Any, Any, Any], request_id: str, access: Access, alerts: AlertStore,
) -> Answer:  # fmt: skip
    """What became of a request. Everything was done before it was answered, so this only tells it again."""
    began = perf_counter()
    await asyncio.to_thread(access.hook, request)
    asked = opsgenie.request(request_id)
    alert = await asyncio.to_thread(_ours, alerts, asked.alert)
    action, done = DONE[asked.action]
    found: Answer = {"alertId": asked.alert, "alias": alert.key} if alert else {}
    said = done if alert else "Alert does not exist"
    data = {"action": action, "processedAt": asked.at, "isSuccess": alert is not None, "status": said, **found}
    return {"data": data, "took": perf_counter() - began, "requestId": asked.id}


def _close(alerts: AlertStore, fingerprint: str, body: bytes, at: datetime) -> None:
    known = _ours(alerts, fingerprint)
    if known and known.firing:
        alerts.take((opsgenie.closed(body, known, at),), at)


def _ours(alerts: AlertStore, fingerprint: str) -> Alert | None:
    """The alert, if it came in here: nobody ends Prometheus' alerts through this door."""
    known = alerts.find(fingerprint)
    return known if known and known.source == opsgenie.SOURCE else None


def _done(action: opsgenie.Action, fingerprint: str, at: datetime, began: float) -> Answer:
    request = opsgenie.Request(action, at, fingerprint)
    return {"result": "Request will be processed", "took": perf_counter() - began, "requestId": request.id}


handlers = (create, close, status)
