"""Evidence is kept once, whole, under its hash, and never given out when its bytes were changed."""

from __future__ import annotations

from hashlib import sha256

import pytest
import sqlalchemy as sa

from fireline.core.refusal import Refused
from fireline.store.database import Database
from fireline.store.evidence import EvidenceStore, outputs


@pytest.mark.parametrize("text", ["PONG\n", "", "größer 🔥\x00\x1b[31m", "x" * 1_000_000])
def test_what_is_kept_is_read_back_whole(database: Database, text: str) -> None:
    store = EvidenceStore(database)
    digest = store.keep(text)
    assert digest == sha256(text.encode()).hexdigest()
    assert store.read(digest) == text


def test_the_same_output_is_kept_once(database: Database) -> None:
    store = EvidenceStore(database)
    assert store.keep("PONG\n") == store.keep("PONG\n")
    with database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(outputs)) == 1


def test_changed_evidence_is_not_given_out(database: Database) -> None:
    store = EvidenceStore(database)
    digest = store.keep("PONG\n")
    with database.writing() as connection:
        connection.execute(outputs.update().values(body=b"NOPE\n"))
    with pytest.raises(Refused, match="its bytes were changed") as no:
        store.read(digest)
    assert no.value.status == 500
    with pytest.raises(Refused, match="no such evidence"):
        store.read("0" * 64)
