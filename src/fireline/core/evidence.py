"""Evidence: what a command said, so that nobody can doubt it later, and its one telling line.

The digest is taken of the masked output, the only one there is: whoever holds the text can check it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

SHOWN = 1 << 20  # bytes of an output that are looked at; the rest is for whoever reads on
PIECE = 256 * 1024  # bytes of a longer one that are kept, and travel, together
LONGEST_SUMMARY = 120  # characters; one line beside a step

# ECMA-48 control sequences: colours and cursor moves
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*+[ -/]*+[@-~]|[@-Z\\-_])")
_RULE = re.compile(r"[-=+|\s]*[-=]{2,}[-=+|\s]*")
_HEADER = re.compile(r"[A-Z][A-Z0-9()%/_-]*+(?: +[A-Z0-9()%/_-]++)+ *")  # NAME READY STATUS
_OURS = re.compile(r"\[fireline: (.*)\]")
_GAP = re.compile(r"\d+ bytes (?:cut here|are kept that do not stand here)")
_TROUBLE = re.compile(
    r"(?i)\b(?:errors?|fatal|panic|exception|denied|refused|unreachable|timed? ?out|not found|no such|cannot"
    r"|crashloopbackoff|oomkilled|imagepullbackoff|err(?:imagepull)?|failed|failure|unauthorized|forbidden)\b"
)
_NO_TROUBLE = re.compile(r"(?i)\b(?:no|0|without) (?:errors?|failures?)\b|\b(?:errors?|failed)[:=] ?0\b")


def summary(output: str, findings: tuple[str, ...] = (), *, changed: bool = False) -> str:
    """The first telling line, at most 120 characters: trouble if any, else the first that is no header.

    Where there are `findings`, the first of them: it was written for whoever reads one line only.
    `[fireline: …]` lines, which say what became of the command itself, come before everything. Of a command that
    `changed` something and ended well the last line counts: what it complained of on the way is over.
    """
    lines = [line for line in map(_plain, output.splitlines()) if line]
    ours = [found[1] for line in lines if (found := _OURS.fullmatch(line)) and not _GAP.fullmatch(found[1])]
    trouble = [line for line in lines if _TROUBLE.search(line) and not _NO_TROUBLE.search(line)]
    chosen = (list(findings) or ours or (lines[-1:] if changed else trouble) or [_first_row(lines)])[0]
    return chosen if len(chosen) <= LONGEST_SUMMARY else chosen[: LONGEST_SUMMARY - 1].rstrip() + "…"


def cut_here(missing: int) -> str:
    """The line that stands where bytes of an output are missing for ever."""
    return f"\n[fireline: {missing} bytes cut here]\n"


def not_here(kept: int) -> bytes:
    """The line that stands where bytes of an output are left out of what is shown of it."""
    return f"\n[fireline: {kept} bytes are kept that do not stand here]\n".encode()


def shown(pieces: Iterable[bytes], size: int) -> bytes:
    """An output of `size` bytes as it is looked at: whole, or its ends around a line that says so."""
    if size <= SHOWN:
        return b"".join(pieces)
    half, at, found = SHOWN // 2, 0, []
    for piece in pieces:
        found.append(piece[: max(half - at, 0)])
        if at < half <= at + len(piece):
            found.append(not_here(size - 2 * half))
        found.append(piece[max(size - half - at, 0) :])
        at += len(piece)
    return b"".join(found)


def even(source: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of one length; the last may be shorter."""
    held = bytearray()
    for piece in source:
        held += piece
        while len(held) >= PIECE:
            yield bytes(held[:PIECE])
            del held[:PIECE]
    if held:
        yield bytes(held)


def _first_row(lines: list[str]) -> str:
    """The first line below a table's header (kubectl's capitals, psql's rule), or simply the first."""
    rows = [line for line in lines if not _RULE.fullmatch(line)]
    headed = len(lines) > 2 and _RULE.fullmatch(lines[1])
    if len(rows) > 1 and (headed or _HEADER.fullmatch(rows[0])):
        return rows[1]
    return rows[0] if rows else "no output"


def _plain(line: str) -> str:
    """`line` without colours, control characters and runs of spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in _ESCAPES.sub("", line)).split())
