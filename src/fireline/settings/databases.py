"""Settings of what is looked at without starting a program: databases reached directly, programs asked warmly."""

from __future__ import annotations

from fireline.settings.part import Part


class WarmSettings(Part, frozen=True, kw_only=True):
    """`[warm]`: the commands that are asked over open connections instead of as processes."""

    programs: tuple[str, ...] = ("kubectl", "psql", "redis-cli", "curl", "nc")
    slow_query_seconds: float = 60.0  # a statement that has been active for longer is told of


class DatabaseSettings(Part, frozen=True, kw_only=True):
    """`[databases.NAME]`: a database that runbooks reach through `kubectl exec`, and where it answers directly."""

    url: str = ""  # postgresql://… or redis://…, or FIRELINE_DATABASES_NAME_URL; a user who may only read
    inside: str = ""  # what stands between `kubectl exec` and `--`: "deploy/postgres -n shop"

    def __post_init__(self) -> None:
        if self.url and not self.url.startswith(("postgresql://", "postgres://", "redis://", "rediss://")):
            raise ValueError("`url` begins with postgresql:// or redis://")
