"""Alerts at speed: sightings apart from bodies, and looks that wait for the intake."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables. When an alert was last heard of moves out of its row, into one that is cheap to write."""
    op.create_table(
        "sighting",
        sa.Column("fingerprint", sa.String(32), primary_key=True),
        sa.Column("last_seen", TIME, nullable=False),
        sa.Column("until", TIME),
        sa.Column("times", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "look",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("fingerprints", sa.Text, nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("due_at", TIME),
        sa.Column("tries", sa.Integer, nullable=False),
    )
    op.execute(
        "INSERT INTO sighting (fingerprint, last_seen, times) "
        "SELECT fingerprint, last_seen, times FROM alert WHERE times > 1"
    )
    for column in (
        sa.Column("changed_at", TIME),
        sa.Column("verdict", sa.Text),
        sa.Column("why", sa.Text),
        sa.Column("turns", sa.Text, nullable=False, server_default="[]"),
    ):
        op.add_column("alert", column)
    # the old rows do not say when they ended: what was heard last is the nearest that is known
    op.execute("UPDATE alert SET changed_at = CASE WHEN firing THEN first_seen ELSE last_seen END")
    with op.batch_alter_table("alert") as alert:
        alert.alter_column("changed_at", existing_type=TIME, nullable=False)
        alert.alter_column("turns", existing_type=sa.Text, server_default=None, existing_nullable=False)
        alert.drop_column("last_seen")
        alert.drop_column("times")
    op.drop_index("ix_alert_group", "alert")
    with_incident, firing = sa.text("incident IS NOT NULL"), sa.text("firing")
    op.create_index(
        "ix_alert_incident", "alert", ["incident"], sqlite_where=with_incident, postgresql_where=with_incident
    )
    op.create_index("ix_alert_firing", "alert", ["first_seen"], sqlite_where=firing, postgresql_where=firing)


def downgrade() -> None:
    """There is no way back: an older release cannot read what this one wrote."""
