"""The stage of a drill: a fireline of its own, as a real server process, with two people and their tokens.

Everything stands in one folder and listens on loopback. The server can be killed and started again, which
is what a drill of the house itself does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Self

import httpx2

from fireline import clock
from fireline.core.refusal import Refused
from fireline.drills.scenario import Drill
from fireline.drills.world import World, wait_until
from fireline.settings import Settings, load
from fireline.store.accounts import Accounts
from fireline.store.database import Database

PROBE_EVERY = 1.0  # seconds: a drill should not wait for its own alarm
PROBE_TIMEOUT = 1.0  # seconds; what it asks is on the same machine
START_SECONDS = 30.0
STOP_SECONDS = 15.0
NAMES = {"ana": "Ana Duarte", "ben": "Ben Okoye"}  # people with a story; anybody else is called as written


@dataclass(slots=True)
class Stage:
    """One fireline for one drill. Use it in a `with`; `server` is the running process."""

    folder: Path
    drill: Drill
    port: int
    database_url: str = ""
    pagerduty: dict[str, str] = field(default_factory=dict)  # [pagerduty] of the settings, when the drill pages
    server: subprocess.Popen[bytes] | None = None
    tokens: dict[str, str] = field(default_factory=dict)
    hook_token: str = ""
    sections: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict
    )  # of the settings, laid over the drill's own

    @property
    def url(self) -> str:
        """Where pages, API and hooks are."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def config(self) -> Path:
        """The settings file of this fireline."""
        return self.folder / "fireline.toml"

    @property
    def settings(self) -> Settings:
        """What that file says."""
        return load(self.config, environment={})

    def prepare(self) -> None:
        """Make the folder and the two people before anything runs, so that the world knows the hook's token."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.database_url = self.database_url or f"sqlite:///{self.folder / 'fireline.db'}"
        database = Database(self.database_url)
        database.migrate()
        accounts = Accounts(database)
        people = self.drill.people
        for handle, role in ((people.on_call, "admin"), (people.second, "responder")):
            accounts.add(handle, NAMES.get(handle, handle.title()), role)
            self.tokens[handle] = accounts.token(handle, "api", clock.now(), label="drill")
        self.hook_token = accounts.token(people.on_call, "hooks", clock.now(), label="drill")
        database.close()

    def links(self) -> dict[str, str]:
        """A fresh one-time sign-in address for each person."""
        database = Database(self.database_url)
        accounts = Accounts(database)
        found = {handle: f"{self.url}/sign-in/{accounts.link(handle, clock.now())}" for handle in self.tokens}
        database.close()
        return found

    def configure(self, world: World) -> None:
        """Write the settings for this world."""
        lanes = {"environment": dict(world.plan.environment)} if world.plan.environment else {}
        sections: dict[str, Mapping[str, Any]] = {
            "server": {"port": self.port},
            "store": {"url": self.database_url, "spool": str(self.folder / "spool")},
            # the health addresses of a shop that does not exist would only ever say so
            "runbooks": {"paths": [str(self.drill.runbook)], "first_look": False, "pulse": False},
            "lanes.read": {"directory": str(world.folder), "path": world.path, "seconds": 20} | lanes,
            "lanes.write": {"directory": str(world.folder), "path": world.path, "seconds": 60} | lanes,
            "drill": {"on": True, "watch_speed": self.drill.watch_speed},
            **world.plan.settings,
        }
        if world.plan.probe:  # elsewhere Prometheus' labels say what the placeholders stand for
            sections["values"] = dict(world.facts())
        if self.pagerduty:
            sections["pagerduty"] = dict(self.pagerduty)
        for name, keys in self.sections.items():
            sections[name] = {**sections.get(name, {}), **keys}
        text = "\n".join(f"[{name}]\n{_toml(keys)}" for name, keys in sections.items())
        shop = {"path": str(world.folder), "service": world.plan.told_as, "name": "shop"}
        text += f"\n[[repositories]]\n{_toml(shop)}"
        if world.plan.probe:
            named = {"name": self.drill.alert, "url": world.plan.probe, "service": world.plan.told_as}
            how = {"every": PROBE_EVERY, "timeout": PROBE_TIMEOUT, "labels": {"severity": self.drill.expect.severity}}
            text += f"\n[[probes]]\n{_toml(named | how)}"
        self.config.touch(mode=0o600)
        self.config.write_text(text)

    def start(self) -> None:
        """Start the server and wait until it is ready. Raises `Refused` with the end of its log."""
        log = self.folder / "fireline.log"
        with log.open("ab") as out:
            self.server = subprocess.Popen(
                [sys.executable, "-m", "fireline", "serve", "--config", str(self.config)],
                cwd=self.folder,
                env={key: value for key, value in os.environ.items() if not key.startswith("FIRELINE_")},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        if not wait_until(lambda: self.ready() or self.gone(), START_SECONDS) or self.gone():
            end = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            self.stop()
            raise Refused(f"fireline did not start. The end of {log}:\n{end}", status=503)

    def ready(self) -> bool:
        """It answers that it is healthy."""
        try:
            return _wire().get(f"{self.url}/healthz", timeout=2).status_code == httpx2.codes.OK
        except httpx2.TransportError:
            return False

    def gone(self) -> bool:
        """The process has ended."""
        return self.server is None or self.server.poll() is not None

    def kill(self) -> None:
        """Kill the server as a power cut would: no goodbye, nothing flushed."""
        if self.server:
            self.server.kill()
            self.server.wait()

    def stop(self) -> None:
        """Stop the server the polite way."""
        server, self.server = self.server, None
        if server and server.poll() is None:
            server.terminate()
            try:
                server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()

    def ask(self, person: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Use the API as this person. Raises `Refused` with the server's own words."""
        headers = {"Authorization": f"Bearer {self.tokens[person]}"}
        try:
            answer = _wire().request(method, f"{self.url}/api/v1{path}", json=body, headers=headers, timeout=10)
        except httpx2.TransportError as trouble:
            raise Refused(f"fireline does not answer: {trouble}", status=503) from trouble
        if answer.is_error:
            raise Refused(answer.json().get("error", answer.text), status=answer.status_code)
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.text

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@cache
def _wire() -> httpx2.Client:
    """One for all, because each reads every certificate there is; no connection is kept, for its end is killed."""
    return httpx2.Client(limits=httpx2.Limits(max_keepalive_connections=0))


def _toml(keys: Mapping[str, Any]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in keys.items())


def _value(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case list():
            return f"[{', '.join(_value(one) for one in value)}]"
        case dict():
            return f"{{ {', '.join(f'{_value(str(key))} = {_value(one)}' for key, one in value.items())} }}"
        case _:
            escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
