"""Slack's end of a Socket Mode line: a real websocket server on 127.0.0.1. For tests only.

with Switch() as switch:
slack.socket_url = switch.url
switch.send("slash_commands", payload)          # answers the envelope's id
switch.acknowledged(id)                         # what came back for it, once it has
switch.hang_up()                                # the line breaks
"""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from kiosk import until


class Switch:
    """Lines that were opened, and what was acknowledged on them."""

    def __init__(self) -> None:
        self.opened = 0
        self.acks: dict[str, dict[str, Any]] = {}
        self._sent = 0
        self._unanswered: dict[str, str] = {}  # envelopes that nobody has acknowledged, as they were sent
        self._lines: list[ServerConnection] = []
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        assert self._server
        host, port = self._server.socket.getsockname()[:2]
        return f"ws://{host}:{port}/link"

    @property
    def standing(self) -> int:
        """How many lines stand now."""
        return len(self._lines)

    def send(self, kind: str, payload: dict[str, Any], *, envelope: str = "", retry: int = 0) -> str:
        """Tell it on the newest line; the same envelope again is a retry."""
        self._sent += 1
        name = envelope or f"envelope-{self._sent}"
        said = {"type": kind, "envelope_id": name, "payload": payload, "accepts_response_payload": True}
        said |= {"retry_attempt": retry, "retry_reason": "timeout"} if retry else {}
        self._unanswered[name] = json.dumps(said)
        with suppress(ConnectionClosed):  # the line broke just now: it is told on the next one
            self._lines[-1].send(self._unanswered[name])
        return name

    def disconnect(self) -> None:
        """Ask for a new line, as Slack does every few hours."""
        self._lines[-1].send(json.dumps({"type": "disconnect", "reason": "refresh_requested"}))

    def hang_up(self) -> None:
        """Break every line."""
        for line in list(self._lines):
            line.close()

    def acknowledged(self, envelope: str) -> Any:
        """What was answered to this envelope."""
        until(lambda: envelope in self.acks)
        return self.acks.pop(envelope).get("payload", {})

    def __enter__(self) -> Self:
        self._server = serve(self._line, "127.0.0.1", 0)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server
        assert self._thread
        self._server.shutdown()
        self._thread.join(10)

    def _line(self, line: ServerConnection) -> None:
        self.opened += 1
        self._lines.append(line)
        try:
            line.send(json.dumps({"type": "hello", "num_connections": 1}))
            for said in list(self._unanswered.values()):  # a busy machine may have changed lines under an envelope
                line.send(said)
            for heard in line:
                answer = json.loads(heard)
                self._unanswered.pop(answer["envelope_id"], None)
                self.acks[answer["envelope_id"]] = answer
        except ConnectionClosed:
            pass
        finally:
            self._lines.remove(line)
