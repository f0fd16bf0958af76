"""What every test may ask for."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import hypothesis
import pytest
from dbos import _workflow_commands as engine

hypothesis.settings.register_profile("fireline", deadline=None)  # how long a case takes says how busy the machine is
hypothesis.settings.load_profile("fireline")

pytest_plugins = ["servers", "house", "kube"]  # PostgreSQL, Chromium, free ports; a fireline of its own; two clusters

# every `fireline` that a test starts would compile the whole package anew
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The engine looks each second for work whose time has come, and tests would wait for it hundreds of times.
assert hasattr(engine, "_BACKGROUND_JOBS_INTERVAL_SEC")
engine._BACKGROUND_JOBS_INTERVAL_SEC = 0.1


def pytest_collection_finish() -> None:
    """Thousands of tests are there for good: looking through them for garbage again and again costs minutes."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)  # as `fireline serve` has it


SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Material the project is checked against but does not contain: vendors' documents, other teams' runbooks."""
    if not SHARED.is_dir():
        pytest.skip("skipped: no ../shared")
    return SHARED


@pytest.fixture(scope="session")
def shared_if_there() -> Path | None:
    """The same, for stand-ins that behave without it, too; a test of its own says what then goes unchecked."""
    return SHARED if SHARED.is_dir() else None
