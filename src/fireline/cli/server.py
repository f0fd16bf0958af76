"""The running fireline, asked through its REST API."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from cyclopts import Parameter

from fireline.core.refusal import Refused

CONNECT = 1.0  # seconds; somebody waits, and a declaration goes on without the server
ANSWER = 10.0  # seconds
FILE = 120.0  # seconds without a byte, while a file travels

Url = Annotated[str | None, Parameter(env_var="FIRELINE_URL", help="The running fireline, e.g. http://127.0.0.1:8000.")]
Token = Annotated[str | None, Parameter(env_var="FIRELINE_TOKEN", show_env_var=True, help="A token of scope api.")]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]


class NoServer(Refused):
    """Nothing answered, or only a proxy in front of nothing did."""


@dataclass(frozen=True, slots=True)
class Server:
    """One running fireline, spoken to as the person whose token it is."""

    url: str
    token: str

    def get(self, path: str) -> Any:
        """The JSON answer. Raises `Refused` with the server's own sentence, or `NoServer`."""
        return _json(self._ask("GET", path, None, None))

    def text(self, path: str) -> str:
        """The answer's text: a review, say."""
        return self._ask("GET", path, None, None).decode()

    def post(self, path: str, body: dict[str, Any] | None = None, *, key: str | None = None) -> Any:
        """Do a deed once: `key` (a fresh one without) names it, should the network make us ask twice."""
        return _json(self._ask("POST", path, body, key or str(uuid.uuid4())))

    def upload(self, path: str, pieces: Iterator[bytes]) -> Any:
        """POST a body of any length."""
        headers = {"Content-Type": "application/octet-stream", "Idempotency-Key": str(uuid.uuid4())}
        with self._asking(headers, FILE) as client:
            answer = client.post(f"{self.url}/api/v1{path}", content=pieces)
        if answer.is_success:
            return _json(answer.content)
        raise _no(self.url, answer.status_code, answer.content)

    def download(self, path: str, to: Path) -> None:
        """Write an answer of any length to a file. Raises `Refused` when it cannot be written."""
        with self._asking({}, FILE) as client, client.stream("GET", f"{self.url}/api/v1{path}") as answer:
            if not answer.is_success:
                raise _no(self.url, answer.status_code, answer.read())
            try:
                with to.open("wb") as file:
                    for piece in answer.iter_bytes():
                        file.write(piece)
            except OSError as trouble:
                raise Refused(f"{to} cannot be written: {trouble.strerror}.") from trouble

    def _ask(self, method: str, path: str, body: dict[str, Any] | None, key: str | None) -> bytes:
        with self._asking({"Idempotency-Key": key} if key else {}, ANSWER) as client:
            answer = client.request(method, f"{self.url}/api/v1{path}", json=body)
        if answer.is_success:
            return bytes(answer.content)
        raise _no(self.url, answer.status_code, answer.content)

    @contextmanager
    def _asking(self, headers: dict[str, str], seconds: float) -> Iterator[Any]:
        import httpx2

        from fireline.connectors.http import USER_AGENT, trouble

        host = urlsplit(self.url).hostname or ""
        headers |= {"Authorization": f"Bearer {self.token}", "User-Agent": USER_AGENT}
        patience = httpx2.Timeout(seconds, connect=CONNECT)
        direct = host in {"127.0.0.1", "localhost", "::1"}  # no proxy stands between us and ourselves
        try:
            with httpx2.Client(timeout=patience, trust_env=not direct, headers=headers) as client:
                yield client
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
            raise NoServer(f"{urlsplit(self.url).netloc or self.url} {trouble(error).sentence}.", status=503) from None


def server(url: str | None, token: str | None) -> Server:
    """The server that these or the environment or the settings name. Raises `Refused` without a token."""
    token = token or os.environ.get("FIRELINE_TOKEN")
    if not token:
        raise Refused(
            "This asks the running fireline, as you: set FIRELINE_TOKEN to what `fireline token add --scope api "
            "--person YOU` gives.",
            status=401,
        )
    return Server(base(url), token.strip())


def base(url: str | None) -> str:
    """Where fireline is served: as told, else `$FIRELINE_URL`, else by the settings."""
    from fireline.settings import load

    return (url or os.environ.get("FIRELINE_URL") or load().base_url).rstrip("/")


def _json(body: bytes) -> Any:
    import msgspec

    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        raise NoServer("The answer is no JSON: is that address fireline's?", status=502) from None


def _no(url: str, status: int, body: bytes) -> Refused:
    import msgspec

    try:
        said = msgspec.json.decode(body)["error"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return NoServer(f"{urlsplit(url).netloc} answered {status}, and not in fireline's words.", status=status)
    kind = NoServer if status == 503 else Refused
    return kind(str(said), status=status)
