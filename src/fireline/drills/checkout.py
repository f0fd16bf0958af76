"""The checkout of the drill: it takes a connection for each question, and in a drill forgets to give some back.

Run as a file of its own (`checkout.py PORT POSTGRES_PORT`). `GET /health` asks the database and answers 200, or 500
with PostgreSQL's own words; `GET /leak/ROLE` takes connections as this role until no more are given, and keeps them.
"""

from __future__ import annotations

import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg

PATIENCE = 2  # seconds for a connection
LEAKED: list[psycopg.Connection[tuple[object, ...]]] = []


def connected(role: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection as the checkout makes it."""
    return psycopg.connect(
        host="127.0.0.1", port=int(sys.argv[2]), dbname="orders", user=role, application_name="checkout",
        connect_timeout=PATIENCE, autocommit=True,
    )  # fmt: skip


class Door(BaseHTTPRequestHandler):
    """One request to the checkout."""

    def do_GET(self) -> None:  # the name http.server looks for
        """Say how we are, or leak."""
        match self.path.split("/")[1:]:
            case ["health"]:
                self._health()
            case ["leak", ("shop" | "batch" | "operator") as role]:
                self._answer(HTTPStatus.OK, leak(role))
            case _:
                self._answer(HTTPStatus.NOT_FOUND, "no such page")

    def _health(self) -> None:
        try:
            with connected(ROLES[0]) as orders:
                orders.execute("SELECT 1")
        except psycopg.Error as trouble:
            self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, str(trouble))
        else:
            self._answer(HTTPStatus.OK, "ok")

    def _answer(self, status: HTTPStatus, text: str) -> None:
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ROLES = ["shop"]  # as whom the checkout asks from now on, the first one


def leak(role: str) -> str:
    """Take connections until none is given; from then on the checkout itself is this role, unless it is a superuser."""
    if role != "operator":
        ROLES[0] = role
    while True:
        try:
            LEAKED.append(connected(role))
            LEAKED[-1].execute("SELECT 1")
        except psycopg.Error as trouble:
            return str(trouble)


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Door) as checkout:
        checkout.serve_forever()
