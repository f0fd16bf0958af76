"""Settings of the house itself: where it is served, keeps things, reads runbooks and runs commands."""

from __future__ import annotations

from fireline.settings.part import Part


class Server(Part, frozen=True, kw_only=True):
    """`[server]`: where pages and hooks are served. Loopback unless told otherwise."""

    host: str = "127.0.0.1"
    port: int = 8000
    url: str = ""  # how people reach it, for links in pages and chats; default http://host:port


class Store(Part, frozen=True, kw_only=True):
    """`[store]`: the database, and the folder where running commands leave their outcome."""

    url: str = "sqlite:///fireline.db"
    spool: str = "fireline-spool"


class Runbooks(Part, frozen=True, kw_only=True):
    """`[runbooks]`: Markdown files or folders of them. The first with severities is the main one."""

    paths: tuple[str, ...] = ("runbooks",)
    probe: bool = False  # watch the health addresses that the runbooks' own curl commands ask
    first_look: bool = True  # ask every health address once when an incident is declared, and note the answers


class LaneSettings(Part, frozen=True, kw_only=True):
    """`[lanes.read]` and `[lanes.write]`: the credentials and limits a command runs with.

    The read lane's credentials should not be able to write, so that a wrong verdict cannot either.
    """

    directory: str = "."
    path: str = "/usr/local/bin:/usr/bin:/bin"
    environment: dict[str, str] = {}
    seconds: float = 30.0
    memory_mib: int = 1024
    output_kib: int = 1024


class Lanes(Part, frozen=True, kw_only=True):
    """`[lanes]`: the two of them."""

    read: LaneSettings = LaneSettings()
    write: LaneSettings = LaneSettings(seconds=120.0)


class Guard(Part, frozen=True, kw_only=True):
    """`[guard]`: TOML files of this site, laid over the guard's own tables in this order."""

    tables: tuple[str, ...] = ()


class Drill(Part, frozen=True, kw_only=True):
    """`[drill]`: this house practises. Everything is labelled, and the green window may run faster."""

    on: bool = False
    watch_speed: float = 1.0  # 60: the runbook's 30 minutes of green pass in 30 seconds
