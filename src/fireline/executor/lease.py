"""Leases: processes that stay for a while, and never longer than whoever holds them.

Each runs under a small keeper of its own, which ends the whole process group when its time is over, when it is told
to, and when the pipe to us breaks because we are gone, however that came. A command's keeper outlives us on purpose;
this one must not.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from fireline.core.refusal import Refused

KEPT_BYTES = 64 * 1024  # of what a tunnel says: each connection is a line
STARTS_WITHIN = 1.0  # seconds; a port that is taken is said at once
ENDS_WITHIN = 5.0  # seconds a process gets to end before it is killed
# Told its request on the first line of stdin; any further word, or the end of it, means stop.
_KEEPER = """
import ctypes, json, os, select, signal, subprocess, sys, time
asked = json.loads(sys.stdin.buffer.raw.readline())
child = subprocess.Popen(["/bin/bash", "-c", asked["command"]], cwd=asked["directory"], env=asked["environment"],
    stdin=subprocess.DEVNULL, start_new_session=True,
    preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL))  # should even the keeper be killed
limit, why = time.monotonic() + asked["seconds"], "it ended by itself"
while child.poll() is None:
    left = limit - time.monotonic()
    if left <= 0:
        why = "its time is over"
        break
    if select.select([sys.stdin], [], [], min(left, 0.2))[0]:
        why = "it was ended"
        break
for way in (signal.SIGTERM, signal.SIGKILL):
    try:
        os.killpg(child.pid, way)
    except ProcessLookupError:
        break
    try:
        child.wait(2)
    except subprocess.TimeoutExpired:
        continue
child.wait()
sys.stderr.write("\\n[why] " + why)
"""
Ended = Callable[[str, str, str], None]  # run, why, what it said


class Leases:
    """The processes that are held now."""

    def __init__(self) -> None:
        self._held: dict[str, subprocess.Popen[bytes]] = {}
        self._watches: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    def begin(
        self, run: str, command: str, *, environment: Mapping[str, str], directory: Path, seconds: float, ended: Ended
    ) -> None:
        """Start it; `ended` is called once, from a thread of its own, when it is over. Refused when it cannot start."""
        asked = {
            "command": command, "environment": dict(environment), "directory": str(directory), "seconds": seconds,
        }  # fmt: skip
        try:
            keeper = subprocess.Popen(  # noqa: S603  # our own program
                [sys.executable, "-I", "-S", "-c", _KEEPER],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={}, start_new_session=True,
            )  # fmt: skip
            assert keeper.stdin is not None
            keeper.stdin.write(json.dumps(asked).encode() + b"\n")
            keeper.stdin.flush()
        except OSError as trouble:
            raise Refused(f"The tunnel could not be opened: {trouble.strerror}.", status=503) from trouble
        watch = threading.Thread(target=self._watch, args=(run, keeper, ended), name=f"lease {run}", daemon=True)
        with self._lock:
            self._held[run], self._watches[run] = keeper, watch
        watch.start()

    def settled(self, run: str) -> bool:
        """Wait a moment: False when it has ended at once."""
        keeper = self._held.get(run)
        if keeper is None:
            return False
        try:
            keeper.wait(STARTS_WITHIN)
        except subprocess.TimeoutExpired:
            return True
        return False

    def holds(self, run: str) -> bool:
        """It is open, and we hold it."""
        return run in self._held

    def end(self, run: str) -> None:
        """End it and its whole process group; wait until it is gone and was told. Nothing to end is no trouble."""
        with self._lock:
            keeper, watch = self._held.get(run), self._watches.get(run)
        if keeper is None or watch is None:
            return
        if keeper.stdin and not keeper.stdin.closed:
            keeper.stdin.close()
        try:
            keeper.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            keeper.kill()
        watch.join(ENDS_WITHIN)

    def close(self) -> None:
        """End all of them: the house closes."""
        for run in list(self._held):
            self.end(run)

    def _watch(self, run: str, keeper: subprocess.Popen[bytes], ended: Ended) -> None:
        assert keeper.stdout is not None
        said = b""
        while piece := keeper.stdout.read1(4096):  # type: ignore[attr-defined]  # a buffered reader has it
            said = (said + piece)[-KEPT_BYTES:]
        keeper.wait()
        for pipe in (keeper.stdin, keeper.stdout):
            if pipe:
                with suppress(OSError):
                    pipe.close()
        output, mark, why = said.decode(errors="replace").rpartition("\n[why] ")
        ended(run, why if mark else "its keeper was killed", output if mark else why)
        with self._lock:
            self._held.pop(run, None)
            self._watches.pop(run, None)
