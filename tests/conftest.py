"""What every test may ask for."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("fireline", deadline=None)  # how long a case takes says how busy the machine is
hypothesis.settings.load_profile("fireline")

pytest_plugins = ["servers", "house", "kube"]  # PostgreSQL, Chromium, free ports; a fireline of its own; two clusters

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
