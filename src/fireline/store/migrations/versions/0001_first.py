"""Incidents and their logs, clocks, alerts, evidence, people and their keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "incident",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("service", sa.Text),
        sa.Column("scenario", sa.Text),
        sa.Column("declared_at", TIME),
        sa.Column("acknowledged_by", sa.Text),
        sa.Column("acknowledge_by", TIME),
        sa.Column("acknowledged_at", TIME),
        sa.Column("resolved_at", TIME),
        sa.Column("waiting", sa.Integer, nullable=False),
        sa.Column("drill", sa.Boolean, nullable=False),
        sa.Column("join_key", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    open_only = sa.text("state = 'open'")
    op.create_index(
        "ix_incident_open_join_key",
        "incident",
        ["join_key"],
        unique=True,
        sqlite_where=open_only,
        postgresql_where=open_only,
    )
    op.create_table(
        "event",
        sa.Column("incident", sa.Integer, sa.ForeignKey("incident.number"), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("key", sa.Text, unique=True),
    )
    op.create_table(
        "clock",
        sa.Column("incident", sa.Integer, sa.ForeignKey("incident.number"), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("rung_at", TIME),
    )
    not_rung = sa.text("rung_at IS NULL")
    op.create_index("ix_clock_open_due_at", "clock", ["due_at"], sqlite_where=not_rung, postgresql_where=not_rung)
    op.create_table(
        "alert",
        sa.Column("fingerprint", sa.String(32), primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("group", sa.Text, nullable=False, index=True),
        sa.Column("firing", sa.Boolean, nullable=False),
        sa.Column("first_seen", TIME, nullable=False),
        sa.Column("last_seen", TIME, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("incident", sa.Integer, sa.ForeignKey("incident.number")),
    )
    op.create_table(
        "evidence",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "person",
        sa.Column("handle", sa.String(32), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
    )
    op.create_table(
        "key",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("handle", sa.String(32), sa.ForeignKey("person.handle"), nullable=False),
        sa.Column("scope", sa.Text),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("ends_at", TIME),
        sa.Column("used_at", TIME),
    )


def downgrade() -> None:
    """Drop everything: only for a first release that was tried and left."""
    for table in ("key", "person", "evidence", "alert", "clock", "event", "incident"):
        op.drop_table(table)
