"""A stand-in for Grafana's search: a real HTTP server on loopback. For tests only, never shipped.

    with GrafanaStandIn(document, {"shelf-1": "Platform Overview"}) as vendor:
        ...                          # the code under test is given vendor.url and TOKEN

What it is asked and what it answers is checked against Grafana's own Swagger document, as soon as there is one; a
breach makes leaving the `with` fail.
"""

from __future__ import annotations

import json
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from jsonschema import Draft4Validator  # type: ignore[import-untyped]  # it has no types

TOKEN = "glsa_kiosk"


class GrafanaStandIn:
    """Grafana, as far as whoever looks for dashboards can tell. `away` hangs up, `silent` never answers."""

    def __init__(self, document: Path | None, boards: dict[str, str]) -> None:
        self.boards = boards  # title by uid
        self.asked: list[str] = []  # titles, in order
        self.violations: list[str] = []
        self.away = False
        self.silent = False
        self.over = threading.Event()
        self._document = json.loads(document.read_text()) if document else None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if kind is None and self.violations:
            raise AssertionError("Grafana's contract was broken: " + "; ".join(self.violations))

    def take(self, target: str, key: str) -> tuple[int, Any]:
        """Answer one search as Grafana would: every dashboard whose title holds the words, by title."""
        parts = urlsplit(target)
        if key != f"Bearer {TOKEN}":
            return 401, {"message": "Unauthorized"}
        if parts.path != "/api/search":
            return 404, {"message": "Not found"}
        query = parse_qs(parts.query)
        words = query.get("query", [""])[0]
        self.asked.append(words)
        hits = [
            _hit(n, uid, title)
            for n, (uid, title) in enumerate(sorted(self.boards.items(), key=lambda one: one[1]), start=1)
            if words.lower() in title.lower()
        ]
        self._check(query, hits)
        return 200, hits

    def _check(self, query: dict[str, list[str]], hits: list[dict[str, Any]]) -> None:
        if self._document is None:
            return
        known = {one["name"]: one for one in self._document["paths"]["/search"]["get"]["parameters"]}
        for name, values in query.items():
            if name not in known:
                self.violations.append(f"the search knows no `{name}`")
            elif values[0] not in known[name].get("enum", values):
                self.violations.append(f"`{name}` cannot be {values[0]}")
        schema = {"$ref": "#/definitions/HitList", "definitions": self._document["definitions"]}
        self.violations += [one.message for one in Draft4Validator(schema).iter_errors(hits)]
        fields = set(self._document["definitions"]["Hit"]["properties"])
        self.violations += [f"a hit has no `{name}`" for hit in hits for name in hit if name not in fields]


def _hit(number: int, uid: str, title: str) -> dict[str, Any]:
    slug = title.lower().replace(" ", "-")
    return {
        "id": number, "uid": uid, "title": title, "uri": f"db/{slug}", "url": f"/d/{uid}/{slug}", "slug": "",
        "type": "dash-db", "tags": [], "isStarred": False, "sortMeta": 0,
    }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, vendor: GrafanaStandIn, *args: Any) -> None:
        self.vendor = vendor
        super().__init__(*args)

    def do_GET(self) -> None:
        if self.vendor.away:
            self.close_connection = True
            return
        if self.vendor.silent:
            self.vendor.over.wait(30)
            return
        status, said = self.vendor.take(self.path, self.headers.get("Authorization", ""))
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
