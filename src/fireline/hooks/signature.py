"""Signatures: a webhook is believed when its sender knew the secret and nobody changed a byte on the way.

Each vendor has its own way of writing the same thing, an HMAC over the raw body; a `Scheme` says which. Several
secrets may hold at once, so that one can be changed without losing a webhook: one match is enough. Where a vendor
signs the time as well, what is older than the window is refused, so that a recorded webhook cannot be played again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from fireline.core.refusal import Refused

WINDOW = timedelta(minutes=5)  # as Slack advises: https://docs.slack.dev/authentication/verifying-requests-from-slack/


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """How one vendor signs.

    `header` holds the signature, or several with commas between them; only those that begin with `prefix` count.
    With `time_header` the vendor signs a time too: `signed` then says what stands before the body, such as
    "v0:{time}:". A time is Unix seconds or ISO 8601, and may be `window` away from ours in either direction.
    """

    vendor: str  # as people say it, for the refusal
    header: str
    where: str  # where its secret is set, for the refusal: "`client_secrets` in [sentry]"
    prefix: str = ""
    algorithm: str = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    time_header: str | None = None
    signed: str = "{time}"
    window: timedelta = WINDOW


def check(scheme: Scheme, *, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], at: datetime) -> None:
    """Return if one of `secrets` signed exactly this body. Raises `Refused(401)`, in words, if not.

    `headers` are looked up without regard to case (Litestar's are). `at` is now.
    """
    keys = [secret for secret in secrets if secret]  # an empty secret would be everybody's
    if not keys:
        raise _no(f"{scheme.vendor}'s webhooks are not let in: set {scheme.where}.")
    written = [one.strip() for one in headers.get(scheme.header, "").split(",")]
    offered = [one.removeprefix(scheme.prefix) for one in written if one and one.startswith(scheme.prefix)]
    if not offered:
        like = f" that begins with {scheme.prefix}" if scheme.prefix else ""
        raise _no(f"{scheme.vendor} signs its webhooks: the header {scheme.header} with a signature{like} is missing.")
    message = _when(scheme, headers, at) + body
    rightful = [_sign(scheme, key, message) for key in keys]
    # every pair is compared, each in constant time: how long it takes tells nothing
    matches = [hmac.compare_digest(one.encode(), other.encode()) for one in offered for other in rightful]
    if not any(matches):
        raise _no(
            f"The signature in {scheme.header} fits no secret that fireline has for {scheme.vendor}:"
            f" see that {scheme.where} is the sender's, and that nothing between changes the body."
        )


def _sign(scheme: Scheme, secret: str, message: bytes) -> str:
    digest = hmac.digest(secret.encode(), message, getattr(hashlib, scheme.algorithm))
    return digest.hex() if scheme.encoding == "hex" else base64.b64encode(digest).decode()


def _when(scheme: Scheme, headers: Mapping[str, str], at: datetime) -> bytes:
    """What stands before the body in the signed message; nothing where the vendor signs no time."""
    if scheme.time_header is None:
        return b""
    written = headers.get(scheme.time_header, "").strip()
    time = _moment(written)
    if time is None:
        raise _no(f"{scheme.vendor} signs the time as well: the header {scheme.time_header} holds none.")
    if abs(at - time) > scheme.window:
        raise _no(
            f"{scheme.time_header} is {time:%Y-%m-%d %H:%M:%S}Z, more than {scheme.window.total_seconds() / 60:g}"
            " minutes from now. An old webhook is not taken again; or one of the two clocks is wrong."
        )
    return scheme.signed.format(time=written).encode()


def _moment(written: str) -> datetime | None:
    try:
        if written.isascii() and written.isdigit():
            return datetime.fromtimestamp(int(written), UTC)
        found = datetime.fromisoformat(written)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _no(sentence: str) -> Refused:
    return Refused(sentence, status=401)
