"""Overrides of on-call: who takes whose turn, from when to when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "override",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("rotation", sa.Text, nullable=False),
        sa.Column("who", sa.String(32), nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False, index=True),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("ended_by", sa.Text),
        sa.Column("key", sa.Text, unique=True),
        sa.Column("ended_key", sa.Text),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """There is no way back: an older release cannot read what this one wrote."""
