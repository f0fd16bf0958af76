"""Out of an access log comes who is behind the 429s; what is no access log says so."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fireline.core.access_log import Request, count, findings, of_output, read

LINE = '203.0.113.9 - - [02/Mar/2026:13:00:05 +0100] "GET /carts?key=s3cret HTTP/1.1" 429 162 "-" "bot/1.0"'


def line(client: str, status: int, path: str = "/", minute: int = 0) -> str:
    return f'{client} - - [02/Mar/2026:12:{minute:02}:00 +0000] "GET {path} HTTP/1.1" {status} 12 "-" "curl/8"'


@pytest.mark.req(129)
def test_a_line_is_read_in_utc_and_without_what_follows_the_question_mark() -> None:
    at = datetime(2026, 3, 2, 12, 0, 5, tzinfo=UTC)
    assert read(LINE) == Request("203.0.113.9", at, "GET", "/carts", 429, "bot/1.0")
    common = '2001:db8::1 - ana [02/Mar/2026:12:00:05 +0000] "POST /pay HTTP/2.0" 200 -'
    assert read(common) == Request("2001:db8::1", at, "POST", "/pay", 200, "")


@pytest.mark.parametrize(
    "text",
    ["", "hello", LINE.replace("Mar", "Mär"), LINE.replace("02/Mar", "31/Feb"), LINE[:60], LINE.replace("429", "x")],
)
def test_anything_else_is_no_line(text: str) -> None:
    assert read(text) is None


def test_strange_requests_are_counted_and_break_nothing() -> None:
    odd = LINE.replace("GET /carts?key=s3cret HTTP/1.1", r"\x16\x03\x01 \"quoted\" ")
    found = read(odd)
    assert found
    assert found.status == 429


@pytest.mark.req(129)
def test_the_client_behind_most_of_it_is_named_with_its_share() -> None:
    traffic = count([line("198.51.100.7", 429, "/api", n) for n in range(30)] + [line("192.0.2.1", 200)] * 60
                    + [line("192.0.2.2", 429, "/api"), "no line"])  # fmt: skip
    said = findings(traffic)
    assert said[0] == "31 of 91 requests in 29 min were told 429 (34 %), of 2 clients."
    assert said[1] == "198.51.100.7: 30 times 429 of 30 requests (97 % of all 429s), curl/8."
    assert "Most often for /api: 31 times." in said
    assert said[-1].startswith("198.51.100.7 alone is behind 97 % of it")
    assert traffic.odd == 1


@pytest.mark.req(129)
def test_many_clients_alike_are_told_as_a_limit_that_is_tight() -> None:
    said = findings(count(line(f"192.0.2.{n}", 429) for n in range(80)))
    assert said[-1].startswith("It is spread over many clients")
    assert findings(count([line("192.0.2.1", 503)] * 4 + [line("192.0.2.1", 200)] * 4)) == (
        "8 requests, 4 of them failed with 5xx (50 %); none was told 429.",
    )


def test_output_that_is_no_access_log_has_no_findings() -> None:
    assert of_output("one\ntwo\nthree\n429 Too Many Requests\n") == ()
    assert of_output("\n".join([line("192.0.2.1", 200)] * 9)) == ()
    assert of_output("\n".join([line("192.0.2.1", 429)] * 9))[0].startswith("9 of 9 requests")


def test_every_finding_is_a_sentence_and_no_key_of_an_address_is_in_one(tmp_path: Path) -> None:
    said = " ".join(findings(count([LINE] * 4)))
    assert "s3cret" not in said
    assert re.fullmatch(r"(?:[^.]|\.(?! ))+\.(?: .*)?", said)
