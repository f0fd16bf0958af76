"""The store: one database, SQLite or PostgreSQL, and the only place that writes it."""
