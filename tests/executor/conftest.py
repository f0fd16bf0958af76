"""A spool, a lane and a story: ana runs commands, and the server she runs them on dies."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fireline.executor import Executor, Lane

SOURCES = Path(__file__).resolve().parents[2] / "src"


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def executor(spool: Path) -> Executor:
    return Executor(spool)


@pytest.fixture
def lane(tmp_path: Path) -> Callable[..., Lane]:
    """A lane that works in tmp_path; name any limit that matters."""

    def make(**limits: object) -> Lane:
        settings: dict[str, object] = {"environment": {"PATH": "/usr/bin:/bin"}, "directory": tmp_path}
        return Lane(name="read", **(settings | limits))  # type: ignore[arg-type]

    return make


@pytest.fixture
def server(spool: Path, tmp_path: Path) -> Callable[[str, str], subprocess.Popen[bytes]]:
    """Another fireline server: a process that runs one command (run id, command) in the same lane and spool."""
    program = (
        "import sys; from pathlib import Path; from fireline.executor import Executor, Lane\n"
        "lane = Lane('read', {'PATH': '/usr/bin:/bin'}, Path(sys.argv[2]))\n"
        "print(Executor(Path(sys.argv[1])).run(sys.argv[3], sys.argv[4], lane).output, end='')\n"
    )

    def start(run_id: str, command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", program, str(spool), str(tmp_path), run_id, command],
            env={**os.environ, "PYTHONPATH": str(SOURCES)},
            stdout=subprocess.PIPE,
        )

    return start
