"""Boards: what the public page is made of, read beside the requests for it.

A request never waits for the database: it is answered from the last board that was read, and says of when that is
as soon as it is old. The board also lies in a file, for a fireline that starts while its database is away, and for
`fireline status export`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import structlog

from fireline.core.board import Board, Component
from fireline.core.refusal import Refused
from fireline.store.notices import Notices

EVERY = 2.0  # seconds between looks: so soon every replica shows what one has published
STALE = timedelta(seconds=30)  # an older board says of when it is

log = structlog.get_logger(__name__)


class Boards:
    """Keeps the newest board."""

    def __init__(
        self,
        notices: Notices,
        *,
        title: str,
        url: str,
        components: tuple[Component, ...],
        copy: Path,
        drill: bool,
        now: Callable[[], datetime],
    ) -> None:
        self.notices = notices
        self._title, self._url, self._components, self._drill = title, url, components, drill
        self._copy, self._now = copy, now
        self._board: Board | None = None

    def look(self) -> Board:
        """Read it anew. Raises `Refused` when the database is away; what was read before stays."""
        said, work = self.notices.read()
        board = Board(
            title=self._title, url=self._url, components=self._components, notices=said, maintenances=work,
            read_at=self._now(), drill=self._drill,
        )  # fmt: skip
        before, self._board = self._board, board
        if before is None or (before.notices, before.maintenances) != (said, work):
            self._keep(board)
        return board

    def current(self) -> tuple[Board, bool]:
        """The newest board there is, and whether it is old. Raises `Refused` when there never was one."""
        board = self._board or self._kept()
        if board is None:
            raise Refused("The status page cannot be read just now. Try again in a moment.", status=503)
        return board, self._now() - board.read_at > STALE

    def _keep(self, board: Board) -> None:
        """Whole or not at all; a page without its copy is better than no page."""
        new = self._copy.with_name(f"{self._copy.name}.{os.getpid()}.new")
        try:
            self._copy.parent.mkdir(parents=True, exist_ok=True)
            new.write_bytes(msgspec.json.encode(board))
            new.replace(self._copy)
        except OSError as trouble:
            log.warning("status page", copy=str(self._copy), trouble=trouble.strerror)

    def _kept(self) -> Board | None:
        try:
            return msgspec.json.decode(self._copy.read_bytes(), type=Board)
        except (OSError, msgspec.MsgspecError):
            return None
