"""The public pages from one board: the same bytes whether they are served or lie in a folder.

A path is an address below the page's own: "" is the first page, then `history`, `history/2`, `incidents/ID`,
`history.atom`, `history.rss` and `api/v2/NAME.json`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from jinja2 import Environment

from fireline.core import board as board_
from fireline.core.board import Board
from fireline.web.rendering import STATIC, static, templates
from fireline.web.status import feeds, v2

PER_PAGE = 50  # incidents of the history
HTML, JSON, ATOM, RSS = (
    "text/html; charset=utf-8", "application/json", "application/atom+xml", "application/rss+xml",
)  # fmt: skip
STYLES = ("tokens", "base", "status")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page's bytes, and what they are."""

    body: bytes
    kind: str


@dataclass(frozen=True, slots=True)
class Look:
    """How a board is looked at: when, is it old, may one subscribe, and from a folder of files or a server."""

    at: datetime
    stale: bool = False
    mail: bool = False
    root: str | None = "/status"  # where the pages are served; None: files, which point at each other

    def link(self, here: str, path: str) -> str:
        """From the page at `here` to the one at `path`."""
        if self.root is not None:
            return f"{self.root}/{path}".rstrip("/")
        return "../" * len(_parts(here)) + file_of(path)

    def icon(self, here: str) -> str:
        """The mark in the browser's tab."""
        return static("icon.svg") if self.root is not None else "../" * len(_parts(here)) + "icon.svg"

    def styles(self, here: str) -> list[str]:
        """The style sheets."""
        if self.root is not None:
            return [static(f"css/{name}.css") for name in STYLES]
        return ["../" * len(_parts(here)) + "status.css"]


def render(path: str, board: Board, look: Look) -> Rendered | None:
    """One page; None when there is none at this path."""

    def whole(to: str) -> str:
        return f"{board.url}/{to}".rstrip("/")

    match path.split("/"):
        case [""]:
            return _html("page", path, board, look)
        case ["history"]:
            return _history(path, 1, board, look)
        case ["history", number] if number.isdecimal() and len(number) < 6 and int(number) > 1:
            return _history(path, int(number), board, look)
        case ["incidents", name]:
            one = next((one for one in board.incidents if one.id == name), None)
            return _html("incident", path, board, look, one=one) if one else None
        case ["history.atom"]:
            return Rendered(feeds.atom(board, look.at, whole), ATOM)
        case ["history.rss"]:
            return Rendered(feeds.rss(board, look.at, whole), RSS)
        case ["api", "v2", *name] if path.endswith(".json"):
            body = v2.json("/".join(name).removesuffix(".json"), board, look.at, whole)
            return Rendered(body, JSON) if body else None
        case _:
            return None


def message(title: str, sentence: str, board: Board, look: Look, *, button: str = "") -> bytes:
    """A page with one sentence, and perhaps one button that posts to the page's own address."""
    return _page("message", "", board, look, title=title, sentence=sentence, button=button)


def paths(board: Board) -> Iterator[str]:
    """Every path there is."""
    yield from ("", "history", "history.atom", "history.rss")
    yield from (f"history/{n}" for n in range(2, _pages(board) + 1))
    yield from (f"incidents/{one.id}" for one in board.incidents)
    yield from (f"api/v2/{name}.json" for name in v2.DOCUMENTS)


def file_of(path: str) -> str:
    """The file that holds the page at this path, in a folder of files."""
    last = path.rpartition("/")[2]
    return path if "." in last else f"{path}/index.html".lstrip("/")


def beside() -> dict[str, bytes]:
    """What lies beside the pages in a folder of files: their style as one file, and their mark."""
    style = b"\n".join((STATIC / "css" / f"{name}.css").read_bytes() for name in STYLES)
    return {"status.css": style, "icon.svg": (STATIC / "icon.svg").read_bytes()}


def _history(path: str, number: int, board: Board, look: Look) -> Rendered | None:
    if number > _pages(board):
        return None
    shown = board.incidents[(number - 1) * PER_PAGE : number * PER_PAGE]
    return _html("history", path, board, look, shown=shown, number=number, pages=_pages(board))


def _pages(board: Board) -> int:
    return max(1, -(-len(board.incidents) // PER_PAGE))


def _html(name: str, path: str, board: Board, look: Look, **more: object) -> Rendered:
    return Rendered(_page(name, path, board, look, **more), HTML)


def _page(name: str, path: str, board: Board, look: Look, **more: object) -> bytes:
    found = _environment().get_template(f"status/{name}.html")
    return found.render(
        board=board, look=look, at=look.at, SAID=board_.SAID, link=lambda to: look.link(path, to),
        sheets=look.styles(path), icon=look.icon(path), **more,
    ).encode()  # fmt: skip


def _parts(here: str) -> list[str]:
    return file_of(here).split("/")[:-1]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return templates().engine_instance.engine
