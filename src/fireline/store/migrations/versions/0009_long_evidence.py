"""Evidence of any length: its pieces, and what is known of the whole."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0007"


def upgrade() -> None:
    """Make the tables. What was kept before stays where it is, one row a text."""
    op.create_table(
        "evidence_stream",
        sa.Column("key", sa.String(32), primary_key=True),
        sa.Column("digest", sa.String(64), unique=True),  # none while it is being written
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("lines", sa.BigInteger, nullable=False),
        sa.Column("pieces", sa.Integer, nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "evidence_piece",
        sa.Column("key", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """There is no way back: an older release cannot read what this one wrote."""
