"""Trouble comes as one sentence with host and cause, sorted by whether to ask again, and never with a key."""

from __future__ import annotations

import email.utils
import logging
import pickle
import ssl
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.wire import Serve, answer
from fireline import clock
from fireline.connectors.http import ConnectorError, Http, Permanent, Temporary

KEY = "s3cr3t-k3y"


@pytest.fixture
def http() -> Iterator[Http]:
    with Http(timeout=20) as client:
        yield client


@pytest.fixture
def hasty() -> Iterator[Http]:
    """For those who do not answer: nobody who does is measured by half a second of a busy machine."""
    with Http(timeout=0.5) as client:
        yield client


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_a_bad_moment_is_temporary(http: Http, serve: Serve, status: int) -> None:
    wire = serve(answer(status))
    with pytest.raises(Temporary, match=f"{wire.host} answered {status}") as told:
        http.post(wire.url, {})
    assert told.value.status == status
    assert told.value.retry_after is None


@pytest.mark.parametrize("status", [304, 400, 401, 403, 404, 410, 422])
def test_a_no_is_permanent(http: Http, serve: Serve, status: int) -> None:
    wire = serve(answer(status, b""))
    with pytest.raises(Permanent, match=f"{wire.host} answered {status}") as told:
        http.get(wire.url)
    assert told.value.status == status


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("86400", 3600.0),
        ("999999999999", 3600.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 0.0),
        ("Wed, 21 Oct 99999 07:28:00 GMT", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
    ],
)
def test_the_wait_a_vendor_asks_for_is_passed_on(http: Http, serve: Serve, written: str, seconds: float | None) -> None:
    wire = serve(answer(429).replace(b"\r\n", b"\r\nRetry-After: " + written.encode("latin-1") + b"\r\n", 1))
    with pytest.raises(Temporary) as told:
        http.post(wire.url, {})
    assert told.value.retry_after == seconds


def test_the_wait_may_be_a_date(http: Http, serve: Serve) -> None:
    then = email.utils.format_datetime(clock.now() + timedelta(seconds=90), usegmt=True)
    wire = serve(answer(503, retry_after=then))
    with pytest.raises(Temporary) as told:
        http.post(wire.url, {})
    assert told.value.retry_after == pytest.approx(90, abs=5)


def test_a_redirect_is_not_followed(http: Http, serve: Serve) -> None:
    elsewhere = serve(answer(200))
    wire = serve(answer(307, location=elsewhere.url))
    with pytest.raises(Permanent, match="answered 307 Temporary Redirect"):
        http.post(wire.url, {"routing_key": KEY})
    assert (len(wire.heard), elsewhere.heard) == (1, [])


def test_silence_ends_with_the_timeout(hasty: Http, serve: Serve) -> None:
    wire = serve(hold=True)  # for ever
    with pytest.raises(Temporary, match=r"127\.0\.0\.1:\d+ did not answer in time\."):
        hasty.post(wire.url, {})


def test_an_answer_that_drips_ends_with_the_timeout(hasty: Http, serve: Serve) -> None:
    wire = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\n", *[b" "] * 600, every=0.1)  # for a minute
    began = time.monotonic()
    with pytest.raises(Temporary, match=r"did not finish its answer in 0\.5 s"):
        hasty.get(wire.url)
    assert time.monotonic() - began < 30


def test_nobody_there_is_temporary(http: Http, nobody: str) -> None:
    with pytest.raises(Temporary, match=r"^127\.0\.0\.1:\d+ refused the connection\.$"):
        http.post(nobody, {})


def test_a_name_that_does_not_resolve_is_temporary(http: Http) -> None:
    with pytest.raises(Temporary, match=r"^events\.example\.invalid is a name that does not resolve\.$"):
        http.post("https://events.example.invalid/v2", {})


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_half_an_answer_is_temporary(http: Http, serve: Serve, said: bytes) -> None:
    wire = serve(said)
    with pytest.raises(Temporary, match="closed the connection without a whole answer"):
        http.post(wire.url, {})


def test_a_certificate_nobody_vouches_for_is_refused(http: Http, serve: Serve, tls: ssl.SSLContext) -> None:
    wire = serve(answer(200), tls=tls)
    with pytest.raises(Temporary, match="certificate that cannot be trusted: self-signed certificate"):
        http.post(wire.url, {"routing_key": KEY})
    assert wire.heard == []


def test_a_company_may_vouch_for_its_own_certificates(
    serve: Serve, tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    wire = serve(answer(200, b'{"ok": true}'), tls=tls)
    with Http(timeout=20) as http:
        assert http.post(wire.url, {}) == {"ok": True}


def test_the_proxy_of_the_environment_is_used(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve(answer(200, b'{"via": "proxy"}'))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    with Http(timeout=20) as http:
        assert http.get("http://grafana.example.invalid/api") == {"via": "proxy"}
    assert proxy.heard[0].startswith(b"GET http://grafana.example.invalid/api HTTP/1.1\r\n")


def test_an_answer_too_big_to_hold_is_cut_off(serve: Serve) -> None:
    wire = serve(answer(200, b" " * 5000))
    with Http(largest=4096) as http, pytest.raises(Permanent, match="answered with more than 4096 bytes"):
        http.get(wire.url)


def test_what_is_sent_and_what_comes_back_is_json(http: Http, serve: Serve) -> None:
    wire = serve(answer(201, b'{"id": 7}'))
    assert http.post(wire.url, {"über": [1]}, headers={"Authorization": "Bearer x"}) == {"id": 7}
    head, body = wire.heard[0].split(b"\r\n\r\n")
    assert (b"\r\nAuthorization: Bearer x" in head, b"\r\nUser-Agent: fireline/" in head) == (True, True)
    assert body.decode() == '{"über":[1]}'


@pytest.mark.parametrize("said", [b"ok", b"", b"[1]", b"[" * 100_000, b"\xff"])
def test_a_post_answered_without_a_json_object_gives_none(http: Http, serve: Serve, said: bytes) -> None:
    assert http.post(serve(answer(200, said)).url, {}) is None


def test_a_get_gives_any_json_and_nothing_for_nothing(http: Http, serve: Serve) -> None:
    assert http.get(serve(answer(200, b'[{"id": 1}]')).url) == [{"id": 1}]
    assert http.get(serve(answer(200, b"")).url) is None


@pytest.mark.parametrize("said", [b"<html>Sign in</html>", b"[" * 100_000])
def test_a_get_answered_with_a_page_is_permanent(http: Http, serve: Serve, said: bytes) -> None:
    with pytest.raises(Permanent, match="something that is not JSON"):
        http.get(serve(answer(200, said)).url)


def test_where_a_vendor_names_one_status_any_other_is_no(http: Http, serve: Serve) -> None:
    with pytest.raises(Permanent, match="answered 200 OK"):
        http.post(serve(answer(200)).url, {}, wants=202)
    assert http.post(serve(answer(202)).url, {}, wants=202) == {}


def test_the_vendors_own_words_fit_into_one_sentence(http: Http, serve: Serve) -> None:
    wire = serve(answer(422, b'{"detail": "no such\\n   component. ' + b"x" * 1000 + b'"}'))
    with pytest.raises(Permanent) as told:
        http.post(wire.url, {}, words=lambda said: str(said["detail"]))
    assert told.value.reason.startswith(f"{wire.host} answered 422 Unprocessable Entity: no such component. xxx")
    assert len(told.value.reason) < 400


@pytest.mark.parametrize(
    "url",
    [
        "",
        "events.pagerduty.com",
        f"ftp://h/{KEY}",
        f"http://h:{KEY}/",
        f"http://h/\x00{KEY}",
        f"http://{'a' * 70}.example/{KEY}",
    ],
)
def test_an_address_that_is_none_is_permanent(http: Http, url: str) -> None:
    with pytest.raises(Permanent, match=r"is no complete http:// or https:// address") as told:
        http.post(url, {})
    assert KEY not in everything_told(told.value)


@pytest.mark.parametrize("key", [KEY + "\n", KEY + "\r\nHost: elsewhere", "–" + KEY])
def test_a_key_that_cannot_be_a_header_is_permanent_and_stays_secret(http: Http, nobody: str, key: str) -> None:
    with pytest.raises(ConnectorError) as told:
        http.post(nobody, {}, headers={"Authorization": key})
    assert KEY not in everything_told(told.value)


def test_no_key_is_told_whatever_goes_wrong(
    http: Http, serve: Serve, nobody: str, tls: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    hosts = [nobody] + [
        wire.url
        for wire in (
            serve(answer(200)),
            serve(answer(401, b'{"you sent": "' + KEY.encode() + b'"}')),
            serve(answer(500)),
            serve(answer(307, location=f"http://127.0.0.1/{KEY}")),
            serve(b""),
            serve(b"nonsense\r\n\r\n"),
            serve(answer(200), tls=tls),
        )
    ]
    told = []
    for host in hosts:
        address = host.replace("://", f"://ana:{KEY}@") + f"services/{KEY}?token={KEY}"
        try:
            http.post(address, {"routing_key": KEY}, headers={"X-Token": KEY})
        except ConnectorError as error:
            told.append(everything_told(error))
    assert len(told) == len(hosts) - 1
    assert KEY not in "".join(told)
    assert KEY not in caplog.text


def test_one_client_serves_many_threads(serve: Serve) -> None:
    wire = serve(answer(200, b'{"n": 1}'))
    with Http(timeout=5) as http, ThreadPoolExecutor(16) as pool:
        said = list(pool.map(lambda _: http.get(wire.url), range(64)))
    assert said == [{"n": 1}] * 64


@pytest.mark.parametrize("error", [Temporary("db01 hangs.", 3.0, status=503), Permanent("db01 says no.", status=400)])
def test_trouble_survives_being_written_down(error: ConnectorError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def everything_told(error: ConnectorError) -> str:
    return "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
