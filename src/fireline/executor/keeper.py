"""The keeper: a small process that runs one command once and keeps what it said.

It lives in a session of its own and owes the server nothing, so the command and its output outlive a
`kill -9` of the server. It is started by fireline.executor, which hands the request over on standard
input (never on the command line, where `ps` would show it), and leaves in `<spool>/<run_id>/`:

    lock          held (flock) for as long as the keeper lives
    request.json  which command this run is: a digest, not the text
    started       made with O_EXCL and synced right before the command starts, never twice
    output        what it says, masked before it is written; a flood's middle is written over
    cancel        a pipe while it runs: whoever writes into it ends the command and all it has started
    outcome.json  written whole or not at all, when it is over

Only the standard library and the redaction are imported: this has to start fast.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import resource
import selectors
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, TypedDict

GRACE_SECONDS = 2.0  # between SIGTERM and SIGKILL
DRAIN_SECONDS = 1.0  # how long output may keep coming after the command has ended
GIVE_UP_SECONDS = 5.0  # after SIGKILL: a process stuck in the kernel or run by root may outlive it
ABSURD = 64  # times the output limit: whoever writes that much is stopped
MARGIN = 16 * 1024  # bytes of the end that are looked at for what is missing
ROOM = 1 << 20  # bytes taken of the disk before the command starts; what it says beyond finds room or is counted
NOT_FOUND, NOT_EXECUTABLE = 127, 126  # POSIX shell, "Exit Status for Commands"
_MISSING = re.compile(r"(?m)^/\S+: line \d+: (.+): (?:command not found|No such file or directory)$")  # bash


class _Ended(TypedDict):
    timed_out: bool
    cancelled: bool
    seconds: float


def main() -> None:
    """Read the request, run it unless it ever was started, write the outcome. Complaints go to stdout."""
    os.umask(0o077)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # stopping the service stops the command (systemd signals both), and the keeper still writes that down
        signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # whatever the server had set: commands start afresh
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    try:
        request = json.loads(sys.stdin.buffer.read())
    except ValueError:
        return  # the server died while asking: nothing has started
    folder = Path(request["folder"])
    try:
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _claim(folder, request):
            return
    except OSError as trouble:
        with contextlib.suppress(OSError):  # nobody may be listening any more
            sys.stdout.write(f"{trouble.filename or folder}: {trouble.strerror}")
            sys.stdout.flush()
        return
    _keep(folder, _run(folder, request))


def _claim(folder: Path, request: dict[str, Any]) -> bool:
    """Make this run ours, or say no: it was started before, or the name belongs to another command."""
    if (folder / "started").exists():
        return False
    asked = folder / "request.json"
    if not asked.exists():
        _write(asked, json.dumps({"digest": request["digest"]}).encode())
    elif json.loads(asked.read_bytes())["digest"] != request["digest"]:
        return False
    # Room is taken first: a command whose output could not be kept is not started.
    for name, room in (("outcome.tmp", 64 * 1024), ("output", min(request["output_bytes"], ROOM))):
        reserve = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(reserve, 0, room)
        finally:
            os.close(reserve)
    with contextlib.suppress(FileNotFoundError):  # of a keeper that died before it started anything
        (folder / "cancel").unlink()
    os.mkfifo(folder / "cancel", 0o600)
    try:
        started = os.open(folder / "started", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(started, "wb") as file:
        file.write(json.dumps({"started_at": time.time()}).encode())
        file.flush()
        os.fsync(file.fileno())
    _sync(folder)
    return True


class _Output:
    """What was said, masked, on the disk: its beginning, and behind it a ring that holds the end of a flood."""

    def __init__(self, folder: Path, request: dict[str, Any]) -> None:
        self.half = max(request["output_bytes"] // 2, 1)
        self.known = tuple(request["known"])
        self.file = os.open(folder / "output", os.O_RDWR | os.O_CREAT, 0o600)
        self.masking: Any = None
        self.total = 0  # bytes as the command wrote them
        self.size = 0  # bytes masked and written
        self.lost = 0  # bytes masked that found no room on the disk
        self.last = b""

    def take(self, data: bytes) -> None:
        if self.masking is None:
            from fireline.core.masking import Masking  # noqa: PLC0415  # loads while the command runs

            self.masking = Masking(self.known)
        self.total += len(data)
        self._write(self.masking.take(data))

    def _write(self, text: bytes) -> None:
        self.last = (self.last + text)[-MARGIN:]
        while text:
            begun = self.size < self.half
            room = self.half - (self.size if begun else (self.size - self.half) % self.half)
            at = self.half - room if begun else 2 * self.half - room
            try:
                written = 0 if self.lost else os.pwrite(self.file, text[:room], at)
            except OSError:
                written = 0
            if not written:
                self.lost += len(text)
                return
            self.size += written
            text = text[written:]

    def close(self) -> tuple[list[Any], int, int]:
        """Where the pieces stand in reading order ([offset, length], or a line of ours), bytes missing, secrets."""
        if self.masking:
            self._write(self.masking.end())
        kept = min(self.size, 2 * self.half)
        cut, ends = self.size - kept + self.lost, self.size
        parts: list[Any] = [[0, min(self.size, self.half)]]
        if ends > kept:  # a character that the cut has halved goes
            parts[0][1] -= _half_a_character(os.pread(self.file, 4, self.half - 4) if self.half >= 4 else b"")
            at = (ends - self.half) % self.half
            while at < self.half and os.pread(self.file, 1, self.half + at)[0] & 0xC0 == 0x80:
                at += 1
            parts += [f"\n[fireline: {cut} bytes cut here]\n", [self.half + at, self.half - at]]
            parts += [[self.half, (ends - self.half) % self.half]]
        else:
            parts += [[self.half, kept - self.half]] if kept > self.half else []
            parts += [f"\n[fireline: the disk is full: {cut} bytes are missing here]\n"] if cut else []
        os.ftruncate(self.file, kept)
        os.fsync(self.file)
        os.close(self.file)
        return parts, cut, self.masking.masked if self.masking else 0


def _half_a_character(end: bytes) -> int:
    """How many bytes at the end belong to a character of UTF-8 that is not whole."""
    for n in range(1, min(len(end), 4) + 1):
        if end[-n] & 0xC0 != 0x80:  # where a character begins
            whole = 1 if end[-n] < 0x80 else 2 if end[-n] < 0xE0 else 3 if end[-n] < 0xF0 else 4
            return n if n < whole else 0
    return 0


def _run(folder: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Run the command to its end, or to the end of its time, and say what happened."""
    argv = request["argv"] or [request["shell"], "--noprofile", "--norc", "-c", request["command"]]
    output = _Output(folder, request)
    # opened for writing, too: then it never ends, whoever rings and goes
    bell = os.open(folder / "cancel", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    started_at = time.time()
    ours, theirs = os.pipe()
    notes: list[str] = []
    exit_code: int | None
    ended: _Ended = {"timed_out": False, "cancelled": False, "seconds": 0.0}
    try:
        process = subprocess.Popen(  # noqa: S603  # what may run was decided before it came here
            argv,
            cwd=request["directory"],
            env=request["environment"],
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: _limit(request["memory_bytes"]),  # noqa: PLW1509  # there are no threads here
        )
    except (OSError, subprocess.SubprocessError) as trouble:
        exit_code, note = _could_not_start(argv[0], trouble, request)
        notes.append(note)
    else:
        os.close(theirs)
        ended, notes = _watch(process, ours, bell, output, request)
        status = process.poll()
        exit_code = status if status is None or status >= 0 else 128 - status  # as a shell reports a signal
    with contextlib.suppress(FileNotFoundError):
        (folder / "cancel").unlink()
    os.close(bell)
    parts, cut, masked = output.close()
    last = output.last.decode(errors="replace")
    if exit_code == NOT_FOUND and (missing := _MISSING.search(last)):
        notes.append(f"{missing[1]} is not installed on this machine")
    parts.append("".join(["\n" if notes and last and not last.endswith("\n") else "", *_lines(notes)]))
    return {
        "exit_code": exit_code,
        "signal": exit_code - 128 if exit_code is not None and exit_code > 128 else None,
        "started_at": started_at,
        **ended,
        "bytes_total": output.total,
        "bytes_cut": cut,
        "masked": masked,
        "parts": parts,
    }


def _watch(
    process: subprocess.Popen[bytes], pipe: int, bell: int, output: _Output, request: dict[str, Any]
) -> tuple[_Ended, list[str]]:
    """Read until the command has ended and fallen silent; stop it when its time is up or somebody rings.

    Gives back how it ended, and what there is to say about it.
    """
    begun = time.monotonic()
    notes: list[str] = []
    leader = process.pid  # stays unreaped until all is over, so that its number means nobody else
    ended = os.pidfd_open(leader)
    ends_at: float | None = None
    timed_out = cancelled = False
    # What happens when nothing else does, and when: one deadline at a time.
    deadline, then = begun + request["seconds"], "terminate"
    with selectors.DefaultSelector() as waiting:
        waiting.register(pipe, selectors.EVENT_READ)
        waiting.register(ended, selectors.EVENT_READ)
        waiting.register(bell, selectors.EVENT_READ)
        while {pipe, ended} & waiting.get_map().keys():
            for key, _ in waiting.select(max(deadline - time.monotonic(), 0)):
                if key.fd == ended:
                    ends_at = time.monotonic()
                    waiting.unregister(ended)
                    deadline, then = ends_at + DRAIN_SECONDS, "leave"
                elif key.fd == bell:
                    waiting.unregister(bell)
                    if then == "terminate":  # else it has ended already, or is being ended
                        cancelled = True
                        deadline = 0.0
                elif data := os.read(pipe, 1 << 16):
                    output.take(data)
                else:
                    waiting.unregister(pipe)
            now = time.monotonic()
            if output.total > ABSURD * request["output_bytes"] and then in {"terminate", "kill"}:
                notes.append(f"stopped, because it wrote more than {ABSURD * request['output_bytes']} bytes")
                deadline, then = now, "kill"
            if now < deadline:
                continue
            match then:
                case "terminate":
                    timed_out = not cancelled
                    limit = f"stopped after {request['seconds']:g} s, its time limit"
                    notes.append("cancelled: it was ended with all it had started" if cancelled else limit)
                    _signal(leader, signal.SIGTERM)
                    deadline, then = now + GRACE_SECONDS, "kill"
                case "kill":
                    _signal(leader, signal.SIGKILL)
                    deadline, then = now + GIVE_UP_SECONDS, "give up"
                case "give up":
                    notes.append("could not be stopped, it may still be running")
                    break
                case _:
                    break
    _signal(leader, signal.SIGKILL)
    for opened in (ended, pipe):
        os.close(opened)
    seconds = (ends_at or time.monotonic()) - begun
    return {"timed_out": timed_out, "cancelled": cancelled, "seconds": seconds}, notes


def _signal(leader: int, number: signal.Signals) -> None:
    """Signal the command's process group, and what left the group but not the session (`timeout` does).

    A daemon makes itself a session of its own: it was meant to stay, and stays.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)
    for entry in os.listdir("/proc"):  # noqa: PTH208  # a bare listing is quicker
        if not entry.isdecimal():
            continue
        with contextlib.suppress(OSError):  # it may be gone by now, or belong to root
            # proc_pid_stat(5): after the name in brackets come state, parent, group, session
            state, _, group, session = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()[:4]
            if int(session) == leader != int(group) and state != "Z":
                os.kill(int(entry), number)


def _limit(memory_bytes: int) -> None:
    """In the new process, before the command: no core dumps, and a limit on what each process may allocate.

    RLIMIT_DATA, not RLIMIT_AS: Go (kubectl), the JVM and Node reserve address space they never use, and
    break under RLIMIT_AS (https://github.com/golang/go/issues/69105).
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _could_not_start(program: str, trouble: Exception, request: dict[str, Any]) -> tuple[int, str]:
    match trouble:
        case FileNotFoundError() if not Path(request["directory"]).is_dir():
            return NOT_EXECUTABLE, f"the folder {request['directory']} is gone"
        case FileNotFoundError() if shutil.which(program, path=request["environment"].get("PATH", os.defpath)):
            return NOT_EXECUTABLE, f"{program} names an interpreter that is not on this machine"
        case FileNotFoundError():
            return NOT_FOUND, f"{program} is not installed on this machine"
        case OSError():
            return NOT_EXECUTABLE, f"{program} could not be started: {trouble.strerror}"
        case _:
            return NOT_EXECUTABLE, f"{program} could not be started: {trouble}"


def _lines(notes: list[str]) -> list[str]:
    return [f"[fireline: {note}]\n" for note in notes]


def _keep(folder: Path, outcome: dict[str, Any]) -> None:
    """Write the outcome whole or not at all, into the room that was reserved for it."""
    _write(folder / "outcome.json", json.dumps(outcome).encode())


def _write(path: Path, content: bytes) -> None:
    """Write `path` so that after a power cut it is there whole or not there."""
    unfinished = path.with_suffix(".tmp")
    file = os.open(unfinished, os.O_WRONLY | os.O_CREAT, 0o600)  # not truncated first: its room is ours
    with os.fdopen(file, "wb") as out:
        out.write(content)
        out.truncate()
        out.flush()
        os.fsync(out.fileno())
    unfinished.rename(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
