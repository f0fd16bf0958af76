"""A client that costs little: one thread, pre-built requests, as many connections as asked, one request on each.

    python bench/load.py PORT PATH FILE [CONNECTIONS [TOKEN]]     # a file of bodies, one a line

Closed loop: a connection sends its next request when the last one was answered, so a slow server is asked less often
and nothing piles up unseen. The requests are divided as connections become free. Anything but 2xx is counted.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 120.0  # seconds without any answer after which the load is given up
READ = 1 << 18  # bytes taken from a socket at once


@dataclass(slots=True)
class Load:
    """What came of a load. Times in seconds."""

    answered: int = 0
    bad: int = 0  # answers that were not 2xx
    wall: float = 0.0
    client: float = 0.0  # processor time of this client
    times: list[float] = field(default_factory=list)  # of each answer, as they came
    good: list[int] = field(default_factory=list)  # positions of the requests that were answered 2xx
    trouble: str = ""  # the first answer that was not
    broken: bool = False  # the server went away

    def at(self, share: float) -> float:
        """The time within which this share of the answers came."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


@dataclass(slots=True)
class _Line:
    """One connection: what it waits for and what it has heard of it."""

    socket: socket.socket
    request: int = -1
    since: float = 0.0
    heard: bytes = b""


def requests(path: str, bodies: Sequence[bytes], token: str | None = None) -> list[bytes]:
    """Whole HTTP/1.1 requests, ready to be sent."""
    more = f"Authorization: Bearer {token}\r\n" if token else ""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{more}Content-Length: "
    return [f"{head}{len(body)}\r\n\r\n".encode() + body for body in bodies]


def run(
    port: int,
    made: Sequence[bytes],
    connections: int,
    *,
    on_answer: Callable[[int], None] | None = None,
    may_break: bool = False,
) -> Load:
    """Send every request once. `on_answer` is told how many were answered; `may_break`: the server may be killed.

    Raises ConnectionError when the server goes away and may not, TimeoutError when it stops to answer.
    """
    found, waiting, sent = Load(), select.epoll(), 0
    lines = {line.socket.fileno(): line for line in (_dial(port) for _ in range(min(connections, len(made))))}
    for number in lines:
        waiting.register(number, select.EPOLLIN)
    client, start = time.process_time(), time.perf_counter()
    try:
        for line in lines.values():
            sent = _send(line, made, sent)
        while found.answered < len(made):
            ready = waiting.poll(PATIENCE)
            if not ready:
                raise TimeoutError(f"port {port} has not answered for {PATIENCE:.0f} s")
            for number, _ in ready:
                line = lines[number]
                if (status := _hear(line)) is None:
                    continue
                now = time.perf_counter()
                found.answered += 1
                found.times.append(now - line.since)
                if 200 <= status < 300:
                    found.good.append(line.request)
                else:
                    found.bad += 1
                    found.trouble = found.trouble or line.heard.decode(errors="replace")
                if on_answer:
                    on_answer(found.answered)
                if sent < len(made):
                    if b"\r\nconnection: close" in line.heard[:1000].lower():
                        waiting.unregister(number)
                        del lines[number]
                        line.socket.close()
                        line = _dial(port)  # this server ends connections now and then
                        lines[line.socket.fileno()] = line
                        waiting.register(line.socket, select.EPOLLIN)
                    sent = _send(line, made, sent)
    except ConnectionError:
        found.broken = True
        if not may_break:
            raise
    finally:
        found.wall, found.client = time.perf_counter() - start, time.process_time() - client
        waiting.close()
        for line in lines.values():
            line.socket.close()
    return found


def status_of(heard: bytes) -> int | None:
    """The status of an answer, or None while some of it is missing. Raises ConnectionError when it is no answer."""
    end = heard.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = heard[:end].lower()
    if not head.startswith(b"http/1.1 "):
        raise ConnectionError(f"this is no HTTP/1.1: {heard[:40]!r}")
    length = head.find(b"\r\ncontent-length:")
    if length >= 0:
        until = head.find(b"\r\n", length + 2)
        whole = len(heard) - end - 4 >= int(head[length + 17 : until if until > 0 else None])
    else:
        whole = heard.endswith(b"0\r\n\r\n") or head[9:12] == b"204"
    return int(head[9:12]) if whole else None


def _dial(port: int) -> _Line:
    dialled = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return _Line(dialled)


def _send(line: _Line, made: Sequence[bytes], sent: int) -> int:
    line.request, line.heard, line.since = sent, b"", time.perf_counter()
    line.socket.sendall(made[sent])
    return sent + 1


def _hear(line: _Line) -> int | None:
    got = line.socket.recv(READ)
    if not got:
        raise ConnectionResetError("the server closed a connection on which it owes an answer")
    line.heard = line.heard + got if line.heard else got
    return status_of(line.heard)


def main() -> int:
    """Send a file, print what came of it."""
    port, path, file = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    connections = int(sys.argv[4]) if len(sys.argv) > 4 else 16
    token = sys.argv[5] if len(sys.argv) > 5 else None
    done = run(port, requests(path, file.read_bytes().splitlines(), token), connections)
    words: dict[str, float] = {"answered": done.answered, "bad": done.bad, "a second": round(done.answered / done.wall)}
    words |= {"p50 ms": round(1000 * done.at(0.5), 2), "p99 ms": round(1000 * done.at(0.99), 2)}
    words |= {"client us": round(1e6 * done.client / done.answered, 1)}
    print(json.dumps(words))  # noqa: T201
    return int(done.bad > 0)


if __name__ == "__main__":
    sys.exit(main())
