"""The readers of the drill: many addresses that ask the gateway for books, and notice when they are turned away.

Run as a file of its own (`readers.py PORT GATEWAY_PORT`), with nothing of fireline imported. `GET /health` answers 200
while readers are served, 500 with the share of 429s when too many are not. `/rush` brings many more readers, `/partner`
one client that asks without pause. Whoever has been served for a while goes home, as people do.
"""

from __future__ import annotations

import http.client
import sys
import threading
import time
from collections import deque
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ADDRESSES = [f"127.0.{n // 200 + 1}.{n % 200 + 1}" for n in range(80)]  # the whole of 127/8 is this machine
PARTNER = "127.0.9.9"
CALM, BUSY = 5.0, 40.0  # requests a second
WATCHED = 0.25  # seconds over which readers judge
TOO_MANY = 0.2  # of them turned away is a failure
CONTENT = 3.0  # seconds in which nobody is turned away, and the rush is over
PATIENCE = 1.0


class Crowd:
    """Who asks now, and how it went lately."""

    def __init__(self, port: int) -> None:
        self.port, self.kind, self.since_refused = port, "calm", time.monotonic()
        self.seen: deque[tuple[float, int]] = deque()
        self.lock = threading.Lock()

    def ask_for_ever(self) -> None:
        """One request after another, each from somebody else's address; of a partner's, most are its own."""
        n = 0
        while True:
            n += 1
            partner = self.kind == "partner" and n % 8 != 0
            status = self._ask(PARTNER if partner else ADDRESSES[n % len(ADDRESSES)], f"/books/{n % 7}", partner)
            now = time.monotonic()
            with self.lock:
                # the partner does not look at its answers, readers do
                if not partner:
                    self.seen.append((now, status))
                while self.seen and self.seen[0][0] < now - WATCHED:
                    self.seen.popleft()
                if status == HTTPStatus.TOO_MANY_REQUESTS:
                    self.since_refused = now
                elif self.kind == "rush" and now - self.since_refused > CONTENT:
                    self.kind = "calm"
            time.sleep(1 / (CALM if self.kind == "calm" else BUSY))

    def begin(self, kind: str) -> None:
        """From now on it is a rush, or a partner."""
        with self.lock:
            self.kind, self.since_refused = kind, time.monotonic()

    def refused(self) -> tuple[int, int]:
        """How many of how many readers were turned away lately."""
        with self.lock:
            return sum(status != HTTPStatus.OK for _, status in self.seen), len(self.seen)

    def _ask(self, address: str, path: str, partner: bool) -> int:  # noqa: FBT001  # two kinds of client
        wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE, source_address=(address, 0))
        agent = "feed-partner/2.1" if partner else "Mozilla/5.0 (a reader)"
        try:
            wire.request("GET", path, headers={"User-Agent": agent, "Connection": "close"})
            return wire.getresponse().status
        except OSError:
            return 0
        finally:
            wire.close()


class Door(BaseHTTPRequestHandler):
    """One request to the readers."""

    def do_GET(self) -> None:  # the name http.server looks for
        """Say how they are served, or bring more of them."""
        match self.path:
            case "/health":
                failed, all_ = CROWD.refused()
                bad = all_ > 0 and failed > TOO_MANY * all_
                status = HTTPStatus.INTERNAL_SERVER_ERROR if bad else HTTPStatus.OK
                self._answer(status, f"{failed} of {all_} readers were turned away (429 Too Many Requests)")
            case "/rush" | "/partner":
                CROWD.begin(self.path.strip("/"))
                self._answer(HTTPStatus.OK, "here they come")
            case _:
                self._answer(HTTPStatus.NOT_FOUND, "no such page")

    def _answer(self, status: HTTPStatus, text: str) -> None:
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """The gateway's access log says it all."""


if __name__ == "__main__":
    CROWD = Crowd(int(sys.argv[2]))
    threading.Thread(target=CROWD.ask_for_ever, daemon=True).start()
    with ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Door) as door:
        door.serve_forever()
