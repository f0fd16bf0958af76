"""Evidence kept by content: the whole masked output of a command under the sha256 of its bytes."""

from __future__ import annotations

from hashlib import sha256

import sqlalchemy as sa

from fireline.core.refusal import Refused
from fireline.store.database import Database, metadata

outputs = sa.Table(
    "evidence",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
)


class EvidenceStore:
    """Keeps texts; the same text is kept once."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def keep(self, text: str) -> str:
        """Keep `text`, which must be masked already. Returns its sha256, hexadecimal."""
        body = text.encode()
        digest = sha256(body).hexdigest()
        with self.database.writing() as connection:
            row = self.database.insert(outputs).values(digest=digest, body=body)
            connection.execute(row.on_conflict_do_nothing(index_elements=["digest"]))
        return digest

    def read(self, digest: str) -> str:
        """The text. Raises `Refused` when nothing is kept under this digest, or when it no longer matches it."""
        with self.database.reading() as connection:
            body = connection.scalar(sa.select(outputs.c.body).where(outputs.c.digest == digest))
        if body is None:
            raise Refused("There is no such evidence.", status=404)
        if sha256(body).hexdigest() != digest:
            raise Refused("This evidence is not what was kept: its bytes were changed.", status=500)
        return bytes(body).decode()
