"""Alembic's entry: migrations run inside the transaction that `Database.migrate` opened."""

from __future__ import annotations

from alembic import context

from fireline.store.database import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=connection.dialect.name == "sqlite")
context.run_migrations()
