"""Customers, the services they hear of, and one copy of each letter for each of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "customer",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("mail", sa.Text, nullable=False, unique=True),
        sa.Column("leave", sa.Text, nullable=False, unique=True),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("left_at", TIME),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "customer_service",
        sa.Column("customer", sa.Integer, sa.ForeignKey("customer.number"), primary_key=True),
        sa.Column("service", sa.Text, primary_key=True),
        sa.Index("ix_customer_service_service", "service"),
    )
    op.create_table(
        "letter_copy",
        sa.Column("incident", sa.Integer, sa.ForeignKey("incident.number"), primary_key=True),
        sa.Column("letter", sa.Integer, primary_key=True),
        sa.Column("customer", sa.Integer, sa.ForeignKey("customer.number"), primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("again_at", TIME),
        sa.Column("since", TIME, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Index("ix_letter_copy_state", "state", "incident", "letter", "customer"),
    )


def downgrade() -> None:
    """There is no way back: an older release cannot read what this one wrote."""
