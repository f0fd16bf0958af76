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
    pulse: bool = True  # while an incident is open, ask every half minute whether it is still happening


class LaneSettings(Part, frozen=True, kw_only=True):
    """`[lanes.read]` and `[lanes.write]`: the credentials and limits a command runs with.

    The read lane's credentials should not be able to write, so that a wrong verdict cannot either.
    """

    directory: str = "."
    path: str = "/usr/local/bin:/usr/bin:/bin"
    environment: dict[str, str] = {}
    seconds: float = 30.0
    memory_mib: int = 1024
    output_kib: int = 256 * 1024  # kept of one command; the middle of more is cut
    runner: str = ""  # the runner that carries out what no environment sends elsewhere; "" is this house


class Lanes(Part, frozen=True, kw_only=True):
    """`[lanes]`: the two of them."""

    read: LaneSettings = LaneSettings()
    write: LaneSettings = LaneSettings(seconds=120.0)


class Guard(Part, frozen=True, kw_only=True):
    """`[guard]`: TOML files of this site, laid over the guard's own tables in this order."""

    tables: tuple[str, ...] = ()


class EvidenceSettings(Part, frozen=True, kw_only=True):
    """`[evidence]`: what people may attach."""

    attachment_mib: int = 2048  # a heap dump is as large as the heap


class AfterSettings(Part, frozen=True, kw_only=True):
    """`[afterwards]`: looking whether a change helped, what is changed for the time being, tunnels."""

    settle_seconds: float = 10.0  # after a change, and between the looks that follow; a drill's speed divides it
    before_seconds: float = 5.0  # the longest that a look right before a change may hold it up
    remind_minutes: float = 60.0  # after which a stopgap is asked after, where nobody said otherwise
    lease_minutes: float = 30.0  # how long a tunnel stays open, at most 60


class Drill(Part, frozen=True, kw_only=True):
    """`[drill]`: this house practises. Everything is labelled, and the green window may run faster."""

    on: bool = False
    watch_speed: float = 1.0  # 60: the runbook's 30 minutes of green pass in 30 seconds
