"""Our own status page: what it says, planned maintenance, who asked for mail, and each letter to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "notice",
        sa.Column("incident", sa.String(32), primary_key=True),
        sa.Column("update", sa.Integer, primary_key=True),
        sa.Column("number", sa.Integer),
        sa.Column("at", TIME, nullable=False, index=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("impact", sa.Text, nullable=False),
        sa.Column("components", sa.Text, nullable=False),
    )
    op.create_table(
        "maintenance",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False, index=True),
        sa.Column("told_at", TIME, nullable=False),
        sa.Column("components", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("called_off_by", sa.Text),
        sa.Column("called_off_key", sa.Text),
        sa.Column("key", sa.Text, unique=True),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "subscriber",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("mail", sa.Text, nullable=False, unique=True),
        sa.Column("leave", sa.Text, nullable=False, unique=True),
        sa.Column("link", sa.String(64), index=True),
        sa.Column("asked_at", TIME, nullable=False, index=True),
        sa.Column("confirmed_at", TIME),
        sa.Column("left_at", TIME),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "letter",
        sa.Column("subscriber", sa.Integer, sa.ForeignKey("subscriber.number"), primary_key=True),
        sa.Column("incident", sa.String(32), primary_key=True),
        sa.Column("update", sa.Integer, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("again_at", TIME),
        sa.Column("since", TIME),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Index("ix_letter_state", "state"),
    )


def downgrade() -> None:
    """There is no way back: an older release cannot read what this one wrote."""
