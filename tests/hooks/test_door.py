"""The door in front refuses what may not come in before it is read, in the API's words, and passes on all else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from fireline.api.problem import Problem
from fireline.core.refusal import Refused
from fireline.hooks.door import LARGEST, TOKEN_GOOD_FOR, Door

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Street:
    """A door to knock at: what was taken, who was asked for, what passed on, at a time that is set."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self.trouble, self.at = trouble, NOON
        self.taken: list[bytes] = []
        self.asked: list[str] = []
        self.passed: list[str] = []
        self.reads = 0
        self.door = Door(self.behind, takes={"/in": self.take}, check=self.check, now=lambda: self.at)

    def take(self, body: bytes, _at: datetime) -> bytes:
        if self.trouble:
            raise self.trouble
        self.taken.append(body)
        return b"{}"

    def check(self, authorization: str) -> None:
        self.asked.append(authorization)
        if authorization != "Bearer good":
            raise Refused("No token, no alert.", status=401)

    async def behind(self, scope: Any, _receive: Any, _send: Any) -> None:
        self.passed.append(scope["type"] + scope.get("path", ""))

    def knock(
        self,
        *parts: bytes,
        path: str = "/in",
        method: str = "POST",
        token: bytes = b"Bearer good",
        headers: Iterable[tuple[bytes, bytes]] = (),
        kind: str = "http",
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a body in these parts; status, headers and body of the answer, status 0 when there was none."""
        messages = [{"type": "http.request", "body": one, "more_body": True} for one in parts]
        messages[-1]["more_body"] = False
        told: list[Any] = []

        async def receive() -> Any:
            self.reads += 1
            return messages.pop(0)

        async def send(message: Any) -> None:
            told.append(message)

        scope = {"type": kind, "path": path, "method": method, "headers": [(b"authorization", token), *headers]}
        asyncio.run(self.door(scope, receive, send))
        if not told:
            return 0, {}, b""
        return told[0]["status"], {a.decode(): b.decode() for a, b in told[0]["headers"]}, told[1]["body"]


def test_a_body_in_pieces_arrives_whole() -> None:
    street = Street()
    assert street.knock(b"one", b"two", b"")[::2] == (200, b"{}")
    assert street.taken == [b"onetwo"]


@pytest.mark.parametrize(
    ("path", "method", "kind"), [("/else", "POST", "http"), ("/in", "GET", "http"), ("/in", "", "lifespan")]
)
def test_everything_else_passes_untouched(path: str, method: str, kind: str) -> None:
    street = Street()
    assert street.knock(b"x", path=path, method=method, kind=kind)[0] == 0
    assert street.passed == [kind + path]
    assert (street.taken, street.asked, street.reads) == ([], [], 0)


def test_without_a_good_token_nothing_is_read() -> None:
    street = Street()
    status, headers, body = street.knock(b"x", token=b"Bearer guess")
    assert (status, headers["www-authenticate"]) == (401, "Bearer")
    assert msgspec.json.decode(body, type=Problem).error == "No token, no alert."
    assert (street.taken, street.reads) == ([], 0)


def test_a_token_is_looked_up_once_in_five_seconds_and_a_revoked_one_ends_then() -> None:
    street = Street()
    for _ in range(3):
        assert street.knock(b"x")[0] == 200
    assert street.asked == ["Bearer good"]
    street.at += TOKEN_GOOD_FOR - timedelta(milliseconds=1)
    street.knock(b"x")
    street.at += timedelta(milliseconds=1)
    street.knock(b"x")
    assert street.asked == ["Bearer good"] * 2


def test_a_wrong_token_is_looked_up_every_time() -> None:
    street = Street()
    for _ in range(2):
        assert street.knock(b"x", token=b"x")[0] == 401
    assert street.asked == ["x", "x"]


def test_too_large_a_body_is_refused_unread_when_it_says_so() -> None:
    street = Street()
    status, headers, body = street.knock(b"x", headers=[(b"content-length", b"%d" % (LARGEST + 1))])
    assert (status, headers["connection"], street.reads) == (413, "close", 0)
    assert "in several requests" in msgspec.json.decode(body, type=Problem).error


def test_too_large_a_body_that_does_not_say_so_is_read_no_further() -> None:
    street = Street()
    megabyte = b"x" * 1_000_000
    assert street.knock(*[megabyte] * 30)[0] == 413
    assert (street.reads, street.taken) == (11, [])


def test_too_fast_and_away_say_when_to_come_again() -> None:
    status, headers, _ = Street(Refused("Slower.", status=429, retry_after=2)).knock(b"x")
    assert (status, headers["retry-after"]) == (429, "2")
    status, headers, _ = Street(Refused("Away.", status=503)).knock(b"x")
    assert (status, headers["retry-after"]) == (503, "5")


def test_a_bug_gives_a_reference_and_no_trace() -> None:
    status, _, body = Street(ZeroDivisionError("secret")).knock(b"x")
    said = msgspec.json.decode(body, type=Problem).error
    assert status == 500
    assert "its log has more under the reference" in said
    assert "secret" not in said
