"""The small real world that a drill breaks: real servers under a real supervisord.

    with World(folder, "cache", alerts_to=hook, token=token, now=now()) as world:
        world.break_it("kill")  # Redis dies; Prometheus sees it; Alertmanager tells fireline
        …                       # `supervisorctl restart redis`, run in `folder`, puts it right
        world.healthy()

There are five kinds, each in a module of its own; what they have in common is in plans.py. Nothing of a world outlives
the drill, not even a killed one (see leash.py). Where the packages of the others are missing, `sessions` tells its
story with nothing but Python.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from fireline.core.refusal import Refused
from fireline.drills import cache, database, gateway, store, website
from fireline.drills.plans import Blueprint, Program, Site
from fireline.drills.shop import open_shop

Kind = Literal["cache", "database", "gateway", "website", "sessions"]
WORLDS: dict[Kind, Blueprint] = {
    "cache": cache.WORLD,
    "database": database.WORLD,
    "gateway": gateway.WORLD,
    "website": website.WORLD,
    "sessions": store.WORLD,
}
PLACES = "/usr/sbin:/sbin"  # where packages put servers, which is not on everybody's PATH
PATIENCE = 30.0  # seconds a world may take to come up, on a busy machine
LOOK_EVERY = 0.1  # seconds between two looks
TAIL = 15  # lines of a failing program's log that are shown


class World:
    """A world of this kind in `folder`, which is made if need be; start and stop it, or use it in a `with`.

    `alerts_to` is the URL of fireline's Alertmanager hook and `token` what its hooks have to be shown. `now` dates
    the shop's commits.
    """

    def __init__(self, folder: Path, kind: Kind, *, alerts_to: str, token: str, now: datetime) -> None:
        self.folder, self.kind = folder.resolve(), kind
        self.path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin", "/usr/sbin"])  # for lanes
        names = (*WORLDS[kind].ports, "supervisord")
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        site = Site(folder=self.folder, ports=self.ports, alerts_to=alerts_to, token=token, now=now)
        self.plan = WORLDS[kind].plan(site)
        self.service = self.plan.victim.name  # as supervisorctl calls it
        self._now = now
        self._leash: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything and wait until all of it answers; Refused with the log's end if it does not."""
        if absent := missing(self.kind):
            raise Refused(f"This drill needs packages: apt-get install {' '.join(absent)}", status=503)
        if importlib.util.find_spec("supervisor") is None:
            raise Refused("A drill needs supervisor: pip install 'fireline[drill]'", status=503)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        open_shop(self.folder, self._now, self.plan.commits)
        for name, text in {**self.plan.files, "supervisord.conf": self._supervisord_conf()}.items():
            self._write(name, text)
        for one in self.plan.programs:
            (self.folder / f"{one.name}-temp").mkdir(exist_ok=True)  # nginx makes only what is below it
        try:
            self.plan.prepare()
            self._leash = self._start_supervisord()
            self._wait_until_up()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything this world started, and wait until it has ended. Twice does no harm."""
        leash, self._leash = self._leash, None
        if leash is not None:
            if leash.stdin is not None:
                leash.stdin.close()
            leash.wait()  # it kills what does not end by itself in ten seconds
        self.plan.clear()

    def break_it(self, fault: str) -> None:
        """Break the service, for real, and wait until it does its work no more."""
        match self.plan.faults.get(fault):
            case None:
                known = ", ".join(self.plan.faults)
                raise Refused(f"The world {self.kind} breaks by {known}, not by `{fault}`.", status=400, field="fault")
            case tuple(words):
                self._supervisorctl(*words, self.service)
            case deed:
                deed()
        if not wait_until(lambda: not self.healthy()):
            raise Refused(f"{self.service} still does its work after the fault `{fault}`.", status=503)

    def healthy(self) -> bool:
        """Whether the service does its work now."""
        return self.plan.victim.answers()

    def facts(self) -> dict[str, str]:
        """What the runbook's placeholders stand for here, by name."""
        return dict(self.plan.facts)

    def _write(self, name: str, text: str) -> None:
        """Write one file of settings for our eyes only: there are tokens in some."""
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)

    def _supervisord_conf(self) -> str:
        """Settings of supervisord, where `supervisorctl` finds them when run in the folder.

        It listens on a port, behind a password: a socket's path may be no longer than 107 bytes.
        """
        door = f"127.0.0.1:{self.ports['supervisord']}"
        entry = {"username": "drill", "password": secrets.token_hex(16)}
        factory = "supervisor.rpcinterface:make_main_rpcinterface"
        sections: dict[str, dict[str, str]] = {
            "supervisord": {"nodaemon": "true", "logfile": os.devnull, "pidfile": "supervisord.pid"},
            "inet_http_server": {"port": door} | entry,
            "supervisorctl": {"serverurl": f"http://{door}"} | entry,
            "rpcinterface:supervisor": {"supervisor.rpcinterface_factory": factory},
        }
        for program in self.plan.programs:
            sections[f"program:{program.name}"] = {
                "command": shlex.join((*_leash("tie"), *program.command)),
                "stdout_logfile": f"{program.name}.log",
                "redirect_stderr": "true",
                "autorestart": "false",  # what a drill breaks stays broken until somebody acts
                "startretries": "0",
                "stopwaitsecs": "3",
            }
        lines = [
            f"[{section}]\n" + "".join(f"{key}={value.replace('%', '%%')}\n" for key, value in keys.items())
            for section, keys in sections.items()
        ]
        return "\n".join(lines)

    def _start_supervisord(self) -> subprocess.Popen[bytes]:
        """Start supervisord on a leash, in a session of its own: Ctrl-C is for the drill to handle."""
        supervisord = (sys.executable, "-I", "-m", "supervisor.supervisord", "-c", "supervisord.conf")
        with (self.folder / "supervisord.log").open("wb") as log:
            return subprocess.Popen(
                [*_leash("hold"), *supervisord],
                cwd=self.folder,
                env={
                    "PATH": f"{self.path}:/usr/local/bin:{PLACES}",
                    "LANG": "C.UTF-8",
                    "HOME": str(self.folder),
                },
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _wait_until_up(self) -> None:
        """Wait until each program does its work and supervisord counts it as running."""
        for program in self.plan.programs:
            if not wait_until(lambda it=program: self._up(it) or self._gone(it)):  # type: ignore[misc]
                raise self._not_up(program.name, f"did not answer within {PATIENCE:.0f} seconds")
            if not self._up(program):
                raise self._not_up(program.name, "ended while it was starting")

    def _up(self, program: Program) -> bool:
        return f"success: {program.name} " in self._log("supervisord") and program.answers()

    def _gone(self, program: Program) -> bool:
        """Whether there is nothing left to wait for: supervisord ended, or the program did."""
        if self._leash is None or self._leash.poll() is not None:
            return True
        return f"exited: {program.name} " in self._log("supervisord")

    def _not_up(self, program: str, what: str) -> Refused:
        """The sentence for a world that does not come up, with the end of the log that says why."""
        for name in (program, "supervisord"):
            if lines := self._log(name).splitlines():
                end = "\n".join(lines[-TAIL:])
                return Refused(f"{program} {what}. The end of {name}.log:\n{end}", status=503)
        return Refused(f"{program} {what}, and left no log in {self.folder}.", status=503)

    def _log(self, name: str) -> str:
        """What a program, or supervisord, has written so far."""
        log = self.folder / f"{name}.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def _supervisorctl(self, *words: str) -> str:
        """Ask supervisord for something; answers what it said."""
        asked = subprocess.run(
            [sys.executable, "-I", "-m", "supervisor.supervisorctl", "-c", "supervisord.conf", *words],
            cwd=self.folder,
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        if asked.returncode != 0:
            raise Refused(f"supervisorctl {' '.join(words)}: {asked.stdout}{asked.stderr}".strip(), status=503)
        return asked.stdout


def missing(kind: Kind) -> list[str]:
    """The Debian packages that a world of this kind needs and this machine does not have."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), PLACES, str(database.server_programs())])
    found = (package for program, package in WORLDS[kind].packages.items() if shutil.which(program, path=path) is None)
    return list(dict.fromkeys(found))


def free_ports(count: int) -> list[int]:
    """Ports on 127.0.0.1 where nobody listens now, all different.

    They lie below the range the kernel takes for outgoing connections (32768 up). A stopped Redis in
    that range can lose its port to any client, even to one that dials it and so meets itself.
    """
    found: list[int] = []
    for port in secrets.SystemRandom().sample(range(20_000, 32_768), 1000):
        if len(found) == count:
            break
        with socket.socket() as door:
            try:
                door.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
    return found


def wait_until(true: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Look again and again until `true`, for at most `seconds`; answers whether it came true."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(LOOK_EVERY)
    return True


def _leash(word: Literal["hold", "tie"]) -> tuple[str, ...]:
    return (sys.executable, "-I", str(Path(__file__).with_name("leash.py")), word)
