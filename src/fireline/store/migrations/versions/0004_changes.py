"""Changes that other systems told us of: deployments, pushes, releases. And what sources have to remember."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "change",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("at", TIME, nullable=False, index=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("sha", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("environment", sa.Text, nullable=False),
    )
    op.create_table(
        "heard",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """There is no way back: an older release cannot read what this one wrote."""
