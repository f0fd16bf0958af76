"""Who asks, and by which name a deed is known, so that a request sent twice is done once."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request
from litestar.params import HeaderParameter

from fireline.access import Access
from fireline.core.people import Person
from fireline.core.refusal import Refused
from fireline.store.ledger import door_key

KEY_MIN_CHARS = 16  # a UUID has 36; "1" and "retry" would be somebody else's key, too
KEY_MAX_CHARS = 200

KeyHeader = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        required=False,
        description="16 to 200 characters, such as a UUID. The same key on the same path is done once.",
    ),
]


def person(request: Request[Any, Any, Any], access: Access) -> Person:
    """Whoever holds the token or the session. Raises `SignInNeeded`, or `Refused(403)`."""
    return access.person(request)


def key(request: Request[Any, Any, Any], idempotency_key: KeyHeader = None) -> str | None:
    """The deed's name for the ledger, from the `Idempotency-Key` header; None without one."""
    if idempotency_key is None:
        return None
    if not KEY_MIN_CHARS <= len(idempotency_key) <= KEY_MAX_CHARS:
        raise Refused(
            f"An Idempotency-Key has {KEY_MIN_CHARS} to {KEY_MAX_CHARS} characters; a UUID does.",
            status=400, field="Idempotency-Key",
        )  # fmt: skip
    return door_key(request.url.path, idempotency_key)
