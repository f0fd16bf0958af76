"""How the command line speaks: tables for people, JSON for programs, and nothing that a terminal would obey.

What alerts, commands and people bring in is shown as it is: characters that would move a cursor, colour a
word or turn its direction are written out, because somebody is about to say yes to what they see.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

TONES = {
    "ok": "green", "open": "green", "made": "green", "read": "green", "warn": "yellow", "waiting": "yellow",
    "local": "yellow", "write": "yellow", "fail": "red", "failed": "red", "shut": "red", "destructive": "red",
    "given up": "red", "unknown": "magenta", "timed out": "red", "interrupted": "red", "cancelled": "yellow",
    "up": "green", "client_error": "red", "server_error": "red", "hang": "red", "refused": "red", "reset": "red",
    "tls": "red", "dns": "red", "other": "red",
}  # fmt: skip


def out() -> Console:
    """Standard output; as wide as the terminal, or wide enough for a pipe."""
    return Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else 160)


def as_json(value: Any) -> None:
    """One JSON document on standard output."""
    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def plain(text: object, *, lines: bool = False) -> str:
    """`text` with every control and invisible character written out; `lines` keeps line ends and tabs."""
    keep = "\n\t" if lines else ""
    return "".join(
        one if one in keep or unicodedata.category(one) not in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"} else _written(one)
        for one in str(text)
    )


def say(*words: object) -> None:
    """A line for people."""
    out().print(" ".join(plain(word, lines=True) for word in words), soft_wrap=True)
    sys.stdout.flush()  # whoever watches a pipe sees it now


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table for people; an empty one is a line that says so. States are coloured."""
    made = Table(
        title=title or None, title_justify="left", title_style="bold", box=None, header_style="dim", pad_edge=False
    )
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(cell(one) for one in row))
    out().print(made if made.row_count else Text(f"{title}: none" if title else "none", style="dim"))


def cell(value: object) -> Text:
    """One cell, coloured when it is a state."""
    text = "" if value is None else plain(value, lines=True)
    return Text(text, style=TONES.get(text, ""))


def clock(written: str | None) -> str:
    """A time of the API (UTC) as a responder reads it: 23 Nov 03:12:07."""
    if not written:
        return ""
    from datetime import datetime

    return f"{datetime.fromisoformat(written):%d %b %H:%M:%S}"


def _written(one: str) -> str:
    return f"\\x{ord(one):02x}" if ord(one) < 256 else f"\\u{ord(one):04x}"
