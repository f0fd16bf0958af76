"""The stand-in API server: HTTPS in front of a `Cluster`, near enough that the real kubectl cannot tell.

Two people are known, by token: `look` may only look, `change` may do anything. Everything else is nobody: 401.
"""

from __future__ import annotations

import copy
import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import yaml

from kube import inside, tables
from kube.asked import No, matches, reviewed
from kube.cluster import Cluster, Request
from kube.resources import Resource, discovery, find
from kube.schema import Invalid, Thing, merged, patched

TOKENS = {"look": "reader", "change": "operator"}  # token: who that is
POLL = 0.2  # seconds in which a watch notices that its time is over


class Server(ThreadingHTTPServer):
    """One cluster's API server on a port of its own. `hang`: it accepts and never answers."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, cluster: Cluster, certificate: str) -> None:
        super().__init__(("127.0.0.1", 0), Door)
        self.cluster = cluster
        self.hang = threading.Event()
        self.connections = 0  # accepted so far
        self.fail_with: tuple[int, str, str] | None = None  # code, reason, message: for every request
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://127.0.0.1:{self.server_address[1]}"

    def get_request(self) -> tuple[Any, Any]:
        """Accept; the handshake happens in the connection's own thread."""
        line, address = super().get_request()
        self.connections += 1
        return self._tls.wrap_socket(line, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Leave a client that hung up alone; anything else is a fault of ours, and is shown."""
        import sys  # noqa: PLC0415

        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def close(self) -> None:
        """Stop; watches end."""
        with self.cluster.changed:
            self.cluster.closed = True
            self.cluster.changed.notify_all()
        self.hang.clear()
        self.shutdown()
        self.server_close()
        self._thread.join(10)


class Door(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet

    def log_message(self, *_: Any) -> None:
        """Say nothing: `Cluster.requests` keeps them."""

    def do_GET(self) -> None:  # the library's name; the other methods get it below
        """Answer whatever is asked."""
        cluster = self.server.cluster
        size = int(self.headers.get("Content-Length") or 0)
        self.raw = self.rfile.read(size)
        if self.server.hang.is_set():
            with cluster.changed:
                cluster.changed.wait_for(lambda: cluster.closed or not self.server.hang.is_set())
            self.close_connection = True
            return
        with cluster.changed:
            cluster.asked.append(self.path)
            cluster.changed.notify_all()
        self.user = TOKENS.get(self.headers.get("Authorization", "").removeprefix("Bearer "), "")
        self.streaming = False
        split = urlsplit(self.path)
        self.query = dict(parse_qsl(split.query, keep_blank_values=True))
        self.args = [value for key, value in parse_qsl(split.query) if key == "command"]
        answer: tuple[int, Thing | str] | None
        try:
            answer = self._answer(split.path.strip("/"))
        except No as no:
            answer = no.code, no.body
        code = answer[0] if answer else 200
        # kept before it is answered: a test that has its answer finds it here
        cluster.requests.append(Request(self.user, self.command, self.path, code, self.raw.decode(errors="replace")))
        if answer:
            self._send(*answer)

    def _send(self, code: int, body: Thing | str) -> None:
        text = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "text/plain" if isinstance(body, str) else "application/json")
        self.send_header("Content-Length", str(len(text)))
        if self.server.cluster.warning:
            self.send_header("Warning", f'299 - "{self.server.cluster.warning}"')
        self.end_headers()
        self.wfile.write(text)
        self.wfile.flush()

    def _stream(self, pieces: Iterator[bytes], kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _answer(self, path: str) -> tuple[int, Thing | str] | None:
        cluster = self.server.cluster
        if self.server.fail_with:
            raise No(*self.server.fail_with)
        if not self.user:
            raise No(401, "Unauthorized", "Unauthorized")
        if path in {"healthz", "readyz", "livez"}:
            return 200, "ok"
        if said := discovery(path, metrics=cluster.metrics):
            return 200, said
        parts = path.split("/")
        cut = 2 if parts[0] == "api" else 3
        prefix, way = "/".join(parts[:cut]), parts[cut:]
        namespace = ""
        if len(way) > 2 and way[0] == "namespaces":
            namespace, way = way[1], way[2:]
        kind = find(prefix, way[0]) if way else None
        if kind is None or (kind.group == "metrics.k8s.io" and not cluster.metrics):
            raise No(404, "NotFound", "the server could not find the requested resource")
        name, sub = (*way[1:], "", "")[:2]
        self._may(kind, namespace, name, sub)
        with cluster.changed:
            if kind.group == "metrics.k8s.io":
                return 200, self._usage(kind, namespace, name)
            if kind.plural == "selfsubjectaccessreviews":
                return self._review()
            if not name:
                return self._list(kind, namespace) if self.command == "GET" else self._create(kind, namespace)
        return self._one(kind, namespace, name, sub)

    def _may(self, kind: Resource, namespace: str, name: str, sub: str) -> None:
        looks = self.command == "GET" and kind.plural != "secrets" and sub not in {"exec", "portforward"}
        if self.user == "operator" or looks or kind.plural == "selfsubjectaccessreviews":
            return
        verb = {"POST": "create", "PUT": "update", "GET": "get" if name else "list"}.get(self.command)
        what = "/".join(filter(None, [kind.plural, sub]))
        place = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
        named = f'{kind.named} "{name}"' if name else kind.named
        text = f'{named} is forbidden: User "{self.user}" cannot {verb or self.command.lower()} resource "{what}" '
        raise No(403, "Forbidden", text + f'in API group "{kind.group}" {place}')

    def _review(self) -> tuple[int, Thing]:
        asked = reviewed(self.raw) if self.raw.startswith(b"k8s\0") else json.loads(self.raw)
        about = asked["spec"].get("resourceAttributes", {})
        changes = about.get("verb") not in {"get", "list", "watch"} or about.get("resource") == "secrets"
        return 201, asked | {"status": {"allowed": self.user == "operator" or not changes}}

    def _list(self, kind: Resource, namespace: str) -> tuple[int, Thing] | None:
        cluster = self.server.cluster
        if self.query.get("watch") in {"true", "1"}:
            cluster.changed.release()  # a watch must not hold up the world
            try:
                self._stream(self._watch(kind, namespace), "application/json")
            finally:
                cluster.changed.acquire()
            return None
        if self.query.get("continue") and cluster.forgets:
            raise No(410, "Expired", "The provided continue parameter is too old to display a consistent list result.")
        items = [one for one in cluster.all(kind.plural, namespace) if matches(self.query, one)]
        start, size = (
            int(self.query.get("continue") or 0),
            min(int(self.query.get("limit") or cluster.page), cluster.page),
        )
        shown = self._shown(kind, items[start : start + size])
        if len(items) > start + size:
            shown["metadata"]["continue"] = str(start + size)
        return 200, shown

    def _shown(self, kind: Resource, items: list[Thing], one: Thing | None = None) -> Thing:
        cluster = self.server.cluster
        if "as=Table" in self.headers.get("Accept", ""):
            whole = self.query.get("includeObject") == "Object"
            return tables.table(kind.kind, items, cluster.now(), cluster.version, whole=whole)
        if one is not None:
            return one
        about = {"kind": f"{kind.kind}List", "apiVersion": kind.version}
        return about | {"metadata": {"resourceVersion": str(cluster.version)}, "items": items}

    def _watch(self, kind: Resource, namespace: str) -> Iterator[bytes]:
        cluster = self.server.cluster
        seen = int(self.query.get("resourceVersion") or 0)
        ends = threading.Event()
        timer = threading.Timer(float(self.query.get("timeoutSeconds") or 300), ends.set)
        timer.daemon = True
        timer.start()
        with cluster.changed:
            if not seen:
                now = [one for one in cluster.all(kind.plural, namespace) if matches(self.query, one)]
                told = [json.dumps({"type": "ADDED", "object": one}).encode() + b"\n" for one in now]
                seen = cluster.version
            else:
                told = []
        yield from told
        while not cluster.closed and not ends.is_set():
            with cluster.changed:
                cluster.changed.wait_for(lambda: cluster.version > seen or cluster.closed, POLL)  # noqa: B023
                fresh = list(cluster.since(seen))
                seen = cluster.version
            for _, what, key, thing in fresh:
                if key[0] == kind.plural and namespace in {"", key[1]} and matches(self.query, thing):
                    yield json.dumps({"type": what, "object": thing}).encode() + b"\n"

    def _create(self, kind: Resource, namespace: str) -> tuple[int, Thing]:
        if self.command == "DELETE":
            raise No(405, "MethodNotAllowed", "this stand-in deletes one by one")
        thing = yaml.safe_load(self.raw)
        if namespace:
            thing.setdefault("metadata", {}).setdefault("namespace", namespace)
        name = thing["metadata"].get("name", "")
        if (kind.plural, namespace, name) in self.server.cluster.objects:
            raise No(409, "AlreadyExists", f'{kind.named} "{name}" already exists')
        return 201, self._write(kind, thing, None)

    def _one(self, kind: Resource, namespace: str, name: str, sub: str) -> tuple[int, Thing | str] | None:
        cluster = self.server.cluster
        with cluster.changed:
            now = cluster.objects.get((kind.plural, namespace, name))
            applies = "apply-patch" in self.headers.get("Content-Type", "")
            if now is None and not applies:
                raise No(404, "NotFound", f'{kind.named} "{name}" not found')
            match self.command, sub:
                case "GET", "":
                    assert now is not None
                    return 200, self._shown(kind, [now], now)
                case ("GET", "scale") | ("PATCH" | "PUT", "" | "scale"):
                    return self._changed(kind, now, sub)
                case "DELETE", "":
                    return 200, self._deleted(kind, namespace, name)
        assert now is not None
        match sub:
            case "log":
                return inside.log(self, now)
            case "exec":
                return inside.run(self, now)
        raise No(400, "BadRequest", f"{sub or self.command} is nothing this stand-in does")

    def _deleted(self, kind: Resource, namespace: str, name: str) -> Thing:
        cluster = self.server.cluster
        options = json.loads(self.raw or b"{}") or {}
        if not options.get("dryRun") and "dryRun" not in self.query:
            gone = cluster.delete(kind.plural, namespace, name)
        else:
            self.path += "#dryRun=All"  # kubectl says it in the body: kept with the request, so that it counts as none
            gone = cluster.get(kind.plural, namespace, name)
        about = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
        return about | {"details": {"name": name, "uid": gone["metadata"]["uid"], "kind": kind.plural}}

    def _changed(self, kind: Resource, now: Thing | None, sub: str) -> tuple[int, Thing]:
        shown = scale_of(now) if sub == "scale" and now else now
        if self.command == "GET":
            assert shown is not None
            return 200, shown
        try:
            new = self._patched(kind, shown)
        except Invalid as fault:
            raise No(422, "Invalid", str(fault)) from fault
        if sub == "scale":
            assert now is not None
            whole = copy.deepcopy(now)
            whole["spec"]["replicas"] = new["spec"].get("replicas", 0)
            return 200, scale_of(self._write(kind, whole, now))
        return 200 if now else 201, self._write(kind, new, now)

    def _patched(self, kind: Resource, now: Thing | None) -> Thing:
        body = yaml.safe_load(self.raw)
        schema = self.server.cluster.schema
        if self.command == "PUT":
            version = body["metadata"].get("resourceVersion")
            assert now is not None
            if version and version != now["metadata"].get("resourceVersion", version):
                text = f'Operation cannot be fulfilled on {kind.named} "{now["metadata"]["name"]}": '
                raise No(
                    409, "Conflict", text + "the object has been modified; please apply your changes to the latest"
                )
            return dict(body)
        match self.headers.get_content_type():
            case "application/json-patch+json":
                return patched(now or {}, body)
            case "application/merge-patch+json":
                return dict(merged(now, body))
            case _:  # strategic, or apply: the same merge, without the book of who manages what
                return dict(schema.strategic(copy.deepcopy(now), body, schema.of(now or body)))

    def _write(self, kind: Resource, thing: Thing, now: Thing | None) -> Thing:
        cluster = self.server.cluster
        try:
            cluster.schema.check(thing, now)
        except Invalid as fault:
            named = f"{thing['kind']}.{kind.group}" if kind.group else thing["kind"]
            text = f'{named} "{thing["metadata"]["name"]}" is invalid: {fault}'
            causes = [{"field": one.partition(": ")[0], "message": one.partition(": ")[2]} for one in fault.args]
            about = {"name": thing["metadata"]["name"], "group": kind.group, "kind": thing["kind"], "causes": causes}
            raise No(422, "Invalid", text, **about) from fault
        whole = cluster.completed(kind, thing)
        if "dryRun" in self.query:
            whole["metadata"].setdefault("resourceVersion", str(cluster.version))
            return whole
        return copy.deepcopy(cluster.write(kind, whole))

    def _usage(self, kind: Resource, namespace: str, name: str) -> Thing:
        cluster = self.server.cluster
        plural = kind.plural
        found = [one for one in cluster.all(plural, namespace) if matches(self.query, one)]
        items = [self._measured(kind, one) for one in found if not name or one["metadata"]["name"] == name]
        if name:
            if not items:
                raise No(404, "NotFound", f'{kind.named} "{name}" not found')
            return items[0]
        return {"kind": f"{kind.kind}List", "apiVersion": kind.version, "metadata": {}, "items": items}

    def _measured(self, kind: Resource, thing: Thing) -> Thing:
        cluster = self.server.cluster
        about = {key: value for key, value in thing["metadata"].items() if key in {"name", "namespace", "labels"}}
        cpu, memory = cluster.usage.get(about["name"], ("12m", "40Mi"))
        made = {"kind": kind.kind, "apiVersion": kind.version, "metadata": about}
        made |= {"timestamp": cluster.stamp(), "window": "30s"}
        usage = {"cpu": cpu, "memory": memory}
        if kind.plural == "nodes":
            return made | {"usage": usage}
        first, *others = [one["name"] for one in thing["spec"]["containers"]]
        rest = [{"name": one, "usage": {"cpu": "1m", "memory": "8Mi"}} for one in others]
        return made | {"containers": [{"name": first, "usage": usage}, *rest]}


for _method in ("POST", "PUT", "PATCH", "DELETE"):
    setattr(Door, f"do_{_method}", Door.do_GET)


def scale_of(thing: Thing) -> Thing:
    """Give the scale subresource of a workload."""
    keep = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    about = {key: value for key, value in thing["metadata"].items() if key in keep}
    labels = thing["spec"]["selector"]["matchLabels"]
    counted = {
        "replicas": thing.get("status", {}).get("replicas", 0),
        "selector": ",".join(f"{key}={value}" for key, value in labels.items()),
    }
    made = {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": about}
    return made | {"spec": {"replicas": thing["spec"].get("replicas", 1)}, "status": counted}
