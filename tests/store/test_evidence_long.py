"""Evidence of any length goes in and comes out in pieces, is found by line, and is swept when it was never finished."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
import sqlalchemy as sa

from fireline.core.refusal import Refused
from fireline.store.database import Database
from fireline.store.evidence import EvidenceStore, pieces, streams
from fireline.workflows import evidence as reading

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LINES = 60_000
LONG = "".join(f"line {n} größer {'Needle' if n % 20_000 == 7 else ''}\n" for n in range(1, LINES + 1)).encode()


@pytest.mark.req(60)
def test_a_long_output_is_kept_whole_under_the_hash_of_all_of_it(database: Database) -> None:
    store = EvidenceStore(database)
    kept = store.keep_stream((LONG[at : at + 70_001] for at in range(0, len(LONG), 70_001)), NOON)
    assert (kept.digest, kept.size, kept.lines) == (sha256(LONG).hexdigest(), len(LONG), LINES)
    assert b"".join(body for _, body in store.pieces(kept.digest)) == LONG
    assert store.keep_stream(iter([LONG]), NOON) == kept  # twice is once
    with database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(streams)) == 1
    text = store.read(kept.digest)
    assert text.startswith("line 1 ")
    assert text.endswith(f"line {LINES} größer \n")
    assert "bytes are kept that do not stand here]" in text
    assert len(text) < 1 << 21


def test_a_short_stream_is_a_row_like_any_other(database: Database) -> None:
    store = EvidenceStore(database)
    kept = store.keep_stream(iter([b"PO", b"NG\n"]), NOON)
    assert (kept.digest, kept.lines) == (store.keep("PONG\n"), 1)
    assert store.read(kept.digest) == "PONG\n"


def test_a_long_output_whose_bytes_were_changed_breaks_off(database: Database) -> None:
    store = EvidenceStore(database)
    digest = store.keep_stream(iter([LONG]), NOON).digest
    with database.writing() as connection:
        connection.execute(pieces.update().where(pieces.c.number == 1).values(body=b"x"))
    with pytest.raises(Refused, match="its bytes were changed"):
        list(store.pieces(digest))


def test_what_was_never_finished_is_swept_and_nothing_else(database: Database) -> None:
    store = EvidenceStore(database)

    def broken() -> object:
        yield LONG * 2
        raise OSError("the line is dead")

    with pytest.raises(OSError, match="dead"):
        store.keep_stream(broken(), NOON)  # type: ignore[arg-type]
    digest = store.keep_stream(iter([LONG, b"more"]), NOON).digest
    assert store.sweep(NOON - timedelta(days=1)) == 0
    assert store.sweep(NOON + timedelta(days=1)) == 1
    assert b"".join(body for _, body in store.pieces(digest)) == LONG + b"more"


@pytest.mark.req(60)
def test_ends_pages_and_words_are_found_by_line(database: Database) -> None:
    store = EvidenceStore(database)
    digest = store.keep_stream(iter([LONG]), NOON).digest
    ends = reading.ends(store, digest)
    assert ends.lines[0].text == "line 1 größer "
    assert (len(ends.lines), len(ends.last), ends.left_out) == (200, 200, LINES - 400)
    assert (ends.last[-1].number, ends.last[-1].text) == (LINES, f"line {LINES} größer ")
    for at in (1, 2, 9_000, 31_234, LINES - 3):
        first = reading.page(store, digest, at).lines[0]
        assert (first.number, first.text.split()[1]) == (at, str(at))
    found = reading.search(store, digest, "needle")
    assert [one.number for one in found.lines] == [7, 20_007, 40_007]
    assert [one.text for one in found.lines] == [f"line {n} größer Needle" for n in (7, 20_007, 40_007)]
    many = reading.search(store, digest, "GRÖẞER")
    assert (len(many.lines), many.more) == (200, True)
    with pytest.raises(Refused, match="60000 lines"):
        reading.page(store, digest, LINES + 1)


def test_one_endless_line_is_shown_and_searched_in_parts(database: Database) -> None:
    store = EvidenceStore(database)
    digest = store.keep_stream(iter([b"x" * 3_000_000, b"needle", b"y" * 100]), NOON).digest
    (only,) = reading.ends(store, digest).lines
    assert (only.number, len(only.text)) == (1, 2001)
    (found,) = reading.search(store, digest, "needle").lines
    assert (found.number, "needle" in found.text, len(found.text) < 2100) == (1, True, True)
