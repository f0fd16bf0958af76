"""The executor: run one judged command at most once, and keep all it said.

Each command is run by a keeper, a process apart (see `keeper.py`), so that killing the server changes
nothing: whoever asks again for the same run gets the outcome of the one run there was. What cannot be
known is said so (`interrupted`) and never tried again. docs/executor.md tells what is promised.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from fireline.core.evidence import cut_here, shown
from fireline.core.masking import Masking
from fireline.core.redaction import secret_values
from fireline.core.refusal import Refused
from fireline.executor.lease import Leases

_RUN_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:-]{0,199}")
PIECE = 256 * 1024  # bytes of an output in memory at once
_HERE = Path(__file__).resolve().parent
# Found by path: as fireline.executor.keeper it would load this module first, and start twice as slowly.
_KEEPER = "import sys; sys.path += sys.argv[1:]; import keeper; keeper.main()"


@dataclass(frozen=True, slots=True)
class Lane:
    """What a command runs with: its credentials, its place, its limits. Nothing else reaches it."""

    name: Literal["read", "write"]
    environment: Mapping[str, str]  # the whole of it: nothing of the server's is inherited
    directory: Path
    seconds: float = 30
    memory_bytes: int = 1 << 30  # each process of the command (RLIMIT_DATA)
    output_bytes: int = 1 << 28  # kept of the output: its first and its last half


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a run. `interrupted`: it was started and nobody knows how it ended."""

    run_id: str
    exit_code: int | None  # 128 + signal if a signal ended it; None if interrupted or not to be stopped
    output: str  # masked, in order of arrival; [fireline: …] is ours; of more than 1 MiB its first and last half MiB
    seconds: float
    started_at: datetime
    timed_out: bool
    interrupted: bool
    bytes_total: int
    bytes_cut: int
    masked: int  # secrets taken out of the output
    cancelled: bool = False  # somebody had it ended
    whole: str = ""  # under which digest all of the output is kept already

    @property
    def ok(self) -> bool:
        """It ended by itself, with exit code 0."""
        return self.exit_code == 0 and not (self.timed_out or self.interrupted or self.cancelled)


class Executor:
    """Runs commands out of one spool folder. Any number of servers and threads may share the folder."""

    def __init__(self, spool: Path, *, shell: Path = Path("/bin/bash")) -> None:
        self.spool = spool.absolute()
        self.shell = shell
        self.leases = Leases()

    def run(self, run_id: str, command: str, lane: Lane, argv: tuple[str, ...] | None = None) -> Outcome:
        """Run `command` in `lane`, once for ever under this `run_id`, and wait for its outcome.

        With `argv` it runs without a shell; without, bash gets the text as it stands. A run that has
        an outcome gives it back, one that is under way is waited for, one that was started and lost is
        `interrupted`. Refused: 400 for a bad name or text, 409 if the name belongs to another command,
        503 if the spool or the shell fails us. After a Refused nothing has been started by this call.
        """
        folder = self._folder(run_id)
        if "\0" in "".join([command, *(argv or ())]):
            raise Refused("The command has a NUL character in it. Take it out.", status=400)
        digest = hashlib.sha256(json.dumps([lane.name, command, argv]).encode()).hexdigest()
        try:
            self.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            if outcome := _look(folder, digest):
                return outcome
            complaint = self._start(folder, command, lane, argv, digest)
        except OSError as trouble:
            raise self._no_room(f"{trouble.filename or folder}: {trouble.strerror}") from trouble
        if outcome := _look(folder, digest):  # an OSError here is a broken disk, and it may have run: no Refused
            return outcome
        raise self._no_room(complaint)

    def _no_room(self, complaint: str) -> Refused:
        return Refused(
            f"The command was not started, because fireline cannot keep its output in {self.spool} "
            f"({complaint}). Free or repair that folder, then run the command again.",
            status=503,
        )

    def known(self, run_id: str) -> bool:
        """Whether this run has been started, whatever became of it."""
        folder = self._folder(run_id)
        return (folder / "started").exists() or (folder / "outcome.json").exists()

    def told(self, run_id: str) -> bool:
        """Whether it is known how this run ended."""
        return (self._folder(run_id) / "outcome.json").exists()

    def output(self, run_id: str) -> Iterator[bytes]:
        """The whole masked output of a run that is over, in pieces of at most 256 KiB; nothing where there is none."""
        folder = self._folder(run_id)
        told = _read(folder / "outcome.json") or {}
        yield from _pieces(folder, _parts(told))

    def size(self, run_id: str) -> int:
        """How many bytes `output` gives."""
        return _size(_read(self._folder(run_id) / "outcome.json") or {"output": ""})

    def cancel(self, run_id: str) -> bool:
        """End a command that runs, with all it has started; False when there is none to end (here, or any more).

        Whichever server started it: its keeper is found by the spool. The run's outcome says `cancelled`.
        """
        try:
            bell = os.open(self._folder(run_id) / "cancel", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:  # no such pipe: never begun, or over; nobody at its other end: the keeper was killed
            return False
        try:
            return os.write(bell, b".") == 1
        except OSError:
            return False
        finally:
            os.close(bell)

    def forget(self, run_id: str) -> None:
        """Remove what is kept of a run. Only for a run whose outcome is in the ledger: it could run again."""
        folder = self._folder(run_id)
        if folder.is_dir() and not _remove(folder):
            raise Refused(f"{run_id} is still running. Wait for its outcome.")

    def sweep(self, older_than: datetime) -> int:
        """Remove every run that is over and was last touched before `older_than`; how many were removed."""
        swept = 0
        with suppress(FileNotFoundError):
            for folder in sorted(self.spool.iterdir()):
                with suppress(OSError):  # another server may be sweeping too
                    if folder.stat().st_mtime < older_than.timestamp():
                        swept += _remove(folder)
        return swept

    def _folder(self, run_id: str) -> Path:
        if not _RUN_ID.fullmatch(run_id):
            raise Refused(
                "The name of a run is up to 200 letters, digits, dots, colons, dashes and underscores, "
                "and does not begin with a dot, colon or dash.",
                status=400,
                field="run_id",
            )
        return self.spool / run_id

    def _start(self, folder: Path, command: str, lane: Lane, argv: tuple[str, ...] | None, digest: str) -> str:
        """Start a keeper, wait until it is gone, and give back its complaint, if it had one."""
        if argv is None and not os.access(self.shell, os.X_OK):
            raise Refused(
                f"This command needs a shell, and {self.shell} is not on this machine. Install bash.",
                status=503,
            )
        if not lane.directory.is_dir():
            raise Refused(
                f"The {lane.name} lane runs in {lane.directory}, which is no folder. Create it or name another.",
                status=503,
            )
        request = {
            "folder": str(folder),
            "command": command,
            "argv": argv,
            "shell": str(self.shell),
            "environment": dict(lane.environment),
            "known": secret_values(lane.environment),
            "directory": str(lane.directory.absolute()),
            "seconds": lane.seconds,
            "memory_bytes": lane.memory_bytes,
            "output_bytes": lane.output_bytes,
            "digest": digest,
        }
        keeper = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-I", "-S", "-X", "utf8", "-c", _KEEPER, str(_HERE.parents[1]), str(_HERE)],
            cwd="/",
            env={},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        said, _ = keeper.communicate(json.dumps(request).encode())
        return said.decode(errors="replace") or f"the keeper ended at once, status {keeper.returncode}"


def answered(
    run_id: str,
    output: str,
    exit_code: int,
    lane: Lane,
    *,
    started_at: datetime,
    seconds: float,
    known: tuple[str, ...] = (),
) -> Outcome:
    """The outcome of a question that needed no process: masked and cut as the output of a command in this lane is.

    `known` are secrets that the question was asked with, beside those of the lane.
    """
    data = output.encode(errors="replace")
    masking = Masking((*secret_values(lane.environment), *known))
    text = (masking.take(data) + masking.end()).decode()
    whole, cut = _shortened(text, lane.output_bytes)
    return Outcome(
        run_id=run_id,
        exit_code=exit_code,
        output=whole,
        seconds=seconds,
        started_at=started_at,
        timed_out=False,
        interrupted=False,
        bytes_total=len(data),
        bytes_cut=cut,
        masked=masking.masked,
    )


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, how)
        yield
    finally:
        os.close(lock)


def _look(folder: Path, digest: str) -> Outcome | None:
    """What became of the run, after waiting for its keeper if there is one; None if it was never started."""
    with _locked(folder, fcntl.LOCK_SH):
        asked = _read(folder / "request.json")
        if asked and asked["digest"] != digest:
            raise Refused(
                f"{folder.name} is the name of another command's run. "
                "Nothing was started: ask for this command again, as a run of its own."
            )
        if told := _read(folder / "outcome.json"):
            started_at = datetime.fromtimestamp(told.pop("started_at"), UTC)
            del told["signal"]
            output = shown(_pieces(folder, _parts(told)), _size(told)).decode(errors="replace")
            told = {name: value for name, value in told.items() if name not in {"parts", "output"}}
            return Outcome(run_id=folder.name, started_at=started_at, interrupted=False, output=output, **told)
        started = folder / "started"
        if not started.exists():
            return None
        at = (_read(started) or {}).get("started_at", started.stat().st_mtime)
        return Outcome(
            run_id=folder.name,
            exit_code=None,
            output="",
            seconds=0.0,
            started_at=datetime.fromtimestamp(at, UTC),
            timed_out=False,
            interrupted=True,
            bytes_total=0,
            bytes_cut=0,
            masked=0,
        )


def _parts(told: dict[str, Any]) -> list[Any]:
    """Where the output stands: [offset, length] in its file, or a text; an older keeper wrote one text."""
    return told.get("parts") or [told.get("output", "")]


def _size(told: dict[str, Any]) -> int:
    return sum(len(part.encode()) if isinstance(part, str) else part[1] for part in _parts(told))


def _pieces(folder: Path, parts: list[Any]) -> Iterator[bytes]:
    with (folder / "output").open("rb") if (folder / "output").exists() else nullcontext() as file:
        for part in parts:
            if isinstance(part, str):
                yield part.encode()
                continue
            at, left = part
            while left and file:
                piece = os.pread(file.fileno(), min(left, PIECE), at)
                if not piece:
                    raise OSError(f"{folder.name}: the output is shorter than its outcome says")
                yield piece
                at, left = at + len(piece), left - len(piece)


def _shortened(text: str, limit: int) -> tuple[str, int]:
    """Text of at most about `limit` bytes, its first and last half, and how many bytes are missing."""
    data = text.encode()
    if len(data) <= limit:
        return text, 0
    half = max(limit // 2, 1)
    cut = len(data) - 2 * half
    return data[:half].decode(errors="ignore") + cut_here(cut) + data[-half:].decode(errors="ignore"), cut


def _read(path: Path) -> dict[str, Any] | None:
    """The JSON object in `path`, or None if there is none: not written, or lost to the disk."""
    try:
        content = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _remove(folder: Path) -> bool:
    """Remove a run's folder unless its keeper lives.

    Renamed first, because half a folder would look like a run that never started.
    """
    try:
        with _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
            rubbish = folder  # or what an earlier removal left
            if not folder.name.startswith("."):
                rubbish = folder.with_name(f".{folder.name}")
                shutil.rmtree(rubbish, ignore_errors=True)
                folder.rename(rubbish)
    except BlockingIOError:
        return False
    shutil.rmtree(rubbish)
    return True
