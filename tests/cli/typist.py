"""Somebody at a terminal: runs the real `fireline` in a folder of their own.

Each `fireline` is a process of its own, but what is typed to a `hurried` one comes from `forge`, with its second of
imports behind it. What is served, what is typed at a real terminal, and what anybody else types starts from nothing.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

FIRELINE = (sys.executable, "-m", "fireline")
PATIENCE = 60  # seconds; two cores may be busy with other tests


@cache
def forge() -> str:
    """Where processes come from that have imported all of fireline; one for all tests of this worker."""
    folder = tempfile.TemporaryDirectory()
    door = Path(folder.name) / "door"
    program = Path(__file__).with_name("forge.py")
    bare = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "COLUMNS": "160"}
    process = subprocess.Popen([sys.executable, program, door], env=bare, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def end() -> None:
        process.kill()
        process.communicate()
        folder.cleanup()

    atexit.register(end)
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    return str(door)


@dataclass
class Typist:
    """`environment` comes over a bare one, so that nothing of the machine's own settings leaks in."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    hurried: bool = True

    def types(self, *words: str, stdin: str | bytes = b"", **environment: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end; whatever it ends with."""
        typed = stdin.encode() if isinstance(stdin, str) else stdin
        whole = self._environment(environment)
        if not self.hurried:
            done = subprocess.run(
                [*FIRELINE, *words], cwd=self.folder, env=whole, timeout=PATIENCE, check=False,
                input=typed, capture_output=True,
            )  # fmt: skip
            return subprocess.CompletedProcess(words, done.returncode, done.stdout.decode(), done.stderr.decode())
        order = {"folder": str(self.folder), "environment": whole, "words": words, "seconds": PATIENCE}
        with tempfile.TemporaryFile() as in_, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            in_.write(typed)
            in_.seek(0)
            with socket.socket(socket.AF_UNIX) as line:
                line.connect(forge())
                socket.send_fds(line, [b"."], [one.fileno() for one in (in_, out, err)])
                line.sendall(json.dumps(order).encode() + b"\n")
                status = int(line.recv(10))
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(words, status, out.read().decode(), err.read().decode())

    def says(self, *words: str, stdin: str | bytes = b"", **environment: str) -> str:
        """What it answers; it has to go well."""
        done = self.types(*words, stdin=stdin, **environment)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def at_a_terminal(self, *words: str, types: str) -> tuple[int, str]:
        """Run it with a terminal in front of it and type; exit status and everything on the screen."""
        try:
            ours, theirs = os.openpty()
        except OSError:
            pytest.skip("skipped: this machine has no pseudo-terminals")
        process = subprocess.Popen(
            [*FIRELINE, *words], cwd=self.folder, env=self._environment({}), stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        os.write(ours, types.encode())
        seen = b""
        while select.select([ours], [], [], PATIENCE)[0]:
            try:
                seen += os.read(ours, 65536)
            except OSError:  # the other end is closed: it has ended
                break
        os.close(ours)
        return process.wait(PATIENCE), seen.decode()

    @contextmanager
    def serving(self, *words: str, **environment: str) -> Iterator[list[str]]:
        """`fireline serve` on a free port, and the lines it said at its start; ended with SIGTERM."""
        process = subprocess.Popen(
            [*FIRELINE, "serve", "--port", "0", *words], cwd=self.folder, env=self._environment(environment),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        said: list[str] = []
        try:
            for line in process.stdout:
                said.append(line.strip())
                if said[-1].startswith("fireline listens on "):
                    break
            yield said
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)
            process.stdout.close()

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        bare = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "USER": "ana",
            "LANG": "C.UTF-8",
            "COLUMNS": "160",
        }
        return bare | self.environment | more
