"""Runners, and the runs they carry out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "runner",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("instance", sa.Text, primary_key=True),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("lanes", sa.Text, nullable=False),
        sa.Column("environments", sa.Text, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
    )
    op.create_table(
        "errand",
        sa.Column("run", sa.Text, primary_key=True),
        sa.Column("incident", sa.Integer, sa.ForeignKey("incident.number"), nullable=False),
        sa.Column("runner", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("effect", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("instance", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("cancelled", sa.Boolean, nullable=False),
        sa.Column("offered_at", TIME, nullable=False),
        sa.Column("lease_until", TIME),
        sa.Column("begun_at", TIME),
        sa.Column("end_by", TIME),
        sa.Column("outcome", sa.Text),
        sa.Index("ix_errand_runner", "runner", "state"),
    )


def downgrade() -> None:
    """There is no way back: an older release cannot read what this one wrote."""
