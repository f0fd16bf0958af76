"""What passes over a wire in tests: servers that say exactly the bytes they are given. For tests only."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Wire:
    """A server and what it heard: each whole request, as bytes."""

    url: str
    heard: list[bytes] = field(default_factory=list)

    @property
    def host(self) -> str:
        return self.url.split("//")[1].rstrip("/")


Serve = Callable[..., Wire]


class Switchboard:
    """Starts servers on loopback, and ends them all."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._listeners: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def serve(self, *pieces: bytes, every: float = 0.0, hold: bool = False, tls: ssl.SSLContext | None = None) -> Wire:
        """Send each connection the pieces, `every` seconds apart, once its request has come.

        With `hold` the connection then stays open and silent.
        """
        listener = socket.create_server(("127.0.0.1", 0))
        wire = Wire(f"http{'s' if tls else ''}://127.0.0.1:{listener.getsockname()[1]}/")

        def talk(connection: socket.socket) -> None:
            with connection:
                try:
                    with tls.wrap_socket(connection, server_side=True) if tls else connection as line:
                        wire.heard.append(whole_request(line))
                        self._say(line, pieces, every=every, hold=hold)
                except OSError:
                    return  # the client hung up first: that is what some tests are about

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return  # close() below
                self._start(talk, connection)

        self._listeners.append(listener)
        self._start(accept)
        return wire

    def close(self) -> None:
        """Stop listening, hang up, wait for the threads."""
        self._over.set()
        for listener in self._listeners:
            listener.shutdown(socket.SHUT_RDWR)  # wakes the accept
            listener.close()
        for thread in self._threads:
            thread.join(10)

    def _say(self, line: socket.socket, pieces: Sequence[bytes], *, every: float, hold: bool) -> None:
        for piece in pieces:
            line.sendall(piece)
            if self._over.wait(every):
                return
        if hold:
            self._over.wait()

    def _start(self, deed: Callable[..., None], *args: socket.socket) -> None:
        thread = threading.Thread(target=deed, args=args)
        self._threads.append(thread)
        thread.start()


def answer(status: int, body: bytes = b"{}", **headers: str) -> bytes:
    """Write one HTTP answer; `retry_after="3"` becomes `retry-after: 3`."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def whole_request(line: socket.socket) -> bytes:
    """Read one whole request, or as much as comes; of what is no HTTP, the first piece."""
    heard = line.recv(65536)
    if heard[:1] == b"\x16":  # a TLS handshake, on a port that speaks plain HTTP
        return heard
    while b"\r\n\r\n" not in heard and (piece := line.recv(65536)):
        heard += piece
    head, _, body = heard.partition(b"\r\n\r\n")
    for header in head.lower().split(b"\r\n"):
        if header.startswith(b"content-length:"):
            wanted = int(header.split(b":")[1])
            while len(body) < wanted and (piece := line.recv(65536)):
                heard, body = heard + piece, body + piece
    return heard
