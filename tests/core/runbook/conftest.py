"""The runbooks the tests read: our own bookshop's, the page the project began with, and small ones in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fireline.core.runbook import Runbook, parse
from fireline.shell import parse as shell

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "runbooks"


@pytest.fixture(scope="session")
def bookshop() -> Runbook:
    """Lantern Books' incident runbook, the example we ship."""
    return parse((EXAMPLES / "incident-response.md").read_bytes(), path="incident-response.md", shell=shell)


@pytest.fixture(scope="session")
def disk_filling() -> Runbook:
    """Lantern Books' alert runbook."""
    return parse((EXAMPLES / "alerts" / "DiskFilling.md").read_bytes(), path="alerts/DiskFilling.md", shell=shell)


@pytest.fixture(scope="session")
def seed(shared: Path) -> Runbook:
    """The page the project was asked to run."""
    source = (shared / "seed" / "incident-response-runbook.md").read_bytes()
    return parse(source, path="incident-response-runbook.md", shell=shell)


@pytest.fixture(scope="session")
def read() -> Callable[[str], Runbook]:
    """Read a page written in the test."""

    def read_page(text: str) -> Runbook:
        return parse(text, path="page.md", shell=shell)

    return read_page
