"""Settings: one TOML file, and `FIRELINE_<SECTION>_<KEY>` in the environment over it.

The environment reaches [server], [store], [alerts], [drill], [pagerduty] and the runbooks' paths. Every
setting has a default that works on a laptop. Secrets may stand in the environment only; nothing here is
ever shown again. `docs/settings.md` has a heading for each section.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from fireline.core.refusal import Refused

FILE = "fireline.toml"


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section of the settings: a key nobody knows is an error, not a silence."""


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


class PagerDutySettings(Part, frozen=True, kw_only=True):
    """`[pagerduty]`: Events API v2 of one service."""

    routing_key: str
    url: str = "https://events.pagerduty.com/v2/enqueue"  # EU accounts: https://events.eu.pagerduty.com/v2/enqueue


class Guard(Part, frozen=True, kw_only=True):
    """`[guard]`: TOML files of this site, laid over the guard's own tables in this order."""

    tables: tuple[str, ...] = ()


class Alerts(Part, frozen=True, kw_only=True):
    """`[alerts]`: which alerts declare an incident by themselves."""

    declare: Literal["matched", "all", "none"] = "matched"  # matched: those a runbook has a scenario for


class ProbeSettings(Part, frozen=True, kw_only=True):
    """`[[probes]]`: a health URL fireline looks at by itself."""

    name: str  # becomes the alert's name, e.g. SessionStoreDown
    url: str
    service: str
    every: float = 30.0  # seconds
    timeout: float = 5.0
    failures: int = 2  # in a row before it counts as an alert
    labels: dict[str, str] = {}


class Drill(Part, frozen=True, kw_only=True):
    """`[drill]`: this house practises. Everything is labelled, and the green window may run faster."""

    on: bool = False
    watch_speed: float = 1.0  # 60: the runbook's 30 minutes of green pass in 30 seconds


class Settings(Part, frozen=True, kw_only=True):
    """Everything that can be set."""

    server: Server = Server()
    store: Store = Store()
    runbooks: Runbooks = Runbooks()
    lanes: Lanes = Lanes()
    guard: Guard = Guard()
    alerts: Alerts = Alerts()
    drill: Drill = Drill()
    pagerduty: PagerDutySettings | None = None
    probes: tuple[ProbeSettings, ...] = ()
    values: dict[str, str] = {}  # what placeholders such as <namespace> stand for at this site

    @property
    def base_url(self) -> str:
        """How people reach the pages, without a slash at the end."""
        return (self.server.url or f"http://{self.server.host}:{self.server.port}").rstrip("/")


def load(path: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Raises `Refused` naming the file and the key that is wrong.

    Without `path` the file is `$FIRELINE_CONFIG`, else `fireline.toml` in the working folder if it is there.
    """
    environment = os.environ if environment is None else environment
    named = path or (Path(environment["FIRELINE_CONFIG"]) if environment.get("FIRELINE_CONFIG") else None)
    file = named or Path(FILE)
    raw: dict[str, Any] = {}
    try:
        if named or file.is_file():
            raw = tomllib.loads(file.read_text("utf-8"))
    except OSError as trouble:
        raise Refused(f"The settings file {file} cannot be read: {trouble.strerror}.", status=400) from trouble
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as trouble:
        raise Refused(f"The settings file {file} is not valid TOML: {trouble}.", status=400) from trouble
    _overlay(raw, environment)
    try:
        return msgspec.convert(raw, Settings, strict=False)
    except msgspec.ValidationError as trouble:
        raise Refused(f"The settings ({file} and the environment) are wrong: {trouble}.", status=400) from trouble


def _overlay(raw: dict[str, Any], environment: Mapping[str, str]) -> None:
    """`FIRELINE_STORE_URL` sets `[store] url`, and so on; `FIRELINE_RUNBOOKS_PATHS` is a list like PATH."""
    sections: tuple[tuple[str, type[Part]], ...] = (
        ("server", Server),
        ("store", Store),
        ("alerts", Alerts),
        ("drill", Drill),
        ("pagerduty", PagerDutySettings),
    )
    for section, part in sections:
        for key in part.__struct_fields__:
            value = environment.get(f"FIRELINE_{section}_{key}".upper())
            if value is not None:
                _section(raw, section)[key] = value
    if paths := environment.get("FIRELINE_RUNBOOKS_PATHS"):
        _section(raw, "runbooks")["paths"] = paths.split(os.pathsep)


def _section(raw: dict[str, Any], name: str) -> dict[str, Any]:
    section = raw.setdefault(name, {})
    if not isinstance(section, dict):
        raise Refused(f"The settings are wrong: {name} is a section, [{name}], and not a value.", status=400)
    return section
