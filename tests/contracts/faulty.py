"""A vendor's server on loopback that fails when told to: the wire of every stateful stand-in. For tests only.

What a request does to the vendor's state, and what is answered, is the stand-in's `take`; everything that can go
wrong on the way there and back happens here.
"""

from __future__ import annotations

import random
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

# reset: cut before reading. hang: read, say nothing. drop: do it, then cut before answering, so that the sender
# cannot know. late: do it, and say nothing. twice: do it two times, as a proxy that tries again would.
# 420 and nonsense (an answer in no known shape) are Statuspage's.
Failure = Literal["500", "429", "420", "reset", "hang", "drop", "late", "twice", "nonsense"]
EVERY_FAILURE: tuple[Failure, ...] = ("500", "429", "reset", "hang", "drop", "late", "twice")


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to it."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Faulty:
    """Serves `take`. `refuse` says a failure in the vendor's own shape: of a status, with seconds to wait."""

    def __init__(
        self,
        take: Callable[[Request], Answer],
        refuse: Callable[[int, str], Answer],
        once: Callable[[Request], bool] = lambda _: False,
    ) -> None:
        """`once` are the requests that have no key and that nobody on the way would dare to repeat."""
        self._take, self._refuse, self._once = take, refuse, once
        self._failures: deque[tuple[Failure | None, str, str]] = deque()
        self._chance: Callable[[], Failure | None] = lambda: None
        self.failed = 0  # requests so far
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._port = 0

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"http://127.0.0.1:{self._port}"

    def fail_next(self, n: int, how: Failure, *, only: str = "", retry_after: str = "7") -> None:
        """Fail the next n requests, or the next n of the method `only`; `retry_after` comes with a 429."""
        self._failures.extend([(how, only, retry_after)] * n)

    def let_pass(self, n: int) -> None:
        """Serve the next n requests, before whatever fails after them."""
        self._failures.extend([(None, "", "")] * n)

    def fail_no_more(self) -> None:
        """Forget what was still to fail."""
        self._failures.clear()

    def misbehave(self, dice: random.Random, share: float, among: tuple[Failure, ...] = EVERY_FAILURE) -> None:
        """From now on this share of the requests fails, in one of these ways. 0 ends it."""
        self._chance = lambda: dice.choice(among) if dice.random() < share else None

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Let nothing listen: whoever connects is refused by the kernel. The port stays ours."""
        self._close()
        try:
            with socket.socket() as held:
                held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                held.bind(("127.0.0.1", self._port))
                yield
        finally:
            self.start()

    def start(self) -> None:
        """Listen."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), partial(_Handler, self))
        self._port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hang up on everybody, and listen no more."""
        self._over.set()
        self._close()

    def serve(self, method: str, request: Callable[[], Request], say: Callable[[Answer], None]) -> None:
        """One request, with whatever goes wrong; `request` reads it."""
        with self._lock:
            failure, wait = self._next(method)
        self.failed += failure is not None
        if failure == "reset":
            return  # the unread request makes the kernel close with a reset
        asked = request()
        match failure:
            case "500" | "429" | "420":
                say(self._refuse(int(failure), wait if failure == "429" else ""))
            case "hang":
                self._over.wait()
            case "nonsense":
                say(Answer(200, b'["what"]'))
            case "drop":
                self._do(asked)
            case "late":
                self._do(asked)
                self._over.wait()
            case "twice" if not self._once(asked):
                self._do(asked)
                say(self._do(asked))
            case _:
                say(self._do(asked))

    def _next(self, method: str) -> tuple[Failure | None, str]:
        if self._failures and self._failures[0][1] in {"", method}:
            failure, _, wait = self._failures.popleft()
            return failure, wait
        return self._chance(), "0"

    def _do(self, asked: Request) -> Answer:
        with self._lock:
            return self._take(asked)

    def _close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _HalfSaid(Exception):  # noqa: N818  # no error of ours
    """Whoever asked was killed, or gave up, between the head and the body: no server does anything then."""


class _Handler(BaseHTTPRequestHandler):
    """Speaks HTTP/1.0: one request a connection, so that returning without a word cuts it."""

    def __init__(self, faulty: Faulty, *args: Any) -> None:
        self.faulty = faulty
        super().__init__(*args)

    def _any(self) -> None:
        with suppress(_HalfSaid):
            self.faulty.serve(self.command, self._request, self._say)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815  # the names http.server calls

    def _request(self) -> Request:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:
            raise _HalfSaid
        parts = urlsplit(self.path)
        return Request(self.command, parts.path, parse_qs(parts.query), dict(self.headers.items()), body)

    def _say(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: Any) -> None:
        """Keep quiet: the stand-in knows what came."""
