"""Health probes: ask every /health address at once, and tell the ways of being unwell apart.

The verdict is that of `curl --fail`: an answer below 400 is up, 400 and above is not, a redirect is
not followed, and the answer has to arrive whole and in time. https://curl.se/docs/manpage.html#-f
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from enum import StrEnum

import httpx2

from fireline.connectors.http import USER_AGENT, host_of, phrase, trouble

PATIENCE = 4.0  # seconds for a whole round, so that one click has its answer in under five
AT_ONCE = 32  # threads; they wait on sockets, and each costs a descriptor and a stack
READ_AT_MOST = 1024 * 1024  # bytes of a health page; what comes after that is taken on trust
GRACE = 0.2  # seconds a probe has, after its time is up, to say so itself


class Verdict(StrEnum):
    """What a probe found. Only `up` is good."""

    UP = "up"
    CLIENT_ERROR = "client_error"  # 4xx: it runs, but not what was asked for: wrong path, no rights
    SERVER_ERROR = "server_error"  # 5xx: it runs and is unwell
    HANG = "hang"  # no whole answer in time
    REFUSED = "refused"  # nothing listens there
    RESET = "reset"  # something listened, and hung up hard in the middle
    TLS = "tls"  # no handshake, or a certificate that cannot be trusted
    DNS = "dns"  # the name does not resolve
    OTHER = "other"  # `detail` says what


@dataclass(frozen=True, slots=True)
class Probe:
    """One address asked once: `status` None if no answer began, `seconds` it took, `detail` one sentence.

    `url` is as it was given, keys and all; `detail` names the host only and may be shown anywhere.
    """

    url: str
    verdict: Verdict
    status: int | None
    seconds: float
    detail: str


def check(url: str, *, timeout: float = PATIENCE) -> Probe:
    """Ask one address, for at most `timeout` seconds."""
    return check_all([url], timeout=timeout)[0]


def check_all(urls: Sequence[str], *, timeout: float = PATIENCE) -> tuple[Probe, ...]:
    """Ask all addresses in parallel; one Probe for each, in their order, within `timeout` seconds for all.

    The round ends on time even if a name server or a dripping answer keeps a thread longer.
    """
    if not urls:
        return ()
    began = time.monotonic()
    pool = ThreadPoolExecutor(min(AT_ONCE, len(urls)), thread_name_prefix="probe")
    # A connection of its own for each: a probe that rides on an old connection proves less.
    client = httpx2.Client(
        headers={"User-Agent": USER_AGENT},
        limits=httpx2.Limits(max_connections=AT_ONCE, max_keepalive_connections=0),
    )
    try:
        asked = [pool.submit(_ask, client, url, began + timeout) for url in urls]
        wait(asked, timeout=timeout + GRACE)
        took = time.monotonic() - began
        return tuple(_heard(url, one, took) for url, one in zip(urls, asked, strict=True))
    finally:
        client.close()  # closes the sockets of the late ones too, so that their threads end
        pool.shutdown(wait=False, cancel_futures=True)


def _ask(client: httpx2.Client, url: str, give_up_at: float) -> Probe:
    began = time.monotonic()
    status: int | None = None

    def found(verdict: Verdict, detail: str) -> Probe:
        return Probe(url, verdict, status, time.monotonic() - began, detail)

    try:
        with client.stream("GET", url, timeout=max(give_up_at - began, 0.001)) as response:
            status = response.status_code
            read = 0
            for piece in response.iter_raw():
                read += len(piece)
                if read > READ_AT_MOST:
                    break
                if time.monotonic() > give_up_at:
                    return found(Verdict.HANG, f"{host_of(url)} answered {status} and did not finish.")
    except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
        why = trouble(error)
        verdict = Verdict.OTHER if why.word == "address" else Verdict(why.word)
        return found(verdict, f"{host_of(url)} {why.sentence}.")
    note = ", a redirect, which is not followed" if 300 <= status < 400 else ""
    return found(_verdict(status), f"{host_of(url)} answered {phrase(status)}{note}.")


def _verdict(status: int) -> Verdict:
    if status >= 500:
        return Verdict.SERVER_ERROR
    return Verdict.CLIENT_ERROR if status >= 400 else Verdict.UP


def _heard(url: str, one: Future[Probe], took: float) -> Probe:
    if one.done():
        return one.result()
    if one.running():
        return Probe(url, Verdict.HANG, None, took, f"{host_of(url)} did not answer in time.")
    return Probe(url, Verdict.OTHER, None, 0.0, f"{host_of(url)} was not asked: no thread was free in time.")
