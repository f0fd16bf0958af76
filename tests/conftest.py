"""What every test may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["servers", "house"]  # PostgreSQL, Chromium, free ports; a fireline of its own

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what a person may ask for beside what always runs."""
    parser.addoption("--storm-seeds", default=5, type=int, help="nights of test_deliveries_faults.py; 200 by hand")


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
