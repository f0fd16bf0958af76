"""The small real world that a drill breaks: real servers under a real supervisord.

    with World(folder, alerts_to=hook, token=token, now=now()) as world:
        world.break_it()      # Redis stops; Prometheus sees it; Alertmanager tells fireline
        …                     # `supervisorctl restart redis`, run in `folder`, puts it right
        world.healthy()

Nothing of it outlives the drill, not even a killed one (see leash.py). Where the real world's
packages are missing, the small one tells the same story with nothing but Python (see plans.py).
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
from fireline.drills import plans
from fireline.drills.shop import open_shop

Kind = Literal["real", "small"]
Fault = Literal["stop", "kill", "hang"]

PACKAGES = {  # program: the Debian package it comes with
    "redis-server": "redis-server",
    "redis-cli": "redis-tools",
    "prometheus-redis-exporter": "prometheus-redis-exporter",
    "prometheus": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "curl": "curl",
}
BREAKS: dict[Fault, tuple[str, ...]] = {  # words for supervisorctl, before the program's name
    "stop": ("stop",),
    "kill": ("signal", "KILL"),  # as the kernel does when memory is short
    "hang": ("signal", "STOP"),  # there, but answers nobody
}
PATIENCE = 30.0  # seconds a world may take to come up, on a busy machine
LOOK_EVERY = 0.1  # seconds between two looks
TAIL = 15  # lines of a failing program's log that are shown


class World:
    """A world in `folder`, which is made if need be; start and stop it, or use it in a `with`.

    `alerts_to` is the URL of fireline's Alertmanager hook and `token` its bearer token (the small
    world uses neither). `now` dates the shop's commits. Without a `kind` it is the real world where
    all its packages are there, else the small one.
    """

    def __init__(self, folder: Path, *, alerts_to: str, token: str, now: datetime, kind: Kind | None = None) -> None:
        self.folder = folder.resolve()
        self.kind: Kind = kind or ("small" if missing() else "real")
        self.path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"])  # for lanes
        names = plans.REAL if self.kind == "real" else plans.SMALL
        self.ports = dict(zip((*names, "supervisord"), free_ports(len(names) + 1), strict=True))
        if self.kind == "real":
            self._plan = plans.real(self.ports, alerts_to=alerts_to, token=token)
        else:
            self._plan = plans.small(self.ports)
        self.service = self._plan.victim.name  # as supervisorctl calls it: redis or sessions
        self.told_as = "cache" if self.kind == "real" else self.service  # as its alert calls it
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
        if self.kind == "real" and (absent := missing()):
            raise Refused(f"The real world needs packages: apt-get install {' '.join(absent)}", status=503)
        if importlib.util.find_spec("supervisor") is None:
            raise Refused("A drill needs supervisor: pip install 'fireline[drill]'", status=503)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        open_shop(self.folder, self._now)
        for name, text in {**self._plan.files, "supervisord.conf": self._supervisord_conf()}.items():
            self._write(name, text)
        try:
            self._leash = self._start_supervisord()
            self._wait_until_up()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything this world started, and wait until it has ended. Twice does no harm."""
        if self._leash is None:
            return
        leash, self._leash = self._leash, None
        if leash.stdin is not None:
            leash.stdin.close()
        leash.wait()  # it kills what does not end by itself in ten seconds

    def break_it(self, fault: Fault = "kill") -> None:
        """Break the service, for real, and wait until it answers no more."""
        self._supervisorctl(*BREAKS[fault], self.service)
        if not wait_until(lambda: not self.healthy()):
            raise Refused(f"{self.service} still answers after the fault `{fault}`.", status=503)

    def healthy(self) -> bool:
        """Whether the service answers now: Redis PONG to PING, the session store 200 on /health."""
        return self._plan.victim.answers()

    def facts(self) -> dict[str, str]:
        """What the runbook's placeholders stand for here, by name."""
        return dict(self._plan.facts)

    @property
    def probe_url(self) -> str | None:
        """What fireline's own probe asks in the small world; None in the real one, where Prometheus does."""
        return f"http://127.0.0.1:{self.ports['sessions']}/health" if self.kind == "small" else None

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
        for program in self._plan.programs:
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
                    "PATH": f"{self.path}:/usr/local/bin:/usr/sbin",
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
        for program in self._plan.programs:
            if not wait_until(lambda it=program: self._up(it) or self._gone(it)):  # type: ignore[misc]
                raise self._not_up(program.name, f"did not answer within {PATIENCE:.0f} seconds")
            if not self._up(program):
                raise self._not_up(program.name, "ended while it was starting")

    def _up(self, program: plans.Program) -> bool:
        return f"success: {program.name} " in self._log("supervisord") and program.answers()

    def _gone(self, program: plans.Program) -> bool:
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


def missing() -> list[str]:
    """The Debian packages the real world needs and this machine does not have."""
    return [package for program, package in PACKAGES.items() if shutil.which(program) is None]


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
