"""Which incidents are private, and who knows of each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"


def upgrade() -> None:
    """Add the mark and the list."""
    op.add_column("incident", sa.Column("private", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "incident_reader",
        sa.Column("incident", sa.Integer, sa.ForeignKey("incident.number"), primary_key=True),
        sa.Column("handle", sa.Text, primary_key=True),
    )


def downgrade() -> None:
    """There is no way back: an older release cannot read what this one wrote."""
