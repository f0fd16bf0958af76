"""The one HTTP client: every question to another system goes out here, once, and trouble comes back in words.

    Exception
    └── ConnectorError      the other system did not do what it was asked; `reason` is one sentence
        ├── Temporary       worth asking again, after `retry_after` seconds if it named a time
        └── Permanent       asking again the same way is useless: a person has to look

A reason names the host and the cause and nothing else. Addresses, headers and bodies carry keys (a
Slack address *is* one), so none of them is ever quoted; what a vendor answered is quoted only
through the `words` function of its own connector, which knows what to hide.
"""

from __future__ import annotations

import email.utils
import logging
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache
from http import HTTPStatus
from types import TracebackType
from typing import Any, Literal, Self

import httpx2
import msgspec

from fireline import __version__, clock

USER_AGENT = f"fireline/{__version__}"
PATIENCE = 10.0  # seconds; a person may be watching the page that waits for this
LARGEST_ANSWER = 8 * 1024 * 1024  # bytes; an answer is read into memory
LONGEST_RETRY_AFTER = 3600.0  # seconds; whoever is told to wait longer looks again every hour
NOT_MODIFIED = 304
LONGEST_WORDS = 300  # characters of what a vendor says, so that a reason stays one sentence
# 408 Request Timeout, 425 Too Early, 429 Too Many Requests: the request was fine, the moment was not.
# https://www.rfc-editor.org/rfc/rfc9110#section-15.5.9, rfc8470#section-5.2, rfc6585#section-4
ASK_AGAIN = frozenset({408, 425, 429})

# At INFO httpx2 logs whole addresses, keys included; nothing below a warning of it may reach our log.
for _logger in ("httpx2", "httpcore2"):
    logging.getLogger(_logger).setLevel(logging.WARNING)


class ConnectorError(Exception):
    """Another system did not do what it was asked. `status` is its HTTP status, None if it gave none."""

    def __init__(self, reason: str, *, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class Temporary(ConnectorError):  # noqa: N818  # "except Temporary" reads as it is meant
    """The other system cannot just now. `retry_after` is in seconds, None if it named no time."""

    def __init__(self, reason: str, retry_after: float | None = None, *, status: int | None = None) -> None:
        super().__init__(reason, status=status)
        self.retry_after = retry_after


class Permanent(ConnectorError):  # noqa: N818
    """The other system says no, and would say it again."""


Word = Literal["hang", "refused", "reset", "tls", "dns", "address", "other"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why no whole answer came. `sentence` goes on from the host's name: "db01 refused the connection"."""

    word: Word
    sentence: str


@dataclass(frozen=True, slots=True)
class Page:
    """What stood at an address, and how to ask whether it is still that (RFC 9110, section 13)."""

    body: bytes
    etag: str
    modified: str


class Http:
    """A client for many threads, with proxies and certificate authorities from the environment.

    `timeout` (seconds) bounds each wait: to connect, to send, for the next piece of the answer; and
    the reading of the answer as a whole. Looking up a name is bounded by the system's resolver only.
    `largest` (bytes) bounds the body of an answer. Certificates are checked; redirects are not
    followed, because a key must not travel to an address nobody typed.
    """

    def __init__(self, *, timeout: float = PATIENCE, largest: int = LARGEST_ANSWER) -> None:
        self._timeout = timeout
        self._largest = largest
        trusted = _trusted(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
        self._client = httpx2.Client(
            timeout=timeout, follow_redirects=False, headers={"User-Agent": USER_AGENT}, verify=trusted
        )

    def post(
        self,
        url: str,
        json: Any,
        *,
        headers: Mapping[str, str] | None = None,
        wants: int | None = None,
        words: Callable[[dict[str, Any]], str] | None = None,
    ) -> dict[str, Any] | None:
        """Send `json`; give back the JSON object of the answer, None if the answer holds none.

        `wants` is the one status that means yes, where the vendor names one; else any 2xx does.
        `words` picks, out of the vendor's refusal, what a person should read of it.
        Raises Temporary or Permanent.
        """
        body = self._ask("POST", url, json=json, headers=headers, wants=wants, words=words)
        return _json_object(body)

    def put(
        self,
        url: str,
        json: Any,
        *,
        headers: Mapping[str, str] | None = None,
        words: Callable[[dict[str, Any]], str] | None = None,
    ) -> dict[str, Any] | None:
        """Like `post`, for what is there already."""
        return _json_object(self._ask("PUT", url, json=json, headers=headers, wants=None, words=words))

    def send(
        self,
        url: str,
        content: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        words: Callable[[dict[str, Any]], str] | None = None,
    ) -> dict[str, Any] | None:
        """Put bytes as they are, for an answer in JSON."""
        return _json_object(self._ask("PUT", url, content=content, headers=headers, wants=None, words=words))

    def patch(
        self,
        url: str,
        json: Any,
        *,
        headers: Mapping[str, str] | None = None,
        words: Callable[[dict[str, Any]], str] | None = None,
    ) -> dict[str, Any] | None:
        """Like `post`, for a part of what is there already."""
        return _json_object(self._ask("PATCH", url, json=json, headers=headers, wants=None, words=words))

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        words: Callable[[dict[str, Any]], str] | None = None,
    ) -> Any:
        """Ask for JSON and give back its value: dict, list or scalar; None for an empty answer.

        Raises Temporary or Permanent; an answer that is not JSON is Permanent.
        """
        body = self._ask("GET", url, json=None, headers=headers, wants=None, words=words)
        try:
            return msgspec.json.decode(body) if body else None
        except (msgspec.DecodeError, RecursionError):
            raise Permanent(f"{host_of(url)} answered with something that is not JSON.") from None

    def page(self, url: str, *, etag: str = "", modified: str = "") -> Page | None:
        """Ask for a page, whatever it is; None when it is still the one with this `etag` or `modified`.

        Raises Temporary or Permanent.
        """
        headers = {"If-None-Match": etag, "If-Modified-Since": modified}
        headers = {name: value for name, value in headers.items() if value}
        response, body = self._send("GET", url, json=None, headers=headers)
        if response.status_code == NOT_MODIFIED and headers:
            return None
        if not response.is_success:
            raise _refusal(host_of(url), response, "")
        return Page(body, response.headers.get("ETag", ""), response.headers.get("Last-Modified", ""))

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None,
        wants: int | None,
        words: Callable[[dict[str, Any]], str] | None,
    ) -> bytes:
        response, body = self._send(method, url, json=json, content=content, headers=headers)
        status = response.status_code
        if status == wants or (wants is None and 200 <= status < 300):
            return body
        said = _json_object(body)
        raise _refusal(host_of(url), response, words(said) if words and said else "")

    def _send(
        self, method: str, url: str, *, json: Any, content: bytes | None = None, headers: Mapping[str, str] | None
    ) -> tuple[httpx2.Response, bytes]:
        host = host_of(url)
        try:
            request = self._client.build_request(method, url, json=json, content=content, headers=headers)
        except httpx2.InvalidURL as error:
            raise Permanent(f"{host} {trouble(error).sentence}.") from None
        except UnicodeEncodeError:  # a key pasted with a typographic dash, say
            raise Permanent(f"{host} cannot be sent this: a header or text holds a broken character.") from None
        give_up_at = time.monotonic() + self._timeout
        try:
            response = self._client.send(request, stream=True)
            try:
                body = self._read(response, host, give_up_at)
            finally:
                response.close()
        except (httpx2.HTTPError, UnicodeError) as error:
            # `from None`: the words of an HTTP error may quote a header, and a header may be a key.
            raise _no_answer(host, error) from None
        return response, body

    def _read(self, response: httpx2.Response, host: str, give_up_at: float) -> bytes:
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > self._largest:
                raise Permanent(f"{host} answered with more than {self._largest} bytes.", status=response.status_code)
            if time.monotonic() > give_up_at:
                raise Temporary(f"{host} did not finish its answer in {self._timeout:g} s.")
        return bytes(body)


def host_of(url: str) -> str:
    """Return the host a URL points at, with its port where one is written, and never more of the URL."""
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        return "The address given"
    if not parsed.host:
        return "The address given"
    return parsed.host if parsed.port is None else f"{parsed.host}:{parsed.port}"


# Why no answer came, by what httpx2 raised or by what caused that; the first row that fits is told.
# {} is what the kernel or OpenSSL says. httpx2's own words are not quoted: they may hold a key.
TROUBLES: tuple[tuple[type[BaseException], Word, str], ...] = (
    (httpx2.TimeoutException, "hang", "did not answer in time"),
    (TimeoutError, "hang", "did not answer in time"),
    (socket.gaierror, "dns", "is a name that does not resolve"),
    (ssl.SSLCertVerificationError, "tls", "showed a certificate that cannot be trusted: {}"),
    (ssl.SSLError, "tls", "failed the TLS handshake: {}"),
    (ConnectionRefusedError, "refused", "refused the connection"),
    (ConnectionResetError, "reset", "reset the connection"),
    (httpx2.UnsupportedProtocol, "address", "is no complete http:// or https:// address"),
    (httpx2.InvalidURL, "address", "is no complete http:// or https:// address"),
    (UnicodeError, "address", "is no complete http:// or https:// address"),
    (httpx2.LocalProtocolError, "address", "cannot be sent this: a header holds a line end or odd character"),
    (httpx2.ProxyError, "other", "is behind a proxy that refused to connect"),
    (OSError, "other", "could not be talked to: {}"),
)


def trouble(error: BaseException) -> Trouble:
    """Say why a request got no whole answer, from what httpx2 raised."""
    for cause in _causes(error):
        for kind, word, sentence in TROUBLES:
            if isinstance(cause, kind):
                return Trouble(word, sentence.format(_system_words(cause)))
    return Trouble("other", "closed the connection without a whole answer")


def retry_after(written: str | None) -> float | None:
    """Seconds to wait, from a Retry-After header in either of its two forms; None if unreadable.

    A count of seconds or an HTTP date: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
    """
    text = (written or "").strip()
    if text.isascii() and text.isdigit():
        return LONGEST_RETRY_AFTER if len(text) > 6 else min(float(text), LONGEST_RETRY_AFTER)
    try:
        then = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return min(max((then - clock.now()).total_seconds(), 0.0), LONGEST_RETRY_AFTER)


@lru_cache(maxsize=4)
def _trusted(file: str | None, folder: str | None) -> ssl.SSLContext:
    """The authorities these two variables name, or the system's. Read once: it takes longer than most questions."""
    del file, folder  # httpx2 reads them itself
    return httpx2.create_ssl_context()


def _no_answer(host: str, error: Exception) -> ConnectorError:
    cause = trouble(error)
    reason = f"{host} {cause.sentence}."
    # An untrusted certificate is temporary too: somebody renews it, and the page goes through.
    return Permanent(reason) if cause.word == "address" else Temporary(reason)


def _refusal(host: str, response: httpx2.Response, said: str) -> ConnectorError:
    status = response.status_code
    said = " ".join(said.split())[:LONGEST_WORDS].rstrip(".")
    reason = f"{host} answered {phrase(status)}" + (f": {said}" if said else "") + "."
    if status in ASK_AGAIN or status >= 500:
        # ratelimit-reset: seconds too, of those who do not send Retry-After, such as PagerDuty's REST API
        wait = response.headers.get("Retry-After") or response.headers.get("RateLimit-Reset")
        return Temporary(reason, retry_after(wait), status=status)
    return Permanent(reason, status=status)


def phrase(status: int) -> str:
    """Say a status as people do: "404 Not Found", or the bare number where nobody named it."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk down to the system's own error.

    httpcore2's pool cuts `__cause__` but carries the cause as its argument. `__context__` will not do:
    it may be some older trouble that our caller is dealing with.
    """
    cause: object = error
    while isinstance(cause, BaseException):
        yield cause
        cause = cause.__cause__ or next(iter(cause.args), None)


def _system_words(cause: BaseException) -> str:
    match cause:
        case ssl.SSLCertVerificationError():
            return cause.verify_message.rstrip(".")
        case ssl.SSLError():
            return cause.reason or "it broke off"
        case OSError(errno=int(number)):
            return os.strerror(number)
        case _:
            return "the connection broke"
