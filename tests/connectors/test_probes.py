"""One round of health probes tells six ways of being unwell apart and is over in under five seconds."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from pathlib import Path

import pytest

from contracts.wire import Serve, answer
from fireline.connectors.probes import AT_ONCE, Verdict, check, check_all


@pytest.mark.req(19)
def test_six_ways_to_be_are_told_apart_in_one_round(serve: Serve, nobody: str, tls: ssl.SSLContext) -> None:
    urls = [
        serve(answer(200)).url,
        serve(answer(404)).url,
        serve(answer(500)).url,
        serve(hold=True).url,
        nobody,
        serve(answer(200), tls=tls).url,
    ]
    began = time.monotonic()
    probes = check_all(urls)
    assert time.monotonic() - began < 30  # one says nothing for ever
    assert [(probe.url, probe.verdict, probe.status) for probe in probes] == [
        (urls[0], Verdict.UP, 200),
        (urls[1], Verdict.CLIENT_ERROR, 404),
        (urls[2], Verdict.SERVER_ERROR, 500),
        (urls[3], Verdict.HANG, None),
        (urls[4], Verdict.REFUSED, None),
        (urls[5], Verdict.TLS, None),
    ]
    details = [probe.detail.split(" ", 1)[1] for probe in probes]
    assert details == [
        "answered 200 OK.",
        "answered 404 Not Found.",
        "answered 500 Internal Server Error.",
        "did not answer in time.",
        "refused the connection.",
        "showed a certificate that cannot be trusted: self-signed certificate.",
    ]
    assert probes[3].seconds == pytest.approx(4.0, abs=0.5)
    assert all(probe.seconds < 2 for probe in probes if probe.verdict is not Verdict.HANG)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.UP),
        (204, Verdict.UP),
        (301, Verdict.UP),
        (399, Verdict.UP),
        (400, Verdict.CLIENT_ERROR),
        (499, Verdict.CLIENT_ERROR),
        (500, Verdict.SERVER_ERROR),
        (599, Verdict.SERVER_ERROR),
    ],
)
def test_below_400_is_up_as_curl_fail_has_it(serve: Serve, status: int, verdict: Verdict) -> None:
    probe = check(serve(answer(status, b"")).url, timeout=20)
    assert (probe.verdict, probe.status) == (verdict, status)


def test_a_redirect_is_up_is_said_and_is_not_followed(serve: Serve) -> None:
    elsewhere = serve(answer(500))
    probe = check(serve(answer(302, location=elsewhere.url)).url, timeout=20)
    assert (probe.verdict, elsewhere.heard) == (Verdict.UP, [])
    assert probe.detail.endswith("answered 302 Found, a redirect, which is not followed.")


def test_a_name_that_does_not_resolve_is_told_as_such() -> None:
    probe = check("http://checkout.example.invalid/health", timeout=20)
    assert (probe.verdict, probe.detail) == (
        Verdict.DNS,
        "checkout.example.invalid is a name that does not resolve.",
    )


def test_an_answer_that_starts_and_stalls_hangs(serve: Serve) -> None:
    probe = check(serve(answer(200, b"x" * 100)[:-50], hold=True).url, timeout=0.3)
    assert (probe.verdict, probe.status) == (Verdict.HANG, 200)


@pytest.mark.parametrize("dripping", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"])
def test_an_answer_that_drips_does_not_hold_up_the_round(serve: Serve, dripping: bytes) -> None:
    began = time.monotonic()
    probe = check(serve(dripping, *[b"."] * 600, every=0.1).url, timeout=0.5)  # for a minute
    assert probe.verdict is Verdict.HANG
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"])
def test_an_answer_that_is_none_is_other(serve: Serve, said: bytes) -> None:
    probe = check(serve(said).url, timeout=20)
    assert probe.verdict is Verdict.OTHER
    assert probe.detail.endswith("closed the connection without a whole answer.")


@pytest.mark.parametrize("url", ["", "checkout/health", "ftp://checkout/health", "http://checkout:port/"])
def test_an_address_that_is_none_is_other(url: str) -> None:
    probe = check(url, timeout=1)
    assert probe.verdict is Verdict.OTHER
    assert probe.detail.endswith("is no complete http:// or https:// address.")


def test_tls_spoken_to_a_plain_port_is_tls_trouble(serve: Serve) -> None:
    probe = check(serve(answer(400)).url.replace("http:", "https:"), timeout=20)
    assert probe.verdict is Verdict.TLS
    assert probe.detail.endswith(" failed the TLS handshake: WRONG_VERSION_NUMBER.")


def test_a_certificate_the_company_vouches_for_is_up(
    serve: Serve, tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert check(serve(answer(200), tls=tls).url, timeout=20).verdict is Verdict.UP


def test_a_huge_health_page_is_not_read_to_its_end(serve: Serve) -> None:
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1_200_000
    assert check(serve(endless, hold=True).url, timeout=20).verdict is Verdict.UP


def test_a_round_is_parallel(serve: Serve) -> None:
    slow = serve(b"", answer(200), every=1.0)  # one after another they would take ten seconds
    began = time.monotonic()
    probes = check_all([slow.url] * 10, timeout=20)
    assert [probe.verdict for probe in probes] == [Verdict.UP] * 10
    assert time.monotonic() - began < 9


def test_more_addresses_than_threads_still_end_on_time(serve: Serve) -> None:
    silent = serve(hold=True)
    began = time.monotonic()
    probes = check_all([silent.url] * (AT_ONCE * 2), timeout=0.5)
    assert time.monotonic() - began < 12
    assert {probe.verdict for probe in probes[:AT_ONCE]} == {Verdict.HANG}
    assert {probe.verdict for probe in probes} <= {Verdict.HANG, Verdict.OTHER}
    assert len(probes) == AT_ONCE * 2


def test_nothing_to_ask_gives_nothing() -> None:
    assert check_all([]) == ()


def test_a_key_in_an_address_is_not_in_the_detail(serve: Serve) -> None:
    url = serve(answer(500)).url.replace("://", "://ana:s3cr3t@") + "health?token=s3cr3t"
    probe = check(url, timeout=20)
    assert (probe.url, probe.verdict) == (url, Verdict.SERVER_ERROR)
    assert "s3cr3t" not in probe.detail


def test_a_connection_that_is_reset_is_no_refusal() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up_hard() -> None:
            line, _ = listener.accept()
            line.recv(65536)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST instead of FIN
            line.close()

        thread = threading.Thread(target=hang_up_hard)
        thread.start()
        probe = check(f"http://127.0.0.1:{listener.getsockname()[1]}/health", timeout=20)
        thread.join()
    assert (probe.verdict, probe.detail.endswith(" reset the connection.")) == (Verdict.RESET, True)
