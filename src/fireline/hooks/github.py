"""GitHub's webhook: every change it tells of is kept for the incident that may follow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from litestar import Request, post
from litestar.status_codes import HTTP_200_OK

from fireline.connectors.github import from_webhook
from fireline.core.refusal import Refused
from fireline.hooks.signature import Scheme, check
from fireline.settings import Settings
from fireline.store.deploys import Deploys

# https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
SIGNED = Scheme(vendor="GitHub", header="X-Hub-Signature-256", where="`secrets` in [github]", prefix="sha256=")


@post("/hooks/github", status_code=HTTP_200_OK)
async def webhook(
    request: Request[Any, Any, Any], deploys: Deploys, settings: Settings, now: Callable[[], datetime]
) -> dict[str, int]:
    """Take a webhook. Answers whether it was a change, and whether it told anything new."""
    known = settings.github
    if known is None:
        raise Refused("GitHub is not set up: the settings have no [github].", status=404)
    body = await request.body()
    check(SIGNED, headers=request.headers, body=body, secrets=known.secrets, at=now())
    event = request.headers.get("x-github-event", "")
    if not event:
        raise Refused("A webhook of GitHub's names its event in X-GitHub-Event.", status=400, field="X-GitHub-Event")
    if body.startswith(b"payload="):
        raise Refused("This webhook is sent as a form. Set its content type to application/json.", status=400)
    change = from_webhook(event, body, now(), known.services)
    if change is None:
        return {"stored": 0, "changed": 0}
    return {"stored": 1, "changed": int(await asyncio.to_thread(deploys.keep, change))}


handlers = (webhook,)
