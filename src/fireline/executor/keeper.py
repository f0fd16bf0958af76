"""The keeper: a small process that runs one command once and keeps what it said.

It lives in a session of its own and owes the server nothing, so the command and its output outlive a
`kill -9` of the server. It is started by fireline.executor, which hands the request over on standard
input (never on the command line, where `ps` would show it), and leaves in `<spool>/<run_id>/`:

    lock          held (flock) for as long as the keeper lives
    request.json  which command this run is: a digest, not the text
    started       made with O_EXCL and synced right before the command starts, never twice
    outcome.json  written whole or not at all, after masking

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
from typing import Any

GRACE_SECONDS = 2.0  # between SIGTERM and SIGKILL
DRAIN_SECONDS = 1.0  # how long output may keep coming after the command has ended
GIVE_UP_SECONDS = 5.0  # after SIGKILL: a process stuck in the kernel or run by root may outlive it
ABSURD = 64  # times the output limit: whoever writes that much is stopped
MARGIN = 16 * 1024  # bytes seen around a cut, so that a secret on the cut is still recognised whole
NOT_FOUND, NOT_EXECUTABLE = 127, 126  # POSIX shell, "Exit Status for Commands"
_MISSING = re.compile(r"(?m)^/\S+: line \d+: (.+): (?:command not found|No such file or directory)$")  # bash


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
    _keep(folder, _run(request))


def _claim(folder: Path, request: dict[str, Any]) -> bool:
    """Make this run ours, or say no: it was started before, or the name belongs to another command."""
    if (folder / "started").exists():
        return False
    asked = folder / "request.json"
    if not asked.exists():
        _write(asked, json.dumps({"digest": request["digest"]}).encode())
    elif json.loads(asked.read_bytes())["digest"] != request["digest"]:
        return False
    # Room for the outcome is taken first: a command whose output could not be kept is not started.
    reserve = os.open(folder / "outcome.tmp", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.posix_fallocate(reserve, 0, request["output_bytes"] + 64 * 1024)
    finally:
        os.close(reserve)
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
    """The beginning and the end of what was said; the middle of a flood is counted and dropped."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.half = max(limit // 2, 1)
        self.head = bytearray()
        self.tail = bytearray()
        self.total = 0

    def take(self, data: bytes) -> None:
        self.total += len(data)
        room = max(self.half + MARGIN - len(self.head), 0)
        self.head += data[:room]
        self.tail += data[room:]
        if len(self.tail) > 2 * (self.half + MARGIN):
            del self.tail[: -(self.half + MARGIN)]

    def masked(self, known: tuple[str, ...]) -> tuple[str, int, int]:
        """The text to keep, how many secrets were taken out of it, how many bytes are missing."""
        whole = bytes(self.head + self.tail)
        head, tail = bytes(self.head), bytes(self.tail)
        if self.total == len(whole):
            head = tail = whole
            if self.total <= self.limit:
                text = _text(whole)
                return *_part(text, 0, len(text), known)[:2], 0
        before, after = _text(head), _text(tail)
        first, first_masked, first_kept = _part(before, 0, len(_text(head[: self.half])), known)
        start = len(after) - len(_text(tail[-self.half :]))
        last, last_masked, last_kept = _part(after, start, len(after), known)
        cut = self.total - first_kept - last_kept
        return f"{first}\n[fireline: {cut} bytes cut here]\n{last}", first_masked + last_masked, cut


def _part(text: str, start: int, end: int, known: tuple[str, ...]) -> tuple[str, int, int]:
    """text[start:end] masked, its number of secrets, its bytes. A secret across an edge is left out whole."""
    from fireline.core.redaction import cover, spans  # noqa: PLC0415  # loads while the command runs

    found = spans(text, known)
    for a, b in found:
        start = b if a < start < b else start
        end = a if a < end < b else end
    inside = [(a - start, b - start) for a, b in found if start <= a and b <= end]
    raw = text[start:end].encode("utf-8", "surrogateescape")
    covered = cover(text[start:end], inside).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return (
        covered.replace("\0", "\N{REPLACEMENT CHARACTER}"),
        len(inside),
        len(raw),
    )  # PostgreSQL takes no NUL


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")  # gives back the same bytes, whatever they were


def _run(request: dict[str, Any]) -> dict[str, Any]:
    """Run the command to its end, or to the end of its time, and say what happened."""
    argv = request["argv"] or [request["shell"], "--noprofile", "--norc", "-c", request["command"]]
    output = _Output(request["output_bytes"])
    started_at = time.time()
    ours, theirs = os.pipe()
    notes: list[str] = []
    exit_code: int | None
    timed_out, seconds = False, 0.0
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
        timed_out, seconds, notes = _watch(process, ours, output, request)
        status = process.poll()
        exit_code = status if status is None or status >= 0 else 128 - status  # as a shell reports a signal
    text, masked, cut = output.masked(tuple(request["known"]))
    if exit_code == NOT_FOUND and (missing := _MISSING.search(text)):
        notes.append(f"{missing[1]} is not installed on this machine")
    return {
        "exit_code": exit_code,
        "signal": exit_code - 128 if exit_code is not None and exit_code > 128 else None,
        "started_at": started_at,
        "seconds": seconds,
        "timed_out": timed_out,
        "bytes_total": output.total,
        "bytes_cut": cut,
        "masked": masked,
        "output": "".join([text, "\n" if notes and text and not text.endswith("\n") else "", *_lines(notes)]),
    }


def _watch(
    process: subprocess.Popen[bytes], pipe: int, output: _Output, request: dict[str, Any]
) -> tuple[bool, float, list[str]]:
    """Read until the command has ended and fallen silent; stop it when its time is up.

    Gives back whether its time ran out, the seconds it took, and what there is to say about it.
    """
    begun = time.monotonic()
    notes: list[str] = []
    leader = process.pid  # stays unreaped until all is over, so that its number means nobody else
    ended = os.pidfd_open(leader)
    ends_at: float | None = None
    timed_out = False
    # What happens when nothing else does, and when: one deadline at a time.
    deadline, then = begun + request["seconds"], "terminate"
    with selectors.DefaultSelector() as waiting:
        waiting.register(pipe, selectors.EVENT_READ)
        waiting.register(ended, selectors.EVENT_READ)
        while waiting.get_map():
            for key, _ in waiting.select(max(deadline - time.monotonic(), 0)):
                if key.fd == ended:
                    ends_at = time.monotonic()
                    waiting.unregister(ended)
                    deadline, then = ends_at + DRAIN_SECONDS, "leave"
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
                    timed_out = True
                    notes.append(f"stopped after {request['seconds']:g} s, its time limit")
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
    os.close(ended)
    os.close(pipe)
    return timed_out, (ends_at or time.monotonic()) - begun, notes


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
    try:
        _write(folder / "outcome.json", json.dumps(outcome, ensure_ascii=False).encode())
    except OSError as trouble:  # control characters take six bytes each in JSON, more than was reserved
        note = f"the output could not be kept: {trouble.strerror}"
        outcome |= {"output": "".join(_lines([note])), "bytes_cut": outcome["bytes_total"]}
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
