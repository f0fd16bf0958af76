"""What every test may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["servers", "house"]  # PostgreSQL, Chromium, free ports; a fireline of its own

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Material the project is checked against but does not contain: vendors' documents, other teams' runbooks."""
    if not SHARED.is_dir():
        pytest.skip("skipped: no ../shared")
    return SHARED
