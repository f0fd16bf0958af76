"""What comes from outside is kept as sent, but for characters that do harm, and a wrong field is named."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireline.core.outside import clean, cleaned, read, utc
from fireline.core.refusal import Refused


class Inner(msgspec.Struct):
    size: int


class Outer(msgspec.Struct):
    items: list[Inner]


OUTER = msgspec.json.Decoder(Outer)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", None),
        (b"[]", None),
        (b"{}", "items"),
        (b'{"items": [{"size": "big"}]}', "items[0].size"),
        (b'{"items": [{}]}', "items[0].size"),
        (b'{"items": [{"size": 1}, {"size": 1e999}]}', "items[1].size"),
        (b'{"items": "\xff"}', "items"),
        (b'{"other": ' + b"[" * 100_000, None),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_its_field(body: bytes, field: str | None) -> None:
    with pytest.raises(Refused, match="This is no list of things: ") as no:
        read(OUTER, body, "list of things")
    assert (no.value.status, no.value.field) == (400, field)


def test_text_is_kept_as_it_was_sent() -> None:
    text = "Kiosk zu – 売店は閉店 🔥\n\t<b>&amp;\u202e \r\n"
    assert clean(text) == text


@given(st.text())
def test_no_control_character_is_left_and_nothing_else_is_lost(text: str) -> None:
    left = clean(text)
    assert len(left) == len(text)
    assert not any((ord(one) < 32 and one not in "\t\n\r") or 127 <= ord(one) < 160 for one in left)
    assert all(after in (before, "\ufffd") for before, after in zip(text, left, strict=True))


def test_what_has_no_value_is_left_out() -> None:
    assert cleaned({"a": "1", "b": "", "c": None, "d\x00": "\x1b"}) == {"a": "1", "d\ufffd": "\ufffd"}


def test_a_time_is_told_in_utc_and_one_that_no_calendar_has_is_refused() -> None:
    assert utc(datetime.fromisoformat("2026-03-02T14:00:00+02:00")) == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert utc(datetime(2026, 3, 2, 12)).tzinfo is UTC  # noqa: DTZ001  # that is the case
    with pytest.raises(Refused, match="no time an alert can have"):
        utc(datetime.fromisoformat("0001-01-01T00:00:00+02:00"))
