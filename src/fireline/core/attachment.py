"""Attachment: a file that a person adds as evidence. It is kept byte for byte under its hash, and nothing is masked."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath

from fireline.core.events import FileAttached, Log
from fireline.core.incident import fold
from fireline.core.refusal import Refused

NAME_MAX_CHARS = 120
NOTE_MAX_CHARS = 500


def named(name: str) -> str:
    """A file's own name as it may be shown and sent back: no folders, nothing that does not print."""
    own = PurePosixPath(name.replace("\\", "/")).name
    shown = " ".join("".join(c if c.isprintable() and c not in '"<>' else " " for c in own).split())
    if len(shown) <= NAME_MAX_CHARS:
        return shown or "file"
    stem, dot, ending = shown.rpartition(".")
    short = ending[-12:] if dot else ""
    return f"{(stem or shown)[: NAME_MAX_CHARS - len(short) - 1]}.{short}" if short else shown[:NAME_MAX_CHARS]


def attach(log: Log, at: datetime, *, name: str, size: int, evidence: str, note: str = "", by: str) -> FileAttached:
    """Add a file. The same bytes are added once; an incident that is over takes more, as the review may need it."""
    fold(0, log)
    if not size:
        raise Refused("The file is empty.", status=400, field="file")
    if len(note) > NOTE_MAX_CHARS:
        raise Refused(f"Say in {NOTE_MAX_CHARS} characters what it shows.", status=400, field="note")
    if same := next((one for one in attached(log) if one.evidence == evidence), None):
        raise Refused(f"{same.by} has attached these bytes already, as {same.name}.")
    return FileAttached(at=at, by=by, name=named(name), size=size, evidence=evidence, note=" ".join(note.split()))


def attached(log: Log) -> tuple[FileAttached, ...]:
    """Every file, the first one first."""
    return tuple(one for one in log if isinstance(one, FileAttached))


def large(size: int) -> str:
    """So many bytes, as people say it: 312 bytes, 4.2 MiB."""
    if size < 1024:
        return f"{size} bytes"
    for unit, of in (("KiB", 1 << 10), ("MiB", 1 << 20)):
        if size < of * 1024:
            return f"{size / of:.1f} {unit}"
    return f"{size / (1 << 30):.1f} GiB"
