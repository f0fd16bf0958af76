"""A signature is believed when one of our secrets made it over exactly these bytes, and not long ago."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireline.core.refusal import Refused
from fireline.hooks.signature import Scheme, check
from hooks.vendors import OLDER, SECRET, hex_of

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BODY = b'{"event": "the kiosk is shut"}'
PLAIN = Scheme(vendor="Somebody", header="X-Sign", where="`secrets` in [somebody]")
SEVERAL = replace(PLAIN, prefix="v1=")
ZENDESK = replace(PLAIN, encoding="base64", time_header="X-Time")
SLACK = replace(PLAIN, prefix="v0=", time_header="X-Time", signed="v0:{time}:")


def refused(
    scheme: Scheme, headers: dict[str, str], *, body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,)
) -> str:
    with pytest.raises(Refused) as no:
        check(scheme, headers=headers, body=body, secrets=secrets, at=NOON)
    assert no.value.status == 401
    return no.value.sentence


def test_the_right_signature_is_let_in() -> None:
    check(PLAIN, headers={"X-Sign": hex_of(SECRET, BODY)}, body=BODY, secrets=[SECRET], at=NOON)


def test_while_a_secret_is_changed_both_sides_may_have_two_and_one_match_is_enough() -> None:
    both = f"v1={hex_of('another', BODY)}, v1={hex_of(SECRET, BODY)}"
    check(SEVERAL, headers={"X-Sign": both}, body=BODY, secrets=[OLDER, SECRET], at=NOON)
    check(SEVERAL, headers={"X-Sign": f"v1={hex_of(OLDER, BODY)}"}, body=BODY, secrets=[OLDER, SECRET], at=NOON)


@pytest.mark.parametrize(
    "written",
    ["", " ", ",", "v1=", "v1", "v0=" + hex_of(SECRET, BODY), hex_of(SECRET, BODY)],
    ids=["none", "blank", "comma", "empty", "no value", "another version", "no version"],
)
def test_a_header_without_a_signature_of_the_version_is_refused(written: str) -> None:
    assert "X-Sign" in refused(SEVERAL, {"X-Sign": written})


def test_a_missing_header_says_which() -> None:
    assert "the header X-Sign with a signature is missing" in refused(PLAIN, {})


def test_a_wrong_secret_says_where_the_right_one_is_set_and_names_none() -> None:
    sentence = refused(PLAIN, {"X-Sign": hex_of("guess", BODY)})
    assert "`secrets` in [somebody]" in sentence
    assert SECRET not in sentence
    assert hex_of(SECRET, BODY) not in sentence


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_one_changed_byte_anywhere_is_noticed(place: int, by: int) -> None:
    changed = bytearray(BODY)
    changed[place] ^= by
    assert "fits no secret" in refused(PLAIN, {"X-Sign": hex_of(SECRET, BODY)}, body=bytes(changed))


@pytest.mark.parametrize("secrets", [(), ("",)])
def test_without_a_secret_nobody_is_let_in_not_even_who_signs_with_nothing(secrets: tuple[str, ...]) -> None:
    sentence = refused(PLAIN, {"X-Sign": hex_of("", BODY)}, secrets=secrets)
    assert sentence == "Somebody's webhooks are not let in: set `secrets` in [somebody]."


def test_letters_that_no_signature_has_are_refused_and_crash_nothing() -> None:
    refused(PLAIN, {"X-Sign": "ä" * 64})
    refused(ZENDESK, {"X-Sign": "€", "X-Time": "yesterday"})


def zendesk(time: str, *, body: bytes = BODY) -> dict[str, str]:
    digest = hmac.new(SECRET.encode(), time.encode() + body, hashlib.sha256).digest()
    return {"X-Sign": base64.b64encode(digest).decode(), "X-Time": time}


@pytest.mark.parametrize("time", ["2026-03-02T11:55:00Z", "2026-03-02T14:04:59+02:00", "1772452800"])
def test_a_signed_time_near_ours_is_let_in_however_it_is_written(time: str) -> None:
    check(ZENDESK, headers=zendesk(time), body=BODY, secrets=[SECRET], at=NOON)


@pytest.mark.parametrize(
    "away", [timedelta(minutes=-5, seconds=-1), timedelta(minutes=5, seconds=1), timedelta(days=9)]
)
def test_a_webhook_that_is_played_again_later_is_refused(away: timedelta) -> None:
    time = (NOON + away).isoformat()
    assert "more than 5 minutes from now" in refused(ZENDESK, zendesk(time))


@pytest.mark.parametrize("time", ["", "noon", "99999999999999999999", "12:00"])
def test_a_time_that_is_none_is_refused(time: str) -> None:
    assert "the header X-Time holds none" in refused(ZENDESK, zendesk(time))


def test_the_time_cannot_be_changed_without_the_secret() -> None:
    assert "fits no secret" in refused(ZENDESK, zendesk("2026-03-02T11:00:00Z") | {"X-Time": "2026-03-02T12:00:00Z"})


def test_what_stands_before_the_body_is_the_vendor_s_choice() -> None:
    body, time = urlencode({"command": "/fireline", "text": "ack INC-142"}).encode(), str(int(NOON.timestamp()))
    signature = "v0=" + hex_of(SECRET, f"v0:{time}:".encode() + body)
    check(SLACK, headers={"X-Sign": signature, "X-Time": time}, body=body, secrets=[SECRET], at=NOON)


def test_another_algorithm_is_another_word() -> None:
    scheme = replace(PLAIN, algorithm="sha1", prefix="sha1=")
    signature = "sha1=" + hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest()
    check(scheme, headers={"X-Sign": signature}, body=BODY, secrets=[SECRET], at=NOON)
