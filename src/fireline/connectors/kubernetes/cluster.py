"""One cluster, as one context of a lane's kubeconfig sees it: asked with GET only, and trouble told in words.

lightkube reads the kubeconfig and signs in; what is asked for is the server's own table, the one that kubectl
prints, so no model of any kind is needed. What lightkube would pass over in a kubeconfig (a proxy, a server name,
impersonation), and what would start a program (exec, auth-provider), is left to kubectl.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
import msgspec

from fireline.connectors.http import USER_AGENT, Temporary, phrase, trouble
from fireline.core.question import Unusable, denied
from fireline.core.question.kubectl import Where

AT_ONCE = 8  # connections to one cluster, and no more: it may be unwell
LARGEST = 32 * 1024 * 1024  # bytes of one answer; a longer one is streamed by kubectl
PAGE = 500  # objects in one piece, as kubectl asks for
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
KNOWN = {
    "clusters": frozenset(
        {"server", "certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify"}
    ),
    "users": frozenset(
        {"token", "tokenFile", "client-certificate", "client-certificate-data", "client-key", "client-key-data"}
    ),
    "contexts": frozenset({"cluster", "user", "namespace"}),
}
COMMENTS = frozenset({"extensions"})  # of minikube and others: no setting


class ClusterError(Temporary):
    """The cluster did not give what it was asked for. `output` is what kubectl would say, `reason` what we say."""

    def __init__(self, output: str, reason: str, *, status: int | None = None) -> None:
        super().__init__(reason, status=status)
        self.output = output


@dataclass(frozen=True, slots=True)
class Cluster:
    """A context with its open connections."""

    context: str
    server: str
    namespace: str  # where nothing else is said
    client: httpx2.Client = field(repr=False)

    @property
    def called(self) -> str:
        """How findings name it."""
        return f"the cluster of context {self.context}"

    def refusal(self, status: int, body: bytes) -> ClusterError:
        """What kubectl would say of an answer that is none, and what we say."""
        try:
            told = msgspec.json.decode(body)
        except msgspec.DecodeError:
            told = None
        told = told if isinstance(told, dict) else {}
        message = " ".join(str(told.get("message") or phrase(status)).split())
        output = f"Error from server ({told['reason']}): {message}\n" if told.get("reason") else f"error: {message}\n"
        match status:
            case 401:
                output = "error: You must be logged in to the server (Unauthorized)\n"
                reason = f"{self._what} does not take the read lane's credentials (401): wrong, or expired."
            case 403:
                said = " ".join(denied.of_output(message)) or f"{message}. Its account needs that right."
                reason = f"The read lane may not see this (403): {said}"
            case 404:
                reason = f"{self._what} says: {message}."
            case _ if status >= 500 or status == 429:
                reason = f"{self._what} is itself in trouble: it answered {phrase(status)}: {message}."
            case _:
                reason = f"{self._what} answered {phrase(status)}: {message}."
        return ClusterError(output, reason, status=status)

    def silence(self, error: BaseException) -> ClusterError:
        """What kubectl would say where no answer came, and what we say."""
        cause, address = trouble(error), urlsplit(self.server)
        unable = "Unable to connect to the server: "
        match cause.word:
            case "refused":
                place = f"{address.hostname}:{address.port or 443}"
                output = f"The connection to the server {place} was refused - did you specify the right host or port?\n"
            case "hang":
                output = f"{unable}context deadline exceeded (Client.Timeout exceeded while awaiting headers)\n"
            case "dns":
                output = f"{unable}dial tcp: lookup {address.hostname}: no such host\n"
            case _:
                output = f"{unable}{address.hostname} {cause.sentence}\n"
        return ClusterError(output, f"{self._what} ({self.server}) {cause.sentence}.")

    @property
    def _what(self) -> str:
        return f"The API server of context {self.context}"


@dataclass(slots=True)
class Asking:
    """The requests of one question: none after `deadline` (time.monotonic), and what was asked, in order."""

    cluster: Cluster
    deadline: float
    ran: list[str] = field(default_factory=list)

    @property
    def left(self) -> float:
        """Seconds until nobody waits any more."""
        return max(self.deadline - time.monotonic(), 0.0)

    def get(self, path: str, params: Mapping[str, Any] | None = None, *, accept: str = "application/json") -> Any:
        """The JSON that stands there. Raises ClusterError; Unusable where it is too long for us."""
        return msgspec.json.decode(self.text(path, params, accept=accept))

    def text(self, path: str, params: Mapping[str, Any] | None = None, *, accept: str = "*/*") -> bytes:
        """What stands there, whole."""
        body = bytearray()
        with self._stream(path, params, accept, self.left) as pieces:
            for piece in pieces:
                body += piece
                if len(body) > LARGEST:
                    raise Unusable(f"an answer of more than {LARGEST} bytes")
        return bytes(body)

    def listed(self, path: str, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Every object of a list, whatever pieces it comes in."""
        items: list[dict[str, Any]] = []
        for page in self._pages(path, params, "application/json"):
            items += page.get("items") or []
        return items

    def table(self, path: str, params: Mapping[str, Any], *, one: bool) -> tuple[list[Any], list[Any]]:
        """The columns and the rows of the server's own table; `one`: of a single object."""
        columns: list[Any] = []
        rows: list[Any] = []
        for page in [self.get(path, params, accept=TABLE)] if one else self._pages(path, params, TABLE):
            if page.get("kind") != "Table":
                raise Unusable("a server that prints no tables")
            columns = columns or page.get("columnDefinitions") or []
            rows += page.get("rows") or []
        return columns, rows

    def lines(self, path: str, params: Mapping[str, Any], seconds: float) -> Iterator[str]:
        """The lines of a stream as they come, until it ends or `seconds` are over; a last half line too."""
        ends = min(time.monotonic() + seconds, self.deadline)
        rest, size = b"", 0
        with self._stream(path, params, "*/*", max(ends - time.monotonic(), 0.1), endless=True) as pieces:
            for piece in pieces:
                *whole, rest = (rest + piece).split(b"\n")
                yield from (line.decode(errors="replace") for line in whole)
                size += len(piece)
                if size > LARGEST or time.monotonic() >= ends:
                    break
        if rest:
            yield rest.decode(errors="replace")

    def _pages(self, path: str, params: Mapping[str, Any] | None, accept: str) -> Iterator[Any]:
        asked: dict[str, Any] = {"limit": PAGE, **(params or {})}
        size = 0
        while True:
            try:
                body = self.text(path, asked, accept=accept)
            except ClusterError as no:
                # https://kubernetes.io/docs/reference/using-api/api-concepts/#410-gone-responses
                if no.status == 410 and "continue" in asked:
                    raise Unusable("a list that was forgotten half-way: kubectl begins anew") from None
                raise
            size += len(body)
            if size > LARGEST:
                raise Unusable(f"a list of more than {LARGEST} bytes")
            page = msgspec.json.decode(body)
            yield page
            more = page.get("metadata", {}).get("continue")
            if not more:
                return
            asked |= {"continue": more}

    @contextmanager
    def _stream(
        self, path: str, params: Mapping[str, Any] | None, accept: str, seconds: float, *, endless: bool = False
    ) -> Iterator[Iterator[bytes]]:
        """Open an answer; each wait for a piece of it lasts at most `seconds`. `endless`: silence ends it."""
        given = {key: value for key, value in (params or {}).items() if value not in ("", None)}
        query = f"?{urlencode(given)}" if given else ""
        self.ran.append(f"GET {self.cluster.server}{path}{query}")
        timeout = httpx2.Timeout(max(min(seconds, self.left), 0.001))
        try:
            with self.cluster.client.stream(
                "GET", path.removeprefix("/"), params=given, headers={"Accept": accept}, timeout=timeout
            ) as answer:
                if not answer.is_success:
                    raise self.cluster.refusal(answer.status_code, answer.read()[:LARGEST])
                yield self._pieces(answer, endless=endless)
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
            raise self.cluster.silence(error) from None

    def _pieces(self, answer: httpx2.Response, *, endless: bool) -> Iterator[bytes]:
        try:
            for piece in answer.iter_bytes():
                yield piece
                if not endless and not self.left:
                    raise self.cluster.silence(TimeoutError())
        except httpx2.ReadTimeout:
            if not endless:
                raise


def opened(where: Where) -> Cluster:
    """Read the kubeconfig, make ready to ask. Unusable where only kubectl can; ClusterError for an unknown context."""
    # lightkube takes a tenth of a second and some MB to import; a house without Kubernetes shall not pay for it.
    import yaml  # noqa: PLC0415
    from lightkube import ConfigError, KubeConfig  # noqa: PLC0415
    from lightkube.config.client_adapter import ConnectionParams  # noqa: PLC0415

    path = config_of(where)
    try:
        written = yaml.safe_load(path.read_bytes())
        _plain(written)
        config = KubeConfig.from_dict(written, fname=path)
        name = where.context or config.current_context
        if name and name not in config.contexts:
            known = ", ".join(sorted(config.contexts))
            raise ClusterError(
                f"Error in configuration: context was not found for specified context: {name}\n",
                f"The read lane's kubeconfig has no context {name}. It has: {known}.",
            )
        single = config.get(name or None)
        assert single is not None
        if single.cluster is None or not urlsplit(single.cluster.server).hostname:
            raise Unusable("a cluster without an address")
        timeout = httpx2.Timeout(None)  # each request brings its own
        params = ConnectionParams(timeout=timeout, trust_env=False).httpx_params(single)
        server = single.cluster.server.rstrip("/")
        limits = httpx2.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
        headers = {"User-Agent": USER_AGENT}
        client = httpx2.Client(**params | {"base_url": f"{server}/"}, limits=limits, headers=headers)
    except (ConfigError, OSError, ValueError, KeyError, TypeError, AttributeError, AssertionError) as why:
        raise Unusable(f"a kubeconfig that cannot be used: {type(why).__name__}") from why
    except (yaml.YAMLError, msgspec.ValidationError) as why:
        raise Unusable("a kubeconfig that cannot be read") from why
    return Cluster(name or "", server, single.namespace, client)


def config_of(where: Where) -> Path:
    """The one kubeconfig of the lane. Unusable where there is none, several, or one that depends on the folder."""
    named = [one for one in where.kubeconfig.split(":") if one]
    paths = [Path(one) for one in named] or [Path(where.home or "/nonexistent") / ".kube" / "config"]
    if len(paths) > 1 or not paths[0].is_absolute() or not paths[0].is_file():
        raise Unusable("no kubeconfig, or more than one")
    return paths[0]


def _plain(written: Any) -> None:
    """Raise Unusable for what we would read differently from kubectl."""
    for part, known in KNOWN.items():
        for one in written.get(part) or ():
            inner = one.get(part.removesuffix("s")) or {}
            more = {key for key, value in inner.items() if value} - known - COMMENTS
            if more:
                raise Unusable(f"a kubeconfig with {', '.join(sorted(more))}")
            if inner.get("tokenFile") and not Path(inner["tokenFile"]).is_absolute():
                raise Unusable("a kubeconfig with a relative tokenFile")
