"""Evidence read back: some lines of it, the lines with a word, or its bytes as they were kept.

An output may be 256 MiB and one line long, so everything here has an end: what is shown is some hundred lines, each
of them cut, and a search tells when there is more.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

from fireline.core.refusal import Refused
from fireline.store.evidence import EvidenceStore, Kept

ENDS = 200  # lines of the beginning and of the end
PAGE = 400  # lines of a page in between
FOUND = 200  # matches at once
LINE_CHARS = 2000  # of one line; the raw text has the rest
CARRIED = 64 * 1024  # bytes of a line that goes on in the next piece


@dataclass(frozen=True, slots=True)
class Line:
    """One line with its number, counted from 1."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """Lines that stand together, and how many there are that do not stand here."""

    kept: Kept
    lines: tuple[Line, ...]
    left_out: int = 0  # lines that `last` comes after
    last: tuple[Line, ...] = ()
    more: bool = False  # a search found more than it shows


def ends(store: EvidenceStore, digest: str) -> Part:
    """The first and the last lines; all of them when they are few."""
    kept = store.known(digest)
    first = _some(store, digest, 1, 2 * ENDS if kept.lines <= 2 * ENDS else ENDS)
    if kept.lines <= 2 * ENDS:
        return Part(kept, first)
    before, body = store.tail(digest)
    rows = body.decode(errors="replace").removesuffix("\n").split("\n")
    count = min(ENDS, len(rows))
    number = before + len(rows) - count + 1
    last = tuple(_line(number + n, row) for n, row in enumerate(rows[-count:]))
    last = tuple(one for one in last if one.number > len(first))
    return Part(kept, first, last[0].number - len(first) - 1 if last else 0, last)


def page(store: EvidenceStore, digest: str, from_line: int) -> Part:
    """Lines from this one on."""
    kept = store.known(digest)
    if not 1 <= from_line <= max(kept.lines, 1):
        raise Refused(f"It has {kept.lines} lines.", status=400, field="line")
    return Part(kept, _some(store, digest, from_line, PAGE))


def search(store: EvidenceStore, digest: str, word: str) -> Part:
    """The lines that have this word in them, small or capital, the first `FOUND` of them."""
    if not word.strip() or len(word) > 200:
        raise Refused("Say in at most 200 characters what to look for.", status=400, field="q")
    wanted, found = word.casefold(), list[Line]()
    for number, row in _rows(store, digest, wanted):
        if wanted in row.casefold() and not (found and found[-1].number == number):
            if len(found) == FOUND:
                return Part(store.known(digest), tuple(found), more=True)
            found.append(_around(number, row, wanted))
    return Part(store.known(digest), tuple(found))


def _some(store: EvidenceStore, digest: str, from_line: int, count: int) -> tuple[Line, ...]:
    found: list[Line] = []
    for number, row in _rows(store, digest, "", from_line - 1):
        if number >= from_line and not (found and found[-1].number == number):
            found.append(_line(number, row))
        if len(found) == count:
            break
    return tuple(found)


def _rows(store: EvidenceStore, digest: str, wanted: str, after: int = 0) -> Iterator[tuple[int, str]]:
    """Numbered lines, piece by piece; with `wanted`, pieces without it are passed over whole."""
    rest, decoder = "", codecs.getincrementaldecoder("utf-8")("replace")
    for before, body in store.pieces(digest, from_line=after):
        number = before + 1
        text = rest + decoder.decode(body)
        if wanted and wanted not in text.casefold():
            rest = text[text.rfind("\n") + 1 :][-CARRIED:]
            continue
        *rows, rest = text.split("\n")
        yield from enumerate(rows, number)
        if len(rest) > CARRIED:  # a line without an end is looked at in parts
            yield number + len(rows), rest
            rest = rest[-1024:]
    if rest:
        yield store.known(digest).lines, rest


def _line(number: int, row: str) -> Line:
    return Line(number, row if len(row) <= LINE_CHARS else f"{row[:LINE_CHARS]}…")


def _around(number: int, row: str, wanted: str) -> Line:
    """The line, or what is around the word in a long one."""
    at = row.casefold().find(wanted)
    if len(row) <= LINE_CHARS or at < LINE_CHARS // 2:
        return _line(number, row)
    return Line(number, f"…{row[at - LINE_CHARS // 2 : at + LINE_CHARS // 2]}…")
