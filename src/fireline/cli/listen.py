"""What `fireline serve` does: make sure of everything that can be made sure of, then listen and say so."""

from __future__ import annotations

import ctypes
import gc
import logging
import socket
import sys
from pathlib import Path
from typing import Any

import msgspec
import structlog
import uvicorn

from fireline import clock
from fireline.app import served
from fireline.cli.house import spool
from fireline.cli.speak import say
from fireline.core.refusal import Refused
from fireline.house import House, build
from fireline.settings import Settings

BACKLOG = 2048  # connections that may wait to be taken: an alert storm arrives all at once
M_ARENA_MAX = -8  # of glibc's mallopt(3)
GRACE = 1  # seconds for answers under way; live pages never end by themselves and come back on their own


def run(settings: Settings, host: str | None, port: int | None, admin: str) -> None:
    """Serve until told to stop. Raises `Refused` with why it cannot; `admin` becomes the first person's handle."""
    _log()
    _one_heap()
    listener = _listen(host or settings.server.host, settings.server.port if port is None else port)
    settings = _as_bound(settings, listener)
    try:
        house = _house(settings)
        link = _ready(house, settings, admin)
        _Server(house, settings, link).run_on(listener)
    finally:
        listener.close()


class _Server(uvicorn.Server):
    """uvicorn, saying where it listens once it does, and in one line why it does not."""

    def __init__(self, house: House, settings: Settings, link: str | None) -> None:
        self._application, self._settings, self._link = served(house), settings, link
        self._trouble = ""
        super().__init__(
            uvicorn.Config(
                self._lifted, loop="uvloop", http="httptools", lifespan="on", interface="asgi3", access_log=False,
                log_config=None, log_level="critical", server_header=False, timeout_graceful_shutdown=GRACE,
                proxy_headers=False,  # the application reads them itself, where they matter
            )
        )  # fmt: skip

    def run_on(self, listener: socket.socket) -> None:
        """Serve until told to stop. Raises `Refused` with what the start has failed of."""
        try:
            self.run(sockets=[listener])
        except SystemExit:
            if self._trouble:
                raise Refused(self._trouble, status=503) from None
            raise

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, then say where."""
        await super().startup(sockets)
        gc.collect()
        gc.freeze()  # what a start makes stays; looking through it again and again cost a third of an alert
        if self.started:
            if self._link:
                say(f"Sign in, once, within 30 minutes: {self._link}")
            say(f"fireline listens on {self._settings.base_url}")

    def _lifted(self, scope: Any, receive: Any, send: Any) -> Any:
        """The application, with the last line of a failed start kept for the person who started it."""
        if scope["type"] != "lifespan":
            return self._application(scope, receive, send)

        async def told(message: Any) -> None:
            if message["type"] == "lifespan.startup.failed":
                # the trouble of a group of tasks stands in a frame of +, - and |
                lines = (line.strip(" |+-") for line in str(message.get("message", "")).splitlines())
                last = list(filter(None, lines))[-1:]
                self._trouble = f"fireline could not start: {last[0].partition(': ')[2] or last[0]}" if last else ""
            await send(message)

        return self._application(scope, receive, told)


def _house(settings: Settings) -> House:
    try:
        return build(settings)
    except OSError as trouble:
        raise Refused(f"The folder of the database cannot be made: {trouble}.", status=503) from trouble


def _ready(house: House, settings: Settings, admin: str) -> str | None:
    """Everything that can be found out before the first request; a link when there is nobody to sign in yet."""
    spool(Path(settings.store.spool))
    for path in settings.runbooks.paths:
        if not Path(path).exists():
            say(f"Warning: there is no runbook at {path}. Alerts will match nothing; set [runbooks] paths.")
    house.database.claim()
    try:
        house.database.migrate()
        if house.accounts.people():
            return None
        house.accounts.add(admin, admin.capitalize(), "admin")
        return f"{settings.base_url}/sign-in/{house.accounts.link(admin, clock.now())}"
    finally:
        house.database.close()  # gives the claim back; the start proper takes it again


def _listen(host: str, port: int) -> socket.socket:
    """The bound socket. Raises `Refused` when somebody else has the port, or there is no such host here."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as trouble:
        why = getattr(trouble, "strerror", None) or str(trouble)
        raise Refused(f"Port {port} of {host} cannot be had: {why}. --port takes another.", status=503) from trouble
    return listener


def _as_bound(settings: Settings, listener: socket.socket) -> Settings:
    host, port = listener.getsockname()[:2]
    return msgspec.structs.replace(settings, server=msgspec.structs.replace(settings.server, host=host, port=port))


def _one_heap() -> None:
    """Let all threads share one heap: each with its own would keep what it freed, 15 MB of 100,000 alerts' 210."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # only glibc has it, and only glibc has many
    if mallopt:
        mallopt(M_ARENA_MAX, 1)


def _log() -> None:
    """Log to stderr, a line each. Traces without the values of variables: those hold tokens."""
    logging.getLogger("alembic").setLevel(logging.WARNING)  # a start that changes nothing says nothing
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
