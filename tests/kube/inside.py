"""What happens in a container: its lines, and a program started in it over a WebSocket (v5.channel.k8s.io)."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kube.asked import No

if TYPE_CHECKING:
    from kube.server import Door

Thing = dict[str, Any]
MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
STDOUT, TROUBLE = b"\x01", b"\x03"  # the channels of a program's output and of how it ended
POLL = 0.2


def log(door: Door, pod: Thing) -> tuple[int, str] | None:
    """Give a container's lines; with follow, go on as they come. Raises the server's no."""
    cluster, query = door.server.cluster, door.query
    about = pod["metadata"]
    names = [one["name"] for one in pod["spec"]["containers"]]
    container = query.get("container") or (names[0] if len(names) == 1 else "")
    if container not in names:
        text = f"a container name must be specified for pod {about['name']}, choose one of: [{' '.join(names)}]"
        raise No(
            400, "BadRequest", text if not container else f"container {container} is not valid for pod {about['name']}"
        )
    key = (about["namespace"], about["name"], container)
    states = {one["name"]: one for one in pod["status"].get("containerStatuses") or ()}
    if query.get("previous") == "true":
        if key not in cluster.before and not states.get(container, {}).get("restartCount"):
            text = f'previous terminated container "{container}" in pod "{about["name"]}" not found'
            raise No(400, "BadRequest", text)
        lines = cluster.before.get(key, [])
    else:
        waits = states.get(container, {}).get("state", {}).get("waiting", {}).get("reason")
        if (waits or not states) and key not in cluster.lines and waits != "CrashLoopBackOff":
            text = f'container "{container}" in pod "{about["name"]}" is waiting to start: '
            why = "trying and failing to pull image" if waits == "ImagePullBackOff" else waits or "ContainerCreating"
            raise No(400, "BadRequest", text + why)
        lines = cluster.lines.get(key, [])
    seen = len(lines)
    tail = query.get("tailLines")
    shown = lines[-int(tail) :] if tail and int(tail) else [] if tail else lines[:]
    text = "".join(f"{line}\n" for line in shown)
    if query.get("follow") == "true":
        door._stream(_followed(door, key, text, seen), "text/plain")
        return None
    return 200, text


def _followed(door: Door, key: tuple[str, str, str], first: str, seen: int) -> Iterator[bytes]:
    cluster = door.server.cluster
    if first:
        yield first.encode()
    while not cluster.closed and ("pods", *key[:2]) in cluster.objects:
        with cluster.changed:
            cluster.changed.wait_for(lambda: len(cluster.lines.get(key, ())) > seen or cluster.closed, POLL)  # noqa: B023
            fresh = cluster.lines.get(key, [])[seen:]
            seen += len(fresh)
        if fresh:
            yield "".join(f"{line}\n" for line in fresh).encode()


def run(door: Door, pod: Thing) -> tuple[int, str] | None:
    """Start one of `cluster.inside`'s programs; without one of that name it ends as in a container that lacks it."""
    if "websocket" not in door.headers.get("Upgrade", "").lower():
        raise No(400, "BadRequest", "Upgrade request required")
    accept = base64.b64encode(hashlib.sha1((door.headers["Sec-WebSocket-Key"] + MAGIC).encode()).digest()).decode()
    protocol = door.headers.get("Sec-WebSocket-Protocol", "").split(",")[0].strip()
    door.send_response(101)
    for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)):
        door.send_header(name, value)
    door.send_header("Sec-WebSocket-Protocol", protocol)
    door.end_headers()
    program, *arguments = door.args
    started = door.server.cluster.inside.get(program)
    if started is None:
        text = f'exec: "{program}": executable file not found in $PATH'
        end: Thing = {"status": "Failure", "reason": "InternalError", "code": 500, "message": text}
    else:
        code, output = started(arguments)
        door.wfile.write(_frame(STDOUT + output.encode()))
        cause = {"reason": "ExitCode", "message": str(code)}
        end = {"status": "Success"} if not code else {"status": "Failure", "reason": "NonZeroExitCode"}
        if code:
            end |= {"message": f"command terminated with exit code {code}", "details": {"causes": [cause]}}
    door.wfile.write(_frame(TROUBLE + json.dumps({"metadata": {}} | end).encode()))
    door.wfile.write(_frame(struct.pack(">H", 1000), opcode=8))
    door.wfile.flush()
    threading.Event().wait(0.05)  # let the client read what was said before the line goes
    door.close_connection = True
    return None


def _frame(payload: bytes, opcode: int = 2) -> bytes:
    size = len(payload)
    head = struct.pack(">BB", 0x80 | opcode, size) if size < 126 else struct.pack(">BBH", 0x80 | opcode, 126, size)
    return head + payload
