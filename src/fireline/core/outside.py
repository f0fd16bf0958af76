"""Outside: what other systems send, read without trusting it.

A body that cannot be read is refused with the name of the field. Text is kept as it was sent, but for the
control characters that a database cannot keep, fingerprints separate with, or a terminal would obey.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from fireline.core.refusal import Refused

T = TypeVar("T")

# C0 but for tab and the two line ends, DEL, and C1: https://www.unicode.org/charts/PDF/U0080.pdf
_NEVER = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(127, 160)], "\ufffd")
_PLACE = re.compile(r"at `(?:key in )?\$\.?([^`]*)`$")
_MISSING = re.compile(r"missing required field `([^`]*)`")


def read(decoder: msgspec.json.Decoder[T], body: bytes, what: str) -> T:
    """The body as the decoder's type. Raises `Refused(400)`: "This is no `what`", with the field that is wrong."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as trouble:  # ValidationError is a DecodeError
        said = "it is nested too deeply" if isinstance(trouble, RecursionError) else str(trouble)
        raise Refused(f"This is no {what}: {said}.", status=400, field=_field(said)) from trouble


def clean(text: str) -> str:
    """The text with U+FFFD for each control character: it is lost, and not the alert."""
    return text.translate(_NEVER)


def cleaned(texts: Mapping[str, str | None]) -> dict[str, str]:
    """Names and values cleaned; what has no value is left out, as Prometheus does with labels."""
    return {clean(name): clean(value) for name, value in texts.items() if value}


def utc(at: datetime) -> datetime:
    """The moment in UTC; without a zone it is taken to be UTC. Raises `Refused(400)` where no calendar has it."""
    try:
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except OverflowError as trouble:  # year 1 or 9999 in a zone that has no such moment in UTC
        raise Refused(f"{at.isoformat()} is no time an alert can have.", status=400) from trouble


def _field(said: str) -> str | None:
    """Which field msgspec complains about."""
    place, missing = _PLACE.search(said), _MISSING.search(said)
    return ".".join(found[1] for found in (place, missing) if found and found[1]) or None
