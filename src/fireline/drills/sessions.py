"""A session store as small as can be: what breaks in a drill on a machine without Redis.

Run as a file of its own (`sessions.py PORT`), with nothing of fireline imported. `GET /health`
answers 200 and a word of JSON as long as it runs; it keeps no sessions, for nobody asks.
"""

from __future__ import annotations

import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Door(BaseHTTPRequestHandler):
    """One request to the session store."""

    def do_GET(self) -> None:  # the name http.server looks for
        """Say how we are; there is nothing else to read here."""
        if self.path == "/health":
            self._answer(HTTPStatus.OK, b'{"status": "ok"}\n')
        else:
            self._answer(HTTPStatus.NOT_FOUND, b'{"status": "no such page"}\n')

    def _answer(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Door) as store:
        store.serve_forever()
